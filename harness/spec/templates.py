"""Texts with `{name}` in them: paths, headers and values of a query; filled, and read back."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import quote, unquote, urlencode

from harness.core.jsonvalue import Json, canonical

SLOT = re.compile(r"\{([^{}]*)\}")


def slots(template: str) -> tuple[str, ...]:
    """Return the names in a template, each once, in order."""
    return tuple(dict.fromkeys(SLOT.findall(template)))


def as_text(value: Json) -> str:
    """Return a value as it is written where there is only text: `true`, not `True`."""
    return value if isinstance(value, str) else canonical(value)


def filled(template: str, values: Mapping[str, Json]) -> str | None:
    """Return a template with its values; None where one of them is missing."""
    if any(values.get(name) is None for name in slots(template)):
        return None
    return SLOT.sub(lambda slot: as_text(values[slot[1]]), template)


def path_of(template: str, values: Mapping[str, Json]) -> str:
    """Return a path with its values, quoted; one that is missing leaves its place empty.

    A `/` in a value stays: a model may be called `black-forest-labs/flux`. No value walks up.
    """
    return SLOT.sub(lambda slot: _segments(as_text(values.get(slot[1]) or "")), template)


def segment(text: str) -> str:
    """Return a text as one segment of a path, whatever is in it."""
    dots = text in (".", "..")  # clients and servers alike would walk up the path
    return "%2E" * len(text) if dots else quote(text, safe="", errors="replace")


def _segments(text: str) -> str:
    return "/".join(map(segment, text.split("/")))


def query_of(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a query with its question mark; nothing where there is none."""
    text = urlencode(pairs, quote_via=quote, safe="", errors="replace")
    return f"?{text}" if text else ""


def values_of(template: str, text: str) -> dict[str, str] | None:
    """Return what a text holds in a template's places; None where it does not fit."""
    found = re.fullmatch(_pattern(template), text)
    return found and dict(zip(slots(template), found.groups(), strict=True))


def path_values(template: str, path: str) -> dict[str, str] | None:
    """Return what the end of a path holds in a template's places; None where it does not fit.

    A place that still holds its own name was not filled.
    """
    found = re.search(rf"{_pattern(template)}\Z", path)
    if found is None:
        return None
    values = dict(zip(slots(template), map(unquote, found.groups()), strict=True))
    return {name: value for name, value in values.items() if value not in ("", f"{{{name}}}")}


@cache
def _pattern(template: str) -> str:
    """Return the pattern of a filled template; a name that comes again is the same again."""
    pattern = ""
    groups: dict[str, int] = {}
    literals = SLOT.split(template)
    for literal, name in zip(literals[::2], [*literals[1::2], None], strict=True):
        pattern += re.escape(literal)
        if name is None:
            break
        pattern += rf"\{groups[name]}" if name in groups else r"([^?#]*?)"
        groups.setdefault(name, len(groups) + 1)
    return pattern
