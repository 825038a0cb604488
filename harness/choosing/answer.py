"""The choice in a sentence."""

from collections.abc import Sequence

from harness.choosing.model import Candidate, Standing
from harness.choosing.words import listing, price

EMULATED = "Measured on the emulator, which says nothing about the real providers: "
_WORDS: dict[Standing, str] = {
    "undecided": "not decided:",
    "near": "only near it by the documents:",
    "excluded": "excluded:",
}


def answer(candidates: Sequence[Candidate], *, emulated: bool) -> str:
    """Return which provider it is, or why nobody can be named yet."""
    qualified = [each for each in candidates if each.standing == "qualifies"]
    said = _first(qualified) if qualified else _nobody(candidates)
    marked = emulated and any(each.emulated for each in candidates)
    if marked:
        return f"{EMULATED}{said}."
    named = any(said.startswith(each.provider) for each in candidates)  # a name stays as it is
    return f"{said}." if named else f"{said[0].upper()}{said[1:]}."


def _nobody(candidates: Sequence[Candidate]) -> str:
    names: dict[Standing, list[str]] = {}
    for each in candidates:
        names.setdefault(each.standing, []).append(each.provider)
    if len(names.get("excluded", ())) == len(candidates):
        return f"no provider can do this work: {_all(len(candidates))} excluded"
    parts = [f"{word} {listing(names[each])}" for each, word in _WORDS.items() if each in names]
    return f"no provider qualifies for certain: {'; '.join(parts)}"


def _all(number: int) -> str:
    return "the only one is" if number == 1 else f"all {number} are"


def _first(qualified: Sequence[Candidate]) -> str:
    first = [each for each in qualified if each.place == 1]
    unranked = [each for each in qualified if each.place is None]
    if not first:
        names = listing([each.provider for each in qualified])
        return f"{names} {_verb(len(qualified), 'qualify')}{_unranked(unranked, names='')}"
    names = listing([each.provider for each in first])
    if len(qualified) == 1:
        return f"only {names} qualifies{_cost(first)}"
    apart = ", not told apart" if len(first) > 1 else ""
    said = f"{names} {_verb(len(first), 'come')} first of {_among(qualified, unranked)}{apart}"
    if len(qualified) - len(unranked) == 1:
        said = f"of {len(qualified)} that qualify, only {names} has a certain price"
    others = listing([each.provider for each in unranked]) if unranked else ""
    return f"{said}{_cost(first)}{_unranked(unranked, names=f'{others} ')}"


def _among(qualified: Sequence[Candidate], unranked: Sequence[Candidate]) -> str:
    """Say how many are ranked, and how many of those that qualify are not."""
    if not unranked:
        return f"{len(qualified)} that qualify"
    return (
        f"{len(qualified) - len(unranked)} with a certain price, of {len(qualified)} that qualify"
    )


def _unranked(unranked: Sequence[Candidate], *, names: str) -> str:
    """Say what would rank those whose price in US dollars is not certain."""
    hints = [
        f"--exchange-rate {each.provider}=USD"
        if each.usd is None
        else f"a live run of {each.provider}"
        for each in unranked
    ]
    return f"; {names}not ranked by price: {listing(hints)} would decide" if hints else ""


def _cost(first: Sequence[Candidate]) -> str:
    (one, *others) = first
    if others or one.usd is None:
        return ""
    month = f", {price(one.month)} a month" if one.month is not None else ""
    return f": {price(one.usd)} a usable image{month}"


def _verb(number: int, verb: str) -> str:
    if number > 1:
        return verb
    return f"{verb[:-1]}ies" if verb.endswith("y") else f"{verb}s"
