"""A reply's body as a value: JSON with its images taken out, an image, or a text's start."""

import json
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.transport.bodies.images import ImageCollector, looks_like_image, mark
from harness.transport.bodies.scan import Cut

TEXT_AT_MOST = 4096
"""Characters of a body that is not JSON."""

_START_BYTES = 4 * TEXT_AT_MOST
"""What such a text is cut out of: no key in it is cut in two."""

DEEPEST = 64
"""Levels of nesting that are kept: deeper than any reply's, and what every reader of ours bears."""

TOO_DEEP = "(nested too deeply)"

Clean = Callable[[str], str]
"""Takes keys out of a text."""

Find = Callable[[str], Picture | None]
"""Tells which image a text is, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a body held: see `harness.core.exchange.Reply` for the fields."""

    document: Json = None
    text: str | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)


def read_body(raw: bytes, pictures: ImageCollector, *, clean: Clean = str) -> Body:
    """Take a complete body apart; never raises, whatever the bytes are.

    A byte that is no UTF-8 is replaced: the rest of a paid reply is worth more than one letter.
    `clean` is applied to every text that is kept. Raises what `pictures` raises on a full disk.
    """
    if looks_like_image(raw):
        picture = pictures.from_bytes(raw)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    return _read_text(raw, raw, pictures.from_text, clean)


def read_file(path: Path, pictures: ImageCollector, *, clean: Clean = str) -> Body:
    """Take a body apart that is too large to hold: the same comes of it as of `read_body`.

    Images leave it on the disk, in the decoder, which is told no text. What else is in it is read
    here. OSError where the disk has no room for an image, or will not give the body back.
    """
    found = pictures.decoder.scan(path)
    if found.whole is not None:
        picture = pictures.from_file(found.whole)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if found.open:
        return _start(start, clean)
    word = secrets.token_hex(16)  # no text of a stranger's is taken for an image
    images = {f"{word}:{cut.text}": cut.image for cut in found.cuts}

    def find(text: str) -> Picture | None:
        image = images.get(text)
        return pictures.from_text(text) if image is None else pictures.from_file(image)

    return _read_text(_around(path, found.cuts, word), start, find, clean)


def _around(path: Path, cuts: tuple[Cut, ...], word: str) -> bytes:
    """Return a body with a name in place of each image."""
    pieces: list[bytes] = []
    with path.open("rb") as file:
        for cut in cuts:
            pieces += file.read(cut.start - file.tell()), f'"{word}:{cut.text}"'.encode()
            file.seek(cut.end)
        return b"".join((*pieces, file.read()))


def _read_text(raw: bytes, start: bytes, find: Find, clean: Clean) -> Body:
    """Read JSON, or else what the body starts with."""
    if not raw.strip():
        return Body()
    try:
        parsed: Json = json.loads(
            raw.decode("utf-8-sig", "replace"), parse_float=_finite, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        return _start(start, clean)
    return _without_images(parsed, find, clean)


def _start(raw: bytes, clean: Clean) -> Body:
    start = raw[:_START_BYTES].decode("utf-8", "replace")
    return Body(text=clean(start)[:TEXT_AT_MOST])


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_word: str) -> None:
    """Read NaN and Infinity, which are no JSON, as no value."""


def read_document(parsed: Json, pictures: ImageCollector, *, clean: Clean = str) -> Body:
    """Replace every image in a JSON value by its mark, and lone surrogates by `?`."""
    return _without_images(parsed, pictures.from_text, clean)


def _without_images(parsed: Json, find: Find, clean: Clean) -> Body:
    pictures: dict[str, Picture] = {}

    def text(value: str) -> str:
        picture = find(value)
        if picture is None:
            return clean(value.encode("utf-8", "replace").decode("utf-8"))
        pictures[mark(picture)] = picture
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

    return Body(document=stripped(parsed, DEEPEST), pictures=pictures)
