"""Secrets in an image's bytes: in its texts (PNG, EXIF, XMP, C2PA), after its end, or anywhere.

Pixels are packed, so nothing is looked for in them but the bare keys.
"""

import mmap
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.sensitive.search import Search

TEXT_AT_MOST = 1024 * 1024
"""Bytes of one text that are searched, unpacked; of a file of no known format at both its ends."""

ALL_AT_MOST = 8 * 1024 * 1024
"""Bytes of all texts of an image that are searched in every spelling."""

PIECE_BYTES = 4 * 1024 * 1024
"""How much of a file is searched for the bare keys at once."""

Raw = bytes | mmap.mmap


class _Text(NamedTuple):
    """A text in an image: its place, its bytes, and whether mail addresses in it say who we are."""

    place: str
    raw: bytes
    personal: bool = True


def secret_in_image(image: bytes | Path, search: Search) -> str:
    """Say what secret an image's bytes hold, and where; empty where none is found."""
    if not isinstance(image, Path):
        return _bare_in((image,), search) or _in_texts(image, search)
    with image.open("rb") as file:
        # Read in pieces: the pages of a map that is searched as a whole count as memory.
        pieces = iter(lambda: file.read(PIECE_BYTES), b"")
        if found := _bare_in(pieces, search):
            return found
        if not file.tell():
            return ""
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            return _in_texts(raw, search)


def _bare_in(pieces: Iterable[bytes], search: Search) -> str:
    """Say which key stands in the pieces of a file, or across two of them."""
    spellings = [(spelling, secret) for secret in search.secrets for spelling in secret.bytes_of]
    overlap = max((len(spelling) for spelling, _ in spellings), default=1) - 1
    before = b""
    for piece in pieces:
        together = before + piece
        for spelling, secret in spellings:
            if spelling in together:
                return f"{secret.name} in its bytes"
        before = together[-overlap:] if overlap else b""
    return ""


def _in_texts(raw: Raw, search: Search) -> str:
    left = ALL_AT_MOST
    for text in _texts(raw):
        letters = text.raw[: min(TEXT_AT_MOST, left)].decode("latin-1")
        left -= len(letters)
        found = search.find(letters, by_shape=text.personal)
        if found:
            return f"{found[0][2]} in {text.place}"
    return ""


def _texts(raw: Raw) -> Iterator[_Text]:
    start = raw[:12]
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _of_png(raw)
    if start.startswith(b"\xff\xd8"):
        return _of_jpeg(raw)
    if start.startswith(b"RIFF") and start[8:] == b"WEBP":
        return _of_webp(raw)
    return _ends(raw)


def _ends(raw: Raw) -> Iterator[_Text]:
    yield _Text("its start", raw[:TEXT_AT_MOST], personal=False)
    if len(raw) > TEXT_AT_MOST:
        yield _Text("its end", raw[max(TEXT_AT_MOST, len(raw) - TEXT_AT_MOST) :], personal=False)


_PIXELS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"fdAT", b"VP8 ", b"VP8L"))
_MORE_PIXELS = frozenset((b"ALPH", b"ANMF", b"VP8X", b"ANIM"))
_SIGNED = frozenset((b"caBX", b"C2PA", b"iCCP", b"ICCP"))
"""Chunks with certificates or profiles: the addresses in them are their makers'."""

_PNG_START, _PNG_AROUND, _RIFF_START, _RIFF_HEAD = 8, 12, 12, 8


def _of_png(raw: Raw) -> Iterator[_Text]:
    at = _PNG_START
    while at + _PNG_AROUND <= len(raw):
        size, kind = int.from_bytes(raw[at : at + 4], "big"), raw[at + 4 : at + 8]
        if kind not in _PIXELS:
            content = raw[at + 8 : at + 8 + min(size, TEXT_AT_MOST)]
            name = kind.decode("latin-1")
            name = name if name.isalpha() else "a chunk"
            yield _Text(name, content, personal=kind not in _SIGNED)
            yield from _unpacked(name, kind, content)
        if not size and kind not in _PIXELS and not kind.isalpha():
            break  # no PNG any more: zeros would be millions of empty chunks
        at += _PNG_AROUND + size
        if kind == b"IEND":
            break
    yield _Text("what follows its end", raw[at : at + TEXT_AT_MOST])


def _unpacked(name: str, kind: bytes, content: bytes) -> Iterator[_Text]:
    """Yield the packed text of a zTXt, iTXt or iCCP chunk: zlib's, after the names before it."""
    if kind not in (b"zTXt", b"iTXt", b"iCCP"):
        return
    for begin in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
        at = content.find(begin)
        if at < 0:
            continue
        try:
            plain = zlib.decompressobj().decompress(content[at:], TEXT_AT_MOST)
        except zlib.error:
            continue
        yield _Text(name, plain, personal=kind not in _SIGNED)


_SCAN, _JPEG_END, _NO_LENGTH = 0xDA, 0xD9, (0x01, *range(0xD0, 0xD9))
_APP0, _APP11, _COMMENT = 0xE0, 0xEB, 0xFE


def _of_jpeg(raw: Raw) -> Iterator[_Text]:
    at = 2
    joined: dict[str, bytes] = {}  # a text of more than 64 KB lies in several segments
    while at + 4 <= len(raw) and raw[at] == 0xFF:  # noqa: PLR2004 - how every marker begins
        marker = raw[at + 1]
        if marker in (_SCAN, _JPEG_END):
            break
        if marker in _NO_LENGTH:
            at += 2
            continue
        size = int.from_bytes(raw[at + 2 : at + 4], "big")
        if marker >= _APP0:
            name = "COM" if marker == _COMMENT else f"APP{marker - _APP0}"
            before = joined.get(name, b"")
            if len(before) < TEXT_AT_MOST:  # no more of it is searched
                joined[name] = before + raw[at + 4 : at + 2 + size]
        at += 2 + size
    for name, content in joined.items():
        yield _Text(name, content, personal=name not in ("APP2", f"APP{_APP11 - _APP0}"))
    end = raw.rfind(b"\xff\xd9")
    yield _Text("what follows its end", raw[end + 2 : end + 2 + TEXT_AT_MOST])
    if end < 0 or len(raw) - end > TEXT_AT_MOST:
        yield from _ends(raw)


def _of_webp(raw: Raw) -> Iterator[_Text]:
    at = _RIFF_START
    whole = _RIFF_HEAD + int.from_bytes(raw[4:8], "little")
    while at + _RIFF_HEAD <= min(len(raw), whole):
        kind, size = raw[at : at + 4], int.from_bytes(raw[at + 4 : at + 8], "little")
        if kind not in _PIXELS | _MORE_PIXELS:
            content = raw[at + 8 : at + 8 + min(size, TEXT_AT_MOST)]
            yield _Text(kind.decode("latin-1").strip(), content, personal=kind not in _SIGNED)
        at += _RIFF_HEAD + size + size % 2
    yield _Text("what follows its end", raw[whole : whole + TEXT_AT_MOST])
