"""How unlikely a day's few figures are beside those of the days before, where nothing changed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import comb, log, sqrt
from statistics import NormalDist, median

RANK_SUM = (
    "rank sum (F. Wilcoxon, Biometrics Bulletin 1, 1945; normal approximation, ties and continuity "
    "corrected) of the logarithms, each less the median of the same question's earlier ones"
)
EXACT = "exact test of two shares (R. A. Fisher, 1935), one-sided"

LEAST_ALIKE = 3
"""How often a question was answered before what is usual for it is known."""


def share_p(few: tuple[int, int], many: tuple[int, int]) -> float:
    """Return how likely so many of the `few`, or more, are where both shares are equal.

    Each is (count, of how many); 1 where one of them counts nothing. One-sided, exact.
    """
    (count, of), (others, all_others) = few, many
    if not of or not all_others:
        return 1.0
    total, marked = of + all_others, count + others
    ways = sum(
        comb(of, found) * comb(all_others, marked - found)
        for found in range(count, min(of, marked) + 1)
    )
    return ways / comb(total, marked)


def shifts(
    before: Sequence[tuple[str, float]], now: Sequence[tuple[str, float]]
) -> tuple[list[float], list[float]]:
    """Return by how much each figure is above the usual for its question, as logarithms.

    Pairs are a question and a figure above 0. A question that was answered less than `LEAST_ALIKE`
    times before is left out. An earlier figure is compared with the *other* earlier ones: it would
    else seem closer to them than a new one can be.
    """
    known: dict[str, list[float]] = defaultdict(list)
    for question, figure in before:
        known[question].append(log(figure))
    known = {each: logs for each, logs in known.items() if len(logs) >= LEAST_ALIKE}
    earlier = [
        figure - median(logs[:place] + logs[place + 1 :])
        for logs in known.values()
        for place, figure in enumerate(logs)
    ]
    later = [log(figure) - median(known[each]) for each, figure in now if each in known]
    return earlier, later


def rank_sum_p(before: Sequence[float], now: Sequence[float]) -> float:
    """Return how likely figures as high as those of `now` are where both are alike; one-sided.

    1 where one of the two is empty, or all figures are equal.
    """
    if not before or not now:
        return 1.0
    m, n = len(before), len(now)
    counts = Counter((*before, *now))
    ranks, below = {}, 0
    for figure in sorted(counts):
        ranks[figure] = below + (counts[figure] + 1) / 2
        below += counts[figure]
    ties = sum(count**3 - count for count in counts.values())
    variance = m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))
    if variance <= 0:
        return 1.0
    above = sum(ranks[figure] for figure in now) - n * (n + 1) / 2
    z = (above - m * n / 2 - 0.5) / sqrt(variance)
    return 1 - NormalDist().cdf(z)
