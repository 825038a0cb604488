"""How sure a quantile is, whatever the distribution behind it, and a share of a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from math import sqrt

import numpy as np
from scipy.special import ndtri  # type: ignore[import-untyped]  # scipy ships no types

from harness.core.verdict import Estimate
from harness.stats.scipy_stats import stats

METHOD = (
    "sample quantile (linear between order statistics) with a distribution-free interval from the"
    " nearest binomial order statistics whose two tails are together at most {alpha:.3g}"
    " (W. J. Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2; H. A. David and"
    " H. N. Nagaraja, Order Statistics, 3rd ed., section 7.1)"
)
TOO_FEW = "too few samples for an interval: n = {n}, {needed} needed"

ROUNDING = 1e-12
"""What sums of binomial terms may be off by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which order statistics bound a quantile, counted from 1, the smallest."""

    low: int
    high: int


@cache
def rank_bounds(n: int, quantile: float, *, confidence: float = 0.95) -> Ranks | None:
    """Return the nearest two order statistics that bound a quantile, or None.

    Between the `low`-th and the `high`-th smallest of `n` independent values lies the quantile of
    their distribution with a probability of at least `confidence`; exactly computed, for any
    distribution. None where `n` values cannot carry both bounds. The tails need not be equal: for a
    p95 equal ones would ask for 72 values in place of 59, and with 100 cover 98.3 % in place of
    96.6 %. Where two pairs are equally good (a median's, mirrored), both are spanned.
    """
    _check(quantile, confidence)
    alpha = 1 - confidence + ROUNDING
    high = np.arange(1, n + 1)
    # The chance that the high-th smallest falls short of the quantile:
    above = stats.binom.sf(high - 1, n, quantile)
    # How many of n values lie below the quantile is binomial: `low` is the largest rank that
    # exceeds it as rarely as the upper tail leaves over.
    low = np.where(above <= alpha, stats.binom.ppf(np.maximum(alpha - above, 0), n, quantile), 0)
    wide = np.where(low >= 1, high - low, np.inf)
    if n == 0 or not np.isfinite(best := wide.min()):
        return None
    below = stats.binom.cdf(low - 1, n, quantile)
    uneven = np.where(wide == best, np.abs(above - below), np.inf)
    best_ranks = np.flatnonzero(uneven <= uneven.min() + ROUNDING)
    return Ranks(low=int(low[best_ranks].min()), high=int(high[best_ranks].max()))


@cache
def fewest_samples(quantile: float, *, confidence: float = 0.95) -> int:
    """Return the smallest n with which `ranks` finds both bounds: 6 at p50, 59 at p95, 299 at p99.

    From then on the smallest and the largest value bound the quantile.
    """
    _check(quantile, confidence)
    alpha = 1 - confidence + ROUNDING
    return next(n for n in count(1) if quantile**n + (1 - quantile) ** n <= alpha)


@cache
def rank_positions(
    n: int, quantile: float, *, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Return where the bounds of a quantile lie between order statistics, counted from 1, or None.

    1.9 is nine tenths of the way from the smallest value to the second. Each tail is half of what
    is allowed: not exactly, as with `ranks`, but within about half a percentage point for any
    smooth distribution, while whole ranks may hold much more (with 8 values a median in 99.2 %).
    Where there is no place with an equal tail above (a p95 of 59 to 71 values), it is `ranks`.

    Source: T. P. Hettmansperger and S. J. Sheather, Statistics & Probability Letters 4 (1986);
    J. Nyblom, Statistics & Probability Letters 14 (1992), for other quantiles than the median.
    """
    whole = rank_bounds(n, quantile, confidence=confidence)
    tail = (1 - confidence) / 2
    if whole is None or max(quantile, 1 - quantile) ** n > tail:
        return None if whole is None else (whole.low, whole.high)
    # Seen from above, the other bound is the lower one of the complement.
    return _place(n, quantile, tail), n + 1 - _place(n, 1 - quantile, tail)


def _place(n: int, quantile: float, tail: float) -> float:
    rank = int(stats.binom.ppf(tail, n, quantile))
    below, above = (float(stats.binom.cdf(place - 1, n, quantile)) for place in (rank, rank + 1))
    odds = rank * (1 - quantile) * (above - tail) / ((n - rank) * quantile * (tail - below))
    return rank + 1 / (1 + odds)


def quantile_estimate(
    values: Sequence[float], quantile: float, *, unit: str, confidence: float = 0.95
) -> Estimate:
    """Return the sample's quantile in `unit` with its distribution-free interval.

    The bounds are missing, and `method` says so, where there are too few samples; the value is
    missing where there are none.
    """
    n = len(values)
    ranks = rank_bounds(n, quantile, confidence=confidence)
    ordered = sorted(values)
    if ranks is None:
        needed = fewest_samples(quantile, confidence=confidence)
        method = TOO_FEW.format(n=n, needed=needed)
    else:
        method = METHOD.format(alpha=1 - confidence)
    return Estimate(
        value=float(np.quantile(ordered, quantile)) if ordered else None,
        low=ordered[ranks.low - 1] if ranks else None,
        high=ordered[ranks.high - 1] if ranks else None,
        confidence=confidence,
        n=n,
        unit=unit,
        method=method,
    )


def median_estimate(values: Iterable[float | None], unit: str = "s") -> Estimate:
    """Return the median in `unit` of those values that are not missing, with its interval."""
    return quantile_estimate([value for value in values if value is not None], 0.5, unit=unit)


def _check(quantile: float, confidence: float) -> None:
    if not 0 < quantile < 1:
        raise ValueError(f"quantile {quantile} is not between 0 and 1")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")


WILSON = "Wilson score interval, two-sided (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)"
NOTHING_COUNTED = "nothing to count: n = 0"


EXACT = "exact binomial interval, two-sided (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934)"


def _exact(count: int, n: int, confidence: float) -> tuple[float, float]:
    bounds = stats.binomtest(count, n).proportion_ci(confidence_level=confidence, method="exact")
    return float(bounds.low), float(bounds.high)


def _wilson(count: int, n: int, confidence: float) -> tuple[float, float]:
    """Return the bounds without `scipy.stats`: every report of a run has some of them."""
    z = float(ndtri(0.5 + 0.5 * confidence))
    p = count / n
    scale = 2 * (n + z**2)
    center = (2 * n * p + z**2) / scale
    reach = z / scale * sqrt(4 * n * p * (1 - p) + z**2)
    return 0.0 if count == 0 else center - reach, 1.0 if count == n else center + reach


def proportion_estimate(
    count: int, n: int, *, confidence: float = 0.95, exact: bool = False
) -> Estimate:
    """Return `count` of `n` as a share between 0 and 1 with its Wilson score interval.

    With `exact` it is the Clopper-Pearson interval, which holds its confidence for any n. Without
    anything to count (n = 0) the value and both bounds are missing. ValueError where `count` is
    not between 0 and `n`.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), pages 209 to 212.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if n == 0:
        return Estimate(
            value=None,
            low=None,
            high=None,
            confidence=confidence,
            n=0,
            unit="share",
            method=NOTHING_COUNTED,
        )
    low, high = (_exact if exact else _wilson)(count, n, confidence)
    value = count / n
    return Estimate(
        value=value,
        low=min(low, value),  # rounding may put a bound of 0 or 1 past the value
        high=max(high, value),
        confidence=confidence,
        n=n,
        unit="share",
        method=EXACT if exact else WILSON,
    )
