"""Which request may leave now, what it waits for, and what keeps it back for good.

Workers take turns and wait here, and nowhere else, for whatever has to end first. A request holds
nothing while it waits, so that no two can wait for each other's money.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from harness.core.case import FIRST_STAGES, PlannedRequest
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.runner.conformance.plain_requests import PlainRequests, answered
from harness.runner.execution.budget import Budget, QueuedRequest, Reservation
from harness.runner.execution.failures import (
    WRONG_TWICE,
    CircuitBreaker,
    account_failure,
    blocking_reason,
    connection_failure,
)

WRONG_AT_MOST = 2
"""How often a rule may be wrongly accepted before the rest of its planned refusals is not sent."""

PROBES = 3
"""How often the first request, and one that is tried alone, is repeated where that is free."""

MANY_IMAGES, FEWER_IMAGES = 4, 4
"""A planned request for so many images is asked again before others take the money for it; and how
many are asked for before that, in smaller requests."""

CANARIES = 4
"""After so many requests that were tried alone and failed in a row, the run ends: a provider that
answers and fails 60 % of all requests at random meets this in 13 % of the runs, in 0.2 % where
each of them may be repeated for free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a worker does next: send a request, so many times where that is free; or skip it."""

    entry: QueuedRequest
    tries: int = 1
    skip: str | None = None


@dataclass(slots=True, kw_only=True)
class Schedule:
    """The requests of one session, in the order of its plan as far as they may leave.

    `shut` says why nothing leaves any more, `late` why nothing new does, if so. `idle` is asked for
    more once all is done, and says whether there is any. With `as_planned` all leave in order,
    whatever came of the others: what is in a cassette was asked.
    """

    budget: Budget
    shut: Callable[[], str | None]
    late: Callable[[], str | None]
    idle: Callable[[], bool]
    as_planned: bool = False
    _waiting: list[QueuedRequest] = field(default_factory=list)
    _under_way: dict[str, Turn] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    _plain: PlainRequests = field(default_factory=PlainRequests)
    _alone_failed: list[str] = field(default_factory=list)
    _sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    _accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    _breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    _many: dict[str, Reservation] = field(default_factory=dict)
    _canary: bool = True
    _halted: str | None = None
    _plan_over: str | None = None
    _closed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, entries: Sequence[QueuedRequest], *, first: bool = False) -> None:
        """Let these wait, after all others or before them."""
        self._waiting[:] = [*entries, *self._waiting] if first else [*self._waiting, *entries]
        self._pending.update(entry.shot.case.id for entry in entries)
        for entry in entries:
            self._plain.put(entry.shot)
        self._notify()

    async def take(self) -> Turn | None:
        """Return what to do next, its money set aside; None once there is nothing left."""
        while not self._closed:
            if turn := self._turn():
                return self._begun(turn)
            if self._under_way:
                await self._changed.wait()
            elif self.shut() or self.late() or self._halted or not self.idle():
                self.close()
        return None

    def ended(self, record: Record) -> None:
        """Take note of how a request that had its turn ended, or was skipped."""
        case_id = record.shot.case.id
        turn = self._under_way.pop(case_id, None)
        self.learnt(record)
        if turn is not None and turn.skip is None:
            rule = _rule(record.shot)
            self._sent -= Counter([rule] if rule else [])
            self._breaker.on_record(record)
            self._judge(record, alone=turn.tries > 1)
        self._notify()

    def learnt(self, record: Record) -> None:
        """Take note of what is known of a case, also from an earlier run."""
        case_id, rule = record.shot.case.id, _rule(record.shot)
        self._plain.learnt(record, waited=case_id in self._pending)
        self._pending.discard(case_id)
        if rule and isinstance(record.outcome, Images):
            self._accepted[rule] += 1
        answers = isinstance(record.outcome, Images | Refused) and not blocking_reason(record)
        if answers and record.shot.case.credential == "own":
            self._canary = False  # an earlier run has seen it served: no fault ends the plan now

    def close(self) -> None:
        """Let nothing new leave: the workers end as soon as they have what is under way."""
        self._closed = True
        self._notify()

    def _judge(self, record: Record, *, alone: bool) -> None:
        if self.as_planned:
            return
        self._halted = self._halted or account_failure(record)
        if alone:
            self._judge_alone(record)

    def _judge_alone(self, record: Record) -> None:
        """Go on where it was served; try another one where the provider at least answered."""
        why = blocking_reason(record)
        if why is None or not isinstance(record.outcome, Fault):
            self._alone_failed.clear()
        else:
            self._alone_failed.append(why)
            if answered(record) and len(self._alone_failed) < CANARIES and self._may_try():
                return
            if connection_failure(record):
                self._halted = self._halted or self._alone_failed[0]
            elif self._canary:  # it is reached: what was asked for may leave
                self._plan_over = self._alone_failed[0]
        self._canary, self._breaker = False, CircuitBreaker()

    def _may_try(self) -> bool:
        """Tell whether another request waits that is to be served and may leave."""
        return any(
            entry.shot.case.expect == "accept"
            and self._never(entry) is None
            and self._ready(entry.shot)
            for entry in self._waiting
        )

    def _begun(self, turn: Turn) -> Turn:
        entry = turn.entry
        self._waiting.remove(entry)
        self._under_way[entry.shot.case.id] = turn
        if turn.skip is None:
            self._plain.begun(entry.shot)
            rule = _rule(entry.shot)
            self._sent.update([rule] if rule else [])
            if not entry.already_sent:
                self.budget.reserve(entry.reservation)
            if _planned(entry.shot) and entry.shot.at_risk.images >= MANY_IMAGES:
                self._many[entry.shot.case.id] = entry.reservation
        return turn

    def _turn(self) -> Turn | None:
        if any(turn.tries > 1 for turn in self._under_way.values()):
            return None
        turns = self._turns()
        alone = not self.as_planned and (self._canary or self._breaker.is_long)
        turn = self._alone([*turns]) if alone else next(turns, None)
        if turn is None and not self._under_way and self._waiting:
            why = "because what it depends on waits for it"
            return Turn(entry=self._waiting[0], skip=why)
        return turn

    def _alone(self, turns: Sequence[Turn]) -> Turn | None:
        """Choose what is tried alone: the first, or after faults the first that is to be served.

        Some providers fail where they should refuse. What an earlier run began is no probe, but may
        leave where the probe has to wait for its money.
        """
        if skip := next((turn for turn in turns if turn.skip is not None), None):
            return skip
        new = [turn for turn in turns if not turn.entry.already_sent]
        if not new:
            return next(iter(turns), None)
        if self._under_way:
            return None
        served = [turn for turn in new if turn.entry.shot.case.expect == "accept"]
        first = self._canary and not self._alone_failed
        return replace((new if first else served or new)[0], tries=PROBES)

    def _turns(self) -> Iterator[Turn]:
        """Yield what may be done now, in order; nobody overtakes who waits for the same money."""
        short: set[str] = set()
        dry = False
        for entry in self._waiting:
            if why := self._never(entry):
                yield Turn(entry=entry, skip=why)
            elif entry.already_sent:
                yield Turn(entry=entry)
            elif self._ready(entry.shot) and not dry and entry.shot.case.operation not in short:
                shortfall = self.budget.shortfall(entry.reservation)
                if shortfall is None:
                    if self._leaves_enough(entry):
                        yield Turn(entry=entry)
                elif shortfall.for_good:
                    yield Turn(entry=entry, skip=shortfall.why)
                else:
                    dry = shortfall.everywhere
                    short.add(entry.shot.case.operation)

    def _leaves_enough(self, entry: QueuedRequest) -> bool:
        """Tell whether a request leaves the money to ask for many images again, while that is open.

        It is open while they are under way, and while fewer are that were asked for after them.
        """
        if self.as_planned or not _planned(entry.shot):
            return True
        cases = [turn.entry.shot.case for turn in self._under_way.values()]
        fewer = {case.follows for case in cases if case.stage == "isolate"}
        open_ = fewer | {case.id for case in cases}
        return not any(
            self.budget.shortfall(_with_another(entry.reservation, self._many[case_id]))
            for case_id in open_
            if case_id is not None and case_id in self._many
        )

    def _never(self, entry: QueuedRequest) -> str | None:
        why = self.shut() or self._halted
        if why or entry.already_sent:
            return why
        if why := self.late():
            return why
        if entry.cannot or self.as_planned:
            return entry.cannot
        rule, planned = _rule(entry.shot), entry.shot.case.stage in FIRST_STAGES
        if planned and self._plan_over:
            return self._plan_over
        if rule and planned and self._accepted[rule] >= WRONG_AT_MOST:
            return f"{' '.join(rule)} {WRONG_TWICE}"
        leave, why = self._plain.leave(entry.shot)
        return why if leave == "never" else None

    def _ready(self, shot: PlannedRequest) -> bool:
        """Tell whether nothing has to end before this request may leave."""
        if self.as_planned:
            return True
        if any(base in self._pending for base in shot.case.depends_on):
            return False
        if self._plain.leave(shot)[0] == "later":
            return False
        rule = _rule(shot)
        if rule is None or shot.case.stage not in FIRST_STAGES:
            return True
        return self._sent[rule] + self._accepted[rule] < WRONG_AT_MOST

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _with_another(reservation: Reservation, many: Reservation) -> Reservation:
    """Return what a request takes, with what it takes to ask for many images again.

    Smaller requests are sent before: twice for two images.
    """
    first, second = reservation.price, many.price
    times = 1 + Decimal(FEWER_IMAGES) / second.images
    both = replace(
        first,
        amount=first.amount + times * second.amount,
        images=first.images + second.images + FEWER_IMAGES,
    )
    return replace(reservation, price=both)


def _planned(shot: PlannedRequest) -> bool:
    return shot.case.expect == "accept" and shot.case.stage in FIRST_STAGES


def _rule(shot: PlannedRequest) -> tuple[str, str] | None:
    case = shot.case
    return (case.operation, case.breaks) if case.expect == "refuse" and case.breaks else None
