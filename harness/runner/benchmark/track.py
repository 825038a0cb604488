"""One provider's part of a benchmark: what still waits, its connections, what keeps it back."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness.core.case import PlannedRequest, Slot
from harness.core.exchange import Failure
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.runner.execution.budget import QueuedRequest
from harness.runner.execution.failures import account_failure
from harness.runner.execution.provider_run import ProviderRun
from harness.store.spool import Chained, ordered
from harness.transport.base import Transport

UNREACHABLE = 5
"""After so many requests in a row that could not be sent, no more are tried."""


class Waiting:
    """Requests that have not left, in the order of the plan; each is made when its turn comes."""

    def __init__(self, entries: Sequence[QueuedRequest]) -> None:
        self._entries = entries
        self._first = 0
        self._next: QueuedRequest | None = None

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._entries) - self._first

    def __iter__(self) -> Iterator[QueuedRequest]:
        """Yield those that wait."""
        return iter(self._entries[self._first :] if self._first else self._entries)

    def shots(self) -> Iterator[PlannedRequest]:
        """Yield the planned requests of those that wait."""
        return (entry.shot for entry in self)

    def by_departure(self) -> Sequence[QueuedRequest]:
        """Return those that wait in the order of their timetable; equal times as planned."""
        return ordered(self._entries[self._first :], lambda entry: entry.shot.due_s)

    def next(self) -> QueuedRequest:
        """Return the first that waits; IndexError where none does."""
        if self._next is None:
            self._next = self._entries[self._first]
        return self._next

    def take(self) -> QueuedRequest:
        """Return the first that waits, which waits no more; IndexError where none does."""
        entry = self.next()
        self._first += 1
        self._next = None
        return entry


@dataclass(slots=True, kw_only=True)
class ProviderLoad:
    """One provider in a benchmark.

    `already_sent` was begun by an earlier run, `waiting` is new, in the order of the plan. `out`
    says why nothing more of it leaves, once that is known.
    """

    part: ProviderRun
    already_sent: tuple[QueuedRequest, ...] = field(init=False)
    waiting: Waiting = field(init=False)
    out: str | None = None
    _idle: list[Transport] = field(default_factory=list)
    _unsent: int = 0

    def __post_init__(self) -> None:
        """Take over what an earlier run left; its money is set aside before anything new."""
        queue = self.part.begin()
        again = [entry for entry in queue.first if not entry.already_sent]
        self.already_sent = tuple(entry for entry in queue.first if entry.already_sent)
        self.waiting = Waiting(Chained([again, queue.new]))

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.part.provider.name

    async def sent(self, entry: QueuedRequest, *, due_s: float | None) -> Record:
        """Send a request, whose money is set aside, at `due_s` or at once; book how it ended."""
        async with self._transport() as transport:
            record = await self.part.send(entry, transport, due_s=due_s)
        self.part.records.append(record)
        if not entry.already_sent:
            self._judge(record)
        return record

    async def skipped(self, entry: QueuedRequest, why: str) -> Record:
        """Note that a request did not leave, and why."""
        record = await self.part.skip(entry, why)
        self.part.records.append(record)
        return record

    def open(self) -> None:
        """Make one connection ready: what the first one loads is no part of what is measured."""
        self._idle.append(self.part.setup.access.transport())

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(transport.aclose() for transport in self._idle))
        self._idle.clear()

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Transport]:
        """Lend a connection to one conversation: the one that was used last is likely open yet."""
        transport = self._idle.pop() if self._idle else self.part.setup.access.transport()
        try:
            yield transport
        finally:
            self._idle.append(transport)

    def _judge(self, record: Record) -> None:
        """Decide whether more of this provider may leave: faults are what is measured, and no end.

        The next request would meet trouble of the account as well, and so it would an address that
        leads nowhere.
        """
        self.out = self.out or account_failure(record)
        self._unsent = self._unsent + 1 if _never_sent(record) else 0
        if self._unsent >= UNREACHABLE and isinstance(record.outcome, Fault):
            times = f"{self._unsent} requests in a row could not be sent"
            self.out = self.out or f"unreachable: {times}: {record.outcome.why}"


def slot_of(shot: PlannedRequest) -> Slot:
    """Return a request's place in its benchmark; ValueError where it has none."""
    if shot.slot is None:
        raise ValueError(f"{shot.case.id} has no place in a benchmark")
    return shot.slot


def _never_sent(record: Record) -> bool:
    """Tell whether a request did not leave at all, for want of a connection."""
    answer = record.exchanges[-1].answer if record.exchanges else None
    return isinstance(answer, Failure) and not answer.sent and answer.kind != "protocol"
