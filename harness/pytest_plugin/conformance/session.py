"""A session that names `harness.conformance`: its options, its tests, the run that answers them.

The tests are those of the plan, and nothing is sent to collect them. Before the first one starts,
what the selected ones need is sent as one run; with pytest-xdist, each part of it as a run of its
own, by a process of its own. Then each test tells how it ended.
"""

import shlex
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from harness.core.errors import HarnessError, UsageError
from harness.core.money import money
from harness.planning.plan import price_sentence, total_price
from harness.policy import BROKEN, HELD, INTERRUPTED, NOTHING, OURS, UNCLEAR
from harness.pytest_plugin.conformance.arguments import option_help, run_options, taken
from harness.pytest_plugin.conformance.engine import Sent, Work, prepared, send
from harness.pytest_plugin.conformance.handed import (
    ARGUMENTS,
    FOLDER,
    PLACED,
    TESTS,
    hand_over,
    taken_over,
)
from harness.pytest_plugin.conformance.items import (
    NODE,
    PromiseItem,
    Promises,
    collector,
    prepare,
    select,
)
from harness.pytest_plugin.conformance.selection import parts, selected_plan
from harness.pytest_plugin.conformance.senders import Order, Senders, opened_file
from harness.pytest_plugin.processes import DECIDED_BY_TESTS, number_of_workers
from harness.pytest_plugin.promises.promise_tests import PromiseTest, TestOutcome
from harness.report.text import count, visible
from harness.runner.execution.provider_run import ProgressListener, ProviderRun

FAILED = "harness/conformance-failed"
"""The key of pytest's cache: the cases that failing tests failed by."""

