"""Plain and strange values for parameters of which nothing is known but what the TOML says."""

from collections.abc import Mapping, Sequence
from itertools import islice

from harness.core.jsonvalue import Json
from harness.spec.rules.base import PYTHON_TYPES, Described
from harness.spec.rules.number import between, plus, step_of
from harness.spec.rules.values import member

TEXTS = ("harness-1", "harness-é", "h")
"""Harmless texts for a parameter whose documents do not say what it means."""

_ITEMS: Mapping[str, Sequence[Json]] = {
    "string": TEXTS,
    "integer": (1, 2, 3),
    "number": (0.5, 1.0, 1.5),
    "boolean": (True, False),
}
"""Entries of a list whose items nothing lists and nothing shows, by their type."""


def plain_items(argument: Described, number: int) -> list[Json] | None:
    """Return so many entries of a list as the documents allow them.

    No two are alike as long as there are different ones. None where nothing says what they are.
    """
    known = known_items(argument)
    if not known:
        return None if number else []
    return [known[place % len(known)] for place in range(number)]


def known_items(argument: Described) -> list[Json]:
    """Return the different entries that a list may have: listed, shown, or of its items' type."""
    lists = [value for value in argument.listing if isinstance(value, list)]
    if argument.listing and not lists:
        return list(argument.listing)
    values = [*lists, argument.cheapest, argument.default, *argument.examples]
    shown = [item for value in values if isinstance(value, list) for item in value]
    rule = getattr(argument, "array", None)
    items = shown or _ITEMS.get(rule.items if rule and rule.items else "", ())
    return _different(items)


def known_values(argument: Described) -> list[Json]:
    """Return the values of an object or a list that the TOML names as a whole, each once."""
    named = [argument.cheapest, argument.default, *argument.examples, *argument.listing]
    types = PYTHON_TYPES[argument.type]
    return _different([value for value in named if type(value) in types])


def _different(values: Sequence[Json]) -> list[Json]:
    return [value for at, value in enumerate(values) if not member(value, values[:at])]


def plain_number(argument: Described) -> float:
    """Return a number that costs as little as any: the lower bound, or one above nothing."""
    low, high = argument.bounds
    if low is not None:
        return low
    return 1.0 if high is None else min(high, 1.0)


def numbers(argument: Described, *, most: int) -> list[float]:
    """Return up to so many numbers from a range, its ends and one in the middle first."""
    low, high = argument.bounds
    low = min(0, high or 0) if low is None else low
    high = low + 100 if high is None else high
    step = step_of(low, high)
    steps = max(int((high - low) / step), 1)
    spread = (plus(low, step * (at * steps // most)) for at in range(1, most))
    inside = (number for number in spread if low < number < high)
    return list(dict.fromkeys(islice((low, high, between(low, high), *inside), most)))


def unlisted(argument: Described) -> tuple[Json, ...]:
    """Return values of an argument's own type that its list does not have, nearest first."""
    listed = argument.listing
    of_type: dict[str, tuple[Json, ...]] = {
        "string": ("harness-none",),
        "integer": tuple(_beyond(listed)),
        "number": tuple(_beyond(listed)),
        "object": ({"harness": "none"},),
        "array": (["harness-none"],),
    }
    return tuple(value for value in of_type.get(argument.type, ()) if not member(value, listed))


def _beyond(listed: Sequence[Json]) -> list[Json]:
    known = [number for number in listed if type(number) in (int, float)]
    return [max(known) + 1, min(known) - 1] if known else []  # type: ignore[type-var, operator]
