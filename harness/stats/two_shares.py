"""Whether one share is larger than another, also where attempts come out alike in a row."""

from collections.abc import Sequence
from math import comb, inf, lgamma, sqrt

import numpy as np

from harness.stats.scipy_stats import stats
from harness.stats.tested import OneSided

METHOD = (
    "Fisher's exact test with half the weight of what was observed (mid-p: H. O. Lancaster, J. Am."
    " Stat. Assoc. 56, 1961; M. W. Fagerland, S. Lydersen and P. Laake, Statistical Analysis of"
    " Contingency Tables, 2017, section 4.4), one-sided"
)
BURSTS = (
    "; what comes in a row more often than by chance (A. Wald and J. Wolfowitz, Ann. Math. Stat."
    " 11, 1940), {length:.3g} at a time, counts once: {n} attempts as {effective}"
)
CLUSTERED = 0.002
"""Below this chance attempts that come out alike stand together for a reason."""

Share = tuple[int, int]
"""How many of how many."""


def compared_shares(first: Share, second: Share) -> OneSided:
    """Return the test that the share of `second` is that of `first`; `up` is for a larger one.

    `least` is given how many there are of both together. ValueError for what is no share.
    """
    (count, n), (other, m) = first, second
    if not (0 <= count <= n and 0 <= other <= m):
        raise ValueError(f"{count} of {n} and {other} of {m} are no shares")
    together = count + other
    if not n or not m or together in (0, n + m):
        return OneSided(up=1.0, down=1.0, least=1.0)
    at = stats.hypergeom.pmf(other, n + m, together, m)
    extremes = [max(0, together - n), min(together, m)]
    return OneSided(
        up=float(stats.hypergeom.sf(other, n + m, together, m) + at / 2),
        down=float(stats.hypergeom.cdf(other - 1, n + m, together, m) + at / 2),
        least=float(stats.hypergeom.pmf(extremes, n + m, together, m).min()) / 2,
    )


def run_chance(flags: Sequence[bool]) -> float:
    """Return how likely so few runs of True are where their order is by chance."""
    n, count, runs = len(flags), sum(flags), runs_of(flags)
    if count < 2 or count == n:  # noqa: PLR2004 - one alone stands nowhere together
        return 1.0
    ways = [comb_log(count - 1, r - 1) + comb_log(n - count + 1, r) for r in range(1, runs + 1)]
    return min(float(np.exp(np.array(ways) - comb_log(n, count)).sum()), 1.0)


def runs_of(flags: Sequence[bool]) -> int:
    """Return how many unbroken runs of True there are."""
    return sum(flag and not before for before, flag in zip([False, *flags], flags, strict=False))


def independent(first: Sequence[bool], second: Sequence[bool]) -> tuple[Share, Share, str]:
    """Return how many of how many are True on either side, as if each came by itself, and why.

    Flags stand in the order in which they came. Where those of a side that are True stand together
    more than by chance (p below `CLUSTERED`), each run of them counts as one, and as many fewer of
    all: on both sides, for what comes in a row may as well have come on the other.
    """
    lengths = [sum(flags) / runs_of(flags) for flags in (first, second) if clustered(flags)]
    if not lengths:
        return (sum(first), len(first)), (sum(second), len(second)), ""
    length = max(lengths)
    mine, others = (_shortened(flags, length) for flags in (first, second))
    why = BURSTS.format(n=len(second), effective=others[1], length=length)
    return mine, others, why


def clustered(flags: Sequence[bool]) -> bool:
    """Tell whether those that are True stand together more than by chance."""
    return run_chance(flags) < CLUSTERED


def _shortened(flags: Sequence[bool], length: float) -> Share:
    count, n = round(sum(flags) / length), round(len(flags) / length)
    return count, max(n, count, min(len(flags), 1))


def level_for(n: int, first: float, second: float, *, power: float) -> float:
    """Return the one-sided level at which `n` attempts a side tell two shares apart with `power`.

    By the normal approximation: with more attempts than it takes, less chance of a false alarm is
    enough.
    """
    spread = sqrt((first * (1 - first) + second * (1 - second)) / n) if n else inf
    return float(stats.norm.sf((second - first) / spread - stats.norm.ppf(power)))


def comb_log(n: int, k: int) -> float:
    """Return the logarithm of the number of ways to choose `k` of `n`; minus infinity for none."""
    if not 0 <= k <= n:
        return float("-inf")
    if n < 60:  # noqa: PLR2004 - whole numbers are as quick
        return float(np.log(comb(n, k)))
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
