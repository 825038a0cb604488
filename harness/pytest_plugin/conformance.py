"""A session that names `harness.conformance`: its options, its tests, the run that answers them.

The tests are those of the plan, and nothing is sent to collect them. Before the first one starts,
what the selected ones need is sent as one run; with pytest-xdist, a part of them as a run of its
own, in the process that has the part. Then each test tells how it ended.
"""

import shlex
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError, UsageError
from harness.core.money import money
from harness.planning.plan import price_sentence, total_price
from harness.policy import BROKEN, HELD, INTERRUPTED, NOTHING, OURS, UNCLEAR
from harness.pytest_plugin.arguments import option_help, run_options, taken
from harness.pytest_plugin.engine import Sent, Work, prepared, saved_work, send, unsent
from harness.pytest_plugin.promise_tests import PromiseTest, TestOutcome
from harness.pytest_plugin.selection import parts, selected_plan
from harness.report.text import count, visible
from harness.runner.execution.provider_run import ProgressListener, ProviderRun

NODE = "harness.conformance"
"""The id of the collector: what is printed of a test stands behind `pytest --pyargs` as it is."""

HANDED_OVER = "harness_conformance"
FAILED = "harness/conformance-failed"
"""The key of pytest's cache: the cases that failing tests failed by."""

EVERY_S = 10.0
GRAVEST_FIRST = (OURS, INTERRUPTED, BROKEN, HELD, UNCLEAR, NOTHING)
"""Of several runs of one session: what any of them held was tested, be the others unclear."""

DECIDED_BY_TESTS = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
MARKERS = (
    "paid: it costs images even where the provider keeps its documents",
    "free: it costs nothing where the provider keeps its documents",
)


def begin(config: pytest.Config, parser: pytest.Parser, arguments: list[str]) -> None:
    """Make this session one of ours: take our options out of its arguments, register its plugin."""
    if {"-h", "--help"} & {*arguments}:
        _show_options(parser)
        return
    mistake: HarnessError | None = None
    typed: Mapping[tuple[str, str], object] = {}
    before = [*arguments]
    try:
        typed = taken(arguments)
        _refuse_foreign_root(config, [each for each in before if each not in arguments])
    except HarnessError as error:
        mistake = error
        arguments[:] = ["--pyargs", NODE]  # pytest would complain of the same, and of more
    config.pluginmanager.register(
        ConformanceSession(config=config, typed=typed, mistake=mistake), "harness-conformance"
    )


def _refuse_foreign_root(config: pytest.Config, ours: Sequence[str]) -> None:
    """Raise UsageError where pytest took a path of our options for one of tests.

    It looks for its own settings before it asks plugins what their options are, and would read
    those beside that path.
    """
    here = config.invocation_params.dir
    if config.rootpath in (here, *here.parents):
        return
    for each in ours:
        if not each.startswith("-") and (here / each).exists():
            raise UsageError(
                f"{each}: pytest takes it for a path of tests, and {config.rootpath} for its root",
                hint=f"write it behind its option with =, as in --spec={each}",
            )


def _show_options(parser: pytest.Parser) -> None:
    """Let pytest's help show our options, but for names that other plugins have as well."""
    group = parser.getgroup(NODE, "harness.conformance, as of `harness run`")
    for option in option_help():
        more: dict[str, Any] = {"metavar": option.metavar} if option.metavar else {}
        action = "store" if option.metavar else "store_true"
        try:
            group.addoption(
                *option.spelling.split("/"),
                action=action,
                dest=f"harness_conformance{option.spelling}",
                help=option.help.replace("%", "%%"),
                **more,
            )
        except ValueError:
            continue


