"""A whole run: sessions of all providers at once, one folder, one clock, one way to stop."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.case import Plan
from harness.core.errors import HarnessError, StoreError
from harness.core.record import Evidence, Record
from harness.core.run import RunHeader
from harness.plan import ALLOWANCE_IMAGES, ALLOWANCE_REQUESTS
from harness.runner.asking import Asker
from harness.runner.budget import Allowance, Budget
from harness.runner.emulated import emulator
from harness.runner.heading import by, heading, today, unexpected
from harness.runner.journal import Journal
from harness.runner.options import Options
from harness.runner.prepare import plan_for
from harness.runner.replayed import load_tape, recorded_plan
from harness.runner.resumed import elapsed_s, plan_of, save_plan
from harness.runner.session import Session
from harness.runner.stopping import interruptible
from harness.runner.surroundings import assets_of, outside, unreachable
from harness.spec.load import provider as shipped
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.past import Past, read_run
from harness.transport.base import Transport
from harness.transport.live import Endpoint, Live
from harness.transport.outside import Outside
from harness.transport.pictures import Pictures
from harness.transport.replay import Replay
from harness.transport.secrets import Redactor

EMULATOR_KEY = "emulator-key"
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


@dataclass(slots=True, kw_only=True)
class Watch:
    """How a run tells its progress; the command line draws it."""

    started: Callable[[list[Session]], None] = lambda _sessions: None
    progress: Callable[[Session], None] = lambda _session: None
    interrupted: Callable[[int], None] = lambda _under_way: None


MakeAsker = Callable[[Provider, Plan], Asker]
"""Makes what decides, for one provider's session, what else is worth asking."""


def run(options: Options, watch: Watch, *, asker: MakeAsker | None = None) -> Run:
    """Plan, send, journal. Raises HarnessError where nothing could be begun.

    A failure on the way (the disk is full) ends the run early and is in `Run.failure`; what was
    received before it is in the folder. A replay has no `asker`: only what is on tape is asked.
    """
    return asyncio.run(_Runner(options, watch, asker).run())


