"""Where a limit lies, asked in as few served requests as can be: a refusal is free.

A ladder lists values from those surely served to those surely refused; only indices are searched.
Limits in the wild are round (4,000, 4,096, 32,000), so the round ones are tried before anything is
halved, each with its neighbour: that finds them exactly. A step leans to the refused side.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

_TRIES = 2
"""So many values without a clear answer end a search: more would meet the same trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What is known of a ladder: `low` was served, `high` was not (None: nothing was refused).

    `unclear` are indices that were asked and told nothing.
    """

    low: int
    high: int | None = None
    unclear: frozenset[int] = frozenset()

    @property
    def exact(self) -> bool:
        """Tell whether the limit is `low` itself."""
        return self.high is not None and self.high == self.low + 1


def next_step(
    known: Bracket,
    *,
    top: int,
    hint: int | None = None,
    marks: Iterable[int] = (),
    near: Callable[[int, int], bool] = lambda _low, _high: False,
) -> int | None:
    """Return the next index to ask for, at most `top`; None where the search is over.

    `hint` is the likeliest limit: its neighbour above is asked first, for that should be refused.
    `near` tells whether a bracket is narrow enough to stop; it is not asked while a round value
    lies inside it.
    """
    if len(known.unclear) >= _TRIES:
        return None
    end = min([top + 1, *known.unclear, *([] if known.high is None else [known.high])])
    inside = range(known.low + 1, end)
    if not inside:
        return None
    for likely in () if hint is None else (hint + 1, hint):
        if likely in inside:
            return likely
    both_sides = {index for mark in marks for index in (mark, mark + 1)}
    round_ones = sorted(index for index in both_sides if index in inside)
    if round_ones:
        return round_ones[2 * len(round_ones) // 3]
    if known.high is not None and near(known.low, known.high):
        return None
    return inside[2 * len(inside) // 3]
