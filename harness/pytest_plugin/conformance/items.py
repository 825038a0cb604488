"""The tests of `harness.conformance` as pytest holds them: one for each promise and operation.

Imports nothing of the harness: pytest-xdist's workers collect them, too.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

import harness
from harness.pytest_plugin.promises.promise_tests import PromiseTest, TestOutcome, meant

NODE = "harness.conformance"
"""The id of the collector: what is printed of a test stands behind `pytest --pyargs` as it is."""

MARKERS = (
    "paid: it costs images even where the provider keeps its documents",
    "free: it costs nothing where the provider keeps its documents",
)


class Answers(Protocol):
    """What knows the tests of a session, and how each ends."""

    @property
    def tests(self) -> Sequence[PromiseTest]:
        """The tests of the plan, in its order."""

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how a test ended; waits where it is not known yet."""


def prepare(config: pytest.Config) -> None:
    """Register the markers of our tests, and show their ids as they are, wherever pytest starts."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    relative = config.cwd_relative_nodeid

    def shown(nodeid: Any) -> Any:  # noqa: ANN401 - a text, or an object of newer pytest
        """Return an id as it is printed: ours is no path."""
        return nodeid if str(nodeid).startswith(NODE) else relative(nodeid)

    config.cwd_relative_nodeid = shown  # type: ignore[method-assign]  # pytest has no hook for it


def select(config: pytest.Config, tests: Sequence[PromiseTest]) -> None:
    """Let an argument that names a test by one of its values mean that test."""
    ids = [test.id for test in tests]
    begins = f"{NODE}::"
    config.args[:] = [
        f"{begins}{meant(each.removeprefix(begins), ids)}" if each.startswith(begins) else each
        for each in config.args
    ]


def collector(module_path: Path, parent: pytest.Collector, answers: Answers) -> "Promises | None":
    """Return the collector of our tests for our module, None for any other one."""
    if module_path != Path(harness.__file__).with_name("conformance.py"):
        return None
    promises: Promises = Promises.from_parent(
        parent.session, path=module_path, nodeid=NODE, name=NODE, answers=answers
    )
    return promises


class Promises(pytest.File):
    """The collector of our tests; they come from the plan and not from a file."""

    def __init__(self, *, answers: Answers, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**kwargs)
        self.answers = answers

    def collect(self) -> Iterator["PromiseItem"]:
        """Yield a test for each promise and operation."""
        yield from map(self.item, self.answers.tests)

    def item(self, test: PromiseTest) -> "PromiseItem":
        """Return a test as pytest holds it."""
        item: PromiseItem = PromiseItem.from_parent(
            self, name=test.id, test=test, answers=self.answers
        )
        return item


class BrokenPromiseError(AssertionError):
    """A provider did not do what its documents say."""


class NotAnsweredError(Exception):
    """A failure of ours: nothing is known about the provider."""


class PromiseItem(pytest.Item):
    """One promise of one operation."""

    def __init__(
        self,
        *,
        test: PromiseTest,
        answers: Answers,
        **kwargs: Any,  # noqa: ANN401 - pytest's own
    ) -> None:
        super().__init__(**kwargs)
        self.test = test
        self.answers = answers
        self.add_marker(pytest.mark.paid if test.paid else pytest.mark.free)

    def __repr__(self) -> str:
        """Return what `--collect-only` shows: the test with its price."""
        requests = _count(len(self.test.cases), "request")
        price = f"{_count(self.test.images, 'image')}, {self.test.price}"
        return f"<Promise {self.name} ({requests}, {price if self.test.paid else 'free'})>"

    def runtest(self) -> None:
        """End as the run says."""
        outcome = self.answers.outcome(self.test)
        self.user_properties += outcome.properties
        match outcome.ending:
            case "passed":
                return
            case "failed":
                raise BrokenPromiseError(outcome.message)
            case "xfailed":
                pytest.xfail(outcome.message)
            case "skipped":
                pytest.skip(outcome.message)
            case "error":
                raise NotAnsweredError(outcome.message)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> Any:  # noqa: ANN401 - as pytest's
        """Return our own words: a traceback of ours would tell nothing."""
        del style
        if excinfo.errisinstance((BrokenPromiseError, NotAnsweredError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the test comes from, and its headline.

        Of a headline that ends the id, pytest would write the dots as `::`.
        """
        return self.path, None, f"promise {self.name}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
