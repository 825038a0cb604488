"""A world: the harness' own session on simulated time, disk and network, from crash to crash.

What runs is the product: session, schedule, strategy, wire, journal, run folder and reader. What
is simulated is what it stands on. A process that ends by a crash is followed by one that resumes,
until one ends by itself.
"""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from harness.adaptive.confirm import FailureReducer
from harness.core.errors import HarnessError
from harness.core.exchange import Exchange, Request
from harness.core.jsonvalue import Json
from harness.core.record import Provenance, Record, RunHeader
from harness.runner.conformance.session import Session
from harness.runner.execution.conversation import Access, Journal, ProviderSetup, RunContext
from harness.runner.execution.earlier import Resumption, resume_state
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.store.line import HEADER, JOURNAL, Exchanged, JournalLine, Sent
from harness.store.reader import StoredRun, joined, read_run
from harness.transport.placeholders import PlaceholderMap
from harness.transport.redaction import Redactor
from tests.simulation.broken import BrokenError
from tests.simulation.disk import Crashed, Moments, SimulatedDisk
from tests.simulation.entries import entry
from tests.simulation.loop import DAY_S, VirtualExecutor, VirtualLoop
from tests.simulation.provider import SimulatedProvider
from tests.simulation.scenario import Scenario, Stop
from tests.simulation.stopping import Stopping, check_stopped
from tests.simulation.transport import Network

KEY = "sk-simulated-0123456789-abcdefghij"
WORD = "0123456789abcdef"
FOLDER = Path("world")
EVIDENCE = Provenance(
    kind="live", source="https://provider.sim", date="2026-11-28", by="simulation"
)
PROCESSES_AT_MOST = 20
MAX_SHRINK = 2


_DECODER = json.JSONDecoder()


@dataclass(slots=True)
class Acknowledged:
    """What the journal promised to keep: round trips by case, those of a later attempt only."""

    exchanges: defaultdict[str, list[Exchange]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, line: JournalLine) -> None:
        """Take note of a line before it is written: a new request takes an earlier one's place."""
        if isinstance(line, Sent):
            self.exchanges[line.case].clear()

    def end(self, line: JournalLine) -> None:
        """Take note of a line whose append has returned."""
        if isinstance(line, Exchanged):
            self.exchanges[line.case].append(line.exchange)


class WatchedJournal(Journal):
    """The run's own journal; what it acknowledges is written down outside of the world."""

    def __init__(self, folder: RunFolder, executor: Executor, acknowledged: Acknowledged) -> None:
        super().__init__(folder, executor=executor)
        self._acknowledged = acknowledged
        self._disk_thread = executor

    async def append(self, line: JournalLine) -> None:
        """Append as the journal does."""
        self._acknowledged.begin(line)
        await super().append(line)
        self._acknowledged.end(line)

    def close(self) -> None:
        """Wait for the last line and close the files, as the journal does with its own thread."""
        self._disk_thread.shutdown()
        super().close()


