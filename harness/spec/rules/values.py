"""JSON values as rules compare them and as documents write them."""

from collections.abc import Iterable

from harness.core.jsonvalue import Json


def short(value: Json) -> str:
    """Return a value as a part of a case's id."""
    match value:
        case str() | int() | float():
            return in_words(value).replace("/", "-").replace(" ", "-")
        case None:
            return "null"
        case dict():
            return "an-object"
        case _:
            return "a-list"


def in_words(value: Json) -> str:
    """Return a scalar as documents write it: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_digits(number: float) -> str:
    """Return a number as one would say it: `1`, not `1.0`."""
    return str(int(number)) if float(number).is_integer() else str(number)


def same(first: Json, second: Json) -> bool:
    """Compare as JSON does: `1` is neither `true` nor `"1"`."""
    return type(first) is type(second) and first == second


def member(value: Json, values: Iterable[Json]) -> bool:
    """Tell whether `value` is one of `values`, compared as JSON."""
    return any(type(value) is type(allowed) and value == allowed for allowed in values)


def listed(value: Json) -> list[Json]:
    """Return the items of a list, or a single value as the only one."""
    return value if isinstance(value, list) else [value]
