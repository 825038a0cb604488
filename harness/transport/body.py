"""A reply's body as a value: JSON with its images taken out, an image, or a text's start."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.core.exchange import Picture
from harness.core.jsontype import Json
from harness.transport.pictures import Pictures, looks_like_image, mark

TEXT_AT_MOST = 4096
"""Characters of a body that is not JSON."""

DEEPEST = 64
"""Levels of nesting that are kept: deeper than any reply's, and what every reader of ours bears."""

TOO_DEEP = "(nested too deeply)"

Clean = Callable[[str], str]
"""Takes keys out of a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a body held: see `harness.core.exchange.Reply` for the fields."""

    document: Json = None
    text: str | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)


def read_body(raw: bytes, pictures: Pictures, *, clean: Clean = str) -> Body:
    """Take a complete body apart; never raises, whatever the bytes are.

    A byte that is no UTF-8 is replaced: the rest of a paid reply is worth more than one letter.
    `clean` is applied to every text that is kept. Raises what `pictures` raises on a full disk.
    """
    if not raw.strip():
        return Body()
    if looks_like_image(raw):
        picture = pictures.from_bytes(raw)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    try:
        parsed: Json = json.loads(
            raw.decode("utf-8-sig", "replace"), parse_float=_finite, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        start = raw[: 4 * TEXT_AT_MOST].decode("utf-8", "replace")  # no key is cut in two
        return Body(text=clean(start)[:TEXT_AT_MOST])
    return read_document(parsed, pictures, clean=clean)


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_word: str) -> None:
    """Read NaN and Infinity, which are no JSON, as no value."""


def read_document(parsed: Json, pictures: Pictures, *, clean: Clean = str) -> Body:
    """Replace every image in a JSON value by its mark, and lone surrogates by `?`."""
    found: dict[str, Picture] = {}

    def text(value: str) -> str:
        picture = pictures.from_text(value)
        if picture is None:
            return clean(value.encode("utf-8", "replace").decode("utf-8"))
        found[mark(picture)] = picture
        return mark(picture)

    def stripped(value: Json, levels: int) -> Json:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list | dict) and not levels:
            return TOO_DEEP
        if isinstance(value, list):
            return [stripped(item, levels - 1) for item in value]
        if isinstance(value, dict):
            return {text(key): stripped(item, levels - 1) for key, item in value.items()}
        return value

    return Body(document=stripped(parsed, DEEPEST), pictures=found)
