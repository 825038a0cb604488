"""What an earlier run left of one provider's shots, for a session that goes on with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.case import Plan, PlannedRequest
from harness.core.exchange import Exchange
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.runner.execution.failures import blocking_reason, costs_nothing
from harness.store.reader import Unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeState:
    """An earlier run's shots by what is to be done with them; cases are known by their ids.

    `finished` is not sent again, in the order in which it ended. `given_up` has a paid job that is
    polled once more. `exchanges` is what was seen of each shot that goes on, given up or cut off
    under way. `again` met trouble that cost nothing, and others depend on it: it is new. `asked` is
    what was begun and is not in the plan, in that order.
    """

    finished: tuple[Record, ...]
    given_up: dict[str, Record]
    exchanges: dict[str, list[Exchange]]
    again: tuple[Record, ...]
    asked: tuple[PlannedRequest, ...]


def resume_state(plan: Plan, done: Sequence[Record], begun: Sequence[Unfinished]) -> ResumeState:
    """Sort what the journal holds of a provider."""
    given_up = {one.shot.case.id: one for one in done if _given_up(one)}
    bases = {one for shot in plan.shots for one in shot.case.depends_on}
    ended = [one for one in done if one.shot.case.id not in given_up]
    again = [one for one in ended if one.shot.case.id in bases and blocking_reason(one)]
    again = [one for one in again if costs_nothing(one)]
    asked_again = {one.shot.case.id for one in again}
    shots = [one.shot for one in done]
    shots += [one.line.shot for one in begun]
    return ResumeState(
        finished=tuple(one for one in ended if one.shot.case.id not in asked_again),
        given_up=given_up,
        exchanges={
            **{one.line.case: one.exchanges for one in begun},
            **{name: [*record.exchanges] for name, record in given_up.items()},
        },
        again=tuple(again),
        asked=tuple(not_among(plan.shots, shots)),
    )


def not_among(
    known: Iterable[PlannedRequest], more: Iterable[PlannedRequest]
) -> list[PlannedRequest]:
    """Return those of `more` whose ids are not known, each once."""
    seen = {shot.case.id for shot in known}
    new = {shot.case.id: shot for shot in more if shot.case.id not in seen}
    return [*new.values()]


def _given_up(record: Record) -> bool:
    return isinstance(record.outcome, Fault) and record.outcome.can_be_picked_up