@dataclass(slots=True, kw_only=True, eq=False)  # pluggy keeps plugins in sets
class ConformanceSession:
    """The plugin of such a session, in each of its processes."""

    config: pytest.Config
    typed: Mapping[tuple[str, str], object]
    mistake: HarnessError | None = None
    work: Work | None = None
    notes: list[str] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    sent: list[Mapping[str, Any]] = field(default_factory=list)
    place: Path | None = None
    out: Path = Path("reports")
    whole: bool = True
    others_failed: bool = False
    selected: frozenset[str] = frozenset()
    results: dict[int, Sent] = field(default_factory=dict)
    placed: Mapping[str, int] = field(default_factory=dict)
    _told_s: float = 0.0

    # ------------------------------------------------------------------------------ the plan
    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """End the session with one line where an option cannot be read; nothing has been sent."""
        if self.mistake is None or config.option.version:
            return None
        sys.stderr.write(f"harness: {visible(str(self.mistake))}\n")
        return self.mistake.exit_code

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Plan; end the session with one line and the error's code where that cannot be.

        Hypothesis warns of what is drawn before a session has started.
        """
        if self.work is not None:
            return
        try:
            self._plan()
        except HarnessError as error:
            pytest.exit(f"harness: {_on_a_line(error)}", returncode=error.exit_code)
        except Exception as error:  # noqa: BLE001 - pytest would end with 1, as for a broken promise
            said = visible(" ".join(str(error).split()))
            why = f"harness: internal error: {type(error).__name__}: {said}"
            pytest.exit(why, returncode=OURS)

    def _plan(self) -> None:
        handed: Mapping[str, str] | None = getattr(self.config, "workerinput", {}).get(HANDED_OVER)
        if handed is not None:
            self.work = saved_work(Path(handed["work"]))
            self.out, self.place = Path(handed["out"]), Path(handed["work"]).parent
            return
        known, specs = self.config.getini("harness_known"), self.config.getini("harness_specs")
        options, told = run_options(self.typed, known=known[0] if known else None, specs=specs)
        self.notes += [told] if told else []
        self.work, found = prepared(options, self.notes)
        self.prices += [
            price_sentence(plan, found.providers[name]) for name, plan in found.plans.items()
        ]
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
        out = options.output.out
        self.out = out or Path("reports") / f"{stamp}-{options.target.against}"

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the markers of our tests."""
        for line in MARKERS:
            config.addinivalue_line("markers", line)
        relative = config.cwd_relative_nodeid

        def shown(nodeid: Any) -> Any:  # noqa: ANN401 - a text, or an object of newer pytest
            """Return an id as it is printed: ours is no path, wherever pytest was started."""
            return nodeid if str(nodeid).startswith(NODE) else relative(nodeid)

        config.cwd_relative_nodeid = shown  # type: ignore[method-assign]  # pytest has no hook for it

    def pytest_unconfigure(self) -> None:
        """Take away what was handed over to other processes."""
        if self.place is not None and not self._is_worker:
            for file in self.place.iterdir():
                file.unlink()
            self.place.rmdir()

    @property
    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @property
    def _work(self) -> Work:
        if self.work is None:
            raise RuntimeError("the session was not planned")
        return self.work

    def pytest_report_header(self) -> list[str]:
        """Say what the whole plan costs, and what was said of it; sessions are planned by then."""
        self.pytest_sessionstart()
        against = self._work.options.target.against
        lines = [f"harness: {visible(each)}" for each in self.notes]
        return [*lines, *(f"plan against {against}: {visible(each)}" for each in self.prices)]

    # ----------------------------------------------------------------------------- the tests
    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> "Promises | None":
        """Return the collector of our tests for our module."""
        if module_path != Path(__file__).parents[1] / "conformance.py":
            return None
        promises: Promises = Promises.from_parent(
            parent.session, path=module_path, nodeid=NODE, name=NODE, plugin=self
        )
        return promises

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that the session does not hold all tests of the plan."""
        self.whole = self.whole and not any(isinstance(item, PromiseItem) for item in items)

    def pytest_report_collectionfinish(
        self, config: pytest.Config, items: Sequence[pytest.Item]
    ) -> list[str]:
        """Say what is selected, and what that costs where the provider keeps its documents."""
        del config
        selected = frozenset(item.test.id for item in items if isinstance(item, PromiseItem))
        if self._is_worker or not selected:
            return []
        failed = self._failed()
        lines = []
        for name, whole in self._work.plans.items():
            plan = selected_plan(whole, self._work.tests, selected, failed)
            if plan.shots:
                cost = total_price(plan.shots, plan.shots[0].price.unit)
                lines.append(
                    f"selected of {name}: {count(len(plan.shots), 'request')}, "
                    f"{count(cost.images, 'image')}, {money(cost)}"
                )
        return lines

    # --------------------------------------------------------------------------------- a run
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Send what the selected tests need, before the first one starts."""
        items = [item for item in session.items if isinstance(item, PromiseItem)]
        self.selected = frozenset(item.test.id for item in items)
        self.whole = self.whole and len(self.selected) == len(self._work.tests)
        if self._is_worker:
            processes: int = self.config.workerinput["workercount"]  # type: ignore[attr-defined]  # pytest-xdist's
            self.placed = self._parts(self.selected, processes)
        if self._is_worker or session.config.option.collectonly or not items:
            return
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return
        if self.config.pluginmanager.hasplugin("dsession"):
            return
        sent = self.results[0] = self._send(self.selected, out=None)
        collector = next(each for each in items[0].listchain() if isinstance(each, Promises))
        for test in sent.others:
            other: PromiseItem = PromiseItem.from_parent(
                collector, name=test.id, test=test, plugin=self
            )
            session.items.append(other)
            session.testscollected += 1

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how a test ended; what its part needs is sent when the first of it asks."""
        part = self.placed.get(test.id, 0)
        if part not in self.results:
            theirs = [name for name, number in self.placed.items() if number == part]
            self.results[part] = self._send(theirs, out=self.out / f"part-{part}")
        sent = self.results[part]
        return sent.outcomes.get(test.id, TestOutcome(ending="error", message=visible(sent.why)))

    def _send(self, selected: Collection[str], *, out: Path | None) -> Sent:
        opened: list[Path] = []
        try:
            sent = send(
                self._work,
                selected,
                failed=self._failed(),
                watch=self._listener(opened),
                out=out,
            )
        except KeyboardInterrupt:
            pytest.exit(f"interrupted{_go_on(opened)}", returncode=INTERRUPTED)
        except HarnessError as error:
            if not self._is_worker:
                pytest.exit(f"harness: {_on_a_line(error)}", returncode=error.exit_code)
            sent = unsent(error, opened)  # the other processes go on
        if sent.interrupted:
            pytest.exit(f"interrupted{_go_on([sent.folder])}", returncode=INTERRUPTED)
        others = [test.id for test in sent.others] if self._is_worker else []
        self.sent.append(
            {
                "folder": str(sent.folder),
                "code": sent.exit_code,
                "why": sent.why,
                "failed": {name: [*cases] for name, cases in sent.failed.items()},
                "broken": [*sent.broken, *others],
            }
        )
        return sent

    def _failed(self) -> Mapping[str, Sequence[str]]:
        """Return what the tests that are run again failed by; nothing where all are run anew."""
        cache = getattr(self.config, "cache", None)
        if cache is None or not self.config.getoption("lf", default=False):
            return {}
        kept: dict[str, list[str]] = cache.get(FAILED, {})
        return kept

    def _listener(self, opened: list[Path]) -> ProgressListener:
        """Return what tells of a run in lines: its folder at once, then how far it is."""
        self._told_s = time.monotonic()
        shown: dict[str, str] = {}

        def begun(folder: Path) -> None:
            opened.append(folder)
            if self.place is not None:
                (self.place / f"{folder.name}.opened").write_text(str(folder), encoding="utf-8")
            self._say(f"harness: sending; run folder {folder}")

        def progress(part: ProviderRun) -> None:
            images = count(part.budget.spent_images, "image")
            ended = f"{len(part.records)} of {count(part.total, 'request')}"
            shown[part.provider.name] = f"{part.provider.name} {ended}, {images}"
            now_s = time.monotonic()
            if now_s - self._told_s >= EVERY_S:
                self._told_s = now_s
                self._say(f"harness: {'; '.join(shown.values())}")

        def interrupted(under_way: int) -> None:
            self._say(
                f"harness: interrupted: waiting for {under_way} requests under way (they may be "
                "paid for); press Ctrl-C again to stop at once"
            )

        return ProgressListener(
            opened=begun, progress=progress, interrupted=interrupted, noted=self._later
        )

    def _later(self, sentence: str) -> None:
        if sentence not in self.notes:
            self._say(f"harness: {sentence}")

    def _say(self, line: str) -> None:
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not self._is_worker:  # whose output is that of a test
            reporter.ensure_newline()
            reporter.write_line(visible(line))
            reporter.flush()

    # -------------------------------------------------------------------------- other processes
    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist may not be there
        """Hand the plan over to a process of pytest-xdist: it plans nothing."""
        if self.place is None:
            self.place = Path(tempfile.mkdtemp(prefix="harness-conformance-"))
            self._work.save(self.place / "work")
        node.workerinput[HANDED_OVER] = {"work": str(self.place / "work"), "out": str(self.out)}

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 - as above
        """Schedule a part as a whole: one process sends what its tests need."""
        from harness.pytest_plugin.scheduling import PartScheduling  # noqa: PLC0415 - xdist is no need of ours

        return PartScheduling(config, log, parts=self._parts, node=NODE)

    def _parts(self, selected: Collection[str], processes: int) -> Mapping[str, int]:
        return parts(self._work.tests, selected, self._work.options, processes)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - as above
        """Take over what a process has sent."""
        del error
        told = getattr(node, "workeroutput", {}).get(HANDED_OVER)
        if told is not None:
            self.sent += told["sent"]
            self.whole = self.whole and told["whole"]

    # ---------------------------------------------------------------------------------- the end
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that another test failed."""
        ours = report.nodeid.startswith(f"{NODE}::")
        self.others_failed = self.others_failed or (report.failed and not ours)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that other tests could not be collected."""
        self.others_failed = self.others_failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the session end as `harness run` does, where nothing else decides."""
        if self._is_worker:
            told = {"sent": self.sent, "whole": self.whole}
            self.config.workeroutput[HANDED_OVER] = told  # type: ignore[attr-defined]  # pytest-xdist's
            return
        if session.exitstatus == pytest.ExitCode.INTERRUPTED and self._unfinished():
            session.exitstatus = INTERRUPTED
        if not self.sent:
            return
        self._remember()
        decided = session.exitstatus in DECIDED_BY_TESTS and not self.others_failed
        if decided and self.whole:
            codes = [each["code"] for each in self.sent]
            session.exitstatus = min(codes, key=GRAVEST_FIRST.index)

    def _remember(self) -> None:
        """Keep what failing tests failed by, for `--lf`."""
        cache = getattr(self.config, "cache", None)
        if cache is None:
            return
        asked = {name for each in self.sent for name in each["failed"]}
        kept: dict[str, list[str]] = cache.get(FAILED, {})
        kept = {name: cases for name, cases in kept.items() if name not in self.selected}
        for each in self.sent:
            kept |= each["failed"]
        if asked or kept:
            cache.set(FAILED, kept)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest exports no type
        """Name each run folder, say how it ended and how it is read."""
        unfinished = self._unfinished()
        if not self.sent and not unfinished:
            return
        terminalreporter.section("harness conformance")
        for each in self.sent:
            folder, why = each["folder"], visible(each["why"])
            terminalreporter.write_line(f"{folder}: exit code {each['code']}: {why}")
            terminalreporter.write_line(f"  read it: harness report {shlex.quote(folder)}")
            for name in each["broken"]:
                terminalreporter.write_line(f"  broken, too, and not among the tests: {name}")
        for folder in unfinished:
            terminalreporter.write_line(f"{folder}: interrupted{_go_on([Path(folder)])}")

    def _unfinished(self) -> list[str]:
        """Return the run folders of other processes that did not come to an end."""
        if self.place is None or self._is_worker:
            return []
        ended = {each["folder"] for each in self.sent}
        files = sorted(self.place.glob("*.opened"))
        return [text for file in files if (text := file.read_text("utf-8")) not in ended]