@dataclass(slots=True)
class World:
    """A scenario on its way; `play` takes it to its end."""

    scenario: Scenario
    rng: random.Random = field(init=False)
    disk: SimulatedDisk = field(init=False)
    provider: SimulatedProvider = field(init=False)
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    history: list[str] = field(default_factory=list)
    now_s: float = 0.0
    processes: int = 0
    records: Sequence[Record] = ()
    complete: tuple[Record, ...] = ()
    _loop: VirtualLoop | None = None
    _intents: set[str] = field(default_factory=set)
    _parsed: int = 0

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.rng = random.Random(scenario.seed + 1)
        self.disk = SimulatedDisk(
            rng=self.rng, room=scenario.room, now_ns=lambda: int(self.clock() * 1e9)
        )
        self.provider = SimulatedProvider(
            scenario.kind, scenario.seed, breach=scenario.breach, fails=scenario.fails
        )

    def play(self) -> None:
        """Run, crash and resume until a process ends by itself; BrokenError for what breaks."""
        crashes, stops = [*self.scenario.crashes], [*self.scenario.stops]
        while self.processes < PROCESSES_AT_MOST:
            self.processes += 1
            steps, kind = crashes.pop(0) if crashes else (None, None)
            moments = self.disk.moments = Moments(steps=steps)
            if kind is not None:
                moments.kind = kind
            if self._process(stops.pop(0) if stops else None) and not self.disk.locked:
                break
            self._recover()
        else:
            raise BrokenError("the run ends", f"not after {self.processes} processes")
        self.records = joined([self.stored()])[1]

    def stored(self) -> StoredRun:
        """Read the folder back; BrokenError where that is not possible."""
        try:
            return read_run(FOLDER, disk=replace(self.disk))  # its lock is its own
        except HarnessError as error:
            raise BrokenError("the journal is readable", str(error)) from error

    def clock(self) -> float:
        """Return the virtual time."""
        return self.now_s if self._loop is None else self._loop.time()

    def log(self, line: str) -> None:
        """Add a line to the history."""
        self.history.append(f"{self.clock():.3f} {line}")

    @property
    def digest(self) -> str:
        """The history's digest: the same seed has the same one, always and everywhere."""
        return sha256("\n".join(self.history).encode()).hexdigest()

    # --------------------------------------------------------------------------- one process
    def _process(self, stop: Stop | None) -> bool:
        """Run one process; tell whether it ended by itself, with nothing left to do."""
        loop = self._loop = VirtualLoop(self.rng, now_s=self.now_s, until_s=self.now_s + DAY_S)
        try:
            ended = loop.run_until_complete(self._run(loop, stop))
        except Crashed:
            self.log(f"crash: {self.disk.moments.kind}")
            self.disk.crash(self.disk.moments.kind)
            ended = False
        finally:
            self.now_s = loop.time()
            self._loop = None
            loop.abandon()
        return ended

    def _recover(self) -> None:
        self.now_s += self.rng.choice((0.0, 1.0, 60.0, 600.0))
        if self.disk.exists(HEADER):
            self.stored()
        elif self.provider.ledger.submissions:
            raise BrokenError("durable intent", "a request has left and there is no run.json")

    async def _run(self, loop: VirtualLoop, stop: Stop | None) -> bool:
        begun = self.disk.exists(HEADER)
        try:
            folder = (RunFolder.reopen if begun else RunFolder.create)(FOLDER, disk=self.disk)
        except HarnessError as error:
            return self._full(error)
        moments = self.disk.moments
        journal = WatchedJournal(folder, VirtualExecutor(loop), self.acknowledged)
        try:
            past = self.stored() if begun else None
            folder.write_header(past.header if past else self._header())
            network = self._network(journal, loop)
            part = self._part(network, journal, past)
            stopping = Stopping(part.setup.context.stop, network, stop, self.log)
            await stopping.until_ended(self._session(part).run())
        except HarnessError as error:
            return self._full(error)
        finally:
            if not moments.passed:  # a dead process closes nothing
                journal.close()
        self.complete = tuple(part.complete())
        if stopping.event.is_set():
            check_stopped(stopping, self.stored(), full=folder.full)
            return False
        return not folder.full or self._full(None)

    def _full(self, error: HarnessError | None) -> bool:
        """Make room on a full disk, and go on; anything else is a failure of the harness."""
        self.log(f"the run ends: {error or 'the disk is full'}")
        if self.disk.room is None:
            raise BrokenError("the run ends", f"with {error!r}")
        self.disk.room = None
        return False

    def _header(self) -> RunHeader:
        plan = self.scenario.plan
        return RunHeader(
            run="world",
            harness="simulated",
            created="2026-11-28",
            word=WORD,
            against="live",
            seed=plan.seed,
            evidence={plan.provider: EVIDENCE},
            spec_digests={plan.provider: plan.spec_digest},
            plan_digests={},
        )

    def _part(self, network: Network, journal: Journal, past: StoredRun | None) -> ProviderRun:
        scenario, provider = self.scenario, entry(self.scenario.kind).provider
        setup = ProviderSetup(
            context=RunContext(journal=journal, stop=asyncio.Event(), now_s=network.now_s),
            provider=provider,
            plan=scenario.plan,
            access=Access(evidence=EVIDENCE, transport=network.opened),
            budget=scenario.limits.budget(),
            earlier=resume_state(provider, scenario.plan, past, Resumption(age_s=network.now_s())),
        )
        return ProviderRun(setup=setup)

    def _session(self, part: ProviderRun) -> Session:
        return Session(
            part=part,
            concurrency=self.scenario.concurrency,
            strategy=FailureReducer(
                part.provider, max_shrink=MAX_SHRINK, planned=self.scenario.plan.shots
            ),
        )

    def _network(self, journal: Journal, loop: VirtualLoop) -> Network:
        return Network(
            provider=self.provider,
            rng=self.rng,
            moments=self.disk.moments,
            share=self.scenario.share,
            now_s=loop.time,
            placeholders=PlaceholderMap(assets="https://assets.sim/", run_word=WORD),
            redactor=Redactor({"SIMULATED_KEY": KEY}),
            on_departure=lambda _request: None,
            on_arrival=self._arriving,
            keep_image=journal.folder.keep_image,
            log=self.log,
            echo=f"key {KEY}" if self.scenario.seed % 7 == 0 else "",
        )

    # ------------------------------------------------------------------------- durable intent
    def _arriving(self, request: Request) -> None:
        """Hold what may cost money against the journal: its intent is there, power cut or not."""
        if request.method != "POST" or request.form is not None:
            return
        raw = self.disk.files[JOURNAL].durable
        end = raw.rfind(b"\n") + 1
        for line in raw[self._parsed : end].splitlines() if end > self._parsed else ():
            begin = line.find(b'{"line":"sent"')
            if begin >= 0:
                sent, _ = _DECODER.raw_decode(line[begin:].decode())
                self._intents.add(_intent(sent["shot"]["request"].get("body")))
        self._parsed = end
        if _intent(request.body) not in self._intents:
            raise BrokenError("durable intent", f"{request.target} leaves, and no line is synced")


def _intent(body: Json) -> str:
    """Return a request's body without the addresses that its uploads are given."""
    plain = (
        {key: body[key] for key in body if key != "image_urls"} if isinstance(body, dict) else body
    )
    return json.dumps(plain, sort_keys=True)
