"""By how much two shares differ, counted in the same blocks."""

from collections.abc import Sequence
from math import sqrt

from harness.core.verdict import Estimate
from harness.stats.intervals import NOTHING_COUNTED
from harness.stats.scipy_stats import stats

METHOD = (
    "difference of two shares; interval by squaring and adding those of Wilson (R. G. Newcombe,"
    " Statistics in Medicine 17, 1998, method 10), each with the effective sample size that is left"
    " where attempts of one block come out alike (E. L. Korn and B. I. Graubard, Survey"
    " Methodology 24, 1998)"
)

Counts = Sequence[tuple[int, int]]
"""Of each block, how many of how many."""


def difference_estimate(first: Counts, second: Counts, *, confidence: float = 0.95) -> Estimate:
    """Return the share of `first` less that of `second`, in percentage points.

    Value and bounds are missing where one of the two has nothing to count; `n` is how many were
    counted in `first`.
    """
    n, others = (sum(number for _, number in counts) for counts in (first, second))
    if not n or not others:
        return Estimate(
            value=None,
            low=None,
            high=None,
            confidence=confidence,
            n=n,
            unit="percentage points",
            method=NOTHING_COUNTED,
        )
    share, low, high = _wilson(first, confidence)
    other, other_low, other_high = _wilson(second, confidence)
    value = share - other
    return Estimate(
        value=100 * value,
        low=100 * (value - sqrt((share - low) ** 2 + (other_high - other) ** 2)),
        high=100 * (value + sqrt((high - share) ** 2 + (other - other_low) ** 2)),
        confidence=confidence,
        n=n,
        unit="percentage points",
        method=METHOD,
    )


def _wilson(counts: Counts, confidence: float) -> tuple[float, float, float]:
    """Return a share with its score interval."""
    share = sum(count for count, _ in counts) / sum(number for _, number in counts)
    n = _effective(counts, share)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # Rounding may put a bound of 0 or 1 past the share.
    return share, min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


def _effective(counts: Counts, share: float) -> float:
    """Return as how many independent attempts these count; never as more than there are."""
    n, blocks = sum(number for _, number in counts), len(counts)
    if blocks < 2:  # noqa: PLR2004 - one block shows no spread
        return n
    squares = sum((count - share * number) ** 2 for count, number in counts)
    variance = blocks / (blocks - 1) * squares / n**2
    return min(share * (1 - share) / variance, n) if variance else n
