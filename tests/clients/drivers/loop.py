"""The program around a driver: a line of JSON with a call comes in, one with its end goes out.

`python -m tests.clients.drivers.loop DRIVER [ARGUMENT]` runs on a client's own Python. A driver is
a module beside this one with a function `call`. It knows nothing of the emulator and judges
nothing; it makes one call of the client and shows what the client made of the reply.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = ("127.0.0.1", "::1", "localhost")

_strayed: list[str] = []


def main() -> None:
    """Answer calls until the input ends."""
    stay_at_home()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # clients print advice; our lines go where theirs cannot
    # Only now: an import may print, and look for something on the internet.
    driver = import_module(f"tests.clients.drivers.{sys.argv[1]}")
    for line in sys.stdin:
        answers.write(json.dumps(answered(driver.call, line), default=repr) + "\n")
        answers.flush()


def answered(call: Callable[[str, dict[str, Any]], dict[str, Any]], line: str) -> dict[str, Any]:
    """Make the call that a line asks for.

    What it raises is part of the answer, and so is every address beyond loopback that anything in
    this process has turned to.
    """
    asked = json.loads(line)
    try:
        answer = call(asked["call"], _opened(asked["arguments"]))
    except Exception as error:  # noqa: BLE001 - what a client raises is what the tests judge
        answer = {"error": _told(error)}
    return answer | {"strayed": list(_strayed)}


def stay_at_home() -> None:
    """Note and forbid every look-up and connection beyond loopback, from now on."""
    sys.addaudithook(_watch)


def _opened(value: Any) -> Any:  # noqa: ANN401 - arguments are what each client takes
    """Replace {"file": PATH} by the open file and {"data_url": PATH} by the file as an address."""
    if isinstance(value, list):
        return [_opened(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"file"}:
        return Path(value["file"]).open("rb")
    if set(value) == {"data_url"}:
        path = Path(value["data_url"])
        text = base64.b64encode(path.read_bytes()).decode()
        return f"data:image/{path.suffix[1:]};base64,{text}"
    return {key: _opened(one) for key, one in value.items()}


def _told(error: Exception) -> dict[str, Any]:
    """Show an exception: its class, its text, and the fields that clients give."""
    fields = ("message", "status_code", "code", "param", "type", "request_id", "body", "task")
    given = {field: getattr(error, field, None) for field in fields}
    return {"kind": type(error).__name__, "text": str(error), **given}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOOPBACK:
        _strayed.append(str(name))
        raise ConnectionRefusedError(f"{name} is not on this machine")


if __name__ == "__main__":
    main()