EVERY_S = 10.0
GRAVEST_FIRST = (OURS, INTERRUPTED, BROKEN, HELD, UNCLEAR, NOTHING)
"""Of several runs of one session: what any of them held was tested, be the others unclear."""


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
        ConformanceSession(config=config, typed=typed, arguments=tuple(arguments), mistake=mistake),
        "harness-conformance",
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
    """The plugin of such a session, in its first process; `arguments` are pytest's own."""

    config: pytest.Config
    typed: Mapping[tuple[str, str], object]
    arguments: tuple[str, ...] = ()
    mistake: HarnessError | None = None
    work: Work | None = None
    notes: list[str] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    place: Path | None = None
    out: Path = Path("reports")
    whole: bool = True
    others_failed: bool = False
    selected: frozenset[str] = frozenset()
    senders: Senders | None = None
    placed: Mapping[str, int] = field(default_factory=dict)
    result: Sent | None = None
    stopped: bool = False
    _told_s: float = 0.0

    # ------------------------------------------------------------------------------ the plan
    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """End the session with one line where an option cannot be read; nothing has been sent."""
        if self.mistake is None or config.option.version:
            return None
        sys.stderr.write(f"harness: {visible(str(self.mistake))}\n")
        return self.mistake.exit_code

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """Plan; end the session with one line and the error's code where that cannot be.

        Where others run the tests, they start meanwhile. Hypothesis warns of what is drawn before a
        session has started.
        """
        workers = number_of_workers(self.config)
        if workers:
            self._share(workers)
        yield
        try:
            self._plan_or_exit()
        except BaseException:
            if workers:
                hand_over(self._folder / TESTS, ())  # they end without a word of their own
            raise
        select(self.config, self.tests)
        if workers:
            hand_over(self._folder / TESTS, self.tests)
            for line in self._header():
                self._say(line)

    def _share(self, workers: int) -> None:
        """Start the processes that send, before there are threads, and say where workers read."""
        self.senders = Senders.started(workers)
        self.place = Path(tempfile.mkdtemp(prefix="harness-conformance-"))
        hand_over(self.place / ARGUMENTS, [*self.arguments])
        invoked = self.config.invocation_params
        self.config.invocation_params = pytest.Config.InvocationParams(
            args=(*invoked.args, f"{FOLDER}{self.place}"), plugins=invoked.plugins, dir=invoked.dir
        )

    def _plan_or_exit(self) -> None:
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
        prepare(config)

    def pytest_unconfigure(self) -> None:
        """Take away what was handed over to other processes."""
        if self.senders is not None:
            self.senders.end()
        if self.place is not None:
            rmtree(self.place, ignore_errors=True)

    @property
    def _work(self) -> Work:
        if self.work is None:
            raise RuntimeError("the session was not planned")
        return self.work

    @property
    def _folder(self) -> Path:
        if self.place is None:
            raise RuntimeError("the session is not shared out")
        return self.place

    @property
    def tests(self) -> Sequence[PromiseTest]:
        """The tests of the plan."""
        return self._work.tests

    def pytest_report_header(self) -> list[str]:
        """Say what the whole plan costs, and what was said of it."""
        if self.senders is not None:
            return []  # it is planned after this, while the workers start
        self._plan_or_exit()
        return self._header()

    def _header(self) -> list[str]:
        against = self._work.options.target.against
        lines = [f"harness: {visible(each)}" for each in self.notes]
        return [*lines, *(f"plan against {against}: {visible(each)}" for each in self.prices)]

    # ----------------------------------------------------------------------------- the tests
    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> Promises | None:
        """Return the collector of our tests for our module."""
        return collector(module_path, parent, self)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note that the session does not hold all tests of the plan."""
        self.whole = self.whole and not any(isinstance(item, PromiseItem) for item in items)

    def pytest_report_collectionfinish(
        self, config: pytest.Config, items: Sequence[pytest.Item]
    ) -> list[str]:
        """Say what is selected, and what that costs where the provider keeps its documents."""
        del config
        return self._costs({item.test.id for item in items if isinstance(item, PromiseItem)})

    def _costs(self, selected: Collection[str]) -> list[str]:
        """Say of each provider what the selected tests need and cost."""
        failed = self._failed()
        lines = []
        for name, whole in self._work.plans.items():
            plan = selected_plan(whole, self.tests, selected, failed)
            if selected and plan.shots:
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
        if self.senders is not None or session.config.option.collectonly or not items:
            return
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return
        self._select(item.test.id for item in items)
        sent = self.result = self._send()
        promises = next(each for each in items[0].listchain() if isinstance(each, Promises))
        for test in sent.others:
            session.items.append(promises.item(test))
            session.testscollected += 1

    def _select(self, selected: Iterable[str]) -> None:
        self.selected = frozenset(selected)
        self.whole = self.whole and len(self.selected) == len(self.tests)

    def outcome(self, test: PromiseTest) -> TestOutcome:
        """Return how a test ended."""
        if self.result is None:
            raise RuntimeError("nothing was sent")
        why = visible(self.result.why)
        return self.result.outcomes.get(test.id, TestOutcome(ending="error", message=why))

    def _send(self) -> Sent:
        opened: list[Path] = []
        try:
            sent = send(
                self._work, self.selected, failed=self._failed(), watch=self._listener(opened)
            )
        except KeyboardInterrupt:
            pytest.exit(f"interrupted{_go_on(opened)}", returncode=INTERRUPTED)
        except HarnessError as error:
            pytest.exit(f"harness: {_on_a_line(error)}", returncode=error.exit_code)
        if sent.interrupted:
            pytest.exit(f"interrupted{_go_on([sent.folder])}", returncode=INTERRUPTED)
        self.sent.append(sent)
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
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(visible(line))
            reporter.flush()

    # -------------------------------------------------------------------------- other processes
    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 - pytest-xdist may not be there
        """Schedule a part as a whole: its tests wait for the same run."""
        from harness.pytest_plugin.conformance.scheduling import PartScheduling  # noqa: PLC0415 - xdist is no need of ours

        return PartScheduling(config, log, parts=self._order, node=NODE)

    def _order(self, selected: Collection[str], workers: int) -> Mapping[str, int]:
        """Have what the selected tests need sent; return in which part each test is.

        Once: pytest-xdist schedules anew where a worker has crashed, and the parts are sent on.
        """
        if self.placed:
            return self.placed
        self._select(selected)
        options = self._work.options
        placed = self.placed = parts(self.tests, selected, options, workers)
        hand_over(self._folder / PLACED, placed)
        for line in self._costs(self.selected):
            self._say(line)
        for part in sorted({*placed.values()}):
            theirs = frozenset(name for name, number in placed.items() if number == part)
            order = Order(
                work=self._work,
                selected=theirs,
                failed=self._failed(),
                part=part,
                out=self.out / f"part-{part}",
                folder=self._folder,
            )
            if self.senders is not None:
                self.senders.order(order)
        return placed

    # ---------------------------------------------------------------------------------- the end
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that another test failed, or one of ours for what no run says: a worker crashed."""
        ours = report.nodeid.startswith(f"{NODE}::") and report.when == "call"
        self.others_failed = self.others_failed or (report.failed and not ours)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note that other tests could not be collected."""
        self.others_failed = self.others_failed or report.failed

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that the user stopped the session, and not a test of it, as with `-x`."""
        self.stopped = excinfo.type is KeyboardInterrupt
        if self.stopped and self.senders is not None and self.senders.watching:
            self._say(
                "harness: interrupted: waiting for requests under way (they may be paid for); "
                "press Ctrl-C again to stop at once"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the session end as `harness run` does, where nothing else decides."""
        if self.senders is not None:
            self.senders.end()
            self.sent += self.senders.sent(self._folder)
        if self.stopped and (self.senders is None or self.senders.watching):
            session.exitstatus = INTERRUPTED
        if not self.sent:
            return
        self._remember()
        decided = session.exitstatus in DECIDED_BY_TESTS and not self.others_failed
        if decided and self.whole:
            codes = [each.exit_code for each in self.sent]
            session.exitstatus = min(codes, key=GRAVEST_FIRST.index)

    def _remember(self) -> None:
        """Keep what failing tests failed by, for `--lf`."""
        cache = getattr(self.config, "cache", None)
        if cache is None:
            return
        kept: dict[str, Sequence[str]] = cache.get(FAILED, {})
        kept = {name: cases for name, cases in kept.items() if name not in self.selected}
        for each in self.sent:
            kept |= {name: [*cases] for name, cases in each.failed.items()}
        if kept or cache.get(FAILED, {}):
            cache.set(FAILED, kept)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest exports no type
        """Name each run folder, say how it ended and how it is read."""
        unfinished = self._unfinished()
        if not self.sent and not unfinished:
            return
        terminalreporter.section("harness conformance")
        for each in self.sent:
            folder, code = str(each.folder), each.exit_code
            go_on = _go_on([each.folder]) if code in (INTERRUPTED, OURS) else ""
            why = "interrupted" if each.interrupted else visible(each.why)
            terminalreporter.write_line(f"{folder}: exit code {code}: {why}{go_on}")
            terminalreporter.write_line(f"  read it: harness report {shlex.quote(folder)}")
            others = () if self.senders is None else (test.id for test in each.others)
            for name in (*each.broken, *others):
                terminalreporter.write_line(f"  broken, too, and not among the tests: {name}")
        for left in unfinished:
            terminalreporter.write_line(f"{left}: interrupted{_go_on([left])}")

    def _unfinished(self) -> list[Path]:
        """Return the run folders of other processes that did not come to an end."""
        if self.senders is None:
            return []
        ended = {each.folder for each in self.sent}
        files = (opened_file(self._folder, part) for part in sorted(self.senders.watching))
        opened = [Path(taken_over(file)) for file in files if file.exists()]
        return [folder for folder in opened if folder not in ended]


def _on_a_line(error: HarnessError) -> str:
    return visible(" ".join(str(error).split()))


def _go_on(opened: Sequence[Path]) -> str:
    commands = [f"harness run --resume {shlex.quote(str(folder))}" for folder in opened]
    return f"; go on with: {' && '.join(commands)}" if commands else ""
