"""Where figures of all vantage points together hide that the vantage points differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.core.verdict import Estimate
from harness.stats.benchmark.model import AtVantage, Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """Two providers of which another one is faster at another vantage point.

    `faster` is faster than `slower` at `here`, and slower than it at `there`. `decided` says that
    both comparisons are; else their medians' intervals lie apart, at both vantage points.
    """

    workload: str
    faster: str
    slower: str
    here: str
    there: str
    decided: bool


def reversals(by_vantage: Sequence[AtVantage]) -> tuple[Reversal, ...]:
    """Return which comparisons come out the other way round elsewhere, each once."""
    found: dict[tuple[str, frozenset[str]], Reversal] = {}
    for here, there in combinations(by_vantage, 2):
        for reversal in (*_decided(here, there), *_apart(here, there)):
            pair = (reversal.workload, frozenset((reversal.faster, reversal.slower)))
            found.setdefault(pair, reversal)
    return tuple(found.values())


def _decided(here: AtVantage, there: AtVantage) -> Iterator[Reversal]:
    for one, other in zip(here.comparisons, there.comparisons, strict=True):
        if {one.word, other.word} == {"first", "second"}:
            faster = one.first if one.word == "first" else one.second
            yield Reversal(
                workload=one.workload,
                faster=faster,
                slower=one.second if faster == one.first else one.first,
                here=here.vantage,
                there=there.vantage,
                decided=True,
            )


def _apart(here: AtVantage, there: AtVantage) -> Iterator[Reversal]:
    """Yield whose medians lie apart, of one workload and stage, and the other way round there."""
    elsewhere = {(row.workload, row.stage, row.provider): row for row in there.speeds}
    for one, other in _pairs(here.speeds):
        places = [(row.workload, row.stage, row.provider) for row in (one, other)]
        if not all(place in elsewhere for place in places):
            continue
        far_one, far_other = (elsewhere[place] for place in places)
        if _below(one.median, other.median) and _below(far_other.median, far_one.median):
            yield Reversal(
                workload=one.workload,
                faster=one.provider,
                slower=other.provider,
                here=here.vantage,
                there=there.vantage,
                decided=False,
            )


def _pairs(rows: Sequence[Speed]) -> Iterator[tuple[Speed, Speed]]:
    """Yield every two providers that serve a workload exactly under one load, either way round."""
    for one in rows:
        for other in rows:
            alike = (one.workload, one.stage, one.emulated) == (
                *(other.workload, other.stage, other.emulated),
            )
            if alike and one.provider != other.provider and one.fit == other.fit == "exact":
                yield one, other


def _below(one: Estimate, other: Estimate) -> bool:
    return one.high is not None and other.low is not None and one.high < other.low
