"""One provider's part of a run: what it has sent, what it spent, and what it reports."""

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from harness.core.case import Plan, PlannedRequest
from harness.core.record import Record
from harness.planning.kept_requests import kept_requests
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
from harness.runner.execution.earlier import MOST_IN_DOUBT, InDoubt
from harness.runner.execution.failures import CUT_OFF, WRONG_TWICE
from harness.runner.execution.room import bytes_at_most
from harness.runner.shutdown import StoppedError
from harness.spec.provider import Provider
from harness.store.line import Ended, Skipped
from harness.store.spool import Chained, Picked, Spool, Values
from harness.transport.base import Transport

STOPPED_WHY = "interrupted: go on with --resume"
"""Why a request has no outcome that was cut off, or never left, when its run was stopped."""


class Queue(Chained[QueuedRequest]):
    """What a part of a run has to send: `first` what an earlier run left, then what is `new`."""

    def __init__(self, first: Sequence[QueuedRequest], new: Sequence[QueuedRequest]) -> None:
        super().__init__([first, new])
        self.first, self.new = first, new


@dataclass(slots=True, kw_only=True)
class ProviderRun:
    """What has become of one provider's requests so far; what is held of each is its id.

    `records` grow in the order in which the requests end; those of an earlier run come first.
    `added` are requests beside those of the plan, in the order in which they were asked for.
    `under_way` have left and not ended: they may be paid. `longest_s` is how long a conversation
    has taken at most, in seconds.
    """

    setup: ProviderSetup
    records: Spool[Record] = field(default_factory=Spool)
    added: Spool[PlannedRequest] = field(default_factory=Spool)
    under_way: int = 0
    longest_s: float = 0.0
    _known: set[str] = field(default_factory=set)
    _reworded: bool = False

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
    def _shots(self) -> Sequence[PlannedRequest]:
        return Chained([self.setup.plan.shots, self.added])

    def whole_plan(self) -> Plan:
        """Return the plan with all that was added and answered at its end, as it was asked."""
        plan, added = self.setup.plan, {shot.case.id for shot in self.added}
        if not (added or self._reworded):
            return plan
        again: dict[str, PlannedRequest] = {}  # what was asked in other words than planned
        answered: dict[str, int] = {}
        for place, record in enumerate(self.records):
            case_id = record.shot.case.id
            if record.outcome is not None and case_id in added:
                answered[case_id] = place
            elif record.outcome is not None and record.in_doubt:
                again[case_id] = record.shot
        if not again and not answered:
            return plan
        planned = (again.get(shot.case.id, shot) for shot in plan.shots)
        places = (answered.get(shot.case.id) for shot in self.added)
        ended = (self.records[place].shot for place in places if place is not None)
        return replace(plan, shots=kept_requests(chain(planned, ended)))

    def complete(self) -> Sequence[Record]:
        """Return a record for every request: those that were cut off or never left say so."""
        if len(self.records) == self.total:
            return self.records
        earlier = self.setup.earlier
        ended = {record.shot.case.id for record in self.records}
        left = (
            Record(
                shot=shot,
                evidence=self.setup.access.evidence,
                outcome=None,
                skipped=STOPPED_WHY,
                in_doubt=earlier.askings_of(shot.case.id),
            )
            for shot in self._shots
            if shot.case.id not in ended
        )
        return Chained([self.records, Spool(left)])

    def begin(self) -> Queue:
        """Take over what an earlier run left, and return what is to be sent; call it once.

        What that run has begun comes first, and its money is set aside first: it may be paid. Then
        comes what is asked again because its request is in doubt, what is to be refused before what
        costs money.
        """
        earlier, ended = self.setup.earlier, set[str]()
        self._reworded = bool(earlier.askings or earlier.in_doubt)
        for record in earlier.finished:
            self._book(record)
            for shot in record.in_doubt:
                self.budget.doubt(reservation_in_doubt(shot))
                self._reworded = True
            self.records.append(record)
            ended.add(record.shot.case.id)
        for record in earlier.again:
            self._book(record)
        for shot in earlier.unfinished_askings():
            self.budget.doubt(reservation_in_doubt(shot))
        self.added.extend(earlier.added)
        already_sent, new = self._waiting(ended)
        for entry in already_sent:
            self.budget.reserve(entry.reservation, already_sent=True)
        asked_again = self._asked_again()
        self.setup.access.announce([entry.shot for entry in asked_again])
        shots = Picked(self._shots, new)
        return Queue([*already_sent, *asked_again], _Entries(shots, self._new_entry))

    def _waiting(self, ended: AbstractSet[str]) -> tuple[list[QueuedRequest], Sequence[int]]:
        """Return what an earlier run has begun, and the places of what never left."""
        earlier = self.setup.earlier
        if not (ended or earlier.exchanges or earlier.in_doubt):
            return [], range(self.total)
        already_sent, new = [], array("Q")
        for place, shot in enumerate(self._shots):
            case_id = shot.case.id
            if case_id in ended or case_id in earlier.in_doubt:
                continue
            if case_id in earlier.exchanges:
                already_sent.append(self._new_entry(shot))
            else:
                new.append(place)
        return already_sent, new

    def _book(self, record: Record) -> None:
        """Book what an earlier run has spent on a request, or may have spent."""
        if record.outcome == CUT_OFF:
            self.budget.doubt(reservation_in_doubt(record.shot))
        elif record.outcome is not None:
            cost = charged_reservation(
                record.shot, record.outcome, record.exchanges, provider=self.provider
            )
            self.budget.book(cost)

    def _new_entry(self, shot: PlannedRequest) -> QueuedRequest:
        return self._entry(self.setup.earlier.sent.get(shot.case.id, shot))

    def _asked_again(self) -> list[QueuedRequest]:
        """Return what is asked again in other words; what costs nothing if it is refused first."""
        earlier = self.setup.earlier
        bodies: set[str] = set()
        if earlier.in_doubt:
            recorded = (shot for record in self.records for shot in (record.shot, *record.in_doubt))
            unfinished = (*earlier.sent.values(), *earlier.unfinished_askings())
            bodies.update(map(request_digest, chain(self._shots, recorded, unfinished)))
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

    def add(self, shots: Sequence[PlannedRequest]) -> list[QueuedRequest]:
        """Add requests to those of the plan; one that is known by its id is there already."""
        if shots and not self._known:
            self._known.update(shot.case.id for shot in self._shots)
        unknown = {shot.case.id: shot for shot in shots if shot.case.id not in self._known}
        new = [*unknown.values()]
        if new:
            self.setup.access.announce(new)
        self._known.update(unknown)
        self.added.extend(new)
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


class _Entries(Values[QueuedRequest]):
    """Requests as they wait, each made when it is looked at."""

    def __init__(
        self,
        shots: Sequence[PlannedRequest],
        entry: Callable[[PlannedRequest], QueuedRequest],
    ) -> None:
        self._shots, self._entry = shots, entry

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._shots)

    def __iter__(self) -> Iterator[QueuedRequest]:
        """Yield them in order."""
        return map(self._entry, self._shots)

    def _value_at(self, place: int) -> QueuedRequest:
        return self._entry(self._shots[place])

    def _values_at(self, places: slice) -> Sequence[QueuedRequest]:
        return _Entries(self._shots[places], self._entry)


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
