"""A run folder as pytest tests: one per verdict, judged again with today's checks.

    pytest --harness-run reports/RUN

A broken promise fails, an inconclusive or skipped verdict is skipped with its reason, a crashing
check is an error of ours. Nothing is sent.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.checks.judge import judge_records
from harness.core.errors import HarnessError
from harness.core.verdict import Verdict
from harness.spec.load import shipped_provider as shipped
from harness.store.reader import read_run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--harness-run`."""
    parser.getgroup("harness", "image provider harness").addoption(
        "--harness-run",
        action="append",
        default=[],
        type=Path,
        metavar="RUN",
        help="a run folder of `harness run`; each of its verdicts becomes a test (repeatable)",
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one item per verdict of every run folder given."""
    for folder in config.getoption("--harness-run"):
        try:
            items += list(_items(session, folder))
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from None


def _items(session: pytest.Session, folder: Path) -> Iterator["VerdictItem"]:
    past = read_run(folder)
    providers = {name: shipped(name) for name in past.header.evidence}
    for verdict in judge_records(past.records, providers):
        name = f"{verdict.provider}/{verdict.case}::{verdict.check}"
        about = f"[{verdict.constraint}]" if verdict.constraint else ""
        yield VerdictItem.from_parent(session, name=name + about, folder=folder, verdict=verdict)


class BrokenPromiseError(AssertionError):
    """A provider did not do what its documents say."""


class VerdictItem(pytest.Item):
    """One verdict; its test only repeats what the check said."""

    def __init__(self, *, folder: Path, verdict: Verdict, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest passes its own through
        self.folder = folder
        self.verdict = verdict

    def runtest(self) -> None:
        """Fail, skip or pass as the verdict says."""
        match self.verdict.status:
            case "pass":
                return
            case "fail":
                raise BrokenPromiseError(self.verdict.why)
            case "error":
                raise HarnessError(self.verdict.why)
            case "skip" | "inconclusive":
                pytest.skip(f"{self.verdict.status}: {self.verdict.why}")

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Return the verdict's own words: a traceback of ours would tell nothing."""
        del style
        return f"{self.verdict.check.replace('_', ' ')}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the verdict comes from."""
        return self.folder, None, self.name
