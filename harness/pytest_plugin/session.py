"""The verdicts of run folders as the items of a session, and the exit code that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.api import RunResult, report
from harness.core.errors import HarnessError
from harness.core.verdict import Finding, Verdict
from harness.known.model import KnownShown
from harness.policy import BROKEN, HELD, INTERRUPTED, NOTHING, OURS, UNCLEAR, finding_behind
from harness.report.known import known_behind, reason_text
from harness.report.labels import failure_rate
from harness.report.text import visible

GRAVEST_FIRST = (OURS, BROKEN, INTERRUPTED, UNCLEAR, NOTHING, HELD)
OURS_IN_REPORTS = "harness_run"
"""The property by which a test's report is known as one of a run folder, in any process."""

DECIDED_BY_TESTS = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""How a session ends that neither was interrupted nor failed by itself."""


@dataclass(slots=True, kw_only=True)
class RunSession:
    """The plugin of a session with run folders."""

    results: Mapping[Path, RunResult]
    whole: bool = True
    others_failed: bool = field(default=False, init=False)

    @classmethod
    def of(
        cls,
        folders: Sequence[Path],
        specs: Sequence[Path],
        *,
        known: Path | None = None,
        known_otherwise: Path | None = None,
    ) -> "RunSession":
        """Judge these folders; ends the session with the error's code where one is none."""
        try:
            results = {
                folder: report(folder, specs=specs, known=known, known_otherwise=known_otherwise)
                for folder in folders
            }
            return cls(results=results)
        except HarnessError as error:
            pytest.exit(f"--harness-run: {error}", returncode=error.exit_code)
        except Exception as error:  # noqa: BLE001 - pytest would end with 1, as for a broken promise
            pytest.exit(
                f"--harness-run: internal error: {type(error).__name__}: {error}", returncode=OURS
            )

    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add an item for each verdict."""
        for folder, result in self.results.items():
            items += [_item(session, verdict, result, folder) for verdict in result.report.verdicts]
            items += [_known(session, each, folder) for each in result.report.failing_known]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that the session does not hold all verdicts."""
        self.whole = self.whole and not any(
            isinstance(item, VerdictItem | KnownItem) for item in items
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that another test failed."""
        ours = OURS_IN_REPORTS in dict(report.user_properties)
        self.others_failed = self.others_failed or (report.failed and not ours)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that other tests could not be collected."""
        self.others_failed = self.others_failed or report.failed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the session end as `harness report` does, where nothing else decides."""
        if session.exitstatus in DECIDED_BY_TESTS and self.whole and not self.others_failed:
            codes = [result.exit_code for result in self.results.values()]
            session.exitstatus = min(codes, key=GRAVEST_FIRST.index)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest exports no type
        """Say of each run how it ended, and why."""
        terminalreporter.section("harness runs")
        for folder, result in self.results.items():
            code, why = result.exit_code, visible(result.why)
            terminalreporter.write_line(f"{folder}: exit code {code}: {why}")


def _item(
    session: pytest.Session, verdict: Verdict, result: RunResult, folder: Path
) -> "VerdictItem":
    about = f"[{verdict.constraint}]" if verdict.constraint else ""
    verdict_item: VerdictItem = VerdictItem.from_parent(
        session,
        name=f"{verdict.provider}/{verdict.case}::{verdict.check}{about}",
        folder=folder,
        verdict=verdict,
    )
    failed = verdict.status == "fail"
    expected = known_behind(verdict, result.report) if failed else None
    if expected is not None:
        verdict_item.add_marker(pytest.mark.xfail(reason=visible(reason_text(expected))))
        return verdict_item
    finding = finding_behind(verdict, result.report) if failed else None
    if finding is not None and finding.standing != "confirmed":
        verdict_item.add_marker(pytest.mark.xfail(reason=_doubt(finding)))
    return verdict_item


def _known(session: pytest.Session, known: KnownShown, folder: Path) -> "KnownItem":
    about = known.known
    name = f"{about.provider}/{about.operation}::{about.check}[{about.promise}]::known"
    item: KnownItem = KnownItem.from_parent(session, name=name, folder=folder, known=known)
    return item


def _doubt(finding: Finding) -> str:
    why = failure_rate(finding) if finding.standing == "flaky" else finding.doubt
    return f"{finding.standing}, {why or 'asked only once'}: {finding.observed}"


class BrokenPromiseError(AssertionError):
    """A provider did not do what its documents say."""


class VerdictItem(pytest.Item):
    """One verdict; its test only repeats what the check said."""

    def __init__(self, *, folder: Path, verdict: Verdict, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest passes its own through
        self.folder = folder
        self.verdict = verdict
        self.user_properties.append((OURS_IN_REPORTS, str(folder)))

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


class KnownDeviationError(AssertionError):
    """A known deviation holds again, or has expired."""


class KnownItem(pytest.Item):
    """A known deviation that fails a build."""

    def __init__(self, *, folder: Path, known: KnownShown, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest passes its own through
        self.folder = folder
        self.known = known
        self.user_properties.append((OURS_IN_REPORTS, str(folder)))

    def runtest(self) -> None:
        """Fail with what the run says of it."""
        raise KnownDeviationError(self.known.sentence)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Return that sentence: a traceback of ours would tell nothing."""
        del style
        reason = reason_text(self.known.known)
        return visible(f"known deviation {self.known.state}: {excinfo.value}; {reason}")

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it comes from."""
        return self.folder, None, self.name
