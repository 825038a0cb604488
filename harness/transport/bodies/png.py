"""A PNG's checksums: of its pixels they count, of what is said beside them they do not.

The process that scans large bodies loads this module, so it imports the standard library only.
"""

import io
import zlib
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_AT_ONCE = 64 * 1024
_FILTERS = 4
"""The highest of the filters that a row may begin with (PNG, 9.2)."""
_ANCILLARY = 0x20
"""The bit of a chunk's first letter that says that a decoder may skip it (PNG, 5.4)."""


class ChecksumError(ValueError):
    """A chunk that no decoder may skip differs from its checksum."""


def verify_data(source: BinaryIO) -> None:
    """Hold a PNG's image data against the checksums beside them; ChecksumError where they differ.

    Pillow draws an image whose checksums are wrong; other decoders refuse it. What follows the
    first frame's data is not looked at.
    """
    source.seek(len(SIGNATURE))
    seen = False
    while len(head := source.read(8)) == 8:  # noqa: PLR2004 - a length and a name, of 4 bytes each
        length, name = int.from_bytes(head[:4]), head[4:]
        if name == b"IDAT":
            seen, checksum = True, zlib.crc32(name)
            while length and (piece := source.read(min(length, _AT_ONCE))):
                checksum, length = zlib.crc32(piece, checksum), length - len(piece)
            if source.read(4) != checksum.to_bytes(4):
                raise ChecksumError("PNG chunk IDAT: its checksum differs")
        elif seen:
            return
        else:
            source.seek(length + 4, io.SEEK_CUR)


def is_whole(source: BinaryIO, *, rows: int, row_bytes: int) -> bool:
    """Tell whether a PNG is whole, inflating its pixels without keeping them.

    True only where nothing is odd: data of exactly these rows, each with a known filter, checksums
    that hold, and its end right behind. What is False may still be an image: let a decoder say.
    """
    source.seek(len(SIGNATURE))
    data = _Rows(rows, row_bytes + 1)
    while len(head := source.read(8)) == 8:  # noqa: PLR2004 - a length and a name, of 4 bytes each
        length, name = int.from_bytes(head[:4]), head[4:]
        if name == b"IDAT":
            checksum = zlib.crc32(name)
            while length and (piece := source.read(min(length, _AT_ONCE))):
                checksum, length = zlib.crc32(piece, checksum), length - len(piece)
                if not data.take(piece):
                    return False
            if source.read(4) != checksum.to_bytes(4):
                return False
        elif data.begun:
            return name == b"IEND" and data.whole and source.read(4) == zlib.crc32(name).to_bytes(4)
        else:
            source.seek(length + 4, io.SEEK_CUR)
    return False


class _Rows:
    """Rows of pixels as they are inflated, each with its filter before it."""

    def __init__(self, rows: int, size: int) -> None:
        self.begun = False
        self._size = size
        self._missing = rows * size
        self._to_filter = 0
        """How many bytes lie before the next row's filter."""
        self._inflating = zlib.decompressobj()

    def take(self, piece: bytes) -> bool:
        """Take what comes next of the data; False where it is not what it should be."""
        if self._inflating.eof:
            return False
        self.begun, rows = True, b"?"
        try:
            while rows and not self._inflating.eof:
                rows = self._inflating.decompress(piece, _AT_ONCE)
                piece = self._inflating.unconsumed_tail
                if not self._fits(rows):
                    return False
        except zlib.error:
            return False
        return not self._inflating.unused_data

    @property
    def whole(self) -> bool:
        """Whether all rows were there; the end of the data is its checksum."""
        return self._inflating.eof and not self._missing

    def _fits(self, rows: bytes) -> bool:
        self._missing -= len(rows)
        if self._missing < 0:
            return False
        filters = rows[self._to_filter :: self._size]
        self._to_filter += len(filters) * self._size - len(rows)
        return not filters or max(filters) <= _FILTERS


def without_spoilt_extras(raw: bytes) -> bytes | None:
    """Return a PNG without the chunks before its data that may be skipped and differ from theirs.

    None where there are none. Pillow refuses such an image; other decoders show it.
    """
    kept, at = [SIGNATURE], len(SIGNATURE)
    while (name := raw[at + 4 : at + 8]) and name != b"IDAT":
        end = at + 12 + int.from_bytes(raw[at : at + 4])
        spoilt = zlib.crc32(raw[at + 4 : end - 4]).to_bytes(4) != raw[end - 4 : end]
        if not (spoilt and name[0] & _ANCILLARY):
            kept.append(raw[at:end])
        at = end
    whole = b"".join((*kept, raw[at:]))
    return None if len(whole) == len(raw) else whole
