"""How unlikely a day's few figures are beside those of the days before, where nothing changed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import comb, log, sqrt
from statistics import NormalDist, fmean, median

RANK_SUM = (
    "rank sum (F. Wilcoxon, Biometrics Bulletin 1, 1945; normal approximation, ties and continuity "
    "corrected) of the logarithms, each less the median of the same question's earlier ones"
)
EXACT = "exact test of two shares (R. A. Fisher, 1935), one-sided"

LEAST_DRIFT = 0.06
"""By how much the levels of two days differ at least (a standard deviation, of logarithms): two
weeks of days may look more alike than days are."""

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
    before: Sequence[tuple[str, str, float]], now: Sequence[tuple[str, str, float]]
) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Return by how much each figure is above the usual for its question, as logarithms, by day.

    A figure above 0 stands behind its day and its question. A question that was answered less than
    `LEAST_ALIKE` times before is left out. An earlier figure is compared with the *other* earlier
    ones: it would else seem closer to them than a new one can be.
    """
    known: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for day, question, figure in before:
        known[question].append((day, log(figure)))
    logs = {
        question: [each for _, each in days]
        for question, days in known.items()
        if len(days) >= LEAST_ALIKE
    }
    earlier = [
        (day, figure - median(mine[:place] + mine[place + 1 :]))
        for question, mine in logs.items()
        for place, (day, figure) in enumerate(known[question])
    ]
    later = [(day, log(figure) - median(logs[each])) for day, each, figure in now if each in logs]
    return earlier, later


def drift_p(before: Sequence[tuple[str, float]], now: Sequence[tuple[str, float]]) -> float:
    """Return how likely a mean as high as that of `now` is, where days differ from each other.

    Each figure stands behind its day. Figures of one day are alike: its level is one draw, however
    many there are. The spread of days is what the earlier ones show beyond that within days
    (analysis of variance, R. A. Fisher, 1925), and `LEAST_DRIFT` at least. One-sided; 1 where one
    of the two is empty.
    """
    if not before or not now:
        return 1.0
    days: dict[str, list[float]] = defaultdict(list)
    for day, figure in before:
        days[day].append(figure)
    means = {day: fmean(figures) for day, figures in days.items()}
    total, number = len(before), len(days)
    degrees = max(total - number, 1)
    within = sum((figure - means[day]) ** 2 for day, figure in before) / degrees
    grand = fmean(figure for _, figure in before)
    between = 0.0
    if number > 1:
        spread = sum(len(days[day]) * (means[day] - grand) ** 2 for day in days) / (number - 1)
        size = (total - sum(len(each) ** 2 for each in days.values()) / total) / (number - 1)
        between = max((spread - within) / size, 0.0)
    between = max(between, LEAST_DRIFT**2)
    later = {day for day, _ in now}
    variance = between * (1 / number + 1 / len(later)) + within * (1 / total + 1 / len(now))
    return 1 - NormalDist().cdf((fmean(figure for _, figure in now) - grand) / sqrt(variance))


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
