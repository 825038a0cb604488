"""A request as Python source: what a reader would type, and what only a run knows as a name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.checks.check import quoted
from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.core.placeholders import ASSETS, THIS_RUN, WEBHOOKS

_MOST_LINE = 88
_MOST_TEXT = 400
_LOOKED_UP = 'json.loads((HERE / "request.json").read_text("utf-8"))["arguments"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the values of a request are called in the test that holds it.

    `uploaded` maps the files that are sent first to their media types; `arguments` are the
    canonical ones, where a text that is too long for a line is looked up.
    """

    uploaded: Mapping[str, str]
    arguments: Mapping[str, Json]


def python_literal(value: Json, words: Words, *, depth: int = 1) -> str:
    """Return a JSON value as a Python expression, `depth` levels deep in its file.

    ValueError where Python has no word for it, or where a long text is none of the arguments.
    """
    match value:
        case str():
            return _text(value, words)
        case dict() if value:
            items = [
                f"{quoted(key)}: {python_literal(one, words, depth=depth + 1)}"
                for key, one in value.items()
            ]
            return _bracketed("{}", items, depth)
        case list() if value:
            return _bracketed(
                "[]", [python_literal(one, words, depth=depth + 1) for one in value], depth
            )
        case float() if not math.isfinite(value):
            raise ValueError(f"JSON has no word for {value}")
        case _:
            return repr(value)


def python_form(parts: tuple[Part, ...], words: Words) -> str:
    """Return a form as the list that httpx takes for `files`: each field a part of its own."""
    return _bracketed("[]", [_part(part, words) for part in parts], 1, always=True)


def python_header(value: str) -> str:
    """Return a header's value, with the run's own word where it has one."""
    if value.startswith(THIS_RUN):
        return f"RUN + {quoted(value.removeprefix(THIS_RUN))}"
    return quoted(value)


def _text(text: str, words: Words) -> str:
    name = text.removeprefix(ASSETS)
    if name != text and name in words.uploaded:
        return f"upload({quoted(name)}, {quoted(words.uploaded[name])})"
    if name != text:
        return f"ASSETS_URL + {quoted('/' + name)}"
    if text.startswith(WEBHOOKS):
        return "WEBHOOK_URL"
    if len(text) <= _MOST_TEXT:
        return quoted(text)
    for argument, value in words.arguments.items():
        if value == text:
            return f"{_LOOKED_UP}[{quoted(argument)}]"
    raise ValueError(f"a text of {len(text):,} characters is none of the arguments")


def _part(part: Part, words: Words) -> str:
    if part.value is not None:
        return f"({quoted(part.name)}, (None, {_text(part.value, words)}))"
    name = quoted(part.filename or "image")
    kind = quoted(part.media_type) if part.media_type else None
    return f"({quoted(part.name)}, ({name}, FILES[{name}].read_bytes(), {kind}))"


def _bracketed(pair: str, items: list[str], depth: int, *, always: bool = False) -> str:
    line = f"{pair[0]}{', '.join(items)}{pair[1]}"
    if not always and len(line) + 4 * depth <= _MOST_LINE and "\n" not in line and depth > 1:
        return line
    inner = "".join(f"{'    ' * (depth + 1)}{item},\n" for item in items)
    return f"{pair[0]}\n{inner}{'    ' * depth}{pair[1]}"