def _on_a_line(error: HarnessError) -> str:
    return visible(" ".join(str(error).split()))


def _go_on(opened: Sequence[Path]) -> str:
    commands = [f"harness run --resume {shlex.quote(str(folder))}" for folder in opened]
    return f"; go on with: {' && '.join(commands)}" if commands else ""


class Promises(pytest.File):
    """The collector of our tests; they come from the plan and not from a file."""

    def __init__(self, *, plugin: ConformanceSession, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator["PromiseItem"]:
        """Yield a test for each promise and operation."""
        for test in self.plugin._work.tests:  # noqa: SLF001 - of this module
            item: PromiseItem = PromiseItem.from_parent(
                self, name=test.id, test=test, plugin=self.plugin
            )
            yield item


class BrokenPromiseError(AssertionError):
    """A provider did not do what its documents say."""


class PromiseItem(pytest.Item):
    """One promise of one operation."""

    def __init__(
        self,
        *,
        test: PromiseTest,
        plugin: ConformanceSession,
        **kwargs: Any,  # noqa: ANN401 - pytest's own
    ) -> None:
        super().__init__(**kwargs)
        self.test = test
        self.plugin = plugin
        self.add_marker(pytest.mark.paid if test.paid else pytest.mark.free)

    def __repr__(self) -> str:
        """Return what `--collect-only` shows: the test with its price."""
        requests = count(len(self.test.cases), "request")
        price = f"{count(self.test.images, 'image')}, {self.test.price}"
        return f"<Promise {self.name} ({requests}, {price if self.test.paid else 'free'})>"

    def runtest(self) -> None:
        """End as the run says."""
        outcome = self.plugin.outcome(self.test)
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
                raise HarnessError(outcome.message)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> Any:  # noqa: ANN401 - as pytest's
        """Return our own words: a traceback of ours would tell nothing."""
        del style
        if excinfo.errisinstance((BrokenPromiseError, HarnessError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the test comes from, and its headline.

        Of a headline that ends the id, pytest would write the dots as `::`.
        """
        return self.path, None, f"promise {self.name}"
