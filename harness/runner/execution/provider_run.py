"""One provider's part of a run: what it has sent, what it spent, and what it reports."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.runner.execution.budget import Budget, QueuedRequest, charged_reservation, most_at_risk
from harness.runner.execution.conversation import ProviderSetup, converse
from harness.runner.execution.earlier import not_among
from harness.runner.execution.room import bytes_at_most
from harness.spec.provider import Provider
from harness.store.line import Skipped
from harness.transport.base import Transport


@dataclass(slots=True, kw_only=True)
class ProviderRun:
    """What has become of one provider's requests so far.

    `records` grow in the order in which the requests end; those of an earlier run come first.
    `added` are requests beside those of the plan, in the order in which they were asked for.
    `under_way` have left and not ended: they may be paid. `longest_s` is how long a conversation
    has taken at most, in seconds.
    """

    setup: ProviderSetup
    records: list[Record] = field(default_factory=list)
    added: list[PlannedRequest] = field(default_factory=list)
    under_way: int = 0
    longest_s: float = 0.0

    @property
    def provider(self) -> Provider:
        """Whose part it is."""
        return self.setup.provider

    @property
    def budget(self) -> Budget:
        """What it has spent and may spend."""
        return self.setup.budget

    @property
    def total(self) -> int:
        """How many requests there are to end."""
        return len(self._shots)

    @property
    def _shots(self) -> tuple[PlannedRequest, ...]:
        return (*self.setup.plan.shots, *self.added)

    def whole_plan(self) -> Plan:
        """Return the plan with all that was added and answered at its end."""
        answered = {record.shot.case.id for record in self.records if record.outcome is not None}
        added = (shot for shot in self.added if shot.case.id in answered)
        return replace(self.setup.plan, shots=(*self.setup.plan.shots, *added))

    def complete(self) -> list[Record]:
        """Return a record for every request: those that were cut off or never left say so."""
        why = "interrupted: go on with --resume"
        ended = (record.shot for record in self.records)
        return self.records + [
            Record(shot=shot, evidence=self.setup.access.evidence, outcome=None, skipped=why)
            for shot in not_among(ended, self._shots)
        ]

    def begin(self) -> list[QueuedRequest]:
        """Take over what an earlier run left, and return what is to be sent; call it once.

        What that run has begun comes first, and its money is set aside first: it may be paid.
        """
        earlier = self.setup.earlier
        for record in (*earlier.finished, *earlier.again):
            if record.outcome is not None:
                self.budget.book(charged_reservation(record.shot, record.outcome, record.exchanges))
        self.records += earlier.finished
        self.added += earlier.added
        waiting = not_among((record.shot for record in earlier.finished), self._shots)
        entries = [self._entry(shot) for shot in waiting]
        already_sent = [entry for entry in entries if entry.already_sent]
        for entry in already_sent:
            self.budget.reserve(entry.reservation, already_sent=True)
        return [*already_sent, *(entry for entry in entries if not entry.already_sent)]

    def add(self, shots: Iterable[PlannedRequest]) -> list[QueuedRequest]:
        """Add requests to those of the plan; one that is known by its id is there already."""
        new = not_among(self._shots, shots)
        if new:
            self.setup.access.announce(new)
        self.added += new
        return [self._entry(shot) for shot in new]

    def _entry(self, shot: PlannedRequest) -> QueuedRequest:
        already_sent = shot.case.id in self.setup.earlier.exchanges
        return QueuedRequest(
            shot=shot,
            reservation=most_at_risk(shot),
            already_sent=already_sent,
            cannot=None if already_sent else self.setup.access.cannot(shot),
        )

    def shut(self) -> str | None:
        """Return why nothing leaves any more, be it new or begun earlier; None where it may."""
        if self.setup.context.stop.is_set():
            return "interrupted"
        if self.setup.context.journal.folder.full:
            return "the disk is full"
        return None

    async def send(
        self, entry: QueuedRequest, transport: Transport, *, due_s: float | None, attempt: int = 1
    ) -> Record:
        """Send a request, whose money is set aside, as `converse` does; book what it took.

        Whether its record stands, or it is sent once more, is for the caller to say. StoreError
        where the disk has no room for what it can bring: then it is not sent.
        """
        now_s, journal = self.setup.context.now_s, self.setup.context.journal
        room = 0 if self.setup.context.replay else bytes_at_most(entry.shot)
        await journal.reserve(room)
        cost = entry.reservation  # the worst, should this be cut off
        self.under_way += 1
        begun_s = now_s()
        try:
            outcome, exchanges = await converse(
                self.setup, entry.shot, transport, due_s=due_s, attempt=attempt
            )
            cost = charged_reservation(entry.shot, outcome, exchanges)
        finally:
            self.under_way -= 1
            journal.release(room)
            self.longest_s = max(self.longest_s, now_s() - begun_s)
            self.budget.settle(entry.reservation, cost)
        return Record(
            shot=entry.shot,
            evidence=self.setup.access.evidence,
            outcome=outcome,
            exchanges=tuple(exchanges),
        )

    async def skip(self, entry: QueuedRequest, why: str) -> Record:
        """Return a record of why nothing was sent; what was begun stays as the journal has it."""
        shot, evidence = entry.shot, self.setup.access.evidence
        if entry.already_sent:
            self.budget.settle(
                entry.reservation, entry.reservation
            )  # it may be paid: the worst is booked
        if shot.case.id in self.setup.earlier.given_up:
            return self.setup.earlier.given_up[shot.case.id]  # its job is still to be had
        journal = self.setup.context.journal
        if not journal.folder.full and not entry.already_sent:
            name, case = self.provider.name, shot.case.id
            line = Skipped(provider=name, case=case, shot=shot, evidence=evidence, why=why)
            await journal.append(line)
        return Record(shot=shot, evidence=evidence, outcome=None, skipped=why)


@dataclass(slots=True, kw_only=True)
class ProgressListener:
    """What a run reports its progress to; the command line draws it.

    `noted` receives sentences for the user: whom a run leaves out, what it would cost.
    """

    started: Callable[[Sequence[ProviderRun]], None] = lambda _parts: None
    progress: Callable[[ProviderRun], None] = lambda _part: None
    interrupted: Callable[[int], None] = lambda _under_way: None
    noted: Callable[[str], None] = lambda _sentence: None


async def all_ended(work: Iterable[Awaitable[None]]) -> None:
    """Wait until all have ended, none cutting off another; then raise what the first one raised."""
    for failure in filter(None, await asyncio.gather(*work, return_exceptions=True)):
        raise failure
