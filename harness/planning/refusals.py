"""Which refusals a plan holds: written ones for a person, and as many that Hypothesis draws."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from harness.cases.build import Builder
from harness.cases.draw import DrawnRefusals
from harness.core.case import Case
from harness.spec.rules import Range
from harness.spec.rules.files import UrlOnly

WITHOUT_LIMIT = 70
"""How many refusals an operation has at least where requests are not limited, if there are as many:
one is free, but not in time."""

_BOTH = 2


def chosen_refusals(
    builder: Builder, written: Sequence[Case], *, room: int | None, seed: int
) -> list[Case]:
    """Return the refusals of a plan, at most `room`: at least half of them drawn, if that can be.

    Each rule has one that is written, two where it has two sides; they leave first. More are
    written only where no more can be drawn. The drawn ones break a rule where other arguments are
    given, too, and in shapes that nobody lists: those first that lenient servers read most often.
    """
    ordered = _most_telling_first(builder, written)
    needed = _needed(builder, ordered)
    room = max(_BOTH * needed, WITHOUT_LIMIT) if room is None else room
    needed = min(needed, room)
    drawn = _drawn_refusals(builder, seed).first(room - needed)
    return [*ordered[: max(needed, min(len(drawn), room - len(drawn)))], *drawn]


@cache
def _drawn_refusals(builder: Builder, seed: int) -> DrawnRefusals:
    """Return what is drawn for an operation, once for all budgets."""
    return DrawnRefusals(builder, seed)


def _numbered(refusals: Sequence[Case]) -> list[tuple[int, Case]]:
    """Return each refusal with how many of the same rule stand before it."""
    places: Counter[str | None] = Counter()
    turns = []
    for case in refusals:
        turns.append((places[case.breaks], case))
        places[case.breaks] += 1
    return turns


def _most_telling_first(builder: Builder, refusals: Sequence[Case]) -> list[Case]:
    """Order refusals by turns, but with the second side of a rule before all other second ones."""
    turns = [
        (turn, turn > 0 and not (turn < _BOTH and _has_two_sides(builder, case)), case)
        for turn, case in _numbered(refusals)
    ]
    return [case for _, _, case in sorted(turns, key=lambda turn: turn[:2])]


def _needed(builder: Builder, refusals: Sequence[Case]) -> int:
    """Return how many refusals there are of which each is the only one of its kind."""
    return sum(
        turn == 0 or (turn < _BOTH and _has_two_sides(builder, case))
        for turn, case in _numbered(refusals)
    )


def _has_two_sides(builder: Builder, case: Case) -> bool:
    """Tell whether a rule is stepped over in two ways: below and above, as text and as address."""
    constraint = builder.operation.constraint(case.breaks or "")
    return constraint is not None and isinstance(constraint.rule, Range | UrlOnly)
