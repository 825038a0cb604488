"""Where the value of an argument stands on the wire: at one place, or at two for a size.

The words of a request are canonical: a size is one text, `1024x768`. Where a provider wants it as
two whole numbers, it is put apart here and put together again when a request is read.
"""

import json
import re
from collections.abc import Callable

from harness.core.jsonvalue import Json, canonical
from harness.spec.rules.base import Described

Take = Callable[[str], tuple[bool, Json]]
"""Takes what stands at a place of a request away from it, and tells whether there was anything."""


def placed(argument: Described, value: Json) -> tuple[tuple[str, Json], ...]:
    """Return each place that a value takes on the wire, with what stands there.

    None where the argument has no place for such a value.
    """
    pair = _PAIR.fullmatch(value) if argument.edges and isinstance(value, str) else None
    if argument.edges and pair is not None:
        return tuple(zip(argument.edges, map(json.loads, pair.groups()), strict=True))
    return ((argument.wire, value),) if argument.wire else ()


_EDGE = r'(0|-?[1-9]\d{0,5}|"[^"\\]{0,20}")'
_PAIR = re.compile(f"{_EDGE}x{_EDGE}", re.ASCII)
"""A size, and what is nearly one: an edge that is a text (`"1024"x1024`), or no positive number."""


def can_be_sent(argument: Described, value: Json) -> bool:
    """Tell whether there is a place on the wire for a value."""
    return bool(placed(argument, value))


def taken(argument: Described, take: Take) -> Json:
    """Take an argument's value out of a request; None where it is not there, or null."""
    if argument.edges is not None:
        (has_width, width), (has_height, height) = map(take, argument.edges)
        if has_width or has_height:
            return f"{_edge(width)}x{_edge(height)}"
    contents = (take(place)[1] for place in (argument.wire, *argument.also) if place)
    return next((content for content in contents if content is not None), None)


def _edge(value: Json) -> str:
    """Return one edge as text; what is no whole number makes no size of it."""
    return "" if value is None else canonical(value)
