"""How sure a share of a whole is."""

from scipy.stats import binomtest  # type: ignore[import-untyped]  # scipy ships no types

from harness.core.verdict import Estimate

METHOD = "Wilson score interval, two-sided (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927)"
NOTHING_COUNTED = "nothing to count: n = 0"


def proportion_estimate(count: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Return `count` of `n` as a share between 0 and 1 with its Wilson score interval.

    Without anything to count (n = 0) the value and both bounds are missing. ValueError where
    `count` is not between 0 and `n`.

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
    bounds = binomtest(count, n).proportion_ci(confidence_level=confidence, method="wilson")
    value = count / n
    return Estimate(
        value=value,
        low=min(float(bounds.low), value),  # rounding may put a bound of 0 or 1 past the value
        high=max(float(bounds.high), value),
        confidence=confidence,
        n=n,
        unit="share",
        method=METHOD,
    )
