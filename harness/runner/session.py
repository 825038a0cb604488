"""One provider's plan over its transports: workers that take turns, journal, and what is asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, Shot
from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Fault, Outcome
from harness.core.record import Evidence, Record
from harness.runner.asking import Asker
from harness.runner.budget import Budget
from harness.runner.cost import at_stake, taken
from harness.runner.drive import CUT_OFF, drive
from harness.runner.earlier import Earlier, beside, sorted_out
from harness.runner.journal import Journal
from harness.runner.queue import Entry, Queue, Turn
from harness.runner.trouble import may_pass
from harness.spec.provider import Provider
from harness.store.line import Line
from harness.store.past import Unfinished
from harness.transport.base import Transport
from harness.wire.protocol import pick_up, speak


@dataclass(slots=True, kw_only=True)
class Session:
    """One provider's run; `records` grow in the order in which the shots end.

    `done` and `begun` come from an earlier run that this one goes on with; of `done`, a job that
    was given up waiting for is picked up again by its id. `cannot` says why a shot cannot be sent
    from here, if so. `asker` adds shots to those of the plan: `asked`, in that order; `announce` is
    told of them before they wait. Nothing new leaves that could last longer than `max_s` seconds
    from the start on allow. A `replay` asks for all that is on its tape, whatever comes of it;
    `off_tape` says what it did not find.
    """

    provider: Provider
    plan: Plan
    evidence: Evidence
    transport: Callable[[], Transport]
    journal: Journal
    budget: Budget
    concurrency: int
    stop: asyncio.Event
    replay: bool = False
    asker: Asker | None = None
    now_s: Callable[[], float] = time.monotonic
    max_s: float | None = None
    progress: Callable[["Session"], None] = lambda _session: None
    announce: Callable[[Sequence[Shot]], None] = lambda _shots: None
    done: tuple[Record, ...] = ()
    begun: tuple[Unfinished, ...] = ()
    cannot: Callable[[Shot], str | None] = lambda _shot: None
    asked: list[Shot] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    off_tape: list[str] = field(default_factory=list)
    under_way: int = 0
    _earlier: Earlier = field(init=False)
    _queue: Queue = field(init=False)
    _ends_s: float | None = None
    _longest_s: float = 0.0

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
            for shot in beside(seen, (*self.plan.shots, *self.asked))
        ]

    async def run(self) -> None:
        """Send every shot that may leave; StoreError where the journal cannot be kept.

        The money for what an earlier run has sent is set aside before anything new may have it:
        that is paid whatever comes of it.
        """
        if self.max_s is not None:
            self._ends_s = self.now_s() + self.max_s
        self._queue = Queue(
            budget=self.budget,
            shut=self._shut,
            late=self._late,
            idle=self._idle,
            as_planned=self.replay,
        )
        earlier = self._earlier = sorted_out(self.plan, self.done, self.begun)
        self.asked += earlier.asked
        for record in (*earlier.finished, *earlier.again):
            self._book(record)
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

    def _book(self, record: Record) -> None:
        if record.outcome is not None:
            self.budget.book(taken(record.shot, record.outcome, record.exchanges))

    def _entry(self, shot: Shot) -> Entry:
        owed = shot.case.id in self._earlier.exchanges
        return Entry(
            shot=shot,
            stake=at_stake(shot),
            owed=owed,
            cannot=None if owed else self.cannot(shot),
        )

    def _keep(self, record: Record) -> None:
        """Take a record over, and ask at once what it makes worth asking."""
        self.records.append(record)
        if self.asker is not None:
            self._ask(self.asker.told(record))
        self.progress(self)

    def _idle(self) -> bool:
        return self.asker is not None and self._ask(self.asker.idle())

    def _ask(self, shots: Sequence[Shot]) -> bool:
        """Let new shots wait before all others; one that is known by its id is there already."""
        new = beside((*self.plan.shots, *self.asked), shots)
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
        if self._ends_s is None:
            return None
        left_s, longest_s = self._ends_s - self.now_s(), self._longest_s
        if left_s > 0 and left_s >= longest_s:
            return None
        if left_s <= 0:
            return "time: the minutes of this run are over"
        return f"time: {left_s:.0f} s are left, and a request has taken {longest_s:.0f} s"

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
            return await self._skipped(turn.entry, turn.skip)
        record = await self._shot(turn.entry, transport, attempt=1)
        for attempt in range(2, turn.tries + 1):
            may_help = may_pass(record) and not (self._shut() or self._late())
            if not may_help or self.budget.reserve(turn.entry.stake) is not None:
                break
            record = await self._shot(turn.entry, transport, attempt=attempt)
        return record

    async def _shot(self, entry: Entry, transport: Transport, *, attempt: int) -> Record:
        """Send one shot, whose money is set aside, and return what came; book what it took."""
        shot = entry.shot
        cost = entry.stake  # the worst, should this be cut off
        self.under_way += 1
        begun_s = self.now_s()
        try:
            outcome, exchanges = await self._converse(shot, transport, attempt=attempt)
            cost = taken(shot, outcome, exchanges)
        finally:
            self.under_way -= 1
            self._longest_s = max(self._longest_s, self.now_s() - begun_s)
            self.budget.settle(entry.stake, cost)
        self.off_tape += [
            exchange.answer.why
            for exchange in exchanges
            if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape"
        ]
        return Record(
            shot=shot, evidence=self.evidence, outcome=outcome, exchanges=tuple(exchanges)
        )

    async def _converse(
        self, shot: Shot, transport: Transport, *, attempt: int
    ) -> tuple[Outcome, list[Exchange]]:
        """Journal the shot, see it through, journal its outcome."""
        past = self._earlier.exchanges.get(shot.case.id)
        line = Line(provider=self.provider.name, case=shot.case.id, attempt=attempt)
        exchanges = list(past or ())
        if past is None:
            await self.journal.append(replace(line, shot=shot, evidence=self.evidence))

        async def keep(exchange: Exchange) -> None:
            exchanges.append(exchange)
            await self.journal.append(replace(line, exchange=exchange))

        operation = self.provider.operation(shot.case.operation)
        outcome: Outcome = CUT_OFF
        if past is None or past:
            wire = speak(self.provider, operation, shot)
            outcome = await drive(
                wire, transport, due_s=shot.due_s, on_exchange=keep, past=past or ()
            )
        job = outcome.job if isinstance(outcome, Fault) and outcome.can_be_picked_up else None
        if past is not None and job is not None:
            wire = pick_up(self.provider, operation, shot, job)
            outcome = await drive(wire, transport, due_s=shot.due_s, on_exchange=keep)
        await self.journal.append(replace(line, outcome=outcome))
        return outcome, exchanges

    async def _skipped(self, entry: Entry, why: str) -> Record:
        """Return a record of why nothing was sent; what was begun stays as the journal has it."""
        shot = entry.shot
        if entry.owed:
            self.budget.settle(entry.stake, entry.stake)  # it may be paid: the worst is booked
        if shot.case.id in self._earlier.given_up:
            return self._earlier.given_up[shot.case.id]  # its job is still to be had
        record = Record(shot=shot, evidence=self.evidence, outcome=None, skipped=why)
        line = Line(
            provider=self.provider.name,
            case=shot.case.id,
            shot=shot,
            evidence=self.evidence,
            skipped=why,
        )
        if not self.journal.folder.full and not entry.owed:
            await self.journal.append(line)
        return record
