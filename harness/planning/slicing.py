"""A plan cut into slices: disjoint, together the whole, and the same in every process.

A conformance plan is dealt case by case, its refusals, paid requests and open questions each in
turn; what needs the answer of another case than the plain one goes where that goes. A benchmark is
dealt block by block, so that what is compared as a pair stays in one place.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_low

from harness.core.benchmark import Design, Stage
from harness.core.case import Case, Exploration, Plan, PlannedRequest
from harness.core.errors import UsageError
from harness.core.slicing import Slice
from harness.planning.kept_requests import kept_requests
from harness.store.spool import Picked


def sliced(plan: Plan, part: Slice | None) -> Plan:
    """Return what a slice sends of a plan, in the plan's order; the plan where nothing is cut.

    `depends_on` names no case of another slice: what such a case would tell, its slice knows.
    """
    if part is None or part.of == 1:
        return plan
    dealt = slice_numbers(plan, part.of)
    mine = (place for place, number in enumerate(dealt) if number == part.index)
    shots = Picked(plan.shots, mine)
    bases = {case_id for shot in shots for case_id in shot.case.depends_on}
    elsewhere = {
        shot.case.id
        for number, shot in zip(dealt, plan.shots, strict=True)
        if number != part.index and shot.case.id in bases
    }
    return replace(
        plan,
        shots=kept_requests(_independent(shot, elsewhere) for shot in shots),
        exploration=_part_of(plan.exploration, part),
        askings=plan.askings if part.index == 1 else (),
    )


def _independent(shot: PlannedRequest, elsewhere: set[str]) -> PlannedRequest:
    if elsewhere.isdisjoint(shot.case.depends_on):
        return shot
    here = tuple(case_id for case_id in shot.case.depends_on if case_id not in elsewhere)
    return replace(shot, case=replace(shot.case, depends_on=here))


def _part_of(exploration: Exploration | None, part: Slice) -> Exploration | None:
    """Return how much a slice explores: an equal part, and each Nth of what failed before."""
    if exploration is None:
        return None
    requests = whole_part(exploration.requests, part)
    retried = exploration.retried[part.index - 1 :: part.of][:requests]
    return Exploration(requests=requests, retried=retried) if requests else None


def whole_part(number: int, part: Slice | None) -> int:
    """Return a slice's equal part of a number; the first slices have one more where it is odd."""
    if part is None:
        return number
    return number // part.of + (part.index <= number % part.of)


def slice_numbers(plan: Plan, of: int) -> "array[int]":
    """Return for each request of a plan, in its order, which of `of` slices sends it, from 1 on."""
    if any(shot.slot is not None for shot in plan.shots):
        return _dealt_by_block(plan.shots, of)
    return _dealt_by_case(plan.shots, of)


def _dealt_by_block(shots: Sequence[PlannedRequest], of: int) -> "array[int]":
    """Deal blocks in the order of stages: the same block of each provider to the same slice."""
    blocks = [
        ("", 0) if shot.slot is None else (shot.slot.stage, shot.slot.block) for shot in shots
    ]
    stages = {name: place for place, name in enumerate(dict.fromkeys(name for name, _ in blocks))}
    order = sorted(set(blocks), key=lambda block: (stages[block[0]], block[1]))
    number = {block: place % of + 1 for place, block in enumerate(order)}
    return array("H", (number[block] for block in blocks))


@dataclass(frozen=True, slots=True)
class _Dealing:
    """What is dealt at once: cases that need each other, known by the first of them."""

    operation: int
    kind: int
    first: int


_KINDS = {"accept": 2, "refuse": 3, "observe": 4}


