"""Order statistics of all sums or differences of two, without making them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALVINGS = 60
"""After so many halvings of a span no double lies between its ends."""


def smallest_with(count: Callable[[float], float], low: float, high: float, rank: float) -> float:
    """Return the smallest value between `low` and `high` up to which `count` reaches `rank`.

    `count` never falls. The value is exact but for rounding.
    """
    if count(low) >= rank:
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if count(middle) >= rank:
            high = middle
        else:
            low = middle
    return float(np.round(high, 12))


def walsh_count(ordered: Floats) -> Callable[[float], int]:
    """Return what counts the averages of two (and of one with itself) up to a value."""
    n = len(ordered)
    first = np.arange(n)

    def count(value: float) -> int:
        until = np.searchsorted(ordered, 2 * value + ROUNDING - ordered, side="right")
        return int(np.maximum(until - first, 0).sum())

    return count


def difference_count(first: Floats, second: Floats) -> Callable[[float], int]:
    """Return what counts the differences of each of `first`, ordered, less each of `second`."""

    def count(value: float) -> int:
        return int(np.searchsorted(first, second + value + ROUNDING, side="right").sum())

    return count


ROUNDING = 1e-12
"""What a sum of two values may be off by."""
