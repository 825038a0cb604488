"""How a file's encoder laid it out: a PNG's chunks, a JPEG's quantisation tables, a WebP's index.

Read from the container alone, by seeking from part to part: no picture is decoded, and a file of
any size costs the parts' heads. Nothing here raises on what the bytes are: a container that breaks
off, or is none, shows what stood before.
"""

from collections.abc import Iterator
from functools import cache
from operator import add, sub
from typing import BinaryIO, NamedTuple

PARTS_AT_MOST = 20_000
"""Chunks or segments that are read of one file; a PNG of 24 million pixels has some thousands."""

NAMES_AT_MOST = 64
"""Names that a layout tells of."""

# Annex K of ITU-T T.81 (ISO/IEC 10918-1): its example tables, in zigzag order, as files hold them.
# The IJG's library scales them by a quality of 1 to 100 (jcparam.c), and nearly all others do.
LUMA = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49,
    35, 37, 29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56,
    80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
)  # fmt: skip
CHROMA = (
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
)  # fmt: skip
_BYTE, _WORD = 255, 32_767
"""The largest entry of a table of 8 and of 16 bits, as the library bounds them."""

_PNG = b"\x89PNG\r\n\x1a\n"
_MARK = 0xFF
_START_OF_SCAN, _END, _TABLES = 0xDA, 0xD9, 0xDB
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length: start of image, restarts."""


class Layout(NamedTuple):
    """A container's parts in their order, a run of equal ones once; `data` counts PNG's IDAT."""

    names: str = ""
    data: int | None = None


class JpegQuality(NamedTuple):
    """The IJG quality whose tables are nearest, and whether they are equal."""

    quality: int
    exact: bool


def layout(file: BinaryIO) -> Layout:
    """Return the chunks of a PNG or of a WebP; an empty layout of anything else."""
    file.seek(0)
    head = file.read(12)
    if head.startswith(_PNG):
        names = [name for name, _ in _png_chunks(file)]
        return Layout(_runs(names), names.count("IDAT"))
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return Layout(_runs([name.strip() for name, _ in _riff_chunks(file)]))
    return Layout()


def _runs(names: list[str]) -> str:
    told = [name for name, before in zip(names, ["", *names], strict=False) if name != before]
    return " ".join(told[:NAMES_AT_MOST])


def _png_chunks(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield the name of each chunk and where its data begin."""
    at = len(_PNG)
    for _ in range(PARTS_AT_MOST):
        file.seek(at)
        head = file.read(8)
        name = head[4:]
        if len(head) < len(_PNG) or not (name.isascii() and name.isalpha()):
            return
        yield name.decode(), at + 8
        at += 12 + int.from_bytes(head[:4])
        if name == b"IEND":
            return


