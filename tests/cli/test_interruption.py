"""The command line's own signals, each in a process of its own."""

import signal
import subprocess
import sys

import pytest

from tests.loopback import HUNG_S

BEGIN = """
import sys, time
import harness.cli.interruption as interruption
from pathlib import Path
interruption.LATEST_S = 0.1
taken = interruption.INTERRUPTION
taken.catch()
taken.opened(Path("a run"))

def wait():
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    time.sleep(1e6)
"""
DEAF = """
while True:
    try:
        wait()
    except KeyboardInterrupt:
        pass
"""
ORDERLY = """
try:
    wait()
except KeyboardInterrupt:
    code = 130
import threading
threading.Thread(target=time.sleep, args=(1e6,)).start()
sys.stdout.write("last words")
sys.exit(taken.leave(code))
"""
HINT = "go on with: harness run --resume 'a run'\n"
NUMBERS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def ended(script: str, number: signal.Signals) -> tuple[int, str, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=HUNG_S)
    out = out.removeprefix("ready\n")  # of one that does not end
    return process.returncode, out, err


@NUMBERS
def test_a_command_that_is_deaf_is_ended(number: signal.Signals) -> None:
    code, _, err = ended(DEAF, number)

    assert code == 130
    assert err == f"harness: interrupted: not ended within 0.1 s, so cut off\n{HINT}"


@NUMBERS
def test_a_command_that_ends_waits_for_no_thread_and_says_all(number: signal.Signals) -> None:
    code, out, err = ended(ORDERLY.replace("LATEST_S = 0.1", ""), number)

    assert code == 130
    assert out == "last words"
    assert HINT in err


def test_without_a_signal_the_code_is_returned() -> None:
    script = f"{BEGIN}sys.exit(taken.leave(3))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)

    assert done.returncode == 3