class _Runner:
    def __init__(self, options: Options, watch: Watch, asker: MakeAsker | None) -> None:
        self.options = options
        self.watch = watch
        self.asker = asker
        self.folder = _folder(options)  # locked before it is read: another run may be at it
        self.past: Past | None = read_run(options.resume) if options.resume else None
        self.pictures = Pictures(self.folder.keep_image)
        providers = [shipped(name) for name in options.providers]
        shapes = tuple(p.auth.key_shape for p in providers if p.auth.key_shape)
        names = {p.auth.env: options.keys.get(p.name, "") for p in providers}
        self.redactor = Redactor(names, shapes)
        self.journal = Journal(self.folder)
        self.word = (self.past.header.word if self.past else "") or secrets.token_hex(8)
        self.started = time.monotonic() - elapsed_s(self.folder.path, self.past)
        self.addresses: dict[str, str] = {}
        self.places: Outside | None = None

    def now_s(self) -> float:
        return time.monotonic() - self.started

    async def run(self) -> Run:
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.callback(self.journal.close)
            sessions = await self._sessions(stack, stop)
            header = heading(
                self.options,
                [session.plan for session in sessions],
                {session.provider.name: session.evidence for session in sessions},
                folder=self.folder.path.name,
                word=self.word,
                past=self.past.header if self.past else None,
            )
            self.folder.write_header(header)
            for session in sessions:
                save_plan(self.folder, session.plan)
            self.watch.started(sessions)
            failure = await self._all(sessions, stop)
            if failure is None and self.folder.full and not stop.is_set():
                failure = StoreError(
                    f"{self.folder.path}: the disk is full, so the rest was not sent",
                    hint="all that was received is kept; make room, then --resume it",
                )
            records = [record for session in sessions for record in session.complete()]
            notes = (*header.notes, *unexpected(self.places))
            header = replace(header, finished=today(), interrupted=stop.is_set(), notes=notes)
            with suppress(HarnessError):  # a full disk keeps its first message
                self.folder.write_header(header)
            off_tape = [line for session in sessions for line in session.off_tape]
            return Run(
                header=header,
                folder=self.folder.path,
                records=records,
                plans={session.provider.name: session.whole_plan() for session in sessions},
                addresses=self.addresses,
                off_tape=off_tape,
                failure=failure,
            )

    async def _all(self, sessions: list[Session], stop: asyncio.Event) -> HarnessError | None:
        """Run the sessions until they end, fail or are interrupted.

        Where one fails, the others still keep what they have under way.
        """
        work = asyncio.gather(*(session.run() for session in sessions), return_exceptions=True)
        with interruptible(work, sessions, stop, self.watch.interrupted):
            try:
                ends = await work
            except asyncio.CancelledError:
                if not stop.is_set():
                    raise
                return None
        failures = [end for end in ends if end is not None]
        for failure in failures:
            if not isinstance(failure, HarnessError):
                raise failure  # a bug of ours
        return next((one for one in failures if isinstance(one, HarnessError)), None)

    async def _sessions(self, stack: AsyncExitStack, stop: asyncio.Event) -> list[Session]:
        options = self.options
        if options.against == "cassettes":
            return [self._replayed(name, stop) for name in options.providers]
        if options.against == "emulator":
            addresses = stack.enter_context(
                emulator(
                    time_scale=options.time_scale,
                    seed=options.seed,
                    faults=options.faults,
                    port=options.port,
                )
            )
            evidence = Evidence(kind="emulator", source="emulator", date=today(), by=by())
            keys = dict.fromkeys(options.providers, EMULATOR_KEY)
            scale = options.time_scale
        else:
            addresses, keys, scale = options.base_urls, options.keys, 1.0
            evidence = Evidence(kind="live", source="", date=today(), by=by())
        self.addresses = addresses
        places = outside(options, word=self.word, now_s=self.now_s, key=EMULATOR_KEY)
        self.places = places
        stack.push_async_callback(places.aclose)
        await places.start()
        sessions = [
            self._live(
                name,
                address=addresses[name],
                key=keys[name],
                evidence=replace(evidence, source=evidence.source or addresses[name]),
                scale=scale,
                places=places,
                stop=stop,
            )
            for name in options.providers
        ]
        places.serve_assets(
            assets_of([shot for session in sessions for shot in session.plan.shots])
        )
        return sessions

    def _live(  # noqa: PLR0913 - what tells one session from another
        self,
        name: str,
        *,
        address: str,
        key: str,
        evidence: Evidence,
        scale: float,
        places: Outside,
        stop: asyncio.Event,
    ) -> Session:
        endpoint = Endpoint(base_url=address, auth=shipped(name).auth, key=key, provider=name)

        def transport() -> Transport:
            return Live(
                endpoint,
                pictures=self.pictures,
                redactor=self.redactor,
                now_s=self.now_s,
                time_scale=scale,
                outside=places,
            )

        session = self._session(name, self._plan(name), evidence, transport, stop)
        session.cannot = unreachable(places)
        session.announce = lambda shots: places.serve_assets(assets_of(shots))
        if self.asker is not None:
            session.asker = self.asker(session.provider, session.plan)
        if self.options.max_minutes is not None:
            session.max_s = self.options.max_minutes * MINUTE_S
        return session

    def _replayed(self, name: str, stop: asyncio.Event) -> Session:
        tape = load_tape(self.options.cassettes / name, self.pictures)
        plan = recorded_plan(self.options.cassettes, name, tape, self.options.operations)
        evidence = Evidence(
            kind="recorded",
            source=str(tape.metadata.get("evidence", "unknown")),
            date=str(tape.metadata.get("recorded", "unknown")),
            by=str(tape.metadata.get("by", "unknown")),
        )
        session = self._session(name, plan, evidence, lambda: Replay(tape), stop)
        session.replay, session.concurrency = True, 1
        return session

    def _session(
        self,
        name: str,
        plan: Plan,
        evidence: Evidence,
        transport: Callable[[], Transport],
        stop: asyncio.Event,
    ) -> Session:
        options = self.options
        past = self.past
        return Session(
            provider=shipped(name),
            plan=plan,
            evidence=evidence,
            transport=transport,
            journal=self.journal,
            budget=_budget(options, name),
            concurrency=options.concurrency,
            stop=stop,
            now_s=self.now_s,
            progress=self.watch.progress,
            done=tuple(r for r in past.records if _of(r, name)) if past else (),
            begun=tuple(u for u in past.unfinished if u.line.provider == name) if past else (),
        )

    def _plan(self, name: str) -> Plan:
        if self.past is not None:
            return plan_of(self.folder.path, name)
        return plan_for(name, self.options)


def _budget(options: Options, name: str) -> Budget:
    """Return what a provider's session may spend; what is on tape was paid for already.

    A limit of images that is no larger than the default one leaves the default of requests.
    """
    amount, images = options.budgets.get(name), options.max_images
    each: Allowance | None = None
    if options.against != "cassettes":
        operations = sum(one in options.operations for one in shipped(name).operations)
        by_default = amount is None and images is None
        usual = by_default or (images is not None and images <= ALLOWANCE_IMAGES * operations)
        each = Allowance(
            images=ALLOWANCE_IMAGES if by_default else None,
            requests=ALLOWANCE_REQUESTS if usual and options.max_requests is None else None,
        )
    return Budget(amount=amount, images=images, requests=options.max_requests, per_operation=each)


def _folder(options: Options) -> RunFolder:
    return RunFolder.reopen(options.resume) if options.resume else RunFolder.create(options.out)


def _of(record: Record, name: str) -> bool:
    return record.shot.case.provider == name and record.skipped is None
