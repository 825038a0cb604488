"""One provider's part of a run: what it has sent, what it spent, and what it reports."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.planning.plan import request_digest
from harness.planning.rewording import reworded
from harness.runner.execution.budget import (
    Budget,
    QueuedRequest,
    charged_reservation,
    most_at_risk,
    nothing_charged,
    reservation_in_doubt,
)
from harness.runner.execution.conversation import ProviderSetup, converse
from harness.runner.execution.earlier import MOST_IN_DOUBT, InDoubt, not_among
from harness.runner.execution.failures import CUT_OFF, WRONG_TWICE
from harness.runner.execution.room import bytes_at_most
from harness.runner.shutdown import StoppedError
from harness.spec.provider import Provider
from harness.store.line import Ended, Skipped
from harness.transport.base import Transport

STOPPED_WHY = "interrupted: go on with --resume"
"""Why a request has no outcome that was cut off, or never left, when its run was stopped."""


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
        """Return the plan with all that was added and answered at its end, as it was asked."""
        answered = {
            record.shot.case.id: record.shot
            for record in self.records
            if record.outcome is not None
        }
        planned = (answered.get(shot.case.id, shot) for shot in self.setup.plan.shots)
        added = (answered[shot.case.id] for shot in self.added if shot.case.id in answered)
        return replace(self.setup.plan, shots=(*planned, *added))

    def complete(self) -> list[Record]:
        """Return a record for every request: those that were cut off or never left say so."""
        ended, earlier = (record.shot for record in self.records), self.setup.earlier
        return self.records + [
            Record(
                shot=shot,
                evidence=self.setup.access.evidence,
                outcome=None,
                skipped=STOPPED_WHY,
                in_doubt=earlier.askings_of(shot.case.id),
            )
            for shot in not_among(ended, self._shots)
        ]

    def begin(self) -> list[QueuedRequest]:
        """Take over what an earlier run left, and return what is to be sent; call it once.

        What that run has begun comes first, and its money is set aside first: it may be paid. Then
        comes what is asked again because its request is in doubt, what is to be refused before what
        costs money.
        """
        earlier = self.setup.earlier
        self._book_earlier()
        self.records += earlier.finished
        self.added += earlier.added
        waiting = not_among((record.shot for record in earlier.finished), self._shots)
        entries = [
            self._entry(earlier.sent.get(shot.case.id, shot))
            for shot in waiting
            if shot.case.id not in earlier.in_doubt
        ]
        already_sent = [entry for entry in entries if entry.already_sent]
        for entry in already_sent:
            self.budget.reserve(entry.reservation, already_sent=True)
        asked_again = self._asked_again()
        self.setup.access.announce([entry.shot for entry in asked_again])
        new = (entry for entry in entries if not entry.already_sent)
        return [*already_sent, *asked_again, *new]

    def _book_earlier(self) -> None:
        """Book what the earlier run has spent, and what it may have spent."""
        earlier = self.setup.earlier
        for record in (*earlier.finished, *earlier.again):
            if record.outcome == CUT_OFF:
                self.budget.doubt(reservation_in_doubt(record.shot))
            elif record.outcome is not None:
                cost = charged_reservation(
                    record.shot, record.outcome, record.exchanges, provider=self.provider
                )
                self.budget.book(cost)
        for shot in earlier.all_askings():
            self.budget.doubt(reservation_in_doubt(shot))

    def _asked_again(self) -> list[QueuedRequest]:
        """Return what is asked again in other words; what costs nothing if it is refused first."""
        earlier = self.setup.earlier
        shots = [*self._shots, *(record.shot for record in self.records)]
        shots += (*earlier.sent.values(), *earlier.all_askings())
        bodies = set(map(request_digest, shots)) if earlier.in_doubt else set()
        entries = []
        for in_doubt in earlier.in_doubt.values():
            entry = self._asking(in_doubt, bodies)
            bodies.add(request_digest(entry.shot))
            entries.append(entry)
        return sorted(entries, key=lambda entry: entry.shot.case.expect != "refuse")

    def _asking(self, in_doubt: InDoubt, bodies: AbstractSet[str]) -> QueuedRequest:
        """Return the next asking of a question, no body of which was sent before."""
        askings, last = in_doubt.askings, in_doubt.askings[-1]
        shot: PlannedRequest | None = last
        why = None
        if not self.setup.earlier.retries_unknown:
            if len(askings) >= MOST_IN_DOUBT:
                why = f"in doubt: cut off {len(askings)} times"
            else:
                shot = reworded(
                    self.provider,
                    askings[0],
                    number=len(askings) + 1,
                    taken=lambda other: request_digest(other) in bodies,
                )
                why = None if shot else "in doubt: nothing of it can be worded otherwise"
        shot = shot or last
        return QueuedRequest(
            shot=shot,
            reservation=most_at_risk(shot),
            cannot=why or self.setup.access.cannot(shot),
            askings=askings,
            asks_again=True,
        )

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
            askings=self.setup.earlier.askings_of(shot.case.id),
        )

    def shut(self) -> str | None:
        """Return why nothing leaves any more, be it new or begun earlier; None where it may."""
        if self.setup.context.stop.is_set():
            return "interrupted"
        if self.setup.context.journal.folder.full:
            return "the disk is full"
        return None

    @property
    def _pays(self) -> bool:
        """Whether a reply that is lost was paid for: a replay's and an emulator's are not."""
        return not self.setup.context.replay and self.setup.access.evidence.kind != "emulator"

    async def send(
        self, entry: QueuedRequest, transport: Transport, *, due_s: float | None, attempt: int = 1
    ) -> Record:
        """Send a request, whose money is set aside, as `converse` does; book what it took.

        Whether its record stands, or it is sent once more, is for the caller to say: `attempt`
        counts how often it was, from 1 on. StoreError where the disk has no room for what it can
        bring: then it is not sent, nor where the run is stopped while it waits for that room.
        """
        now_s, journal = self.setup.context.now_s, self.setup.context.journal
        room = bytes_at_most(entry.shot) if self._pays else 0
        try:
            await journal.reserve(room, self.setup.context.stop)
        except StoppedError:
            free = replace(nothing_charged(entry.reservation), requests=0)
            cost = entry.reservation if entry.already_sent else free
            self.budget.settle(entry.reservation, cost)
            return self._stopped(entry)
        cost = entry.reservation  # the worst, should this be cut off
        self.under_way += 1
        begun_s = now_s()
        try:
            outcome, exchanges = await converse(
                self.setup,
                entry.shot,
                transport,
                due_s=due_s,
                attempt=attempt + len(entry.askings),
            )
            cost = charged_reservation(entry.shot, outcome, exchanges, provider=self.provider)
            if outcome == CUT_OFF:
                self.budget.doubt(reservation_in_doubt(entry.shot))
                cost = nothing_charged(cost)
        except StoppedError:
            return self._stopped(entry)
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
            in_doubt=entry.askings,
        )

    def _stopped(self, entry: QueuedRequest) -> Record:
        """Return the record of a request that the end of this run left where it was."""
        shot = entry.shot
        if shot.case.id in self.setup.earlier.given_up:
            return self.setup.earlier.given_up[shot.case.id]  # its job is still to be had
        return Record(
            shot=shot,
            evidence=self.setup.access.evidence,
            outcome=None,
            skipped=STOPPED_WHY,
            in_doubt=entry.askings,
        )

    async def skip(self, entry: QueuedRequest, why: str) -> Record:
        """Return a record of why nothing was sent; what was begun stays as the journal has it."""
        shot, evidence = entry.shot, self.setup.access.evidence
        if entry.asks_again:
            return await self._left_in_doubt(entry, why)
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
        return Record(
            shot=shot, evidence=evidence, outcome=None, skipped=why, in_doubt=entry.askings
        )

    async def _left_in_doubt(self, entry: QueuedRequest, why: str) -> Record:
        """Return the record of a question that is not asked again: its last asking was cut off.

        What another day may bring stays under way in the journal.
        """
        *earlier, last = entry.askings
        in_doubt = self.setup.earlier.in_doubt[last.case.id]
        for_good = why == entry.cannot or why.startswith("budget: ") or why.endswith(WRONG_TWICE)
        if for_good and not in_doubt.ended and not self.shut():
            ended = Ended(provider=self.provider.name, case=last.case.id, outcome=CUT_OFF)
            await self.setup.context.journal.append(ended)
        return Record(
            shot=last,
            evidence=self.setup.access.evidence,
            outcome=CUT_OFF,
            exchanges=in_doubt.exchanges,
            in_doubt=tuple(earlier),
        )


@dataclass(slots=True, kw_only=True)
class ProgressListener:
    """What a run reports its progress to; the command line draws it.

    `noted` receives sentences for the user: whom a run leaves out, what it would cost. `opened`
    receives the folder with which the run can go on, as soon as it can. `signalled` is called
    within the handler of each signal, and may neither print nor take a lock. `stoppable` receives
    what interrupts the run as a signal does, to be called from any thread.
    """

    started: Callable[[Sequence[ProviderRun]], None] = lambda _parts: None
    progress: Callable[[ProviderRun], None] = lambda _part: None
    opened: Callable[[Path], None] = lambda _folder: None
    signalled: Callable[[], None] = lambda: None
    interrupted: Callable[[int], None] = lambda _under_way: None
    noted: Callable[[str], None] = lambda _sentence: None
    stoppable: Callable[[Callable[[], None]], None] = lambda _interrupt: None


async def all_ended(work: Iterable[Awaitable[None]]) -> None:
    """Wait until all have ended, none cutting off another; then raise what the first one raised."""
    for failure in filter(None, await asyncio.gather(*work, return_exceptions=True)):
        raise failure
