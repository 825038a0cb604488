"""How sure a quantile is, whatever the distribution behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

import pandas as pd
from scipy.stats import binom  # type: ignore[import-untyped]  # scipy ships no types

from harness.core.verdict import Estimate

METHOD = (
    "sample quantile (linear between order statistics) with a distribution-free interval from"
    " binomial order statistics, each tail at most {tail:.3g} (W. J. Conover, Practical"
    " Nonparametric Statistics, 3rd ed., section 3.2; H. A. David and H. N. Nagaraja, Order"
    " Statistics, 3rd ed., section 7.1)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which order statistics bound a quantile, counted from 1, the smallest."""

    low: int
    high: int


def ranks(n: int, quantile: float, *, confidence: float = 0.95) -> Ranks | None:
    """Return the tightest order statistics that bound a quantile with equal tails, or None.

    Between the `low`-th and the `high`-th smallest of `n` independent values lies the quantile of
    their distribution with a probability of at least `confidence`; exactly computed, for any
    distribution. None where `n` values cannot carry both bounds.
    """
    _check(quantile, confidence)
    tail = (1 - confidence) / 2
    # How many of n values lie below the quantile is binomial: `low` is the largest rank that
    # exceeds it with a chance of at most `tail`, `high` the smallest that falls short as rarely.
    low = int(binom.ppf(tail, n, quantile))
    high = int(binom.isf(tail, n, quantile)) + 1
    return Ranks(low=low, high=high) if low >= 1 and high <= n else None


@cache
def fewest(quantile: float, *, confidence: float = 0.95) -> int:
    """Return the smallest n with which `ranks` finds both bounds."""
    _check(quantile, confidence)
    tail = (1 - confidence) / 2
    return next(n for n in count(1) if max(quantile, 1 - quantile) ** n <= tail)


def estimate(
    values: Sequence[float], quantile: float, *, unit: str, confidence: float = 0.95
) -> Estimate:
    """Return the sample's quantile in `unit` with its distribution-free interval.

    The bounds are missing, and `method` says so, where there are too few samples; the value is
    missing where there are none.
    """
    n = len(values)
    found = ranks(n, quantile, confidence=confidence)
    ordered = sorted(values)
    if found is None:
        needed = fewest(quantile, confidence=confidence)
        method = f"too few samples for an interval: n = {n}, {needed} needed"
    else:
        method = METHOD.format(tail=(1 - confidence) / 2)
    return Estimate(
        value=float(pd.Series(ordered).quantile(quantile)) if ordered else None,
        low=ordered[found.low - 1] if found else None,
        high=ordered[found.high - 1] if found else None,
        confidence=confidence,
        n=n,
        unit=unit,
        method=method,
    )


def _check(quantile: float, confidence: float) -> None:
    if not 0 < quantile < 1:
        raise ValueError(f"quantile {quantile} is not between 0 and 1")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
