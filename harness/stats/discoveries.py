"""Which of many comparisons are discoveries, at a bound on the share of false ones among them."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import inf

METHOD = (
    "Benjamini and Hochberg's procedure over all comparisons (J. R. Stat. Soc. B 57, 1995),"
    " weighted by kind (C. R. Genovese, K. Roeder and L. Wasserman, Biometrika 93, 2006), without"
    " those that could not have come to anything (R. E. Tarone, Biometrics 46, 1990; P. B. Gilbert,"
    " J. R. Stat. Soc. C 54, 2005)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One comparison of many.

    `p` is its p-value, `least` the smallest that it could have come to. `share` is which part of
    the level it would have alone in its `family`; it has as much less as there are more of them.
    """

    p: float
    least: float
    family: Hashable
    share: float


def adjusted(hypotheses: Sequence[Hypothesis], level: float) -> tuple[float, ...]:
    """Return the p-values so adjusted that those up to `level` are the discoveries.

    The shares of the families must come to at most 1, so that the weights' mean does not pass 1,
    and they must not follow from what is tested. One that is left out has 1.
    """
    sizes = {
        family: _counted([each for each in hypotheses if each.family == family], level)
        for family in Counter(each.family for each in hypotheses)
    }
    alone = [
        each.p * sizes[each.family] / each.share
        if each.share and each.least * sizes[each.family] <= level * each.share
        else inf
        for each in hypotheses
    ]
    order = sorted(range(len(alone)), key=lambda place: alone[place], reverse=True)
    found, best = [1.0] * len(alone), 1.0
    for before, place in enumerate(order):
        best = min(best, alone[place] / (len(alone) - before))
        found[place] = 1.0 if alone[place] == inf else best
    return tuple(found)


def _counted(family: Sequence[Hypothesis], level: float) -> int:
    """Return Tarone's number: how many of a family count where those that cannot do not."""
    return next(
        (
            number
            for number in range(1, len(family) + 1)
            if sum(each.least * number <= level * each.share for each in family) <= number
        ),
        len(family),
    )
