"""What a plane of sizes shows, in sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import gcd

from harness.report.pictures.size_limits import (
    ALPHA,
    HYPOTHESES,
    Limit,
    Measure,
    sizes_inside,
    too_few,
)
from harness.report.pictures.size_tries import NOT_ASKED, Kind, Try
from harness.report.text import count
from harness.spec.rules.lattice import Size, text
from harness.store.spool import picked

_TOLERANCE = 0.02
"""By how much a ratio may move where an image was made smaller: edges are whole pixels."""

_LEAST_TOLD = 1e-6
"""Below that, a probability is no more than a form of words."""

SAID: dict[Kind, str] = {
    "refused": "refused, though the documents allow it",
    "other": "came otherwise",
    "wrongly_served": "served, though the documents forbid it",
    "unknown": "no answer, or none about the size",
    "received": "no size asked, received",
    "served": "served as asked",
    "turned_away": "refused, as the documents say",
}
"""What became of a size, in words."""


def limit_sentences(limit: Limit | None, asked: Sequence[Try]) -> Iterator[str]:
    """Yield what the data shows of a limit, or that there are too few sizes to show one."""
    sizes = sizes_inside(asked)
    if limit is None:
        if sizes and too_few(sizes):
            yield (
                f"Only {count(sizes, 'size')} of the documented region got an answer: too few to"
                " tell a limit on sizes from chance."
            )
        return
    yield (
        f"Inside the documented region, {_all(limit.beyond)} sizes {_beyond(limit)} were"
        f" {limit.outcome}, and none of the {limit.before} {_before(limit)}."
        f" {_chance(limit)}"
    )
    if limit.also:
        others = ", ".join(map(_named, limit.also))
        yield f"By {others} the same sizes lie apart: only sizes in between can tell which it is."


def pattern_sentences(asked: Sequence[Try]) -> Iterator[str]:
    """Yield what the sizes that came instead have in common, where all of them do.

    Where no size in pixels was asked, what was asked is named.
    """
    changed = _changed(asked)
    if len(changed) > 1 and (common := _in_common(changed)):
        yield f"{_all(len(changed)).capitalize()} sizes that came otherwise than asked {common}."
    for kind, said in (("other", "In another shape than asked came"), ("refused", "Refused were")):
        words = [one.words for one in asked if one.kind == kind and one.asked is None]
        named = [word for word in dict.fromkeys(words) if word != NOT_ASKED]
        if named:
            more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
            yield f"{said} {'; '.join(named[:_MOST_NAMED])}{more}."


def unhidden(asked: Sequence[Try]) -> Sequence[Try]:
    """Return the requests that can show what the changed ones have in common.

    Where width and height are swapped, no square shows it.
    """
    changed = _changed(asked)
    if not changed or not _swapped(changed):
        return asked
    return picked(asked, lambda one: one.asked is None or one.asked[0] != one.asked[1])


def _changed(asked: Sequence[Try]) -> "Changed":
    others = (one for one in asked if one.kind == "other")
    return sorted({(one.asked, one.received) for one in others if one.asked and one.received})


def _all(number: int) -> str:
    return "both" if number == 2 else f"all {number}"  # noqa: PLR2004 - a pair


_MOST_NAMED = 8
Changed = Sequence[tuple[Size, Size]]


def _swapped(changed: Changed) -> str:
    same = all(came == wanted[::-1] for wanted, came in changed)
    return "have width and height swapped" if same else ""


def _one_size(changed: Changed) -> str:
    (first, times), *_ = Counter(came for _, came in changed).most_common(1)
    return f"came as {text(first)}" if times == len(changed) else ""


def _coarser(changed: Changed) -> str:
    step = gcd(*(edge for _, came in changed for edge in came))
    cut = all(
        edge - got < step and got <= edge
        for wanted, came in changed
        for edge, got in zip(wanted, came, strict=True)
    )
    return f"were cut to multiples of {step} px" if cut else ""


def _smaller(changed: Changed) -> str:
    shrunk = all(
        came[0] < wanted[0] and abs(came[0] * wanted[1] / (came[1] * wanted[0]) - 1) <= _TOLERANCE
        for wanted, came in changed
    )
    return "came smaller in the same shape" if shrunk else ""


def _in_common(changed: Changed) -> str:
    rules = (_swapped, _one_size, _coarser, _smaller)
    return next(filter(None, (rule(changed) for rule in rules)), "")


def _named(measure: Measure) -> str:
    return "height to width" if measure == "shape" else measure


def _beyond(limit: Limit) -> str:
    """Say which sizes lie beyond a limit: `with a height of 2,160 px or more`."""
    if limit.measure == "shape":
        if (limit.near - 1) * (limit.far - 1) <= 0:
            return f"that are {'higher than wide' if limit.above else 'wider than high'}"
        return _shaped(limit.far, above=limit.above)
    return f"with {_figure(limit.measure, limit.far)} or {'more' if limit.above else 'less'}"


def _before(limit: Limit) -> str:
    if limit.measure == "shape":
        return _shaped(limit.near, above=not limit.above)
    return f"with {_figure(limit.measure, limit.near)} or {'less' if limit.above else 'more'}"


def _shaped(ratio: float, *, above: bool) -> str:
    if ratio == 1:
        return "that are square or higher" if above else "that are square or wider"
    if above == (ratio > 1):
        word = "high as wide" if above else "wide as high"
        return f"that are {max(ratio, 1 / ratio):.3g} times as {word}, or more"
    return f"with a height of {ratio:.3g} times the width or {'more' if above else 'less'}"


def _figure(measure: Measure, value: float) -> str:
    if measure == "pixels":
        return f"{value:,.0f} pixels"
    if measure == "ratio":
        return f"a ratio of {value:.3g}:1"
    return f"a {measure} of {value:,.0f} px"


def _chance(limit: Limit) -> str:
    n = limit.beyond + limit.before
    how = f"{limit.beyond} of {n} sizes, looked at in {HYPOTHESES} orders, exact test"
    if too_few(n):
        return f"So few sizes cannot tell that from chance ({n} got an answer)."
    if limit.chance > ALPHA:
        return f"That may be chance (p = {limit.chance:.2g}; {how})."
    return (
        f"Chance explains that with {_probability(limit.chance)} ({how}); what else these requests"
        " have in common may explain it, too."
    )


def _probability(chance: float) -> str:
    return f"p = {chance:.1g}" if chance >= _LEAST_TOLD else f"p < {_LEAST_TOLD:g}"
