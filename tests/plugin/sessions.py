"""pytest sessions with run folders, all in one process: it takes seconds to start one.

`sessions.py` reads a JSON object of arguments by name, and prints how each session ended by name.
"""

import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial

import pytest

import harness.policy
from harness.checks.check import CHECKS, CheckInput, CheckResult
from harness.checks.judge import judge_records

OPTIONS = ("-q", "-rsxf", "-o", "cache_dir=cache", "--import-mode=importlib")


def crashes(subject: CheckInput) -> tuple[CheckResult, ...]:
    """Crash, as no check of ours is to do."""
    raise ZeroDivisionError(subject.record.shot.case.id)


EVERY_CHECK = tuple(entry.function for entry in CHECKS.values())
CRASHING = partial(judge_records, checks=(*EVERY_CHECK, crashes))


def session(name: str, arguments: Sequence[str]) -> dict[str, object]:
    """Return how a session ended, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(
            harness.policy, "judge_records", CRASHING if name == "crashed" else judge_records
        )
        code = pytest.main([*OPTIONS, *arguments])
    return {"code": int(code), "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({name: session(name, words) for name, words in asked.items()}))  # noqa: T201
