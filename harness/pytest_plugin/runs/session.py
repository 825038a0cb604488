"""Run folders as the files of a session, their promises as its items, and the code that follows.

Imports nothing of the harness but where this process judges: pytest-xdist's workers do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin.processes import DECIDED_BY_TESTS, is_worker, number_of_workers
from harness.pytest_plugin.runs.judged import Asked, JudgedRun, JudgedTest, NotJudgedError
from harness.pytest_plugin.runs.workers import (
    INPUT,
    JudgingProcesses,
    judged_elsewhere,
)

GRAVEST_FIRST = (3, 1, 130, 4, 2, 0)
"""Exit codes of the harness (`harness.policy`): our own failure, broken, interrupted, unclear,
nothing tested, held."""

HEADER = "run.json"
"""The file that makes a folder a run folder, and of which its tests are."""

RUN = "run"
"""The property of a test that names its run folder."""


@dataclass(kw_only=True, eq=False)
class RunSession:
    """The plugin of a session with run folders; pytest keeps plugins in a set."""

    config: pytest.Config
    asked: Asked
    processes: JudgingProcesses | None = None
    seen: set[tuple[str, str]] = field(default_factory=set)
    others_failed: bool = False

    @classmethod
    def of(cls, config: pytest.Config, asked: Asked) -> "RunSession":
        """Judge these folders, or have them judged; ends the session with 2 where one is none."""
        _add_files(config, asked.folders)
        session = cls(config=config, asked=asked)
        workers = number_of_workers(config)
        if workers and all(Path(folder, HEADER).is_file() for folder in asked.folders):
            session.processes = JudgingProcesses.started(asked, workers)
        elif not is_worker(config):
            session.runs_or_exit()
        return session

    @cached_property
    def runs(self) -> tuple[JudgedRun, ...]:
        """What was judged; NotJudgedError where that was not possible."""
        if is_worker(self.config):
            return judged_elsewhere(self.config.workerinput[INPUT])  # type: ignore[attr-defined]  # pytest-xdist sets it
        if self.processes is not None:
            return self.processes.judged()
        from harness.pytest_plugin.runs.judging import judged  # noqa: PLC0415 - only where it judges

        return judged(self.asked)

    def runs_or_exit(self) -> None:
        """Wait until the folders are judged; ends the session where that is not possible."""
        try:
            _ = self.runs
        except NotJudgedError as error:
            pytest.exit(f"--harness-run: {error}", returncode=error.code)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Tell a worker where it finds what was judged."""
        if self.processes is not None:
            node.workerinput[INPUT] = [str(file) for file in self.processes.files]

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """Wait for what is judged, but not before the workers were told to start."""
        yield
        if self.processes is not None:
            self.runs_or_exit()

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the header of each run as the file of its tests."""
        is_ours = any(_is(file_path.parent, each) for each in self.asked.folders)
        if file_path.name != HEADER or not is_ours:
            return None
        run_file: RunFile = RunFile.from_parent(parent, path=file_path)
        run_file.runs = self
        return run_file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests the session holds, and whether another one failed."""
        run = dict(report.user_properties).get(RUN)
        if run in self.asked.folders:
            self.seen.add((str(run), report.nodeid.partition("::")[2]))
        elif report.failed:
            self.others_failed = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that other tests could not be collected."""
        self.others_failed = self.others_failed or report.failed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the session end as `harness report` does, where nothing else decides."""
        if is_worker(self.config) or self.config.getoption("collectonly"):
            return
        if session.exitstatus in DECIDED_BY_TESTS and self.is_whole and not self.others_failed:
            session.exitstatus = min((run.code for run in self.runs), key=GRAVEST_FIRST.index)

    @property
    def is_whole(self) -> bool:
        """Whether every test of every run was in this session."""
        every = {(run.folder, test.id) for run in self.runs for test in run.tests}
        return every <= self.seen

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest exports no type
        """Say of each run how it ended, and why."""
        terminalreporter.section("harness runs")
        for run in self.runs:
            terminalreporter.write_line(f"{run.folder}: exit code {run.code}: {run.why}")

    def pytest_unconfigure(self) -> None:
        """Remove what was written for the workers."""
        if self.processes is not None:
            self.processes.end()


def _add_files(config: pytest.Config, folders: Sequence[str]) -> None:
    """Have each run's file collected, as if it had been named; once, where it was."""
    named = [Path(arg.partition("::")[0]) for arg in config.args]
    for folder in folders:
        if not any(each.name == HEADER and _is(each.parent, folder) for each in named):
            config.args.append(str(Path(folder, HEADER)))


def _is(path: Path, folder: str) -> bool:
    return path.resolve() == Path(folder).resolve()


class RunFile(pytest.File):
    """The file of a run's tests."""

    runs: RunSession

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each promise."""
        for run in self.runs.runs:
            if _is(self.path.parent, run.folder):
                for test in run.tests:
                    item: PromiseItem = PromiseItem.from_parent(self, name=test.id, test=test)
                    yield item
                return


class PromiseItem(pytest.Item):
    """A promise of one operation; its test only repeats what was judged."""

    def __init__(self, *, test: JudgedTest, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest passes its own through
        self.test = test
        self.user_properties += test.properties
        if test.paid:
            self.add_marker("paid")
        first = test.message.partition("\n")[0]
        if test.ending == "skipped":
            self.add_marker(pytest.mark.skip(reason=first))
        if test.ending == "xfailed":
            self.add_marker(pytest.mark.xfail(reason=first))

    def runtest(self) -> None:
        """Fail with the message, where the promise is broken or could not be judged by us."""
        if self.test.ending in ("failed", "error", "xfailed"):
            pytest.fail(self.test.message, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is from."""
        return self.path, 0, self.name
