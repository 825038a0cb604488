"""Whether large images take far longer than small ones: a threshold that no document names."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import median

from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Images
from harness.core.record import Record
from harness.stats.conformance.behaviour import Behaviour
from harness.stats.conformance.time_to_images import seconds_to_images
from harness.stats.grouped import MOST_CASES
from harness.stats.scipy_stats import stats

FACTOR = 3.0
"""How many times as long the median of the large ones takes: model time grows with pixels, and up
to this nothing is remarkable."""

FEWEST = 5
"""Served requests on each side of a threshold."""

ALPHA = 0.001
"""The error rate, for all thresholds of an operation together (Bonferroni)."""


MOST_EXACT = 4_000_000
"""Up to how many pairs of a small and a large image the test is exact; beyond, and with ties, it is
the normal approximation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    case: str
    pixels: int
    seconds: float
    alike: str


class _Alike:
    """The times of all images of one size that were asked for alike, and the first of the cases."""

    def __init__(self, pixels: int, alike: str) -> None:
        self.pixels, self.alike = pixels, alike
        self.seconds = array("d")
        self.cases: list[tuple[int, str]] = []

    def add(self, place: int, timed: _Timed) -> None:
        """Add an image, with the place of its request in the run."""
        self.seconds.append(timed.seconds)
        if len(self.cases) < MOST_CASES:
            self.cases.append((place, timed.case))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Threshold:
    small: Sequence[_Alike]
    large: Sequence[_Alike]
    p_value: float

    @property
    def factor(self) -> float:
        return _median(self.large) / _median(self.small)


def slow_sizes(records: Iterable[Record]) -> tuple[Behaviour, ...]:
    """Return a row for each operation whose images above some size take `FACTOR` times as long.

    Only what the documents promise to serve counts: of a value that they forbid, nobody knows what
    was made. An exact Mann-Whitney test (one-sided) of the seconds to images above and below each
    size that was served, by the decoded pixels; the threshold with the smallest p counts. Where
    requests of one quality, count and stream stand on both sides, their medians must differ as
    much: else it may be the quality that takes so long.
    """
    groups: dict[tuple[str, str], dict[tuple[int, str], _Alike]] = defaultdict(dict)
    for at, record in enumerate(records):
        timed = _timed(record)
        if timed is not None:
            group = groups[record.shot.case.provider, record.shot.case.operation]
            kind = timed.pixels, timed.alike
            group.setdefault(kind, _Alike(*kind)).add(at, timed)
    found = ((place, _threshold([*group.values()])) for place, group in groups.items())
    return tuple(_behaviour(*place, best) for place, best in found if best is not None)


def _timed(record: Record) -> _Timed | None:
    outcome, seconds = record.outcome, seconds_to_images(record)
    promised = record.shot.case.expect == "accept"
    if not promised or not isinstance(outcome, Images) or seconds is None:
        return None
    pixels = max(
        ((image.width_px or 0) * (image.height_px or 0) for image in outcome.pictures), default=0
    )
    arguments: Mapping[str, Json] = record.shot.case.arguments
    alike = canonical([arguments.get(name) for name in ("quality", "n", "stream")])
    case = record.shot.case.id
    return _Timed(case=case, pixels=pixels, seconds=seconds, alike=alike) if pixels else None


def _threshold(group: Sequence[_Alike]) -> _Threshold | None:
    sizes = sorted({timed.pixels for timed in group})
    splits = [
        (
            [timed for timed in group if timed.pixels <= low],
            [timed for timed in group if timed.pixels > low],
        )
        for low, _ in pairwise(sizes)
    ]
    splits = [split for split in splits if min(map(_number, split)) >= FEWEST]
    tested = [
        _Threshold(small=small, large=large, p_value=_p_value(small, large))
        for small, large in splits
    ]
    tested = [
        threshold
        for threshold in tested
        if threshold.p_value * len(splits) < ALPHA
        and threshold.factor >= FACTOR
        and _alike_differ(threshold)
    ]
    return min(tested, key=lambda threshold: (threshold.p_value, -threshold.factor), default=None)


def _number(side: Sequence[_Alike]) -> int:
    return sum(len(alike.seconds) for alike in side)


def _seconds(side: Sequence[_Alike]) -> list[float]:
    return [*chain.from_iterable(alike.seconds for alike in side)]


def _p_value(small: Sequence[_Alike], large: Sequence[_Alike]) -> float:
    """Return the chance of such an order if the size made no difference (exact without ties)."""
    above, below = _seconds(large), _seconds(small)
    ties = len({*above, *below}) < len(above) + len(below)
    method = "asymptotic" if ties or len(above) * len(below) > MOST_EXACT else "exact"
    return float(stats.mannwhitneyu(above, below, alternative="greater", method=method).pvalue)


def _alike_differ(threshold: _Threshold) -> bool:
    """Tell whether requests that differ in nothing else known show the factor as well."""
    sides = [
        (
            [timed for timed in threshold.small if timed.alike == alike],
            [timed for timed in threshold.large if timed.alike == alike],
        )
        for alike in dict.fromkeys(timed.alike for timed in (*threshold.small, *threshold.large))
    ]
    both = [(small, large) for small, large in sides if small and large]
    return bool(both) and all(_median(large) >= FACTOR * _median(small) for small, large in both)


def _median(side: Sequence[_Alike]) -> float:
    return median(_seconds(side))


def _behaviour(provider: str, operation: str, best: _Threshold) -> Behaviour:
    large, small = _number(best.large), _number(best.small)
    last = max(timed.pixels for timed in best.small)
    first = min(timed.pixels for timed in best.large)
    text = (
        f"images of {first:,} pixels and more took {best.factor:.1f} times as long as those of"
        f" {last:,} and fewer: median {_median(best.large):.2f} s (n = {large}) against"
        f" {_median(best.small):.2f} s (n = {small}), Mann-Whitney p = {best.p_value:.1g}"
    )
    return Behaviour(
        provider=provider,
        operation=operation,
        kind="slow_above_size",
        text=text,
        times=large,
        cases=tuple(
            case for _, case in sorted(chain.from_iterable(alike.cases for alike in best.large))
        )[:MOST_CASES],
    )
