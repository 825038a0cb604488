"""A worker of pytest-xdist in a session of `harness.conformance`: it reads tests and their ends.

The first process plans, and others send (`senders`). Imports nothing of the harness, so that a
worker begins at once.
"""

import os
import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin.conformance.items import Promises, collector, prepare, select
from harness.pytest_plugin.promises.promise_tests import PromiseTest, TestOutcome

FOLDER = "--harness-conformance-folder="
"""The argument by which a worker knows that it is one, and of whose session."""

ARGUMENTS, TESTS, PLACED = "arguments", "tests", "placed"
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the tests of a part end; `why` says so of all that are not among the `outcomes`."""

    outcomes: Mapping[str, TestOutcome]
    why: str


def hand_over(file: Path, value: object) -> None:
    """Write a value where the other processes of this session read it; they see all or no file."""
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(pickle.dumps(value))
    os.replace(part, file)  # noqa: PTH105 - on every system in one step


def taken_over(file: Path) -> Any:  # noqa: ANN401 - what was handed over
    """Return what another process of this session hands over, as soon as it is there."""
    while not file.exists():
        if not file.parent.exists():
            pytest.exit("the session has ended", returncode=pytest.ExitCode.INTERRUPTED)
        time.sleep(_PAUSE_S)
    return pickle.loads(file.read_bytes())  # noqa: S301 - in a folder that is this user's alone


def begin(config: pytest.Config, arguments: list[str]) -> bool:
    """Make this session that of a worker, if it is one; its arguments are the first process's."""
    folders = [each for each in arguments if each.startswith(FOLDER)]
    if not folders:
        return False
    folder = Path(folders[0].removeprefix(FOLDER))
    arguments[:] = taken_over(folder / ARGUMENTS)
    config.pluginmanager.register(WorkerSession(folder=folder), "harness-conformance")
    return True


def answer_file(folder: Path, part: int) -> Path:
    """Return the file that says how the tests of a part end."""
    return folder / f"answer-{part}"


@dataclass(kw_only=True, eq=False)  # pluggy keeps plugins in sets
class WorkerSession:
    """The plugin of such a worker."""

    folder: Path
    answers: dict[int, Answer] = field(default_factory=dict)

    @cached_property
    def tests(self) -> Sequence[PromiseTest]:
        """The tests of the plan."""
        tests: Sequence[PromiseTest] = taken_over(self.folder / TESTS)
        return tests

    @cached_property
    def placed(self) -> Mapping[str, int]:
        """The part of each selected test."""
        placed: Mapping[str, int] = taken_over(self.folder / PLACED)
        return placed

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how a test ended, as soon as its part was sent."""
        part = self.placed[test.id]
        if part not in self.answers:
            self.answers[part] = taken_over(answer_file(self.folder, part))
        answer = self.answers[part]
        return answer.outcomes.get(test.id, TestOutcome(ending="error", message=answer.why))

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers of our tests."""
        prepare(config)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Wait for the plan, and look up in it what the arguments name."""
        select(session.config, self.tests)

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> Promises | None:
        """Return the collector of our tests for our module."""
        return collector(module_path, parent, self)
