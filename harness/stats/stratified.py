"""How much larger values of one side are than those of the other, among those asked for alike."""

from collections.abc import Mapping, Sequence
from math import comb

import numpy as np

from harness.core.verdict import Estimate
from harness.stats.ordered import Floats, difference_count, smallest_with
from harness.stats.paired import ratio
from harness.stats.scipy_stats import stats
from harness.stats.tested import OneSided, Shift

METHOD = (
    "Hodges-Lehmann ratio of the two sides: the median of all log ratios of equal requests (J. L."
    " Hodges and E. L. Lehmann, Ann. Math. Stat. 34, 1963), with the interval of the rank-sum test"
    " stratified by request (P. van Elteren, Bull. Int. Stat. Inst. 37, 1960); p of that test,"
    " one-sided, by its normal approximation"
)
TOO_FEW = "too few values for an interval: {first} and {second}"

Strata = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""By what was asked for, the logarithms of both sides' values."""


def stratified_shift(strata: Strata, *, confidence: float = 0.95) -> Shift:
    """Return how many times as large the second side is; `n` counts its values that have an equal.

    `up` is for a ratio above 1. ValueError where no stratum has values on both sides.
    """
    both = [
        (np.sort(np.asarray(first, dtype=float)), np.sort(np.asarray(second, dtype=float)))
        for first, second in strata.values()
        if len(first) and len(second)
    ]
    if not both:
        raise ValueError("nothing on both sides")
    test, spread = _van_elteren(both)
    whole = sum(_weight(*each) * len(each[0]) * len(each[1]) for each in both)
    sizes = [sum(len(each[side]) for each in both) for side in (0, 1)]
    low = high = None
    method = TOO_FEW.format(first=sizes[0], second=sizes[1])
    tail = (1 - confidence) / 2
    if test.least <= tail:
        method = METHOD
        reach = float(stats.norm.isf(tail)) * spread
        low, high = (_at(both, whole / 2 + side * reach) for side in (-1, 1))
    return Shift(
        estimate=Estimate(
            value=ratio(_at(both, whole / 2)),
            low=ratio(low),
            high=ratio(high),
            confidence=confidence,
            n=sizes[1],
            unit="ratio",
            method=method,
        ),
        test=test,
    )


def _weight(first: Floats, second: Floats) -> float:
    """Return what each pair of a stratum counts, by which strata of any size test best together."""
    return 1 / (len(first) + len(second) + 1)


def _van_elteren(both: Sequence[tuple[Floats, Floats]]) -> tuple[OneSided, float]:
    """Return the test, and the standard deviation of its statistic where nothing changed."""
    apart = variance = correction = 0.0
    ways = 1
    for first, second in both:
        m, n, weight = len(first), len(second), _weight(first, second)
        ranks = stats.rankdata(np.round(np.concatenate([first, second]), 12))
        apart += weight * (ranks[m:].sum() - n * (m + n + 1) / 2)
        ties = float(stats.tiecorrect(ranks)) if m + n > 1 else 1.0
        variance += weight**2 * m * n * (m + n + 1) / 12 * ties
        correction = max(correction, weight / 2)
        ways *= comb(m + n, n)
    spread = float(np.sqrt(variance))
    if not spread:
        return OneSided(up=1.0, down=1.0, least=1.0), 0.0
    least = 1 / ways  # the normal curve's tail may be thinner than what so few can come to
    up, down = (
        max(float(stats.norm.sf((side * apart - correction) / spread)), least) for side in (1, -1)
    )
    return OneSided(up=up, down=down, least=least), spread


def _at(both: Sequence[tuple[Floats, Floats]], rank: float) -> float:
    """Return up to which difference the weights of all pairs reach `rank`, from above and below."""
    counts = [(_weight(*each), difference_count(each[1], each[0])) for each in both]
    low = min(float(second[0] - first[-1]) for first, second in both)
    high = max(float(second[-1] - first[0]) for first, second in both)

    def count(value: float) -> float:
        return sum(weight * each(value) for weight, each in counts)

    rounding = 1e-9
    return (
        smallest_with(count, low, high, rank - rounding)
        + smallest_with(count, low, high, rank + rounding)
    ) / 2
