"""A verb that takes seconds says at once that it has begun: on a terminal, and nowhere else."""

import io
import os
import pty
import subprocess
import sys

import pytest

from harness import __main__ as command
from tests.loopback import HUNG_S

WRONG = [sys.executable, "-m", "harness", "plan", "--no-such-flag"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["run"], "harness"),
        (["--config", "plan", "report", "x"], "harness"),
        (["--no-config", "plan", "--json"], "harness"),
        (["--config", "plan"], ""),
        (["run", "--help"], ""),
        (["providers", "list"], ""),
        (["explain", "plan"], ""),
        ([], ""),
    ],
)
def test_slow_verbs_tell_that_they_have_begun(
    arguments: list[str], begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    command._begin(arguments)

    assert terminal.getvalue().partition(":")[0] == begins


def test_a_terminal_that_is_gone_keeps_no_verb_from_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = Terminal()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        command._begin(["run"])


def test_the_first_line_on_a_terminal_is_the_sign() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(
            WRONG, stdout=subprocess.PIPE, stderr=theirs, timeout=HUNG_S, check=False
        )
        os.close(theirs)
        told = terminal.read(4_000).decode()

    assert (done.returncode, done.stdout) == (2, b"")
    assert told.splitlines()[0] == command.BEGINS["plan"]
    assert "no such option" in told.lower()


def test_elsewhere_there_is_none() -> None:
    done = subprocess.run(WRONG, capture_output=True, text=True, timeout=HUNG_S, check=False)

    assert command.BEGINS["plan"] not in done.stderr
