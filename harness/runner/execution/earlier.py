"""What an earlier run left of one provider's requests, and of its time, for a run that goes on."""

import time
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from harness.core.case import Plan, PlannedRequest
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images, Outcome
from harness.core.record import ClockReading, Record, RunHeader
from harness.planning.kept_requests import kept_requests
from harness.runner.execution.failures import CUT_OFF, blocking_reason, costs_nothing
from harness.spec.provider import Provider
from harness.spec.request import key_of
from harness.store.book import Unfinished
from harness.store.line import JOURNAL
from harness.store.reader import StoredRun
from harness.store.spool import Picked
from harness.transport.base import never_left, undisturbed
from harness.wire.protocol import speak
from harness.wire.retry import Answer, Send

MOST_IN_DOUBT = 3
"""After so many askings of one question that were cut off, it is left in doubt."""

KEYS_KEPT_S = 23 * 3600.0
"""How long after its submission a request is repeated under its idempotency key, in seconds: the
documents that know one keep it for 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """How a run goes on with an earlier one.

    With `asks_again`, a question whose request is in doubt is asked in other words; a benchmark
    leaves its slot empty instead: another request, in other minutes, is no part of its block. With
    `retries_unknown`, the same request is sent again, because the user says so. With `forgotten`,
    the provider's end is gone, and all its jobs with it: it was an emulator of the earlier run's
    own. `age_s` is how old the first request may be, in seconds.
    """

    asks_again: bool = True
    retries_unknown: bool = False
    forgotten: bool = False
    age_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """A question whose request may have been received and paid for, and has no reply.

    `askings` are all that were cut off so, the last one at the end; `exchanges` are the round trips
    of the last one. `ended` says that the journal holds its end already.
    """

    askings: tuple[PlannedRequest, ...]
    exchanges: tuple[Exchange, ...] = ()
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeState:
    """An earlier run's requests by what is to be done with them; cases are known by their ids.

    `finished` is not sent again, in the order in which it ended. `given_up` has a paid job that is
    polled once more. `exchanges` is what was seen of each request that goes on, given up or cut off
    under way; of these, the submission of `resent` ones may be made again: it never left, or the
    provider knows it by its key. `again` met trouble that cost nothing, and others depend on it: it
    is new. `in_doubt` is asked in other words. `added` is what was begun and is not in the plan, in
    that order. `sent` are the requests of what goes on, or is new, as they were sent last, and
    `askings` those that were cut off before them. With `retries_unknown`, what is
    `in_doubt` is sent again as it was.
    """

    finished: Sequence[Record] = ()
    given_up: dict[str, Record] = field(default_factory=dict)
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    resent: frozenset[str] = frozenset()
    again: tuple[Record, ...] = ()
    in_doubt: dict[str, InDoubt] = field(default_factory=dict)
    added: Sequence[PlannedRequest] = ()
    sent: dict[str, PlannedRequest] = field(default_factory=dict)
    askings: dict[str, tuple[PlannedRequest, ...]] = field(default_factory=dict)
    retries_unknown: bool = False

    def askings_of(self, case_id: str) -> tuple[PlannedRequest, ...]:
        """Return the requests of a question that was not finished which were cut off, in order."""
        in_doubt = self.in_doubt.get(case_id)
        return in_doubt.askings if in_doubt is not None else self.askings.get(case_id, ())

    def unfinished_askings(self) -> Iterator[PlannedRequest]:
        """Yield every request that was cut off of what was not finished: each may be paid for."""
        for case_id in {**self.askings, **self.in_doubt}:
            yield from self.askings_of(case_id)


def resume_state(
    provider: Provider,
    plan: Plan,
    past: StoredRun | None,
    resumption: Resumption = Resumption(),
) -> ResumeState:
    """Sort what the journal of an earlier run holds of a plan's provider; nothing without one."""
    if past is None:
        return ResumeState()
    ended = _ended(past.records, plan, resumption)
    begun = [shot for shot in past.unfinished if shot.line.provider == plan.provider]
    in_doubt, resent = _cut_off(provider, ended, begun, resumption)
    going_on = [unfinished for unfinished in begun if unfinished.line.case not in in_doubt]
    given_up, again = ended.given_up, ended.again
    not_over = given_up.keys() | again.keys() | in_doubt.keys()
    once_more = (*given_up.values(), *again.values())
    over = (place for place, case in ended.cases() if case not in not_over)
    return ResumeState(
        finished=Picked(past.records, over),
        given_up=given_up,
        exchanges={
            **{unfinished.line.case: unfinished.exchanges for unfinished in going_on},
            **{case_id: [*record.exchanges] for case_id, record in given_up.items()},
        },
        resent=resent,
        again=tuple(again.values()),
        in_doubt=in_doubt,
        added=_added(past.records, ended, begun),
        sent={
            **{unfinished.line.case: unfinished.line.shot for unfinished in going_on},
            **{record.shot.case.id: record.shot for record in once_more},
        },
        askings={
            **{unfinished.line.case: unfinished.in_doubt for unfinished in going_on},
            **{record.shot.case.id: record.in_doubt for record in once_more},
        },
        retries_unknown=resumption.retries_unknown,
    )


