"""Whether one figure of a size separates what was not served as asked from what was.

A document that names no such limit says nothing of it, and neither does a finding about one size.
The chance is exact: were the failures of k of n sizes drawn at random, they would be the k
outermost by a given measure with 1 / C(n, k) (Fisher's exact test where nothing is mixed). All
measures, in both directions, and all outcomes that were looked at multiply it (Bonferroni).
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from harness.report.pictures.size_tries import Kind, Try
from harness.spec.rules.lattice import Size, area
from harness.stats.exact import chance_of_more

Measure = Literal["width", "height", "longer edge", "shorter edge", "pixels", "ratio", "shape"]
"""By what sizes are put in order; `ratio` is long to short, `shape` is height to width."""

_MEASURES: dict[Measure, Callable[[Size], float]] = {
    "longer edge": max,
    "pixels": area,
    "height": lambda size: size[1],
    "width": lambda size: size[0],
    "shorter edge": min,
    "ratio": lambda size: max(size) / min(size),
    "shape": lambda size: size[1] / size[0],
}

_OUTCOMES: dict[frozenset[Kind], str] = {
    frozenset({"refused"}): "refused",
    frozenset({"other"}): "served in another size",
    frozenset({"unknown"}): "left without an answer",
    frozenset({"refused", "other"}): "refused or served in another size",
}
HYPOTHESES = 2 * len(_MEASURES)
"""In how many orders the sizes are looked at, for each outcome."""

_FEWEST = 2
"""Sizes on either side."""

ALPHA = 0.05
"""The chance above which an order of the sizes tells nothing yet."""

DRAWN = 0.1
"""The chance above which a limit is told and not drawn.

The chance is a bound: what fails at random is drawn as a limit less than once in a hundred times.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A figure beyond which every size came to the same, and before which none did.

    `near` and `far` are the outermost figures on either side: between them nothing was asked. `far`
    is above `near` where `above`. `also` are other measures that separate the same sizes. `chance`
    bounds how likely that is if the figure makes no difference.
    """

    measure: Measure
    above: bool
    near: float
    far: float
    outcome: str
    beyond: int
    before: int
    also: tuple[Measure, ...]
    chance: float


def limit_of(asked: Iterable[Try]) -> Limit | None:
    """Return the limit that shows inside what is documented; None where no figure separates.

    Only requests that the documents allow count, each size once: beyond the limit all requests of
    all sizes, two at least, came to the same, and before it none did. What got no answer counts
    only where having none is the outcome. The outcome that chance explains least counts, and of
    several measures the one with the widest gap.
    """
    by_size = _answers(asked)
    happened = {kind for kinds in by_size.values() for kind in kinds}
    looked_at = [kinds for kinds in _OUTCOMES if kinds <= happened]
    found = [_of_outcome(by_size, kinds, len(looked_at)) for kinds in looked_at]
    return min(filter(None, found), key=lambda limit: limit.chance, default=None)


def _of_outcome(
    by_size: Mapping[Size, AbstractSet[Kind]], kinds: frozenset[Kind], outcomes: int
) -> Limit | None:
    counted = [(size, _counted(answers, kinds)) for size, answers in by_size.items()]
    beyond = {size for size, answers in counted if answers and answers <= kinds}
    before = {size for size, answers in counted if answers and not answers & kinds}
    mixed = any(answers & kinds and not answers <= kinds for _, answers in counted)
    if mixed or min(len(beyond), len(before)) < _FEWEST:
        return None
    return _separating(beyond, before, _OUTCOMES[kinds], outcomes)


def sizes_inside(asked: Iterable[Try]) -> int:
    """Count the sizes that the documents allow and that got an answer that may be about them."""
    return len(_answers(asked))


def too_few(sizes: int) -> bool:
    """Tell whether so many sizes cannot tell a limit from chance, wherever it lies."""
    return math.comb(sizes, sizes // 2) < HYPOTHESES / ALPHA


def _answers(asked: Iterable[Try]) -> Mapping[Size, AbstractSet[Kind]]:
    by_size: dict[Size, set[Kind]] = {}
    for one in asked:
        if one.asked is not None and one.promised and one.telling:
            by_size.setdefault(one.asked, set()).add(one.kind)
    return by_size


def _counted(answers: AbstractSet[Kind], kinds: AbstractSet[Kind]) -> AbstractSet[Kind]:
    return answers if "unknown" in kinds else answers - {"unknown"}


def _separating(
    beyond: Collection[Size], before: Collection[Size], outcome: str, outcomes: int
) -> Limit | None:
    found = sorted(_splits(beyond, before), key=lambda split: -split[0])
    if not found:
        return None
    _, measure, above, near, far = found[0]
    once = chance_of_more(len(beyond), len(beyond), 0, len(before))
    return Limit(
        measure=measure,
        above=above,
        near=near,
        far=far,
        outcome=outcome,
        beyond=len(beyond),
        before=len(before),
        also=tuple(dict.fromkeys(split[1] for split in found[1:])),
        chance=min(1.0, once * HYPOTHESES * outcomes),
    )


def _splits(
    beyond: Collection[Size], before: Collection[Size]
) -> Iterator[tuple[float, Measure, bool, float, float]]:
    """Yield the measures that separate two groups: the gap's share of all, name and borders."""
    for name, measure in _MEASURES.items():
        far, near = ([measure(size) for size in group] for group in (beyond, before))
        for above in (True, False):
            outer, inner = (min(far), max(near)) if above else (max(far), min(near))
            if (outer > inner) == above and outer != inner:
                yield _gap(outer, inner, (*far, *near)), name, above, inner, outer


def _gap(outer: float, inner: float, figures: Sequence[float]) -> float:
    return abs(math.log(outer / inner)) / math.log(max(figures) / min(figures))
