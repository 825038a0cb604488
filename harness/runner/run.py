"""A whole run: all providers at once, one folder, one clock, one way to stop."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import HarnessError, StoreError
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.planning.options import Options
from harness.runner.benchmark.deciding import MakeStoppingCriterion
from harness.runner.benchmark.measure import Measurement
from harness.runner.benchmark.track import ProviderLoad
from harness.runner.conformance.asking import FollowUpStrategy
from harness.runner.conformance.session import Session
from harness.runner.endpoints import Access, ProviderConnections, from_tape
from harness.runner.execution.journal import Journal
from harness.runner.execution.limits import provider_budget
from harness.runner.header import run_header, today, unexpected
from harness.runner.plan_source import RunPlan, run_plan
from harness.runner.progress import ProgressListener
from harness.runner.resumed import elapsed_s, save_plan
from harness.runner.shutdown import interruptible
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.reader import StoredRun, Unfinished, read_run
from harness.transport.bodies.decoder import ImageDecoder
from harness.transport.bodies.images import ImageCollector
from harness.transport.redaction import Redactor

MINUTE_S = 60.0


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run came to; `off_tape` says what a replay asked for and did not find.

    `plans` hold what an asker added and was answered, after what was planned.
    """

    header: RunHeader
    folder: Path
    records: list[Record]
    plans: dict[str, Plan]
    addresses: dict[str, str]
    off_tape: list[str] = field(default_factory=list)
    failure: HarnessError | None = None


BODIES = ".bodies"
"""Where large replies lie in a run folder until they are taken apart: on the disk of its images."""

MakeAsker = Callable[[Provider, Plan], FollowUpStrategy]
"""Makes what decides, for one provider's session, what else is worth asking."""


def execute_run(
    options: Options,
    watch: ProgressListener,
    *,
    asker: MakeAsker | None = None,
    referee: MakeStoppingCriterion | None = None,
) -> Run:
    """Plan, send, journal. Raises HarnessError where nothing could be begun.

    A failure on the way (the disk is full) ends the run early and is in `Run.failure`; what was
    received before it is in the folder. A replay has neither `asker` nor `referee`: only what is on
    tape is asked, and all of it. An asker is for conformance, a referee for a benchmark.
    """
    return asyncio.run(_Runner(options, watch, asker, referee).run())


