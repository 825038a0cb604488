import json
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from harness.cli.main import status
from tests.loopback import HUNG_S
from tests.shipped import NAMES

PROGRAM = "import sys; from harness.cli.main import main; main()"


def test_it_prints_one_line_when_it_is_ready_and_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-c", PROGRAM, "emulate", "--json", "--time-scale", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None

    try:
        ready = json.loads(process.stdout.readline())
        with urlopen(f"{ready['providers']['buble']}/__emulator/ledger") as reply:  # noqa: S310 - loopback
            ledger = reply.status
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _said = process.communicate(timeout=HUNG_S)

    assert ready.keys() == {"providers"}
    assert set(ready["providers"]) == set(NAMES)
    assert ledger == 200
    assert rest == ""
    assert process.returncode == 0


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_its_own_help_is_shown(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert status(["emulate", option]) == 0
    assert "--variant" in capfd.readouterr().out


def test_the_faults_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert status(["emulate", "--list-faults"]) == 0
    assert "wrong_dimensions" in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--fault", "no_such_fault"], ["--variant", "x:y"], ["--nonsense"]]
)
def test_an_unknown_option_fault_or_variant_is_2(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert status(["emulate", *arguments]) == 2
    assert "Traceback" not in capfd.readouterr().err
