"""Where encoded text stands in a text: base64 and hexadecimal that decode to letters, not to noise.

Most ids, hashes and words decode to random bytes. A byte of each letter's classes makes a text one
large number, and shifts of it find in a few passes every place where ASCII comes out.
"""

from bisect import bisect_right
from collections.abc import Iterator

_FIRST, _SECOND, _THIRD, _ANY, _HIGH, _DIGIT = (1 << bit for bit in range(6))
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BYTE = 8
QUAD = 4


def _classes(letter: int) -> int:
    """Return what a letter may be in what decodes to ASCII: printable, line ends, tabs, nulls."""
    classes = 0
    place = _BASE64.find({45: b"+", 95: b"/"}.get(letter, bytes((letter,))))
    if place >= 0:
        classes = _ANY
        classes |= _FIRST * (place < 32 and place not in (1, 4, 5, 6, 7))  # noqa: PLR2004 - < 0x80
        classes |= _SECOND * (place % 16 in (0, 2, 3, 4, 5, 6, 7))
        classes |= _THIRD * (place % 4 < 2)  # noqa: PLR2004 - the third byte is below 0x80
    if letter in b"0123456789abcdefABCDEF":
        classes |= _DIGIT | _HIGH * (letter in b"0234567")
    return classes


_TABLE = bytes(map(_classes, range(256)))


def quads(raw: bytes, least: int, first: int) -> Iterator[tuple[int, int]]:
    """Yield where at least so many quads of base64 that are ASCII follow one another, and how many.

    At the start of a run of base64, `first` are enough.
    """
    number = int.from_bytes(raw.translate(_TABLE), "little")
    fit = number & number >> 9 & number >> 18 & number >> 27 & _ones(len(raw))
    if not fit:
        return
    places = _starts(fit, QUAD, least)
    if first < least:
        others = ~(number >> 3) & _ones(len(raw))
        before = others << 8 | 1 | others << 16 | 1 << 8 | others << 24 | 1 << 16
        places |= _starts(fit, QUAD, first) & (before | others << 32 | 1 << 24)
    yield from _chains(places, fit, QUAD, len(raw))


def pairs(raw: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Yield where at least so many pairs of hexadecimal digits that are ASCII stand, as `quads`."""
    number = int.from_bytes(raw.translate(_TABLE), "little")
    fit = number >> 4 & number >> 13 & _ones(len(raw))
    if fit:
        yield from _chains(_starts(fit, 2, least), fit, 2, len(raw))


def is_base64(letter: str) -> bool:
    """Tell whether a letter is one of base64, of either alphabet."""
    return letter.isascii() and bool(_TABLE[ord(letter)] & _ANY)


def _ones(size: int) -> int:
    return int.from_bytes(b"\1" * size, "little")


def _starts(fit: int, step: int, least: int) -> int:
    starts = fit & ~(fit << _BYTE * step)
    for count in range(1, least):
        starts &= fit >> _BYTE * step * count
    return starts


def _chains(places: int, fit: int, step: int, size: int) -> Iterator[tuple[int, int]]:
    if not places:
        return
    marks, fits = places.to_bytes(size + QUAD, "little"), fit.to_bytes(size + QUAD, "little")
    at = marks.find(1)
    while at >= 0:
        width, count = 64, -1
        while count < 0:
            count = fits[at : at + step * width : step].find(0)
            width *= 8
        yield at, count
        at = marks.find(1, at + 1)


class Squeezed:
    """A text as bytes without some of them, and where in it each of the others stood."""

    def __init__(self, raw: bytes, left_out: bytes) -> None:
        self._raw, self._left_out = raw, left_out
        self.raw = raw.translate(None, left_out)
        self._starts: list[int] = []

    def place(self, at: int) -> int:
        """Return where the byte stood."""
        if not self._starts:
            total = 0
            for start in range(0, len(self._raw), _BLOCK):
                self._starts.append(total)
                total += len(self._raw[start : start + _BLOCK].translate(None, self._left_out))
        block = bisect_right(self._starts, at) - 1
        left, place = at - self._starts[block], block * _BLOCK
        while self._raw[place] in self._left_out or left:
            left -= self._raw[place] not in self._left_out
            place += 1
        return place


_BLOCK = 64
