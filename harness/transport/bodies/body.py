"""A reply's body as a value: JSON with its images taken out, an image, or a text's start."""

import json
import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.exchange import Picture
from harness.core.jsonvalue import Json
from harness.transport.bodies.bounds import (
    LONG_BYTES,
    SHOWN_BYTES,
    STRING,
    BoundError,
    Room,
    take_values,
)
from harness.transport.bodies.decode import looks_like_image
from harness.transport.bodies.images import ImageCollector, mark
from harness.transport.bodies.scan import Cut

TEXT_AT_MOST = 4096
"""Characters of a body that is not JSON."""

DEEPEST = 64
"""Levels of nesting that are kept: more than any reply has, few enough for all our readers."""

DIGITS_AT_MOST = 300
"""Digits of a whole number; a float holds up to 308."""

TOO_DEEP = "(nested too deeply)"

_JSON_STARTS = re.compile(rb'\s*(?:[{\["0-9tfnNI]|-[0-9I]|$)')
"""How JSON begins, and what Python reads as such."""

_BOM = b"\xef\xbb\xbf"

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


def read_body(
    raw: bytes, pictures: ImageCollector, *, clean: Clean = str, room: Room | None = None
) -> Body:
    """Read a complete body, whatever the bytes are.

    Bytes that are no UTF-8 are replaced: the reply around them is paid for. `clean` is applied to
    every text that is kept. Raises BoundError where the body holds more than `room` allows (by
    default what one reply may hold), and what `pictures` raises on a full disk.
    """
    room = room or Room(pictures.pool)
    if looks_like_image(raw):
        room.images(1)
        picture = pictures.from_bytes(raw)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    return _read_text(raw, raw, _Reading(pictures.from_text, clean, room))


def read_file(
    path: Path, pictures: ImageCollector, *, clean: Clean = str, room: Room | None = None
) -> Body:
    """Read a body that is too large to hold, with the same result as `read_body`.

    The decoder takes its images out on the disk; the text around them is read here. A string that
    is too long to hold is cut to its start, and says by how much. BoundError as above. OSError
    where the disk has no room for an image, or the body cannot be read from it.
    """
    room = room or Room(pictures.pool)
    with path.open("rb") as file:
        start = file.read(SHOWN_BYTES)
    if not looks_like_image(start) and not _may_be_json(start):
        return body_start(start, clean)
    scanned = pictures.decoder.scan(path)
    if scanned.excess:
        raise BoundError(scanned.excess)
    if scanned.whole is not None:
        room.images(1)
        picture = pictures.from_file(scanned.whole)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    if scanned.open:
        return body_start(start, clean)
    word = secrets.token_hex(16)  # so that no text of the provider passes for an image
    images = {f"{word}:{cut.text}": cut.image for cut in scanned.cuts if cut.image is not None}
    long = {f"{word}:{cut.start}": cut for cut in scanned.cuts if cut.image is None}

    def find(text: str) -> Picture | None:
        image = images.get(text)
        return pictures.from_text(text) if image is None else pictures.from_file(image)

    def cleaned(text: str) -> str:
        cut = long.get(text)
        return clean(text) if cut is None else _shown(path, cut, clean)

    return _read_text(_around(path, scanned.cuts, word), start, _Reading(find, cleaned, room))


def _may_be_json(start: bytes) -> bool:
    return _JSON_STARTS.match(start.removeprefix(_BOM)) is not None


def _around(path: Path, cuts: tuple[Cut, ...], word: str) -> bytes:
    """Return a body with a name in place of each image, and of each string that is too long."""
    pieces: list[bytes] = []
    with path.open("rb") as file:
        for cut in cuts:
            name = cut.text if cut.image is not None else str(cut.start)
            pieces += file.read(cut.start - file.tell()), f'"{word}:{name}"'.encode()
            file.seek(cut.end)
        return b"".join((*pieces, file.read()))


def _shown(path: Path, cut: Cut, clean: Clean) -> str:
    """Return the start of a string that is too long, and how many bytes are left out."""
    with path.open("rb") as file:
        file.seek(cut.start + 1)
        inside = STRING.match(file.read(SHOWN_BYTES))
    start = inside[0].decode("utf-8", "replace") if inside else ""
    try:
        text = str(json.loads(f'"{start}"', strict=False))
    except ValueError:
        text = start
    return _cut(text, cut.end - cut.start - 2, clean)


def _cut(start: str, size_bytes: int, clean: Clean) -> str:
    """Return the start of a text of that size, and how much more there is."""
    shown = clean(start.encode("utf-8", "replace").decode("utf-8"))[:TEXT_AT_MOST]
    return f"{shown}... ({size_bytes - len(shown.encode()):,} bytes more)"


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a text is read: what finds its images and cleans its texts, and what it may hold."""

    find: Find
    clean: Clean
    room: Room

    def kept(self, text: str) -> str:
        """Return a text without keys and lone surrogates, or its start. Raises BoundError."""
        if len(text) > (TEXT_AT_MOST if self.room.crowded else LONG_BYTES):
            size_bytes = len(text.encode("utf-8", "replace"))
            return _cut(text[:SHOWN_BYTES], size_bytes, self.clean)
        self.room.text(len(text))
        return self.clean(text.encode("utf-8", "replace").decode("utf-8"))


def _read_text(raw: bytes, start: bytes, reading: _Reading) -> Body:
    """Read JSON, or else what the body starts with."""
    if not raw.strip():
        return Body()
    if not _may_be_json(raw[:SHOWN_BYTES]):
        return body_start(start, reading.clean)
    take_values(raw, reading.room)
    try:
        parsed: Json = json.loads(
            raw.decode("utf-8-sig", "replace"),
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        return body_start(start, reading.clean)
    if parsed is None and raw.strip() != b"null":  # a number that is no value, and nothing else
        return body_start(start, reading.clean)
    return _without_images(parsed, reading)


def body_start(raw: bytes, clean: Clean) -> Body:
    """Return the start of a body as a text, without keys."""
    start = raw[:SHOWN_BYTES].decode("utf-8", "replace")
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
    return _without_images(parsed, _Reading(pictures.from_text, clean, Room(pictures.pool)))


def _without_images(parsed: Json, reading: _Reading) -> Body:
    pictures: dict[str, Picture] = {}

    def replaced(text: str) -> str:
        picture = reading.find(text)
        if picture is None:
            return reading.kept(text)
        reading.room.images(1)
        known = pictures.get(mark(picture))  # of two texts, the odd one has more to tell
        pictures[mark(picture)] = known if known is not None and known.encoding else picture
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
