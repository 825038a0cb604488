"""The figures of a canary beside those of the days before: time, failures, price, authenticity."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp
from statistics import median
from typing import Protocol

from harness.comparing.model import Baseline, ChangeKind, Sample
from harness.core.outcome import ErrorClass
from harness.stats.canary import drift, rank_sum_p, shifts
from harness.stats.exact import chance_of_more
from harness.watching.model import Day

SLOWER = 1.2
"""How many times as long a request takes, at the median, before that is worth an alert."""

OURS_S = 0.1
"""What is added to each time: of so much, a busy machine of ours makes the half or the double."""

DEARER = 1.01
FAILING_POINTS = 5.0
AUTHENTIC_POINTS = 20.0

OUTAGES: frozenset[ErrorClass] = frozenset(
    ("quota", "rate_limit", "server", "timeout", "network", "protocol", "job_failed", "unknown")
)
"""Classes of errors that say nothing of a request: the next one like it may be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A figure that moved: how likely that is by chance, whether it is enough, and in words."""

    p: float
    enough: bool
    sentence: str
    cases: tuple[str, ...] = ()


class Figure(Protocol):
    """Compares what was shown before with what is shown now, at one provider; None where it cannot.

    With `back`, in the other direction: how much better it became.
    """

    def __call__(
        self,
        before: Sequence[Baseline],
        now: Sequence[Baseline],
        provider: str,
        *,
        back: bool = False,
    ) -> Moved | None:
        """Return how the figure moved."""
        ...


def shown_on(days: Sequence[Day]) -> list[Baseline]:
    """Return all that days showed, what was asked again among it."""
    return [each for day in days for each in (day.shown, *day.again)]


def _samples(shown: Sequence[Baseline], provider: str) -> Iterator[Sample]:
    for baseline in shown:
        for sample in baseline.samples:
            if sample.provider == provider and sample.end != "cut_off":
                yield sample


# ------------------------------------------------------------------------------ time and price
def slower(
    before: Sequence[Baseline], now: Sequence[Baseline], provider: str, *, back: bool = False
) -> Moved | None:
    """Compare the times of what was served, each with those of its own question; None without any.

    With `back`, how much faster it became.
    """
    sides = list(_times(before, provider)), list(_times(now, provider))
    signed = [
        [(day, each, 1 / seconds if back else seconds) for day, each, seconds in side]
        for side in sides
    ]
    shift = drift(*signed)
    if shift is None:
        return None
    times = 1 / shift.ratio if back else shift.ratio
    return Moved(
        p=shift.p,
        enough=shift.ratio >= SLOWER,
        sentence=f"{'faster' if back else 'slower'}: {provider} takes {times:.2f} times as long as "
        f"before ({shift.figures} requests beside {len(sides[0])} earlier ones)",
    )


def dearer(
    before: Sequence[Baseline], now: Sequence[Baseline], provider: str, *, back: bool = False
) -> Moved | None:
    """Compare what an image costs, each with the price of its own question."""
    return _ratio(
        list(_prices(before, provider)),
        list(_prices(now, provider)),
        least=DEARER,
        words=("cheaper" if back else "dearer", f"an image of {provider} costs {{}} as much"),
        back=back,
    )


_Timed = tuple[str, str, float]
"""A day, a question and a figure."""


def _times(shown: Sequence[Baseline], provider: str) -> Iterator[_Timed]:
    for baseline in shown:
        for each in _samples([baseline], provider):
            if each.end == "served" and each.seconds and each.fit == "exact":
                yield baseline.run[:10], each.question, each.seconds + OURS_S


def _prices(shown: Sequence[Baseline], provider: str) -> Iterator[_Timed]:
    for baseline in shown:
        for each in _samples([baseline], provider):
            if each.end == "served" and each.images and each.spent:
                yield baseline.run[:10], each.question, float(each.spent) / each.images


def _ratio(
    before: Sequence[_Timed],
    now: Sequence[_Timed],
    *,
    least: float,
    words: tuple[str, str],
    back: bool,
) -> Moved | None:
    """Compare figures by their ranks."""
    sign = -1 if back else 1
    earlier, later = ([(day, sign * shift) for day, shift in each] for each in shifts(before, now))
    if not later:
        return None
    p = rank_sum_p([each for _, each in earlier], [each for _, each in later])
    times = exp(median(each for _, each in later))
    word, sentence = words
    return Moved(
        p=p,
        enough=times >= least,
        sentence=f"{word}: {sentence.format(f'{times**sign:.2f} times')} "
        f"({len(later)} requests beside {len(earlier)} earlier ones)",
    )


# ------------------------------------------------------------------------------ failures
def failing(
    before: Sequence[Baseline], now: Sequence[Baseline], provider: str, *, back: bool = False
) -> Moved | None:
    """Compare how many requests fail: of the valid ones, and of all, whichever tells more.

    A question that fails each time is a promise broken, and is no failure rate.
    """
    found = [
        moved
        for few, many, what in (
            (_failed(now, provider), _failed(before, provider), "valid requests"),
            (_outages(now, provider), _outages(before, provider), "requests"),
        )
        if few[1] and many[1]
        for moved in [_share(few, many, what, provider, back=back)]
    ]
    return min(found, key=lambda moved: (not moved.enough, moved.p), default=None)


def _share(
    few: tuple[int, int], many: tuple[int, int], what: str, provider: str, *, back: bool
) -> Moved:
    points = 100 * (few[0] / few[1] - many[0] / many[1])
    if back:
        p = chance_of_more(few[1] - few[0], few[1], many[1] - many[0], many[1])
    else:
        p = chance_of_more(*few, *many)
    return Moved(
        p=p,
        enough=(-points if back else points) >= FAILING_POINTS,
        sentence=f"failing: {few[0]} of {few[1]} {what} of {provider} failed, "
        f"{many[0]} of {many[1]} before",
    )


def _failed(shown: Sequence[Baseline], provider: str) -> tuple[int, int]:
    """Return how many valid requests ended in a failure, of how many."""
    ends: dict[str, list[bool]] = defaultdict(list)
    for sample in _samples(shown, provider):
        if sample.end != "refused":
            ends[sample.question].append(sample.end in ("failed", "timeout"))
    several = len(ends) > 1
    kept = [each for each in ends.values() if not (several and len(each) > 1 and all(each))]
    return sum(map(sum, kept)), sum(map(len, kept))


def _outages(shown: Sequence[Baseline], provider: str) -> tuple[int, int]:
    """Return how many requests of all came to an error that says nothing of them."""
    count = of = 0
    for baseline in shown:
        sent: dict[str, int] = {}
        for row in baseline.errors:
            if row.provider == provider:
                sent[row.operation] = max(row.of, sent.get(row.operation, 0))
                count += row.count if row.error_class in OUTAGES else 0
        of += max(sum(sent.values()), _asked(baseline, provider))
    return min(count, of), of


def _asked(baseline: Baseline, provider: str) -> int:
    """Return how many requests a run sent at least: it says of errors only, of how many they are.

    Those are the valid ones, and the refusals whose shape was looked at.
    """
    refused: dict[str, int] = {}
    for promise in baseline.promises:
        if (promise.provider, promise.kind) == (provider, "reply") and "refus" in promise.promise:
            refused[promise.operation] = max(promise.tried, refused.get(promise.operation, 0))
    return len([*_samples([baseline], provider)]) + sum(refused.values())


# ------------------------------------------------------------------------------ authenticity
def less_authentic(
    before: Sequence[Baseline], now: Sequence[Baseline], provider: str, *, back: bool = False
) -> Moved | None:
    """Compare how many images are drawn as asked, signed, fresh: the figure that moved most."""
    found = []
    for figure in ("drawn as asked", "with a manifest", "signed by the maker", "fresh"):
        few, many = _shown(now, provider, figure), _shown(before, provider, figure)
        if few[1] and many[1]:
            points = 100 * (many[0] / many[1] - few[0] / few[1])
            missing, usual = (few[1] - few[0], few[1]), (many[1] - many[0], many[1])
            found.append(
                Moved(
                    p=chance_of_more(*few, *many) if back else chance_of_more(*missing, *usual),
                    enough=(-points if back else points) >= AUTHENTIC_POINTS,
                    sentence=f"authenticity: {few[0]} of {few[1]} images of {provider} are "
                    f"{figure}, {many[0]} of {many[1]} before",
                )
            )
    return min(found, key=lambda moved: (not moved.enough, moved.p), default=None)


def _shown(shown: Sequence[Baseline], provider: str, figure: str) -> tuple[int, int]:
    rows = [
        row
        for baseline in shown
        for row in baseline.authenticity
        if (row.provider, row.figure) == (provider, figure)
    ]
    return sum(row.count for row in rows), sum(row.of for row in rows)


FIGURES: dict[ChangeKind, Figure] = {
    "slower": slower,
    "failing": failing,
    "dearer": dearer,
    "authenticity": less_authentic,
}
"""What is measured of each canary, by the kind of change that it may show."""
