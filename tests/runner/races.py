"""Benchmarks of made-up providers that all speak one dialect, over real sockets."""

import asyncio
import base64
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from harness.core.benchmark import Design
from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.core.workload import Workload
from harness.planning.benchmark_options import Measuring
from harness.runner.benchmark.load import LoadGenerator, StoppingCriterion
from harness.runner.benchmark.track import ProviderLoad
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Access, Journal, ProviderSetup, RunContext
from harness.runner.execution.earlier import Resumption, elapsed_s, resume_state
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.store.reader import StoredRun, read_run
from harness.transport.bodies.images import ImageCollector
from harness.transport.client import Live, LiveEndpoint
from harness.transport.redaction import Redactor
from tests import ahead
from tests.ahead import put_ahead, settled
from tests.loopback import HUNG_S
from tests.plans import benchmark_plan
from tests.runner.hostile import Answer, Received, http, serving
from tests.runner.journals import EVIDENCE, header
from tests.shipped import shipped_provider as shipped
from tests.workloads import options

DIALECT = "sub2api"
DRAFT = Workload(name="draft", operation="generate", size="1024x1024", quality="low")
SKETCH = replace(DRAFT, name="sketch", quality="medium")


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1024, 1024), "red").save(file, "PNG")
    return file.getvalue()


SERVED = http({"created": 1, "data": [{"b64_json": base64.b64encode(_png()).decode()}]})


@dataclass(slots=True, kw_only=True)
class Raced:
    """What a benchmark came to, by provider, and what its journal holds."""

    records: dict[str, Sequence[Record]]
    stopped: dict[str, str]
    budgets: dict[str, Budget]
    past: StoredRun

    def sent(self, name: str) -> list[Record]:
        """The records of what left, in the order in which it was due."""
        found = [one for one in self.records[name] if one.exchanges]
        return sorted(found, key=lambda one: one.exchanges[0].times.due_s)

    def skips(self, name: str) -> list[str]:
        """Why the others did not leave."""
        return [one.skipped for one in self.records[name] if one.skipped]


@dataclass(kw_only=True)
class Course:
    """How a benchmark is laid out and limited; `meanwhile` goes on beside it."""

    measuring: Measuring
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    criterion: StoppingCriterion | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[["Course"], Awaitable[None]] | None = None
    past: StoredRun | None = None
    max_s: float | None = None
    running: asyncio.Future[None] | None = None
    lanes: Sequence[ProviderLoad] = ()

    async def run(
        self, folder: Path, urls: Mapping[str, str], *, cut_off: asyncio.Event | None = None
    ) -> Raced:
        """Send everything to the providers at these addresses, or what is left of it in a folder
        that is there; once `cut_off` is set, everything stops at once.
        """
        opened, self.past = _opened(folder, tuple(urls))
        journal = Journal(opened)
        loop = asyncio.get_running_loop()
        start = loop.time() - elapsed_s(folder, self.past)
        design, plan = laid_out(self.measuring)

        def now_s() -> float:
            return loop.time() - start

        context = RunContext(journal=journal, stop=self.stop, now_s=now_s, max_s=self.max_s)
        lanes = [self._lane(name, url, plan, context) for name, url in urls.items()]
        self.lanes = lanes
        race = LoadGenerator(design, lanes, context=context, criterion=self.criterion)
        try:
            async with asyncio.timeout(HUNG_S):
                await self._all(race, cut_off)
        finally:
            journal.close()
        return Raced(
            records={lane.name: lane.part.complete() for lane in lanes},
            stopped=race.stopped,
            budgets={lane.name: lane.part.budget for lane in lanes},
            past=read_run(folder),
        )

    async def _all(self, race: LoadGenerator, cut_off: asyncio.Event | None) -> None:
        self.running = running = asyncio.ensure_future(race.run())
        if self.meanwhile is not None:
            await self.meanwhile(self)
        if cut_off is not None:
            await cut_off.wait()
            running.cancel()
        with suppress(*([asyncio.CancelledError] if cut_off else [])):
            await running

    def _lane(self, name: str, url: str, plan: Plan, context: RunContext) -> ProviderLoad:
        def transport() -> Live:
            return Live(
                LiveEndpoint(base_url=url, auth=shipped(DIALECT).auth, key="a-test-key"),
                pictures=ImageCollector(context.journal.folder.keep_image),
                redactor=Redactor({}),
                now_s=context.now_s,
            )

        own = replace(plan, provider=name, shots=tuple(_of(name, one) for one in plan.shots))
        setup = ProviderSetup(
            context=context,
            provider=shipped(DIALECT).model_copy(update={"name": name}),
            plan=own,
            access=Access(evidence=EVIDENCE, transport=transport),
            budget=self.budgets.get(name) or Budget(),
            earlier=resume_state(shipped(DIALECT), own, self.past, Resumption(asks_again=False)),
            timeout_s=self.measuring.timeout_s,
        )
        return ProviderLoad(part=ProviderRun(setup=setup))


def _opened(folder: Path, names: tuple[str, ...]) -> tuple[RunFolder, StoredRun | None]:
    """A run's folder, and what it holds of an earlier part of the run."""
    if folder.exists():
        return RunFolder.reopen(folder), read_run(folder)
    opened = RunFolder.create(folder)
    opened.write_header(replace(header(DIALECT), evidence=dict.fromkeys(names, EVIDENCE)))
    return opened, None


def laid_out(measuring: Measuring) -> tuple[Design, Plan]:
    """The design of a benchmark, and the plan that all providers share."""
    design, plans = benchmark_plan(options(measuring, providers=(DIALECT,)))
    return design, plans[DIALECT]


def _of(name: str, shot: PlannedRequest) -> PlannedRequest:
    return replace(shot, case=replace(shot.case, provider=name))


def at(measuring: Measuring, path: Path, *answers: Answer | bytes, **more: object) -> Raced:
    """Measure providers `a`, `b`, ... that answer so."""

    async def go() -> Raced:
        async with asyncio.timeout(HUNG_S):
            return await _served(Course(measuring=measuring, **more), path, answers)  # type: ignore[arg-type]  # a test names only fields

    return ahead.run(go())


async def _served(course: Course, path: Path, answers: tuple[Answer | bytes, ...]) -> Raced:
    urls: dict[str, str] = {}

    async def one(left: tuple[Answer | bytes, ...]) -> Raced:
        if not left:
            return await course.run(path / "run", urls)
        async with serving(left[0]) as server:
            urls["abc"[len(urls)]] = server.url
            return await one(left[1:])

    return await one(answers)


async def idle(course: Course) -> bool:
    """Tell, after a while, whether nothing is under way."""
    await settled()
    if not any(lane.part.under_way for lane in course.lanes):
        return True
    await asyncio.sleep(0.001)
    return False


async def pauses_are_short(course: Course) -> None:
    """Put the clock ahead for as long as nothing is under way: what is due later is due now."""
    assert course.running is not None
    while not course.running.done():
        if await idle(course):
            await put_ahead(0.5)


def sent_s(record: Record) -> float:
    """When it left."""
    return record.exchanges[0].times.sent_s


def ended_s(record: Record) -> float:
    """When the last of it came."""
    return record.exchanges[-1].times.end_s


def after(
    seconds: float, raw: bytes = SERVED
) -> Callable[[Received, asyncio.StreamWriter], Awaitable[None]]:
    """A server's answer that takes so long."""

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(raw)

    return answer
