"""What an earlier run left of one provider's shots, for a session that goes on with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.case import Plan, Shot
from harness.core.exchange import Exchange
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.runner.trouble import blocks, costs_nothing
from harness.store.past import Unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
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
    asked: tuple[Shot, ...]


def sorted_out(plan: Plan, done: Sequence[Record], begun: Sequence[Unfinished]) -> Earlier:
    """Sort what the journal holds of a provider."""
    given_up = {one.shot.case.id: one for one in done if _given_up(one)}
    bases = {one for shot in plan.shots for one in shot.case.depends_on}
    ended = [one for one in done if one.shot.case.id not in given_up]
    again = [one for one in ended if one.shot.case.id in bases and blocks(one)]
    again = [one for one in again if costs_nothing(one)]
    asked_again = {one.shot.case.id for one in again}
    shots = [one.shot for one in done]
    shots += [one.line.shot for one in begun if one.line.shot is not None]
    return Earlier(
        finished=tuple(one for one in ended if one.shot.case.id not in asked_again),
        given_up=given_up,
        exchanges={
            **{one.line.case: one.exchanges for one in begun},
            **{name: [*record.exchanges] for name, record in given_up.items()},
        },
        again=tuple(again),
        asked=tuple(beside(plan.shots, shots)),
    )


def beside(known: Iterable[Shot], more: Iterable[Shot]) -> list[Shot]:
    """Return those of `more` whose ids are not known, each once."""
    seen = {shot.case.id for shot in known}
    new = {shot.case.id: shot for shot in more if shot.case.id not in seen}
    return [*new.values()]


def _given_up(record: Record) -> bool:
    return isinstance(record.outcome, Fault) and record.outcome.can_be_picked_up
