"""The places of those that qualify: only what is certain puts one before another."""

from collections.abc import Sequence
from dataclasses import replace

from harness.choosing.evidence import Faster
from harness.choosing.model import Candidate, Standing, UnitPrice

_ORDER: tuple[Standing, ...] = ("qualifies", "undecided", "near", "excluded")


def placed(candidates: Sequence[Candidate], faster: Faster) -> tuple[Candidate, ...]:
    """Return the candidates with their places, by place and then by standing and name.

    One is better than another where it is cheaper for certain; where the two prices are not told
    apart, where the pair tests tell that it is faster. A place is one more than the number of those
    that are better. Who does not qualify, or has no certain price in US dollars, has none.
    """
    ranked = [
        each
        for each in candidates
        if each.standing == "qualifies" and each.usd is not None and each.usd.status == "documented"
    ]
    places = {
        each.provider: 1 + sum(_better(other, each, faster) for other in ranked) for each in ranked
    }
    given = [replace(each, place=places.get(each.provider)) for each in candidates]
    return tuple(sorted(given, key=_order))


def _order(each: Candidate) -> tuple[bool, int, int, str]:
    return each.place is None, each.place or 0, _ORDER.index(each.standing), each.provider


def _better(one: Candidate, other: Candidate, faster: Faster) -> bool:
    if one.usd is None or other.usd is None or one is other:
        return False
    if cheaper(one.usd, other.usd):
        return True
    tied = not cheaper(other.usd, one.usd)
    return tied and faster.get((one.provider, other.provider), False)


def cheaper(one: UnitPrice, other: UnitPrice) -> bool:
    """Tell whether a price is below another for certain."""
    return other.low is not None and one.high < other.low