def _dealt_by_case(shots: Sequence[PlannedRequest], of: int) -> "array[int]":
    places = {shot.case.id: place for place, shot in enumerate(shots)}
    needed = {case_id for shot in shots for case_id in _needs(shot.case) if case_id in places}
    plain = {shot.case.id for shot in shots if shot.case.id in needed and _is_plain(shot.case)}
    together = _Together(len(shots))
    for one, other in pairwise(_dear(shots)):
        together.join(one, other)
    operations: dict[str, int] = {}
    dealings: list[_Dealing] = []
    for place, shot in enumerate(shots):
        for case_id in _needs(shot.case):
            if case_id in places and case_id not in plain:
                together.join(place, places[case_id])
        operation = operations.setdefault(shot.case.operation, len(operations))
        dealings.append(_Dealing(operation, _kind(shot.case, plain), place))
    firsts = sorted(
        (dealing for dealing in dealings if together.first(dealing.first) == dealing.first),
        key=lambda dealing: (dealing.operation, dealing.kind, dealing.first),
    )
    number = {dealing.first: place % of + 1 for place, dealing in enumerate(firsts)}
    return array("H", (number[together.first(place)] for place in range(len(shots))))


_DEAR = 4
"""So many times the median price is dear."""


def _dear(shots: Sequence[PlannedRequest]) -> tuple[int, ...]:
    """Return the places of refusals that may cost much more than most, and of the dearest request.

    One slice sends them all: a limit that is cut for slices has room for such a reservation once.
    """
    paid = [place for place, shot in enumerate(shots) if shot.price.images]
    if not paid:
        return ()
    images = median_low(shots[place].at_risk.images for place in paid)
    amount = median_low(shots[place].at_risk.amount for place in paid)
    dear = [
        place
        for place, shot in enumerate(shots)
        if not shot.price.images
        and (shot.at_risk.images > _DEAR * images or shot.at_risk.amount > _DEAR * amount)
    ]
    dearest = max(
        paid, key=lambda place: (shots[place].at_risk.images, shots[place].at_risk.amount)
    )
    return (dearest, *dear) if dear else ()


def _needs(case: Case) -> Iterator[str]:
    yield from case.depends_on
    if case.follows is not None:
        yield case.follows


def _is_plain(case: Case) -> bool:
    return not case.depends_on and case.follows is None


def _kind(case: Case, plain: set[str]) -> int:
    """Order plain requests first, then those without the user's key, then by what is promised."""
    if case.id in plain:
        return 0
    return _KINDS[case.expect] if case.credential == "own" else 1


class _Together:
    """Which places belong to one slice, whatever it is; each set is known by its first place."""

    def __init__(self, number: int) -> None:
        self._before = array("L", range(number))

    def first(self, place: int) -> int:
        while self._before[place] != place:
            place = self._before[place]
        return place

    def join(self, one: int, other: int) -> None:
        first, last = sorted((self.first(one), self.first(other)))
        self._before[last] = first


def sliced_design(design: Design, part: Slice | None) -> Design:
    """Return a design with the requests that a slice has under way, of those of each stage.

    UsageError where a stage has fewer than there are slices. A timetable is that of the whole.
    """
    if part is None or part.of == 1:
        return design
    return replace(design, stages=tuple(_part_of_stage(stage, part) for stage in design.stages))


def _part_of_stage(stage: Stage, part: Slice) -> Stage:
    if stage.concurrency is None:
        return stage
    refuse_thin_stage(stage.concurrency, part)
    return replace(stage, concurrency=whole_part(stage.concurrency, part))


def refuse_thin_stage(concurrency: int, part: Slice) -> None:
    """Raise UsageError where a stage has fewer requests under way than there are slices."""
    if concurrency < part.of:
        raise UsageError(
            f"--slice {part}: a stage with {concurrency} under way is too small for {part.of} "
            "slices, each of which sends one at least",
            hint=f"measure at --concurrency {part.of} or more, by a --rate, or in fewer slices",
        )


def sliced_concurrency(asked: int | None, default: int, part: Slice | None) -> int:
    """Return how many requests a slice has under way at once, at each provider.

    UsageError where the user `asked` for fewer than there are slices.
    """
    if part is None:
        return asked or default
    if asked is not None and asked < part.of:
        raise UsageError(
            f"--concurrency {asked}: fewer than {part.of} slices, of which each sends one at least",
            hint=f"allow --concurrency {part.of}, or cut the run into {asked} slices",
        )
    return max(1, whole_part(asked or default, part))
