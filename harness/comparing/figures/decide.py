"""Which comparisons are changes: Benjamini and Hochberg over all of them, and a practical size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.comparing.figures.sentences import sentence_of
from harness.comparing.model import Change, ChangeKind, Comparison, Standing, Thresholds
from harness.stats.discoveries import Hypothesis, adjusted
from harness.stats.two_shares import level_for

Way = Literal["worse", "better"]
Place = tuple[ChangeKind, str]
"""A kind of figure of one provider."""

SHARES: Mapping[ChangeKind, float] = {
    "failing": 20 / 30,
    "slower": 2 / 30,
    "dearer": 6 / 30,
    "flaky": 1 / 30,
    "authenticity": 1 / 30,
}
"""How the level of an alarm is spent by kind; together at most 1. To see a failure rate go from 2
to 10 % in 200 requests takes a level of 1.1 % even with the best test there can be; a median that
is 20 % slower shows in 60 pairs at a far stricter one; prices by tokens hardly vary, so that a
liberal one costs nothing. tests/benchmarks/gate.md has the figures."""

WHOLE = 0.8
"""What all of a provider gets of a kind's share where its rows are compared as well."""

FEWEST = 150
"""With fewer requests on a side no bearable level shows such a rate: then as little is spent on it
as on the other kinds, and only a far larger one is certain."""

FEW = 1.5 / 30
"""The share of failure rates of fewer requests."""

SEEN = (0.02, 0.10)
"""The change of a failure rate that is to be seen."""

POWER = 0.93
"""How often it is to be seen. With more requests than it takes the level is as strict as that
allows."""

MOST_LEVEL = 0.02
"""The level at which 200 requests see it, of which `SHARES` are the shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    comparison: Comparison
    way: Way
    standing: Standing
    p_adjusted: float | None


def decided(comparisons: Sequence[Comparison], thresholds: Thresholds) -> Iterator[Change]:
    """Yield a change for each comparison that is one, certain or suspected.

    It is one where its figure moved by its threshold, and its p-value, adjusted for all
    comparisons, is within `alarm` (certain), or within `suspicion` where all weigh alike
    (suspected; only for the worse). Without a p nothing is left to chance: it is certain. All of a
    provider is told only where none of its rows is, as far as that is as sure.
    """
    worse = _judged(comparisons, thresholds, "worse")
    better = [
        each for each in _judged(comparisons, thresholds, "better") if each.standing == "certain"
    ]
    for each in (*_told(worse), *_told(better)):
        yield Change(
            kind=each.comparison.kind,
            direction=each.way,
            standing=each.standing,
            provider=each.comparison.provider,
            sentence=sentence_of(each.comparison, each.way, each.standing, thresholds),
            operation=each.comparison.operation,
            workload=each.comparison.workload,
            promise=each.comparison.promise,
            comparison=each.comparison,
            p_adjusted=each.p_adjusted,
        )


def moved(comparison: Comparison, thresholds: Thresholds, way: Way) -> bool:
    """Tell whether a figure moved that way by at least its threshold."""
    change, kind = comparison.change, comparison.kind
    if change.value is None:
        return _open_ended(comparison, way)
    if kind in ("slower", "dearer"):
        least = 1 + (thresholds.slower if kind == "slower" else thresholds.dearer)
        ratio = change.value if way == "worse" else 1 / max(change.value, ROUNDING)
        return ratio >= least - ROUNDING and not _ours(comparison, thresholds)
    points = {
        "failing": thresholds.failing,
        "flaky": thresholds.flaky,
        "authenticity": thresholds.authenticity,
    }[kind]
    fewer_is_worse = kind == "authenticity"
    sign = 1 if (way == "worse") != fewer_is_worse else -1
    return sign * change.value >= points - ROUNDING


ROUNDING = 1e-9


def _open_ended(comparison: Comparison, way: Way) -> bool:
    """Tell which way a ratio went that is beyond all that was waited for."""
    if comparison.kind != "slower" or comparison.p is None or comparison.p_better is None:
        return False
    return (comparison.p < comparison.p_better) == (way == "worse")


def _ours(comparison: Comparison, thresholds: Thresholds) -> bool:
    """Tell whether a time moved by so little that it may be our own machine's."""
    change, base = comparison.change.value, comparison.base.value
    if comparison.kind != "slower" or change is None or base is None:
        return False
    return abs(change - 1) * base < thresholds.slower_s