class _Runner:
    def __init__(
        self,
        options: Options,
        watch: ProgressListener,
        asker: MakeAsker | None,
        referee: MakeStoppingCriterion | None,
    ) -> None:
        self.options = options
        self.watch = watch
        self.asker = asker
        self.referee = referee
        self.folder = _folder(options)  # locked before it is read: another run may be at it
        resume = options.output.resume
        self.past: StoredRun | None = read_run(resume) if resume else None
        self.pictures = ImageCollector(
            self.folder.keep_image,
            keep_file=self.folder.keep_image_file,
            darkroom=ImageDecoder(self.folder.path / BODIES),
        )
        self.journal = Journal(self.folder)
        self.word = (self.past.header.word if self.past else "") or secrets.token_hex(8)
        self.started = time.monotonic() - elapsed_s(self.folder.path, self.past)
        self.stop = asyncio.Event()
        self.reach = ProviderConnections(
            options=options,
            pictures=self.pictures,
            redactor=_redactor(options),
            word=self.word,
            now_s=self.now_s,
        )

    def now_s(self) -> float:
        return time.monotonic() - self.started

    async def run(self) -> Run:
        async with AsyncExitStack() as stack:
            stack.callback(self.journal.close)
            stack.callback(self.pictures.darkroom.close)
            asked = run_plan(self.options, self.folder.path, self.past, self.pictures)
            access = await self._access(stack, asked)
            header = run_header(
                self.options,
                [*asked.plans.values()],
                {name: one.evidence for name, one in access.items()},
                folder=self.folder.path.name,
                word=self.word,
                past=self.past.header if self.past else None,
                benchmark=asked.benchmark,
            )
            self.folder.write_header(header)
            for plan in asked.plans.values():
                save_plan(self.folder, plan)
            if asked.benchmark is None:
                return await self._conformance(header, asked, access)
            return await self._benchmark(header, asked.benchmark, asked, access)

    async def _access(self, stack: AsyncExitStack, asked: RunPlan) -> dict[str, Access]:
        if asked.tapes:
            return {name: from_tape(tape) for name, tape in asked.tapes.items()}
        access = await self.reach.open(stack)
        for name, plan in asked.plans.items():
            access[name].announce(plan.shots)
        return access

    async def _conformance(
        self, header: RunHeader, asked: RunPlan, access: Mapping[str, Access]
    ) -> Run:
        sessions = [self._session(plan, access[name]) for name, plan in asked.plans.items()]
        self.watch.started(sessions)
        failure = await self._all([session.run() for session in sessions], sessions)
        return self._ended(header, sessions, failure)

    async def _benchmark(
        self,
        header: RunHeader,
        benchmark: Benchmark,
        asked: RunPlan,
        access: Mapping[str, Access],
    ) -> Run:
        lanes = [
            self._lane(plan, access[name], benchmark.design.timeout_s)
            for name, plan in asked.plans.items()
        ]
        measurement = Measurement(
            benchmark=benchmark,
            lanes=lanes,
            stop=self.stop,
            now_s=self.now_s,
            referee=None if asked.tapes else self.referee,
            max_s=self._max_s(),
            replay=bool(asked.tapes),
            calibrated=self.options.benchmark.calibrate,
            progress=self.watch.progress,
        )
        await measurement.prepare()
        self.watch.started(lanes)
        failure = await self._all([measurement.run()], lanes)
        return self._ended(replace(header, benchmark=measurement.summary()), lanes, failure)

    def _ended(
        self,
        header: RunHeader,
        parts: Sequence[Session] | Sequence[ProviderLoad],
        failure: HarnessError | None,
    ) -> Run:
        """Write the header as it stands at the end, and return what the run came to."""
        if failure is None and self.folder.full and not self.stop.is_set():
            failure = StoreError(
                f"{self.folder.path}: the disk is full, so the rest was not sent",
                hint="all that was received is kept; make room, then --resume it",
            )
        notes = (*header.notes, *unexpected(self.reach.places))
        header = replace(header, finished=today(), interrupted=self.stop.is_set(), notes=notes)
        with suppress(HarnessError):  # a full disk keeps its first message
            self.folder.write_header(header)
        return Run(
            header=header,
            folder=self.folder.path,
            records=[record for part in parts for record in part.complete()],
            plans={part.provider.name: part.whole_plan() for part in parts},
            addresses=self.reach.addresses,
            off_tape=[line for part in parts for line in part.off_tape],
            failure=failure,
        )

    async def _all(
        self,
        work: Sequence[Coroutine[Any, Any, None]],
        parts: Sequence[Session] | Sequence[ProviderLoad],
    ) -> HarnessError | None:
        """Do the work until it ends, fails or is interrupted.

        Where one part fails, the others still keep what they have under way.
        """
        doing = asyncio.gather(*work, return_exceptions=True)
        with interruptible(doing, parts, self.stop, self.watch.interrupted):
            try:
                ends = await doing
            except asyncio.CancelledError:
                if not self.stop.is_set():
                    raise
                return None
        failures = [end for end in ends if end is not None]
        for failure in failures:
            if not isinstance(failure, HarnessError):
                raise failure  # a bug of ours
        return next((one for one in failures if isinstance(one, HarnessError)), None)

    def _session(self, plan: Plan, access: Access) -> Session:
        name, replay = plan.provider, self.options.target.against == "cassettes"
        session = Session(
            provider=shipped(name),
            plan=plan,
            evidence=access.evidence,
            transport=access.transport,
            journal=self.journal,
            budget=provider_budget(self.options, name),
            concurrency=1 if replay else self.options.concurrency,
            stop=self.stop,
            replay=replay,
            now_s=self.now_s,
            progress=self.watch.progress,
            cannot=access.cannot,
            announce=access.announce,
            done=_done(self.past, name),
            begun=_begun(self.past, name),
        )
        if not replay:
            session.max_s = self._max_s()
            session.asker = self.asker(session.provider, plan) if self.asker else None
        return session

    def _lane(self, plan: Plan, access: Access, timeout_s: float | None) -> ProviderLoad:
        name = plan.provider
        return ProviderLoad(
            provider=shipped(name),
            plan=plan,
            evidence=access.evidence,
            transport=access.transport,
            journal=self.journal,
            budget=provider_budget(self.options, name, allowance=False),
            now_s=self.now_s,
            timeout_s=timeout_s,
            cannot=access.cannot,
            done=_done(self.past, name),
            begun=_begun(self.past, name),
        )

    def _max_s(self) -> float | None:
        minutes = self.options.limits.max_minutes
        return None if minutes is None else minutes * MINUTE_S


def _folder(options: Options) -> RunFolder:
    output = options.output
    if output.resume:
        return RunFolder.reopen(output.resume)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    return RunFolder.create(output.out or Path("reports") / f"{stamp}-{options.target.against}")


def _redactor(options: Options) -> Redactor:
    """Return what keeps the keys of these providers out of everything that is written."""
    providers = [shipped(name) for name in options.target.providers]
    shapes = tuple(p.auth.key_shape for p in providers if p.auth.key_shape)
    return Redactor({p.auth.env: options.target.keys.get(p.name, "") for p in providers}, shapes)


def _done(past: StoredRun | None, name: str) -> tuple[Record, ...]:
    records = past.records if past else ()
    return tuple(r for r in records if r.shot.case.provider == name and r.skipped is None)


def _begun(past: StoredRun | None, name: str) -> tuple[Unfinished, ...]:
    return tuple(u for u in past.unfinished if u.line.provider == name) if past else ()
