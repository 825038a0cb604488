"""What base64, base32, hexadecimal and decimal bytes within a text say, where that is text.

Keys and personal data are printable ASCII, so only what decodes to some of it is looked at.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from harness.sensitive.chains import QUAD, Squeezed, is_base64, pairs, quads
from harness.sensitive.views import Batch, Span, View

INFLATED_AT_MOST = 1024 * 1024
"""Bytes to which a packed text within base64 is unpacked; what stands later is not searched."""

SHORTEST_RUN = 12
"""Letters of base64 that are decoded: fewer hold no key and hardly a mail address."""

_READABLE = 12
"""Letters that are a text within bytes that are none: random ones hold it once in a megabyte."""

_LEAST_BYTES = 6
_Place = Callable[[int], int]
_Spans = Callable[[int, int], Span]

_PIECE = re.compile(rb"[\t\n\r -~]{6,}")
_MARKS = re.compile(rb"[@=%&:_-]")
"""One of these stands in each text of less than twelve letters that looks like a secret."""

_SEPARATORS = b" \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0:,;._|-\\"
_PAIR = re.compile(rb"([^0-9a-fA-F]*)([0-9a-fA-F]{2})")
_PREFIXES = (b"0x", b"0X", b"\\x", b"\\X")
_INDENTED = re.compile(rb"\n[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r?\n)")
_PACKED = tuple(map(re.compile, (rb"H4s[I-L]", rb"eA[E-H]", rb"eJ[w-z]", rb"eN[o-r]")))
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_PADDED = re.compile(rb"={0,2}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BASE32 = re.compile(rb"[A-Z2-7](?<![A-Za-z0-9]{2})[A-Z2-7]{15,}={0,6}(?![A-Za-z0-9])")
_DECIMAL = re.compile(rb"[0-9](?<![0-9]{2})[0-9]{0,2}(?:[\s,;:.-]{1,3}[0-9]{1,3}){5,}(?![0-9])")
_NUMBER = re.compile(rb"([^0-9]*)([0-9]+)")
_OCTET, _HIGHEST = 8, 255
_LONGEST_LINE, _MOST_LINES = 160, 3


class _Texts:
    """Collects what was decoded: texts, and what is too short for one but not for a known key."""

    def __init__(self, shortest: int) -> None:
        self.shortest = shortest
        self.readable, self.brief = Batch(), Batch()

    def add(self, raw: bytes, span: _Spans, *, whole: bool) -> None:
        """Take decoded bytes; short ones are a text only where they are a `whole` run."""
        if raw.count(0) * 3 > len(raw):  # UTF-16
            size, outer = len(raw), span
            raw = raw.replace(b"\0", b"")
            span = lambda _start, _end: outer(0, size)  # noqa: E731 - as short as it is
        for match in _PIECE.finditer(raw):
            piece = match[0].decode("ascii")
            if len(piece) >= _READABLE or (whole and len(piece) == len(raw)):
                self.readable.add(piece, partial(_moved, span, match.start()))
            elif self.shortest and len(piece) >= self.shortest:
                self.brief.add(piece, partial(_moved, span, match.start()))


def unpacked(text: str, *, shortest: int) -> Iterator[tuple[View, bool]]:
    """Yield what encoded bytes in a text say, many in one view.

    With it, whether it may hold what is encoded once more. `shortest` is the length of the shortest
    known key; 0 without any.
    """
    raw, texts = text.encode("latin-1", "replace"), _Texts(shortest)
    _base64(raw, _itself, texts)
    if b"\n" in raw:
        lines = Squeezed(_without_indent(raw), b"\r\n")
        _base64(lines.raw, lines.place, texts)
    _hexadecimal(raw, texts)
    _base32(raw, texts)
    _decimal(raw, texts)
    yield from ((view, True) for view in texts.readable.view(textual=True))
    yield from ((view, False) for view in texts.brief.view(textual=False))


def _itself(at: int) -> int:
    return at


def _moved(span: _Spans, by: int, start: int, end: int) -> Span:
    return span(start + by, end + by)


def _without_indent(raw: bytes) -> bytes:
    if b"\n " in raw or b"\n\t" in raw:
        raw = _INDENTED.sub(_breaks, raw)
    if any(space in raw for space in (b" \n", b"\t\n", b" \r", b"\t\r")):
        raw = _TRAILING.sub(_breaks, raw)
    return raw


def _breaks(match: re.Match[bytes]) -> bytes:
    return b"\n" * len(match[0])


def _base64(raw: bytes, place: _Place, texts: _Texts) -> None:
    least = max(1, min(3, (texts.shortest - 2) // 3)) if texts.shortest else 3
    for at, count in quads(raw, least, min(2, least)):
        start = at - QUAD if _all_base64(raw[max(0, at - QUAD) : at]) else at
        end = at + QUAD * count
        while end < min(len(raw), at + QUAD * (count + 1)) and _all_base64(raw[end : end + 1], 1):
            end += 1
        _add_quads(raw, start, end, place, texts)
        if place is not _itself:
            for line in _lines_within(start, end, place):
                _add_quads(raw, line, end, place, texts)
    for pattern in _PACKED:
        for match in pattern.finditer(raw):
            _add_inflated(raw, match.start(), place, texts)


def _lines_within(start: int, end: int, place: _Place) -> list[int]:
    """Return where the first lines of a run begin: what stands before them may be no part of it."""
    places = range(start, min(end, start + _LONGEST_LINE))
    breaks = [at for at in places[1:] if place(at) != place(at - 1) + 1]
    return breaks[:_MOST_LINES]


def _all_base64(letters: bytes, size: int = QUAD) -> bool:
    return len(letters) == size and all(is_base64(chr(letter)) for letter in letters)


def _add_quads(raw: bytes, start: int, end: int, place: _Place, texts: _Texts) -> None:
    decoded = _decoded(raw[start:end])
    before = raw[max(0, start - QUAD) : start]
    whole = not _all_base64(before) and not _all_base64(raw[end : end + 1], 1)
    if not whole and len(decoded) < _LEAST_BYTES:
        return
    padded = _PADDED.match(raw, end)
    stop = padded.end() if padded else end
    span = partial(_of_quads, place, start, (len(decoded), stop))
    texts.add(decoded, span, whole=whole and end - start > SHORTEST_RUN - QUAD)


def _decoded(letters: bytes) -> bytes:
    letters = letters[: len(letters) - (len(letters) % QUAD == 1)].translate(_URL_SAFE)
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % QUAD))


def _of_quads(place: _Place, first: int, last: tuple[int, int], start: int, end: int) -> Span:
    size, stop = last
    stop = stop if end >= size else first - (-end * 4 // 3)
    return place(first + start * 4 // 3), place(stop - 1) + 1


def _add_inflated(raw: bytes, at: int, place: _Place, texts: _Texts) -> None:
    """Take what a run of base64 that begins like gzip or zlib unpacks to."""
    start = at
    while start > at - QUAD and start and _all_base64(raw[start - 1 : start], 1):
        start -= 1
    run = _RUN.match(raw, start) if start > at - QUAD else None
    if run is None:
        return
    with suppress(zlib.error):
        packed = _decoded(run[0][at - start :].rstrip(b"="))
        plain = zlib.decompressobj(47).decompress(packed, INFLATED_AT_MOST)
        span = place(start), place(run.end() - 1) + 1
        texts.add(plain, lambda _start, _end: span, whole=True)


def _hexadecimal(raw: bytes, texts: _Texts) -> None:
    """Take bytes in hexadecimal digits, separated or not."""
    for prefix in _PREFIXES:
        raw = raw.replace(prefix, b",,")
    digits = Squeezed(raw, _SEPARATORS)
    for at, count in pairs(digits.raw, _LEAST_BYTES):
        decoded = bytes.fromhex(digits.raw[at : at + 2 * count].decode("ascii"))
        brief = count < _READABLE and bool(_MARKS.search(decoded))
        whole = brief and _is_bounded(raw, digits, at, count)
        texts.add(decoded, partial(_of_pairs, digits, at), whole=whole)
        if count >= _READABLE:
            _add_alike(raw, digits, (at, count), texts)


def _add_alike(raw: bytes, digits: Squeezed, chain: Span, texts: _Texts) -> None:
    """Take those parts of a run that are separated in one way: what stands before is no part."""
    at, count = chain
    begin, stop = digits.place(at), digits.place(at + 2 * count - 1) + 1
    if stop - begin == 2 * count:
        return
    found = [*_PAIR.finditer(raw, begin, stop)]
    for start, end in _alike([pair[1] for pair in found]):
        spans = [pair.span(2) for pair in found[start:end]]
        decoded = bytes.fromhex(b"".join(pair[2] for pair in found[start:end]).decode("ascii"))
        texts.add(decoded, partial(_between, spans), whole=True)


def _alike(separators: list[bytes]) -> Iterator[Span]:
    """Yield the parts in which the same stands before each byte, and without their neighbours."""
    start = 0
    for at in range(2, len(separators) + 1):
        if at == len(separators) or separators[at] != separators[at - 1]:
            yield from ((start, end) for end in (at, at - 1) if end - start >= _LEAST_BYTES)
            yield from ((start + 1, end) for end in (at, at - 1) if end - start > _LEAST_BYTES)
            start = at - 1


def _is_bounded(raw: bytes, digits: Squeezed, at: int, count: int) -> bool:
    start, last = digits.place(at), digits.place(at + 2 * count - 1)
    return not (raw[max(0, start - 1) : start].isalnum() or raw[last + 1 : last + 2].isalnum())


def _of_pairs(digits: Squeezed, at: int, start: int, end: int) -> Span:
    return digits.place(at + 2 * start), digits.place(at + 2 * end - 1) + 1


def _base32(raw: bytes, texts: _Texts) -> None:
    for match in _BASE32.finditer(raw):
        letters = match[0].rstrip(b"=")
        with suppress(ValueError):
            decoded = base64.b32decode(letters + b"=" * (-len(letters) % _OCTET))
            texts.add(decoded, partial(_all_of, match.span()), whole=True)


def _all_of(place: Span, _start: int, _end: int) -> Span:
    return place


def _decimal(raw: bytes, texts: _Texts) -> None:
    """Take bytes in decimal digits: all, and those that are separated in one way."""
    for match in _DECIMAL.finditer(raw):
        found = [*_NUMBER.finditer(raw, *match.span())]
        parts = [(0, len(found)), *_alike([number[1] for number in found])]
        for start, end in dict.fromkeys(parts):
            numbers = [int(number[2]) for number in found[start:end]]
            if max(numbers) <= _HIGHEST:
                spans = [number.span(2) for number in found[start:end]]
                texts.add(bytes(numbers), partial(_between, spans), whole=True)


def _between(spans: list[Span], start: int, end: int) -> Span:
    return spans[start][0], spans[end - 1][1]