def may_be_ours(comparison: Comparison) -> bool:
    """Tell whether a time moved by no more than our own process was late, on a busy machine."""
    change, base = comparison.change.value, comparison.base.value
    if comparison.kind != "slower" or change is None or base is None:
        return False
    return abs(change - 1) * base < comparison.own_s


def _judged(comparisons: Sequence[Comparison], thresholds: Thresholds, way: Way) -> list[_Judged]:
    tested = [(each, p) for each in comparisons if (p := _p(each, way)) is not None]
    alarm = adjusted(_weighed(tested), thresholds.alarm)
    suspicion = adjusted(
        [Hypothesis(p=p, least=each.least_p, family="", share=1.0) for each, p in tested],
        thresholds.suspicion,
    )
    found = [
        _Judged(comparison=each, way=way, standing="certain", p_adjusted=None)
        for each in comparisons
        if _p(each, way) is None
    ]
    for (each, _), sure, likely in zip(tested, alarm, suspicion, strict=True):
        if sure <= thresholds.alarm and not may_be_ours(each):
            found.append(_Judged(comparison=each, way=way, standing="certain", p_adjusted=sure))
        elif likely <= thresholds.suspicion:
            found.append(_Judged(comparison=each, way=way, standing="suspected", p_adjusted=likely))
    return [each for each in found if moved(each.comparison, thresholds, way)]


def _p(comparison: Comparison, way: Way) -> float | None:
    return comparison.p if way == "worse" else comparison.p_better


def _weighed(tested: Sequence[tuple[Comparison, float]]) -> list[Hypothesis]:
    """Return the comparisons with what is spent on each; nothing of it follows from its p."""
    rows = {_provider(each) for each, _ in tested if not _whole(each)}
    both = {_provider(each) for each, _ in tested if _whole(each)} & rows
    divided = {kind for kind, _ in both}
    return [
        Hypothesis(
            p=p,
            least=each.least_p,
            family=(each.kind, _of_whole(each, both)),
            share=_share(each) * _part(each, both, divided),
        )
        for each, p in tested
    ]


def _part(comparison: Comparison, both: set[Place], divided: set[ChangeKind]) -> float:
    if comparison.kind not in divided:
        return 1.0
    return WHOLE if _of_whole(comparison, both) else 1 - WHOLE


def _of_whole(comparison: Comparison, both: set[Place]) -> bool:
    """Tell whether a comparison is of all that was asked of its provider."""
    return _whole(comparison) or _provider(comparison) not in both


def _whole(comparison: Comparison) -> bool:
    return comparison.kind in ("slower", "failing") and not comparison.operation


def _provider(comparison: Comparison) -> Place:
    return comparison.kind, comparison.provider


def _share(comparison: Comparison) -> float:
    """Return a comparison's share of the level, by its kind and how many samples it has."""
    share = SHARES[comparison.kind]
    if comparison.kind != "failing":
        return share
    if comparison.change.n < FEWEST:
        return FEW
    needed = level_for(comparison.change.n, *SEEN, power=POWER)
    return share * min(needed / MOST_LEVEL, 1.0)


def _told(judged: Sequence[_Judged]) -> list[_Judged]:
    """Return what is told: rows in place of their provider where they are as sure, and not both."""
    sure = {_provider(each.comparison) for each in judged if _is(each, "certain", whole=True)}
    rows = {_provider(each.comparison) for each in judged if _is(each, "certain", whole=False)}
    some = {_provider(each.comparison) for each in judged if not _whole(each.comparison)}

    def told(each: _Judged) -> bool:
        of = _provider(each.comparison)
        if _whole(each.comparison):
            return of not in (rows if each.standing == "certain" else some)
        return each.standing == "certain" or of not in sure

    return [each for each in judged if told(each)]


def _is(judged: _Judged, standing: Standing, *, whole: bool) -> bool:
    return judged.standing == standing and _whole(judged.comparison) == whole
