"""How much larger values are than those that they are paired with."""

from collections.abc import Sequence
from functools import cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from harness.core.verdict import Estimate
from harness.stats.intervals import TOO_FEW
from harness.stats.ordered import Floats, smallest_with, walsh_count
from harness.stats.scipy_stats import stats
from harness.stats.tested import OneSided, Shift

METHOD = (
    "Hodges-Lehmann ratio of pairs: the median of the means of every two log ratios, with the"
    " interval of Wilcoxon's signed-rank test (J. L. Hodges and E. L. Lehmann, Ann. Math. Stat. 34,"
    " 1963; M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd ed.,"
    " sections 3.1 to 3.3); p of that test, one-sided, {how}; pairs that are equal count in the"
    " estimate only"
)
EXACT = "exact"
NORMAL = "by its normal approximation"
MOST_EXACT = 100
"""Up to so many pairs all ways to come by a sum of ranks are counted."""

FEWEST = 6
"""With five pairs no interval holds 95 %."""

BEYOND = 30.0
"""The logarithm of a ratio of which only its direction is known: more than any that was seen."""


def paired_shift(logs: Sequence[float], *, confidence: float = 0.95) -> Shift:
    """Return how many times as large one side is, from the logarithms of the pairs' ratios.

    One at `BEYOND` (or below, with a minus) ranks above all others; a bound that ends there is
    missing. `up` is for a ratio above 1. ValueError without any pair.
    """
    if not logs:
        raise ValueError("no pairs")
    values = np.sort(np.asarray(logs, dtype=float))
    n, method = len(values), TOO_FEW.format(n=len(values), needed=FEWEST)
    moved = np.count_nonzero(values)
    low = high = None
    if n >= FEWEST:
        method = METHOD.format(how=EXACT if moved <= MOST_EXACT else NORMAL)
        outside = _outside(n, (1 - confidence) / 2)
        low, high = _walsh(values, outside + 1), _walsh(values, n * (n + 1) // 2 - outside)
    total = n * (n + 1) / 2
    middle = (_walsh(values, (total + 1) // 2) + _walsh(values, total // 2 + 1)) / 2
    return Shift(
        estimate=Estimate(
            value=ratio(middle),
            low=ratio(low),
            high=ratio(high),
            confidence=confidence,
            n=n,
            unit="ratio",
            method=method,
        ),
        test=signed_rank(values),
    )


def ratio(log: float | None) -> float | None:
    """Return the ratio of a logarithm; None where only its direction is known."""
    return None if log is None or abs(log) >= BEYOND / 4 else exp(log)


def signed_rank(values: Sequence[float] | Floats) -> OneSided:
    """Return Wilcoxon's signed-rank test of values around 0, ties and all; zeros are left out."""
    moved = np.asarray(values, dtype=float)
    moved = moved[moved != 0]
    n = len(moved)
    if not n:
        return OneSided(up=1.0, down=1.0, least=1.0)
    # Twice the ranks: those of ties are whole numbers so, too.
    ranks = np.rint(2 * stats.rankdata(np.round(np.abs(moved), 12))).astype(int)
    positive = int(ranks[moved > 0].sum())
    total = int(ranks.sum())
    if n <= MOST_EXACT:
        chances = _sums(ranks)
        up, down = chances[positive:].sum(), chances[: positive + 1].sum()
    else:
        spread = np.sqrt((ranks.astype(float) ** 2).sum()) / 2
        up = stats.norm.sf((positive - 1 - total / 2) / spread)
        down = stats.norm.sf((total / 2 - positive - 1) / spread)
    return OneSided(up=min(float(up), 1.0), down=min(float(down), 1.0), least=0.5**n)


def _sums(ranks: NDArray[np.int_]) -> Floats:
    """Return how likely each sum is of those ranks that a fair coin takes."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        halved = chances / 2
        chances = halved.copy()
        chances[rank:] += halved[: len(chances) - rank]
    return chances


@cache
def _outside(n: int, tail: float) -> int:
    """Return how many of the Walsh averages lie outside the interval on either side."""
    if n > MOST_EXACT:
        spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(int(n * (n + 1) / 4 - stats.norm.isf(tail) * spread - 0.5), 0)
    below = np.cumsum(_sums(np.arange(1, n + 1)))
    return int(np.searchsorted(below, tail, side="right")) - 1 if below[0] <= tail else 0


def _walsh(ordered: Floats, rank: float) -> float:
    return smallest_with(walsh_count(ordered), float(ordered[0]), float(ordered[-1]), rank)
