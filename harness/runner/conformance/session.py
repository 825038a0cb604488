"""A conformance run of one provider: workers that take turns, and a strategy that adds requests."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.runner.conformance.schedule import Schedule, Turn
from harness.runner.execution.failures import may_recover
from harness.runner.execution.provider_run import ProviderRun, all_ended
from harness.runner.shutdown import Deadline
from harness.spec.provider import Provider
from harness.transport.base import Transport


class FollowUpStrategy(Protocol):
    """Decides what else to send to one provider; sends nothing itself and reads no clock.

    It receives every record of the session once, those of an earlier run first. Its requests have
    ids of their own, and equal records give equal ids: so a resumed run sends nothing twice. It
    never repeats a body that was answered before.
    """

    def on_record(self, record: Record) -> Sequence[PlannedRequest]:
        """Take note of a finished (or skipped) record; return what to send next, first."""
        ...

    def on_idle(self) -> Sequence[PlannedRequest]:
        """Return the next round, once nothing waits or is under way; none ends the session."""
        ...


MakeStrategy = Callable[[Provider, Plan], FollowUpStrategy]
"""Makes the strategy of one provider's session."""


@dataclass(slots=True, kw_only=True)
class Session:
    """Sends the requests of one provider's part of a run, `concurrency` of them at once.

    `strategy` adds requests to those of the plan. A replay sends all that is in its cassettes,
    whatever comes of it.
    """

    part: ProviderRun
    concurrency: int
    strategy: FollowUpStrategy | None = None
    progress: Callable[[ProviderRun], None] = lambda _part: None
    _queue: Schedule = field(init=False)
    _deadline: Deadline | None = field(init=False)

    async def run(self) -> None:
        """Send every request that may leave; StoreError where the journal cannot be kept."""
        context = self.part.setup.context
        self._deadline = context.deadline()
        self._queue = Schedule(
            budget=self.part.budget,
            shut=self.part.shut,
            late=self._late,
            idle=self._idle,
            as_planned=context.replay,
        )
        queue = self.part.begin()
        self._queue.put([*queue])
        for record in self.part.records:
            self._queue.learnt(record)
            self._follow_up(record)
        most = self.concurrency if self.strategy else min(self.concurrency, len(queue))
        await all_ended(self._work() for _ in range(max(1, most)))

    def _follow_up(self, record: Record) -> None:
        if self.strategy is not None:
            self._ask(self.strategy.on_record(record))
        self.progress(self.part)

    def _idle(self) -> bool:
        return self.strategy is not None and self._ask(self.strategy.on_idle())

    def _ask(self, shots: Sequence[PlannedRequest]) -> bool:
        """Let new requests wait before all others; tell whether there are any."""
        entries = self.part.add(shots)
        if entries:
            self._queue.put(entries, first=True)
        return bool(entries)

    def _late(self) -> str | None:
        return self._deadline.passed(longest_s=self.part.longest_s) if self._deadline else None

    async def _work(self) -> None:
        async with aclosing(self.part.setup.access.transport()) as transport:
            while turn := await self._queue.take():
                try:
                    record = await self._taken(turn, transport)
                    self.part.records.append(record)
                    self._follow_up(record)
                    self._queue.ended(record)
                except Exception:
                    self._queue.close()  # nothing new leaves; what others have under way is kept
                    raise

    async def _taken(self, turn: Turn, transport: Transport) -> Record:
        """Send or skip the request; one that is tried alone is repeated where that is free."""
        entry, part = turn.entry, self.part
        if turn.skip is not None:
            return await part.skip(entry, turn.skip)
        due_s = entry.shot.due_s
        record = await part.send(entry, transport, due_s=due_s)
        for attempt in range(2, turn.tries + 1):
            may_help = may_recover(record) and not (part.shut() or self._late())
            if not may_help or part.budget.reserve(entry.reservation) is not None:
                break
            record = await part.send(entry, transport, due_s=due_s, attempt=attempt)
        return record
