"""The environments that the clients live in, and the walls around their drivers."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.speaking import ROOT, python_of

ENVIRONMENTS = ("clients", "clients-litellm")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_missing_or_outdated_environment_fails_and_names_the_target(
    name: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / f"requirements-{name}.lock", tmp_path)
    with pytest.raises(pytest.fail.Exception, match=f"^.venv-{name} is missing: run `make clien"):
        python_of(name, tmp_path)
    (tmp_path / f".venv-{name}").mkdir()
    (tmp_path / f".venv-{name}" / ".made").write_text("an older lock", encoding="utf-8")

    with pytest.raises(pytest.fail.Exception, match="older than its lock: run `make clients`"):
        python_of(name, tmp_path)


def test_a_driver_reaches_no_address_beyond_loopback() -> None:
    program = """
import json, socket, sys
from tests.clients.drivers import loop
def call(name, arguments):
    return {"reply": socket.create_connection(tuple(arguments["to"]), timeout=1).close()}
loop.stay_at_home()
for line in sys.stdin:
    print(json.dumps(loop.answered(call, line)))
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lines = [["192.0.2.1", 9], ["somewhere.invalid", 443], ["127.0.0.1", port]]
        asked = "".join(json.dumps({"call": "", "arguments": {"to": to}}) + "\n" for to in lines)
        command = [sys.executable, "-c", program]
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, check=True, cwd=ROOT
        )
    first, second, third = map(json.loads, done.stdout.splitlines())

    assert first["error"]["kind"] == second["error"]["kind"] == "ConnectionRefusedError"
    assert first["strayed"] == ["192.0.2.1"]
    assert "error" not in third
    assert third["strayed"] == ["192.0.2.1", "somewhere.invalid"]
