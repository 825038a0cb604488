"""A whole run: sessions of all providers at once, one folder, one clock, one way to stop."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from harness import __version__
from harness.core.case import Plan
from harness.core.errors import HarnessError, NothingTested, StoreError, UsageError
from harness.core.jsontype import Json
from harness.core.record import Evidence, Record
from harness.core.run import RunHeader
from harness.plan import from_json, plan_digest, to_json
from harness.runner.budget import Budget
from harness.runner.emulated import emulator
from harness.runner.options import Options
from harness.runner.prepare import new_plan
from harness.runner.replayed import load_tape, recorded_plan
from harness.runner.session import Journal, Session
from harness.runner.stopping import interruptible
from harness.runner.surroundings import assets_of, outside, unreachable
from harness.spec.load import provider as shipped
from harness.store.folder import RunFolder
from harness.store.line import JOURNAL
from harness.store.past import Past, read_run
from harness.transport.base import Transport
from harness.transport.live import Endpoint, Live
from harness.transport.outside import Outside
from harness.transport.pictures import Pictures
from harness.transport.replay import Replay
from harness.transport.secrets import Redactor

EMULATOR_KEY = "emulator-key"
LIBRARIES = ("httpx", "hypothesis", "vcrpy", "pillow", "pydantic")


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run came to; `off_tape` says what a replay asked for and did not find."""

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


def run(options: Options, watch: Watch) -> Run:
    """Plan, send, journal. Raises HarnessError where nothing could be begun.

    A failure on the way (the disk is full) ends the run early and is in `Run.failure`; what was
    received before it is in the folder.
    """
    return asyncio.run(_Runner(options, watch).run())


class _Runner:
    def __init__(self, options: Options, watch: Watch) -> None:
        self.options = options
        self.watch = watch
        self.folder = _folder(options)  # locked before it is read: another run may be at it
        self.past: Past | None = read_run(options.resume) if options.resume else None
        self.pictures = Pictures(self.folder.keep_image)
        providers = [shipped(name) for name in options.providers]
        shapes = tuple(p.auth.key_shape for p in providers if p.auth.key_shape)
        names = {p.auth.env: options.keys.get(p.name, "") for p in providers}
        self.redactor = Redactor(names, shapes)
        self.journal = Journal(self.folder)
        self.word = (self.past.header.word if self.past else "") or secrets.token_hex(8)
        self.started = time.monotonic() - _elapsed_s(self.folder.path, self.past)
        self.addresses: dict[str, str] = {}
        self.places: Outside | None = None

    def now_s(self) -> float:
        return time.monotonic() - self.started

    async def run(self) -> Run:
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.callback(self.journal.close)
            sessions = await self._sessions(stack, stop)
            header = self._header(sessions)
            self.folder.write_header(header)
            for session in sessions:
                _save_plan(self.folder, session.plan)
            self.watch.started(sessions)
            failure = await self._all(sessions, stop)
            if failure is None and self.folder.full and not stop.is_set():
                failure = StoreError(
                    f"{self.folder.path}: the disk is full, so the rest was not sent",
                    hint="all that was received is kept; make room, then --resume it",
                )
            records = [record for session in sessions for record in _complete(session)]
            notes = (*header.notes, *_unexpected(self.places))
            header = replace(header, finished=_now(), interrupted=stop.is_set(), notes=notes)
            with suppress(HarnessError):  # a full disk keeps its first message
                self.folder.write_header(header)
            off_tape = [line for session in sessions for line in session.off_tape]
            return Run(
                header=header,
                folder=self.folder.path,
                records=records,
                plans={session.provider.name: session.plan for session in sessions},
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
            evidence = Evidence(kind="emulator", source="emulator", date=_now(), by=_by())
            keys = dict.fromkeys(options.providers, EMULATOR_KEY)
            scale = options.time_scale
        else:
            addresses, keys, scale = options.base_urls, options.keys, 1.0
            evidence = Evidence(kind="live", source="", date=_now(), by=_by())
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
        places.serve_assets(assets_of(session.plan for session in sessions))
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
        session.canary, session.concurrency = False, 1
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
            budget=Budget(amount=options.budgets.get(name), images=options.max_images),
            concurrency=options.concurrency,
            stop=stop,
            progress=self.watch.progress,
            done=tuple(r for r in past.records if _of(r, name)) if past else (),
            begun=tuple(u for u in past.unfinished if u.line.provider == name) if past else (),
        )

    def _plan(self, name: str) -> Plan:
        if self.past is not None:
            return _plan_of(self.folder.path, name)
        return new_plan(name, seed=self.options.seed, operations=self.options.operations)

    def _header(self, sessions: list[Session]) -> RunHeader:
        if self.past is not None:
            return replace(self.past.header, finished=None, interrupted=False, word=self.word)
        if not any(session.plan.shots for session in sessions):
            raise NothingTested("the plan holds no case")
        plans = {session.provider.name: session.plan for session in sessions}
        return RunHeader(
            run=self.folder.path.name,
            harness=__version__,
            created=_now(),
            word=self.word,
            against=self.options.against,
            seed=next(iter(plans.values())).seed,
            evidence={session.provider.name: session.evidence for session in sessions},
            spec_digests={name: plan.spec_digest for name, plan in plans.items()},
            plan_digests={name: plan_digest(plan) for name, plan in plans.items()},
            versions={library: version(library) for library in LIBRARIES},
            notes=(f"faults switched on: {', '.join(self.options.faults)}",)
            if self.options.faults
            else (),
        )


def _folder(options: Options) -> RunFolder:
    return RunFolder.reopen(options.resume) if options.resume else RunFolder.create(options.out)


def _save_plan(folder: RunFolder, plan: Plan) -> None:
    text = json.dumps(to_json(plan), ensure_ascii=False, indent=1)
    folder.write_file(f"plan-{plan.provider}.json", text.encode())


def _plan_of(folder: Path, name: str) -> Plan:
    path = folder / f"plan-{name}.json"
    try:
        saved: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or f"not JSON ({error})"
        raise UsageError(
            f"{path}: {why}", hint="without its plan a run cannot go on; start a new one"
        ) from None
    return from_json(saved, provider=shipped(name), where=str(path))


def _unexpected(places: Outside | None) -> tuple[str, ...]:
    """Say what our receiver was sent that belongs to no request of this run."""
    if places is None:
        return ()
    found = ((places.strangers, "came from strangers"), (places.dropped, "could not be kept"))
    return tuple(f"webhooks: {number} deliveries {what}" for number, what in found if number)


def _elapsed_s(folder: Path, past: Past | None) -> float:
    """Return what the clock of a run that goes on has to show, in seconds: it never goes back.

    From the last thing that was received on, time has passed as the journal's own date tells.
    """
    if past is None:
        return 0.0
    seen = [e for record in past.records for e in record.exchanges]
    seen += [e for one in past.unfinished for e in one.exchanges]
    latest_s = max((exchange.times.end_s for exchange in seen), default=0.0)
    return latest_s + max(time.time() - (folder / JOURNAL).stat().st_mtime, 0.0)


def _of(record: Record, name: str) -> bool:
    return record.shot.case.provider == name and record.skipped is None


def _complete(session: Session) -> list[Record]:
    """Return a record for every shot: those that were cut off or never left say so."""
    seen = {record.shot.case.id for record in session.records}
    why = "interrupted: go on with --resume"
    return session.records + [
        Record(shot=shot, evidence=session.evidence, outcome=None, skipped=why)
        for shot in session.plan.shots
        if shot.case.id not in seen
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _by() -> str:
    return f"image-provider-harness {__version__}"
