"""One provider's part of a benchmark: what still waits, what has ended, what keeps it back."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, PlannedRequest
from harness.core.exchange import Failure
from harness.core.outcome import Fault
from harness.core.record import Provenance, Record
from harness.core.slot import Slot
from harness.runner.conformance.schedule import QueuedRequest
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Conversations
from harness.runner.execution.cost import most_at_risk
from harness.runner.execution.earlier import not_among, resume_state
from harness.runner.execution.failures import account_failure
from harness.runner.execution.journal import Journal
from harness.spec.provider import Provider
from harness.store.reader import Unfinished
from harness.transport.base import Transport

UNREACHABLE = 5
"""After so many requests in a row that could not be sent, no more are tried."""


@dataclass(slots=True, kw_only=True)
class ProviderLoad:
    """One provider in a benchmark; `records` grow in the order in which its shots end.

    `done` and `begun` come from an earlier run that this one goes on with. `cannot` says why a shot
    cannot be sent from here, if so. `out` says why nothing more of it leaves, once that is known.
    `timeout_s` is how long a reply is waited for, where that is not the documented time.
    """

    provider: Provider
    plan: Plan
    evidence: Provenance
    transport: Callable[[], Transport]
    journal: Journal
    budget: Budget
    now_s: Callable[[], float]
    timeout_s: float | None = None
    done: tuple[Record, ...] = ()
    begun: tuple[Unfinished, ...] = ()
    cannot: Callable[[PlannedRequest], str | None] = lambda _shot: None
    records: list[Record] = field(default_factory=list)
    owed: list[QueuedRequest] = field(default_factory=list)
    waiting: deque[QueuedRequest] = field(default_factory=deque)
    out: str | None = None
    talks: Conversations = field(init=False)
    _idle: list[Transport] = field(default_factory=list)
    _unsent: int = 0

    def __post_init__(self) -> None:
        """Sort out what an earlier run left; what it sent is set aside before anything new."""
        earlier = resume_state(self.plan, self.done, self.begun)
        self.talks = Conversations(
            provider=self.provider,
            evidence=self.evidence,
            journal=self.journal,
            budget=self.budget,
            now_s=self.now_s,
            earlier=earlier,
            timeout_s=self.timeout_s,
        )
        for record in earlier.finished:
            self.talks.book(record)
        self.records += earlier.finished
        for shot in not_among([record.shot for record in earlier.finished], self.plan.shots):
            entry = QueuedRequest(
                shot=shot, stake=most_at_risk(shot), owed=shot.case.id in earlier.exchanges
            )
            if entry.owed:
                self.budget.reserve(entry.stake, owed=True)
                self.owed.append(entry)
            else:
                self.waiting.append(replace(entry, cannot=self.cannot(shot)))

    @property
    def total(self) -> int:
        """How many shots there are to end."""
        return len(self.plan.shots)

    @property
    def under_way(self) -> int:
        """How many shots have left and not ended: they may be paid."""
        return self.talks.under_way

    @property
    def off_tape(self) -> list[str]:
        """What a replay asked for and did not find."""
        return self.talks.off_tape

    def whole_plan(self) -> Plan:
        """Return the plan: nobody adds to it."""
        return self.plan

    def complete(self) -> list[Record]:
        """Return a record for every shot: those that were cut off or never left say so."""
        why = "interrupted: go on with --resume"
        seen = [record.shot for record in self.records]
        return self.records + [
            Record(shot=shot, evidence=self.evidence, outcome=None, skipped=why)
            for shot in not_among(seen, self.plan.shots)
        ]

    async def sent(self, entry: QueuedRequest, *, due_s: float | None) -> Record:
        """Send a shot, whose money is set aside, at its time or at once; note what that tells."""
        async with self._transport() as transport:
            record = await self.talks.held(entry, transport, due_s=due_s)
        self.records.append(record)
        if not entry.owed:
            self._judge(record)
        return record

    async def skipped(self, entry: QueuedRequest, why: str) -> Record:
        """Note that a shot did not leave, and why."""
        record = await self.talks.skipped(entry, why)
        self.records.append(record)
        return record

    def open(self) -> None:
        """Make one connection ready: what the first one loads is no part of what is measured."""
        self._idle.append(self.transport())

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(transport.aclose() for transport in self._idle))
        self._idle.clear()

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Transport]:
        """Lend a connection to one conversation: the one that was used last is likely open yet."""
        transport = self._idle.pop() if self._idle else self.transport()
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
    """Return a shot's place in its benchmark; ValueError where it has none."""
    if shot.slot is None:
        raise ValueError(f"{shot.case.id} has no place in a benchmark")
    return shot.slot


def _never_sent(record: Record) -> bool:
    """Tell whether a request did not leave at all, for want of a connection."""
    answer = record.exchanges[-1].answer if record.exchanges else None
    return isinstance(answer, Failure) and not answer.sent and answer.kind != "protocol"
