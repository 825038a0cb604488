"""One provider's plan over its transports: workers that take turns, journal, and what is asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Provenance, Record
from harness.runner.conformance.asking import FollowUpStrategy
from harness.runner.conformance.schedule import QueuedRequest, Schedule, Turn
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Conversations
from harness.runner.execution.cost import most_at_risk
from harness.runner.execution.earlier import not_among, resume_state
from harness.runner.execution.failures import may_recover
from harness.runner.execution.journal import Journal
from harness.runner.shutdown import Deadline
from harness.spec.provider import Provider
from harness.store.reader import Unfinished
from harness.transport.base import Transport


@dataclass(slots=True, kw_only=True)
class Session:
    """One provider's run; `records` grow in the order in which the shots end.

    `done` and `begun` come from an earlier run that this one goes on with; of `done`, a job that
    was given up waiting for is picked up again by its id. `cannot` says why a shot cannot be sent
    from here, if so. `asker` adds shots to those of the plan: `asked`, in that order; `announce` is
    told of them before they wait. Nothing new leaves that could last longer than `max_s` seconds
    from the start on allow. A `replay` asks for all that is on its tape, whatever comes of it.
    """

    provider: Provider
    plan: Plan
    evidence: Provenance
    transport: Callable[[], Transport]
    journal: Journal
    budget: Budget
    concurrency: int
    stop: asyncio.Event
    replay: bool = False
    asker: FollowUpStrategy | None = None
    now_s: Callable[[], float] = time.monotonic
    max_s: float | None = None
    progress: Callable[["Session"], None] = lambda _session: None
    announce: Callable[[Sequence[PlannedRequest]], None] = lambda _shots: None
    done: tuple[Record, ...] = ()
    begun: tuple[Unfinished, ...] = ()
    cannot: Callable[[PlannedRequest], str | None] = lambda _shot: None
    asked: list[PlannedRequest] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    _queue: Schedule = field(init=False)
    _talks: Conversations = field(init=False)
    _deadline: Deadline | None = None
    _running: bool = False

    @property
    def under_way(self) -> int:
        """How many shots have left and not ended: they may be paid."""
        return self._talks.under_way if self._running else 0

    @property
    def off_tape(self) -> list[str]:
        """What a replay asked for and did not find."""
        return self._talks.off_tape if self._running else []

    @property
    def total(self) -> int:
        """How many shots there are to end: those of the plan, and those that were asked for."""
        return len(self.plan.shots) + len(self.asked)

    def whole_plan(self) -> Plan:
        """Return the plan with all that was asked for and answered at its end."""
        answered = {record.shot.case.id for record in self.records if record.outcome is not None}
        kept = (shot for shot in self.asked if shot.case.id in answered)
        return replace(self.plan, shots=(*self.plan.shots, *kept))

    def complete(self) -> list[Record]:
        """Return a record for every shot: those that were cut off or never left say so."""
        why = "interrupted: go on with --resume"
        seen = [record.shot for record in self.records]
        return self.records + [
            Record(shot=shot, evidence=self.evidence, outcome=None, skipped=why)
            for shot in not_among(seen, (*self.plan.shots, *self.asked))
        ]

    async def run(self) -> None:
        """Send every shot that may leave; StoreError where the journal cannot be kept.

        The money for what an earlier run has sent is set aside before anything new may have it:
        that is paid whatever comes of it.
        """
        if self.max_s is not None:
            self._deadline = Deadline(self.max_s, self.now_s)
        self._queue = Schedule(
            budget=self.budget,
            shut=self._shut,
            late=self._late,
            idle=self._idle,
            as_planned=self.replay,
        )
        earlier = resume_state(self.plan, self.done, self.begun)
        self._talks = Conversations(
            provider=self.provider,
            evidence=self.evidence,
            journal=self.journal,
            budget=self.budget,
            now_s=self.now_s,
            earlier=earlier,
        )
        self._running = True
        self.asked += earlier.asked
        for record in (*earlier.finished, *earlier.again):
            self._talks.book(record)
        finished = {record.shot.case.id for record in earlier.finished}
        shots = [one for one in (*self.plan.shots, *self.asked) if one.case.id not in finished]
        entries = [self._entry(shot) for shot in shots]
        owed = [entry for entry in entries if entry.owed]
        for entry in owed:
            self.budget.reserve(entry.stake, owed=True)
        self._queue.put([*owed, *(entry for entry in entries if not entry.owed)])
        for record in earlier.finished:
            self._queue.learnt(record)
            self._keep(record)
        await self._all(len(entries))

    def _entry(self, shot: PlannedRequest) -> QueuedRequest:
        owed = shot.case.id in self._talks.earlier.exchanges
        return QueuedRequest(
            shot=shot,
            stake=most_at_risk(shot),
            owed=owed,
            cannot=None if owed else self.cannot(shot),
        )

    def _keep(self, record: Record) -> None:
        """Take a record over, and ask at once what it makes worth asking."""
        self.records.append(record)
        if self.asker is not None:
            self._ask(self.asker.on_record(record))
        self.progress(self)

    def _idle(self) -> bool:
        return self.asker is not None and self._ask(self.asker.on_idle())

    def _ask(self, shots: Sequence[PlannedRequest]) -> bool:
        """Let new shots wait before all others; one that is known by its id is there already."""
        new = not_among((*self.plan.shots, *self.asked), shots)
        if new:
            self.announce(new)
            self.asked += new
            self._queue.put([self._entry(shot) for shot in new], first=True)
        return bool(new)

    def _shut(self) -> str | None:
        """Return why nothing leaves any more, be it new or owed."""
        if self.stop.is_set():
            return "interrupted"
        if self.journal.folder.full:
            return "the disk is full"
        return None

    def _late(self) -> str | None:
        """Return why nothing new leaves any more: it might not end in time."""
        return self._deadline.passed(longest_s=self._talks.longest_s) if self._deadline else None

    async def _all(self, waiting: int) -> None:
        """Let several workers take turns."""
        most = self.concurrency if self.asker else min(self.concurrency, waiting)
        work = (self._work() for _ in range(max(1, most)))
        ends = await asyncio.gather(*work, return_exceptions=True)  # no worker cuts off another
        for failure in filter(None, ends):
            raise failure

    async def _work(self) -> None:
        async with self._open() as transport:
            while turn := await self._queue.take():
                try:
                    record = await self._served(turn, transport)
                    self._keep(record)
                    self._queue.ended(record)
                except Exception:
                    self._queue.close()  # nothing new leaves; what others have under way is kept
                    raise

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Transport]:
        transport = self.transport()
        try:
            yield transport
        finally:
            await transport.aclose()

    async def _served(self, turn: Turn, transport: Transport) -> Record:
        """Do what it is the turn of; a request that is tried alone is repeated where it is free."""
        if turn.skip is not None:
            return await self._talks.skipped(turn.entry, turn.skip)
        due_s = turn.entry.shot.due_s
        record = await self._talks.held(turn.entry, transport, due_s=due_s)
        for attempt in range(2, turn.tries + 1):
            may_help = may_recover(record) and not (self._shut() or self._late())
            if not may_help or self.budget.reserve(turn.entry.stake) is not None:
                break
            record = await self._talks.held(turn.entry, transport, due_s=due_s, attempt=attempt)
        return record
