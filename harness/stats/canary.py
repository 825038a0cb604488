"""How unlikely a day's few figures are beside those of the days before, where nothing changed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p, sqrt
from statistics import NormalDist, fmean, median

USUAL_DRIFT, VARIED = 0.07, 0.025
"""By how much the levels of days differ (a standard deviation of logarithms) where nothing is known
yet, and by how much the square of that differs between providers."""

LEAST_DRIFT = 0.06
"""By how much they differ at least: two weeks of days may look more alike than days are."""

OUTLYING = 3.0
"""How many deviations a single figure counts at most."""

LEAST_SPREAD = 0.02
"""By how much equal figures of a day differ at least, as logarithms."""

LEAST_DEGREES = 4
"""How many figures beyond the first of their question say what is usual."""

LEAST_ALIKE = 3
"""How often a question was answered before what is usual for it is known."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How much later figures are above the earlier ones: a ratio, and how likely that is by chance.

    `figures` were compared, of questions that were answered before.
    """

    ratio: float
    p: float
    figures: int


def drift(
    before: Sequence[tuple[str, str, float]], now: Sequence[tuple[str, str, float]]
) -> Shift | None:
    """Compare figures above 0, each behind its day and its question; None where none is of both.

    Logarithms are the sum of a level of the question, one of the day and a rest. A question tells
    the more the better its level is known. Figures of one day are alike: its level is one draw,
    however many there are; its spread is what the earlier days show (analysis of variance, R. A.
    Fisher, 1925), drawn towards `USUAL_DRIFT`, for some days of few figures hardly show it. Single
    figures far out count as `OUTLYING` deviations. One-sided, by Student's t.
    """
    model = _fitted(before)
    if model is None:
        return None
    far = [
        (question, log(figure) - model.levels[question])
        for _, question, figure in now
        if question in model.levels
    ]
    later: dict[str, list[float]] = defaultdict(list)
    for (question, _), shift in zip(far, _drawn_in([x for _, x in far], model.most), strict=True):
        later[question].append(shift)
    if not later:
        return None
    weights = {
        question: 1 / (1 / len(mine) + 1 / model.answered[question])
        for question, mine in later.items()
    }
    whole = sum(weights.values())
    above = sum(weights[question] * fmean(mine) for question, mine in later.items()) / whole
    days = len({day for day, question, _ in now if question in model.levels})
    variance = model.between * (1 / days + 1 / model.days) + model.within / whole
    figures = sum(map(len, later.values()))
    p = student_p(above / sqrt(variance), model.degrees)
    return Shift(ratio=exp(above), p=p, figures=figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """What is usual: the level of each question, the variances within a day and of days."""

    levels: dict[str, float]
    answered: dict[str, int]
    within: float
    between: float
    days: int
    degrees: int
    most: float


def _fitted(before: Sequence[tuple[str, str, float]]) -> _Usual | None:
    """Return what is usual; None where no question was answered twice."""
    by_question: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for day, question, figure in before:
        by_question[question].append((day, log(figure)))
    levels = {each: median(x for _, x in mine) for each, mine in by_question.items()}
    answered = {each: len(mine) for each, mine in by_question.items()}
    rests = [
        (day, (x - levels[each]) * sqrt(len(mine) / (len(mine) - 1)))
        for each, mine in by_question.items()
        if len(mine) > 1
        for day, x in mine
    ]
    degrees = sum(count - 1 for count in answered.values())
    if degrees < LEAST_DEGREES:
        return None
    spread = max(1.4826 * median(abs(rest) for _, rest in rests), LEAST_SPREAD)
    most = OUTLYING * spread
    days: dict[str, list[float]] = defaultdict(list)
    for day, rest in rests:
        days[day].append(rest)
    within, between = _variances([_drawn_in(day, most) for day in days.values()])
    return _Usual(
        levels=levels,
        answered=answered,
        within=within,
        between=between,
        days=len(days),
        degrees=degrees,
        most=most,
    )


def _drawn_in(figures: Sequence[float], most: float) -> list[float]:
    """Return figures, those far out as far from the middle of them as any may be."""
    middle = median(figures) if figures else 0.0
    return [middle + max(min(each - middle, most), -most) for each in figures]


def _variances(days: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the variance within days, and that of their levels."""
    total, number = sum(map(len, days)), len(days)
    means = [fmean(day) for day in days]
    inner = sum((rest - mean) ** 2 for day, mean in zip(days, means, strict=True) for rest in day)
    whole = sum(rest * rest for day in days for rest in day)
    within = inner / (total - number) if total > number else whole / total
    within = max(within, LEAST_SPREAD**2)
    if number == 1:
        return within, USUAL_DRIFT**2
    size = (total - sum(len(day) ** 2 for day in days) / total) / (number - 1)
    grand = fmean(rest for day in days for rest in day)
    outer = sum(len(day) * (mean - grand) ** 2 for day, mean in zip(days, means, strict=True))
    shown = max((outer / (number - 1) - within) / size, 0.0)
    # how far that estimate goes wrong, and how far providers differ, say which counts for how much
    unsure = 2 * (USUAL_DRIFT**2 + within / size) ** 2 / (number - 1)
    trust = VARIED**2 / (VARIED**2 + unsure)
    drifts = trust * shown + (1 - trust) * USUAL_DRIFT**2
    return within, max(drifts, LEAST_DRIFT**2)


def student_p(t: float, degrees: int) -> float:
    """Return how likely a value of Student's t is above this one (D. L. Wallace, 1959)."""
    z = sqrt(degrees * log1p(t * t / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return 1 - NormalDist().cdf(z if t > 0 else -z)


def rank_sum_p(before: Sequence[float], now: Sequence[float]) -> float:
    """Return how likely figures as high as those of `now` are where both are alike; one-sided.

    The rank sum (F. Wilcoxon, Biometrics Bulletin 1, 1945) by the normal approximation, corrected
    for ties and continuity. 1 where one of the two is empty, or all figures are equal.
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