@dataclass(slots=True, kw_only=True)
class _Ended:
    """One provider's requests that have ended: their places and ids, and the few to look at again.

    `planned` are the ids of its plan. `honoured` holds what its replies say of idempotency keys.
    """

    planned: frozenset[str]
    places: "array[int]" = field(default_factory=lambda: array("Q"))
    ids: list[str] = field(default_factory=list)
    given_up: dict[str, Record] = field(default_factory=dict)
    again: dict[str, Record] = field(default_factory=dict)
    cut_off: dict[str, Record] = field(default_factory=dict)
    honoured: set[bool | None] = field(default_factory=set)

    def cases(self) -> Iterator[tuple[int, str]]:
        return zip(self.places, self.ids, strict=True)


def _ended(records: Sequence[Record], plan: Plan, resumption: Resumption) -> _Ended:
    """Sort a journal's records in one pass."""
    bases, planned = set[str](), set[str]()
    for shot in plan.shots:
        planned.add(shot.case.id)
        bases.update(shot.case.depends_on)
    ended = _Ended(planned=frozenset(planned))
    for place, record in enumerate(records):
        case = record.shot.case
        if case.provider != plan.provider or record.skipped is not None:
            continue
        ended.places.append(place)
        ended.ids.append(case.id)
        ended.honoured.add(honours_keys(record))
        if record.outcome == CUT_OFF:
            ended.cut_off[case.id] = record
        if _given_up(record) and not resumption.forgotten:
            ended.given_up[case.id] = record
        elif case.id in bases and blocking_reason(record) and costs_nothing(record):
            ended.again[case.id] = record
    return ended


def _added(
    records: Sequence[Record], ended: _Ended, begun: Sequence[Unfinished]
) -> Sequence[PlannedRequest]:
    """Return what was asked beside the plan, each once: ended first, in that order."""
    places = (place for place, case in ended.cases() if case not in ended.planned)
    shots = (records[place].shot for place in places)
    more = [unfinished.line.shot for unfinished in begun]
    if more:
        known = ended.planned.union(ended.ids)
        more = [shot for shot in more if shot.case.id not in known]
    return kept_requests(chain(shots, more))


