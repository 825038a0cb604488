"""Time to pixels of the same requests in two runs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from harness.comparing.figures.rows import Name, Row, name_of, rows_of
from harness.comparing.model import Comparison, Sample
from harness.stats.paired import BEYOND, paired_shift
from harness.stats.stratified import stratified_shift
from harness.stats.survival import CensoredTimes, censored_quantile
from harness.stats.tested import Shift

SHORTEST_S = 1e-6
"""What a clock may read as no time at all."""


def times_of(base: Sequence[Sample], head: Sequence[Sample]) -> Iterator[Comparison]:
    """Yield a comparison of time for each row that has any: by pairs, else by equal questions.

    Refused, failed and cut off requests tell no time; a timeout is longer than it was waited for.
    """
    short = {name for name, _ in _short(base)} | {name for name, _ in _short(head)}
    for row in rows_of(base, head, lambda each: _timed(each) and name_of(each) not in short):
        pairs = [(log, pair) for pair in row.paired if (log := _log_ratio(*pair)) is not None]
        if pairs:
            mine, others = ([pair[side] for _, pair in pairs] for side in (0, 1))
            shift = paired_shift([log for log, _ in pairs])
            yield replace(_comparison(row, shift, mine, others), pairs=len(pairs))
        elif strata := _strata(row):
            yield _comparison(row, stratified_shift(strata), row.base, row.head)


def time_obstacles(base: Sequence[Sample], head: Sequence[Sample]) -> Iterator[str]:
    """Yield a sentence for each operation whose times are our own more than the provider's."""
    in_head = {name_of(each) for each in head if _timed(each)}
    for name, median_s in dict([*_short(head), *_short(base)]).items():
        if name in in_head:
            yield (
                f"{' '.join(filter(None, name))}: times are not compared: replies took"
                f" {median_s:.2g} s at the median, which is as long as our own work takes"
            )


def _short(samples: Sequence[Sample]) -> Iterator[tuple[Name, float]]:
    """Yield the operations of a run for conformance that take less than `OWN_S`, and how long."""
    seconds: dict[Name, list[float]] = {}
    for each in samples:
        if not each.workload and each.end == "served" and each.seconds is not None:
            seconds.setdefault(name_of(each), []).append(each.seconds)
    for name, took in seconds.items():
        if median(took) < OWN_S:
            yield name, median(took)


OWN_S = 0.5
"""A run for conformance decodes and checks while it waits: a tenth of less than this may be its
own. The emulator's replies are that quick unless it is told otherwise."""


def _timed(sample: Sample) -> bool:
    return sample.end in ("served", "timeout") and sample.seconds is not None


def _comparison(
    row: Row, shift: Shift, base: Sequence[Sample], head: Sequence[Sample]
) -> Comparison:
    provider, operation, workload = row.name
    mine, others = (
        censored_quantile(
            CensoredTimes(
                seconds=tuple(each.seconds or 0.0 for each in samples),
                ended=tuple(each.end == "served" for each in samples),
            ),
            0.5,
        )
        for samples in (base, head)
    )
    return Comparison(
        kind="slower",
        provider=provider,
        operation=operation,
        workload=workload,
        promise="",
        base=mine,
        head=others,
        change=shift.estimate,
        p=shift.test.up,
        p_better=shift.test.down,
        method=shift.estimate.method,
        least_p=shift.test.least,
    )


def _log_ratio(base: Sample, head: Sample) -> float | None:
    """Return the logarithm of how many times as long it took; None where nobody can say.

    Where one was served sooner than the other was waited for, at least the direction is known.
    """
    apart = _log_s(head) - _log_s(base)
    match base.end, head.end:
        case "served", "served":
            return apart
        case "served", "timeout":
            return BEYOND if apart >= 0 else None
        case "timeout", "served":
            return -BEYOND if apart <= 0 else None
        case _:
            return None


def _log_s(sample: Sample) -> float:
    return math.log(max(sample.seconds or 0.0, SHORTEST_S))


def _strata(row: Row) -> dict[str, tuple[list[float], list[float]]]:
    """Return the logarithms of both sides' seconds by question; timeouts are above all of them.

    One that was waited for shorter than another took is left out: it may have been quicker.
    """
    strata: dict[str, tuple[list[float], list[float]]] = {}
    for question, sides in row.questions.items():
        longest = max(
            (_log_s(each) for side in sides for each in side if each.end == "served"),
            default=math.inf,
        )
        mine, others = (
            [
                _log_s(each) if each.end == "served" else BEYOND
                for each in side
                if each.end == "served" or _log_s(each) >= longest
            ]
            for side in sides
        )
        if mine and others:
            strata[repr(question)] = mine, others
    return strata
