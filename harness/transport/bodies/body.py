"""A reply's body as a value: JSON with its images taken out, an image, or a text's start."""

import json
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.transport.bodies.decode import looks_like_image
from harness.transport.bodies.images import ImageCollector, mark
from harness.transport.bodies.scan import Cut

TEXT_AT_MOST = 4096
"""Characters of a body that is not JSON."""

_START_BYTES = 4 * TEXT_AT_MOST
"""Read of such a body before keys are taken out, so that none is cut in two."""

DEEPEST = 64
"""Levels of nesting that are kept: more than any reply has, few enough for all our readers."""

DIGITS_AT_MOST = 300
"""Digits of a whole number; a float holds up to 308."""

TOO_DEEP = "(nested too deeply)"

Clean = Callable[[str], str]
"""Takes keys out of a text."""

Find = Callable[[str], Picture | None]
"""Returns the image that a text is, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a body held: see `harness.core.exchange.Reply` for the fields."""

    document: Json = None
    text: str | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)


def read_body(raw: bytes, pictures: ImageCollector, *, clean: Clean = str) -> Body:
    """Read a complete body; never raises, whatever the bytes are.

    Bytes that are no UTF-8 are replaced: the reply around them is paid for. `clean` is applied to
    every text that is kept. Raises what `pictures` raises on a full disk.
    """
    if looks_like_image(raw):
        picture = pictures.from_bytes(raw)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    return _read_text(raw, raw, pictures.from_text, clean)


def read_file(path: Path, pictures: ImageCollector, *, clean: Clean = str) -> Body:
    """Read a body that is too large to hold, with the same result as `read_body`.

    The decoder takes its images out on the disk; the text around them is read here. OSError where
    the disk has no room for an image, or the body cannot be read from it.
    """
    scanned = pictures.decoder.scan(path)
    if scanned.whole is not None:
        picture = pictures.from_file(scanned.whole)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if scanned.open:
        return _start(start, clean)
    word = secrets.token_hex(16)  # so that no text of the provider passes for an image
    images = {f"{word}:{cut.text}": cut.image for cut in scanned.cuts}

    def find(text: str) -> Picture | None:
        image = images.get(text)
        return pictures.from_text(text) if image is None else pictures.from_file(image)

    return _read_text(_around(path, scanned.cuts, word), start, find, clean)


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
            raw.decode("utf-8-sig", "replace"),
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        return _start(start, clean)
    return _without_images(parsed, find, clean)


def _start(raw: bytes, clean: Clean) -> Body:
    start = raw[:_START_BYTES].decode("utf-8", "replace")
    return Body(text=clean(start)[:TEXT_AT_MOST])


def _whole(digits: str) -> int | None:
    """Read a whole number; one that no float can hold, as no value: Python may not write it."""
    return int(digits) if len(digits) <= DIGITS_AT_MOST else None


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

    def replaced(text: str) -> str:
        picture = find(text)
        if picture is None:
            return clean(text.encode("utf-8", "replace").decode("utf-8"))
        pictures[mark(picture)] = picture
        return mark(picture)

    def stripped(content: Json, levels: int) -> Json:
        if isinstance(content, str):
            return replaced(content)
        if isinstance(content, list | dict) and not levels:
            return TOO_DEEP
        if isinstance(content, list):
            return [stripped(entry, levels - 1) for entry in content]
        if isinstance(content, dict):
            return {replaced(key): stripped(entry, levels - 1) for key, entry in content.items()}
        return content

    return Body(document=stripped(parsed, DEEPEST), pictures=pictures)
