"""A conformance run of one provider: workers that take turns, and what is asked for on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.runner.conformance.schedule import Schedule, Turn
from harness.runner.execution.failures import may_recover
from harness.runner.execution.provider_run import ProviderRun
from harness.runner.shutdown import Deadline
from harness.spec.provider import Provider
from harness.transport.base import Transport


class FollowUpStrategy(Protocol):
    """Decides what else is worth asking one provider; sends nothing and reads no clock.

    It is told every record of the session once, those of an earlier run first. What it asks for
    has ids of its own, which are the same whenever it is told the same records: so a run that goes
    on does not ask twice. It never asks for a body that was answered before.
    """

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a finished (or skipped) record; return what should be asked next, first."""
        ...

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round, once nothing is waiting or under way; nothing ends the session."""
        ...


MakeAsker = Callable[[Provider, Plan], FollowUpStrategy]
"""Makes what decides, for one provider's session, what else is worth asking."""


@dataclass(slots=True, kw_only=True)
class Session:
    """Sends the shots of one provider's part of a run, `concurrency` of them at once.

    `asker` adds shots to those of the plan. A replay sends all that is on its tape, whatever comes
    of it.
    """

    part: ProviderRun
    concurrency: int
    asker: FollowUpStrategy | None = None
    progress: Callable[[ProviderRun], None] = lambda _part: None
    _queue: Schedule = field(init=False)
    _deadline: Deadline | None = field(init=False)

    async def run(self) -> None:
        """Send every shot that may leave; StoreError where the journal cannot be kept."""
        context = self.part.setup.context
        self._deadline = context.deadline()
        self._queue = Schedule(
            budget=self.part.budget,
            shut=self.part.shut,
            late=self._late,
            idle=self._idle,
            as_planned=context.replay,
        )
        entries = self.part.begin()
        self._queue.put(entries)
        for record in tuple(self.part.records):
            self._queue.learnt(record)
            self._follow_up(record)
        await self._all(len(entries))

    def _follow_up(self, record: Record) -> None:
        """Ask at once for what a record makes worth asking."""
        if self.asker is not None:
            self._ask(self.asker.on_record(record))
        self.progress(self.part)

    def _idle(self) -> bool:
        return self.asker is not None and self._ask(self.asker.on_idle())

    def _ask(self, shots: Sequence[PlannedRequest]) -> bool:
        """Let new shots wait before all others; tell whether there are any."""
        entries = self.part.add(shots)
        if entries:
            self._queue.put(entries, first=True)
        return bool(entries)

    def _late(self) -> str | None:
        """Return why nothing new leaves any more: it might not end in time."""
        return self._deadline.passed(longest_s=self.part.longest_s) if self._deadline else None

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
                    self.part.records.append(record)
                    self._follow_up(record)
                    self._queue.ended(record)
                except Exception:
                    self._queue.close()  # nothing new leaves; what others have under way is kept
                    raise

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Transport]:
        transport = self.part.setup.access.transport()
        try:
            yield transport
        finally:
            await transport.aclose()

    async def _served(self, turn: Turn, transport: Transport) -> Record:
        """Do what it is the turn of; a request that is tried alone is repeated where it is free."""
        entry, part = turn.entry, self.part
        if turn.skip is not None:
            return await part.skip(entry, turn.skip)
        due_s = entry.shot.due_s
        record = await part.send(entry, transport, due_s=due_s)
        for attempt in range(2, turn.tries + 1):
            may_help = may_recover(record) and not (part.shut() or self._late())
            if not may_help or part.budget.reserve(entry.stake) is not None:
                break
            record = await part.send(entry, transport, due_s=due_s, attempt=attempt)
        return record
