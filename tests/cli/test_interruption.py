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
taken = interruption.INTERRUPTION
taken.catch()
taken.opened(Path("a run"))

def wait():
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    time.sleep(1e6)
"""
DEAF = """
interruption.LATEST_S = 0.1
while True:
    try:
        wait()
    except KeyboardInterrupt:
        pass
"""
FORGETFUL = """
interruption.AGAIN_S = 0.1
try:
    wait()
except KeyboardInterrupt:
    pass  # as a library does that is being imported
try:
    time.sleep(1e6)
except KeyboardInterrupt:
    sys.exit(taken.leave(130))
"""
RUNNING = """
import signal
interruption.AGAIN_S = 0.1
try:
    wait()
except KeyboardInterrupt:
    pass
told = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: told.append(number))
while not told:
    time.sleep(0.01)
time.sleep(0.5)
sys.stdout.write(str(len(told)))
sys.exit(taken.leave(130))
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
    code, out, err = ended(ORDERLY, number)

    assert code == 130
    assert out == "last words"
    assert HINT in err


@NUMBERS
def test_an_interruption_that_is_lost_comes_again(number: signal.Signals) -> None:
    code, _, err = ended(FORGETFUL, number)

    assert (code, err) == (130, HINT)


@NUMBERS
def test_one_that_was_lost_ends_a_run_in_its_own_way_and_once(number: signal.Signals) -> None:
    code, out, err = ended(RUNNING, number)

    assert (code, out, err) == (130, "1", HINT)


@NUMBERS
def test_an_error_that_an_interruption_became_is_none_of_ours(number: signal.Signals) -> None:
    script = """
import os, signal, sys
from harness.cli.main import main
command = sys.modules["harness.cli.main"]

def signalled(**_):
    try:
        os.kill(os.getpid(), signal.{name})
        signal.pause()
    except KeyboardInterrupt:
        raise AssertionError

command.cli.main = signalled
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script.format(name=number.name)],
        check=False,
        capture_output=True,
        timeout=HUNG_S,
    )

    assert (done.returncode, done.stderr) == (130, b"harness: interrupted\n")


def test_without_a_signal_the_code_is_returned() -> None:
    script = f"{BEGIN}sys.exit(taken.leave(3))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)

    assert done.returncode == 3


AT_THE_END = """
import os

class Last:
    def __del__(self, kill=os.kill, process=os.getpid(), number={number}):
        kill(process, number)

last = Last()
sys.exit(taken.leave(3))
"""


@NUMBERS
def test_a_signal_while_python_gives_back_its_memory_changes_nothing(
    number: signal.Signals,
) -> None:
    script = BEGIN + AT_THE_END.format(number=number.value)
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (3, "")


IN_A_CALLBACK = """
import gc, threading

def late(phase, info):
    if phase == "start":
        wait()

gc.callbacks.append(late)
try:
    gc.collect()
    gc.callbacks.clear()
    time.sleep(1e6)
except KeyboardInterrupt:
    gc.callbacks.clear()
    sys.exit(taken.leave(130))
"""


@NUMBERS
def test_an_interruption_that_python_threw_away_is_raised_again(number: signal.Signals) -> None:
    code, _, err = ended(IN_A_CALLBACK, number)

    assert (code, err) == (130, HINT)


HALF_MADE = """
class Loop:
    def __del__(self):
        self.closed

def make():
    loop = Loop()
    wait()

try:
    make()
except KeyboardInterrupt:
    code = 130
sys.exit(taken.leave(code))
"""


@NUMBERS
def test_what_an_interruption_left_half_made_says_nothing_of_its_own(
    number: signal.Signals,
) -> None:
    code, _, err = ended(HALF_MADE, number)

    assert (code, err) == (130, HINT)
