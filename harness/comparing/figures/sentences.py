"""A change of a figure in a sentence: how much, how sure, and from when on it counts."""

from decimal import Decimal
from typing import Literal

from harness.comparing.model import ChangeKind, Comparison, Standing, Thresholds
from harness.core.money import unit_of
from harness.core.verdict import Estimate

Way = Literal["worse", "better"]

WORDS: dict[tuple[ChangeKind, Way], str] = {
    ("slower", "worse"): "slower",
    ("slower", "better"): "faster",
    ("failing", "worse"): "fails more often",
    ("failing", "better"): "fails less often",
    ("dearer", "worse"): "dearer",
    ("dearer", "better"): "cheaper",
    ("flaky", "worse"): "broken more often",
    ("flaky", "better"): "broken less often",
    ("authenticity", "worse"): "fewer images",
    ("authenticity", "better"): "more images",
}


LATE_S = 0.02
"""An event loop beside other work is late by less, and it changes no time that counts."""


def sentence_of(
    comparison: Comparison, way: Way, standing: Standing, thresholds: Thresholds
) -> str:
    """Return what moved, in one line without an end stop."""
    if comparison.kind == "authenticity":
        where, of = comparison.provider, f" {comparison.promise}"
    else:
        names = (
            comparison.provider,
            comparison.workload or comparison.operation,
            comparison.promise,
        )
        where, of = " ".join(filter(None, names)), ""
    late = comparison.own_s >= LATE_S and standing != "certain"
    doubt = "" if standing == "certain" else f"; {standing}"
    doubt += f" (our own process woke up {comparison.own_s:.2g} s late)" if late else ""
    word = WORDS[comparison.kind, way]
    return (
        f"{where}: {word}{of}: {_figures(comparison)}; {_threshold(comparison, thresholds)}{doubt}"
    )


def _figures(comparison: Comparison) -> str:
    change = comparison.change
    if comparison.kind == "slower":
        much = "far longer" if change.value is None else f"{change.value:.2f} times as long"
        both = _both(comparison, " s")
        return f"median time to pixels {much} ({_sure(comparison, '.2f')}), {both}"
    if comparison.kind == "dearer":
        much = f"{change.value or 0:.3g} times"
        both = _both(comparison, f" {unit_of(Decimal(2), comparison.head.unit)}")
        return f"an image costs {much} as much ({_sure(comparison, '.2f')}), {both}"
    points = "points" if change.value is None else f"{change.value:+.1f} points"
    return f"{_shares(comparison)}, {points} ({_interval(change, '+.1f')})"


def _sure(comparison: Comparison, form: str) -> str:
    n = comparison.change.n
    if comparison.p is None:
        return f"{n} question{'s' * (n != 1)}, nothing left to chance"
    counted = (
        f"{comparison.pairs} pair{'s' * (comparison.pairs != 1)}"
        if comparison.pairs
        else f"{comparison.head.n} and {comparison.base.n} requests"
    )
    return f"{_interval(comparison.change, form)}; {counted}"


def _interval(change: Estimate, form: str) -> str:
    if change.low is None and change.high is None:
        return "too few for an interval"
    low, high = (
        "?" if bound is None else format(bound, form) for bound in (change.low, change.high)
    )
    return f"{change.confidence * 100:g} %: {low} to {high}"


def _both(comparison: Comparison, unit: str) -> str:
    head, base = (
        "longer than was waited for" if each.value is None else f"{each.value:.3g}{unit}"
        for each in (comparison.head, comparison.base)
    )
    return f"{head} in place of {base}"


def _shares(comparison: Comparison) -> str:
    head, base = (
        f"{round((each.value or 0) * each.n)} of {each.n}"
        for each in (comparison.head, comparison.base)
    )
    return f"{head} in place of {base}"


def _threshold(comparison: Comparison, thresholds: Thresholds) -> str:
    match comparison.kind:
        case "slower":
            return f"threshold {1 + thresholds.slower:.2f}"
        case "dearer":
            return f"threshold {1 + thresholds.dearer:.3g}"
        case "failing":
            return f"threshold {thresholds.failing:g} points"
        case "flaky":
            return f"threshold {thresholds.flaky:g} points"
        case _:
            return f"threshold {thresholds.authenticity:g} points"