def _cut_off(
    provider: Provider,
    ended: _Ended,
    begun: Sequence[Unfinished],
    resumption: Resumption,
) -> tuple[dict[str, InDoubt], frozenset[str]]:
    """Return the questions to ask again, and the cases whose submission is free to make again."""
    if not resumption.asks_again:
        return {}, frozenset()
    in_doubt = {
        record.shot.case.id: InDoubt(
            askings=(*record.in_doubt, record.shot), exchanges=record.exchanges, ended=True
        )
        for record in ended.cut_off.values()
    }
    resent: set[str] = set()
    for unfinished in begun:
        case, pending = unfinished.line.case, _pending(provider, unfinished)
        if _is_free(provider, unfinished, pending, ended, resumption):
            resent.add(case)
        elif _is_lost(pending, resumption):
            in_doubt[case] = InDoubt(
                askings=(*unfinished.in_doubt, unfinished.line.shot),
                exchanges=tuple(unfinished.exchanges),
            )
    return in_doubt, frozenset(resent)


def submits(step: Send) -> bool:
    """Tell whether a request may cost money: a submission, or its repetition."""
    return step.step == "submit" or (step.step == "follow_up" and step.request.method == "POST")


def _pending(provider: Provider, unfinished: Unfinished) -> Send | Outcome:
    """Return what may have been under way when the run was cut off, or what all has come to."""
    shot = unfinished.line.shot
    wire = speak(provider, provider.operation(shot.case.operation), shot)
    earlier = deque(undisturbed(unfinished.exchanges))
    answer: Answer | None = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            if isinstance(step, Send):
                if not earlier:
                    return step
                answer = earlier.popleft().answer
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


def _is_lost(pending: Send | Outcome, resumption: Resumption) -> bool:
    """Tell whether the answer to a request can never be had any more, as far as is known."""
    if not isinstance(pending, Send):
        return resumption.forgotten and isinstance(pending, Fault) and pending.can_be_picked_up
    return pending.step == "submit" or (resumption.forgotten and pending.step != "upload")


def _is_free(
    provider: Provider,
    unfinished: Unfinished,
    pending: Send | Outcome,
    ended: _Ended,
    resumption: Resumption,
) -> bool:
    """Tell whether a submission may be made again: it never left, or its key makes it the same.

    A key is trusted only once this run has seen that the provider honours it: documents promise
    that, and one that ignores keys would be paid twice for one body.
    """
    if not isinstance(pending, Send) or not submits(pending):
        return False
    if unfinished.exchanges and never_left(unfinished.exchanges[-1]):
        return True
    case = unfinished.line.shot.case
    known_by = provider.operation(case.operation).known_by
    keyed = known_by is not None and bool(key_of(pending.request, known_by))
    if not keyed or resumption.forgotten or resumption.age_s > KEYS_KEPT_S:
        return False
    return False not in ended.honoured and True in ended.honoured


def honours_keys(record: Record) -> bool | None:
    """Tell whether a repetition under its key was answered with the first job; None if unknown."""
    outcome = record.outcome
    if not isinstance(outcome, Images):
        return None
    named = (after.job for after in outcome.after if after.kind == "same_key" and after.job)
    return next((job == outcome.job for job in named), None)


def elapsed_s(folder: Path, past: StoredRun | None) -> float:
    """Return what the clock of a run that goes on has to show, in seconds: it never goes back.

    From the last thing that was received on, time has passed as the journal's own date tells.
    """
    if past is None:
        return 0.0
    records = (exchange for record in past.records for exchange in record.exchanges)
    under_way = (exchange for shot in past.unfinished for exchange in shot.exchanges)
    ends_s = (exchange.times.end_s for exchange in chain(records, under_way))
    latest_s = max(ends_s, default=0.0)
    return latest_s + max(time.time() - (folder / JOURNAL).stat().st_mtime, 0.0)


def clock_readings(
    names: Iterable[str], past: RunHeader | None, at_s: float
) -> dict[str, tuple[ClockReading, ...]]:
    """Return by provider what both clocks show, behind what they showed before."""
    now = ClockReading(at_s=at_s, unix_s=time.time())
    earlier = past.clocks if past is not None else {}
    return {name: (*earlier.get(name, ()), now) for name in names}


def _given_up(record: Record) -> bool:
    return isinstance(record.outcome, Fault) and record.outcome.can_be_picked_up