def _riff_chunks(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield the name of each chunk of a WebP and where its data begin; those of frames, too."""
    at = 12
    for _ in range(PARTS_AT_MOST):
        file.seek(at)
        head = file.read(8)
        name = head[:4]
        if len(head) < 8 or not (name.isascii() and name.decode().isprintable()):  # noqa: PLR2004 - a chunk's head
            return
        yield name.decode(), at + 8
        size = int.from_bytes(head[4:], "little")
        at += 8 + 16 if name == b"ANMF" else 8 + size + size % 2  # a frame holds chunks of its own


# ------------------------------------------------------------------------------------------ JPEG


def jpeg_quality(file: BinaryIO) -> JpegQuality | None:
    """Return the quality of a JPEG's tables; None of anything else, or without a table of luma.

    The tables are those of the first picture (a MPO has more), by the frame's own word on which
    component uses which: their order in the file says nothing. A picture whose other components
    share the first one's table, or that has none, is judged by that alone. Among tables of no such
    quality, the nearest is that with the least sum of differences.
    """
    tables = _jpeg_tables(file)
    if tables is None:
        return None
    luma, chroma = tables
    bound = _WORD if max(luma + (chroma or ())) > _BYTE else _BYTE
    distances = [_distance(luma, scaled) for scaled in _scaled(LUMA, bound)]
    if chroma:
        of_chroma = (_distance(chroma, scaled) for scaled in _scaled(CHROMA, bound))
        distances = list(map(add, distances, of_chroma))
    best = min(distances)
    return JpegQuality(distances.index(best) + 1, best == 0)


@cache
def _scaled(example: tuple[int, ...], bound: int) -> tuple[tuple[int, ...], ...]:
    """Return an example table at each quality from 1 to 100 (jpeg_quality_scaling of jcparam.c)."""
    scales = (5000 // quality if quality < 50 else 200 - 2 * quality for quality in range(1, 101))  # noqa: PLR2004 - as the library has it
    return tuple(
        tuple(min(max((base * scale + 50) // 100, 1), bound) for base in example)
        for scale in scales
    )


def _distance(table: tuple[int, ...], scaled: tuple[int, ...]) -> int:
    return sum(map(abs, map(sub, table, scaled)))


def _jpeg_tables(file: BinaryIO) -> tuple[tuple[int, ...], tuple[int, ...] | None] | None:
    """Return the tables of the first component and of the second, where that has another."""
    tables: dict[int, tuple[int, ...]] = {}
    used: list[int] = []
    for mark, body in _jpeg_segments(file):
        if mark == _TABLES:
            tables.update(_read_tables(body))
        elif mark in _FRAMES and not used:
            used = [body[at + 2] for at in range(6, len(body) - 2, 3)]
    if not used or used[0] not in tables:
        return None
    other = used[1] if len(used) > 1 and used[1] != used[0] else None
    return tables[used[0]], tables.get(other) if other is not None else None


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield tables and frames with what they hold, up to the first scan."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return
    for _ in range(PARTS_AT_MOST):
        head = file.read(2)
        if len(head) < len(b"\xff\xdb") or head[0] != _MARK or head[1] in (_START_OF_SCAN, _END):
            return
        if head[1] == _MARK:  # a byte of padding
            file.seek(-1, 1)
            continue
        if head[1] in _ALONE:
            continue
        size = int.from_bytes(file.read(2)) - 2
        if size < 0:
            return
        if head[1] == _TABLES or head[1] in _FRAMES:
            yield head[1], file.read(size)
        else:
            file.seek(size, 1)


def _read_tables(body: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        width = 2 if wide else 1
        entries = body[at + 1 : at + 1 + 64 * width]
        if len(entries) < 64 * width:
            return
        whole = (int.from_bytes(entries[i : i + width]) for i in range(0, len(entries), width))
        yield number, tuple(whole)
        at += 1 + 64 * width


# ------------------------------------------------------------------------------------------ WebP

_FRAME_HEAD = 10
"""A key frame's tag, its start code and its two edges; the coded header follows."""

_HEADER_AT_MOST = 64
"""Bytes within which the index stands: before it come at most 32 numbers of a few bits."""


def webp_quantiser(file: BinaryIO) -> int | None:
    """Return a lossy WebP's quantiser index: 0 is the finest, 127 the coarsest.

    It is `y_ac_qi` of RFC 6386, section 9.6; where segments have their own, their mean. None of a
    lossless one, and of anything else.
    """
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        return None
    start = next((at for name, at in _riff_chunks(file) if name == "VP8 "), None)
    if start is None:
        return None
    file.seek(start)
    frame = file.read(_FRAME_HEAD + _HEADER_AT_MOST)
    if len(frame) <= _FRAME_HEAD or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    return _index(_Bits(frame[_FRAME_HEAD:]))


class _Bits:
    """The boolean decoder of RFC 6386, section 7; past the end come zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._value = int.from_bytes(data[:2].ljust(2, b"\0"))
        self._at, self._range, self._shifted = 2, 255, 0

    def bit(self) -> int:
        """Return the next flag, of even chances."""
        split = 1 + ((self._range - 1) * 128 >> 8)
        one = self._value >= split << 8
        if one:
            self._value -= split << 8
        self._range = self._range - split if one else split
        while self._range < 128:  # noqa: PLR2004 - as the standard has it
            self._value, self._range = self._value << 1, self._range << 1
            self._shifted += 1
            if self._shifted == 8:  # noqa: PLR2004 - a byte
                self._shifted = 0
                self._value |= self._data[self._at] if self._at < len(self._data) else 0
                self._at += 1
        return int(one)

    def number(self, bits: int) -> int:
        """Return a number of so many bits, the highest first."""
        value = 0
        for _ in range(bits):
            value = value << 1 | self.bit()
        return value

    def signed(self, bits: int) -> int | None:
        """Return a number with its sign behind it, where a flag says that there is one."""
        if not self.bit():
            return None
        value = self.number(bits)
        return -value if self.bit() else value


def _index(bits: _Bits) -> int:
    """Return the index of a frame's header (RFC 6386, sections 9.2 to 9.6)."""
    bits.number(2)  # colour space, clamping
    absolute, own = _segments(bits) if bits.bit() else (False, [])
    bits.number(1 + 6 + 3)  # the loop filter's type, level, sharpness
    if bits.bit() and bits.bit():
        for _ in range(8):
            bits.signed(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    indices = [one if absolute else base + one for one in own] or [base]
    return round(sum(min(max(one, 0), 127) for one in indices) / len(indices))


def _segments(bits: _Bits) -> tuple[bool, list[int]]:
    """Return the segments' indices, and whether they stand for themselves, not beside the base."""
    absolute, own = False, []
    has_map, has_data = bits.bit(), bits.bit()
    if has_data:
        absolute = bool(bits.bit())
        own = [bits.signed(7) or 0 for _ in range(4)]
        for _ in range(4):
            bits.signed(6)  # loop filter
    if has_map:
        for _ in range(3):
            bits.bit() and bits.number(8)
    return absolute, own
