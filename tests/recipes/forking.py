"""`harness` and `pytest` for the scripts of recipes: one process imports them, and forks for each.

A script starts a command some twenty times, and 2 s of each are imports. What a command is asked,
its directory, its environment and its files are those of the script.
"""

import atexit
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

PACKAGES = ("cli", "comparing", "planning", "report", "runner", "stats")
CLIENT = """#!{python} -IS
import json, os, socket, sys
asked = {{"words": sys.argv, "here": os.getcwd(), "environment": dict(os.environ)}}
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"0"], [0, 1, 2])
    server.sendall(json.dumps(asked).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(9)))
"""


@cache
def commands() -> Path:
    """Return a folder with both commands; what serves them ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="forking-"))
    address = folder / "socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.recipes.forking", address],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(server.communicate)
    atexit.register(server.terminate)
    assert server.stdout
    assert server.stdout.readline() == b"ready\n"
    for name in ("harness", "pytest"):
        (folder / name).write_text(CLIENT.format(python=sys.executable, address=str(address)))
        (folder / name).chmod(0o755)
    return folder


def serve(address: str) -> None:
    """Take one command after the other."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    for name in PACKAGES:
        _import_below(importlib.import_module(f"harness.{name}"))
    print("ready", flush=True)  # noqa: T201
    while True:
        asking, _ = listener.accept()
        with asking:
            _, files, _, _ = socket.recv_fds(asking, 1, 3)
            with asking.makefile("rb") as sent:
                asked = json.load(sent)
            child = os.fork()
            if child == 0:
                listener.close()
                asking.close()
                _become(files, **asked)
            for file in files:
                os.close(file)
            _, ended = os.waitpid(child, 0)
            asking.sendall(str(os.waitstatus_to_exitcode(ended)).encode())


def _import_below(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if "worker" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)


def _become(files: list[int], words: list[str], here: str, environment: dict[str, str]) -> None:
    """Be the command, and end as it ends."""
    code = 70
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = words
        code = _code(_entry(Path(words[0]).name))
    except BaseException:  # noqa: BLE001 - nothing of this process may go on in the server
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _entry(name: str) -> Callable[[], object]:
    if name == "pytest":
        return importlib.import_module("pytest").console_main  # type: ignore[no-any-return]  # its command
    return importlib.import_module("harness.__main__").main  # type: ignore[no-any-return]  # ours


def _code(command: Callable[[], object]) -> int:
    try:
        ended = command()
    except SystemExit as end:
        ended = end.code
    return ended if isinstance(ended, int) else int(ended is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
