"""A file as UTF-8, whatever encoding it is in and whatever it is packed with, piece by piece."""

import bz2
import codecs
import gzip
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, Protocol, Self, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from harness.transport.ending import EndsEarlyError

FILE_AT_MOST_BYTES = 512 * 1024 * 1024
"""Of a file, and of what it is unpacked into."""

PACKED_AT_MOST = 2
"""Layers of packing around a file."""

_HEAD_BYTES = 512
_PIECE_BYTES = 256 * 1024
_NAMES_SHOWN = 5

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}
"""Which of the first four bytes of ASCII text are zero, by its encoding (RFC 4627, section 3)."""

_ARCHIVES = ((b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07", "RAR"))

Advance = Callable[[int], None]
"""Takes how many bytes of the file on the disk have been read."""


class PlainFile:
    """A file's text as UTF-8 without a byte order mark; `read` is all that parsers need of it.

    Raises ValueError (one line) where the file is no text, is packed in a way that is not read
    here, is damaged, or is larger than `FILE_AT_MOST_BYTES`; OSError where it cannot be read.
    """

    def __init__(self, path: Path, *, advance: Advance = lambda _size: None) -> None:
        size = path.stat().st_size
        if not path.is_file() or size > FILE_AT_MOST_BYTES:
            raise ValueError(f"no plain file of at most {FILE_AT_MOST_BYTES:,} bytes")
        self._disk = _Counted(path, advance)
        self._left = FILE_AT_MOST_BYTES
        self._rest = b""
        try:
            self._source, self._head = _unpacked(self._disk)
        except BaseException as error:
            self._disk.close()
            if isinstance(error, _DAMAGED):
                raise _damaged(error) from None
            raise
        bom, encoding = _encoding(self._head)
        self._head = self._head[len(bom) :]
        errors = "strict" if encoding == "utf-8" else "replace"
        # a whole `read` loses what comes before the place at which a packed file ends early
        self._read_one = getattr(self._source, "read1", self._source.read)
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.size_bytes = 0
        """How much has been read of it so far."""

    def read(self, size: int = _PIECE_BYTES, /) -> bytes:
        """Return the next bytes, at most `size` (0: none); empty at the end, never before it."""
        pieces, held = [self._rest], len(self._rest)
        try:
            while held < size and (piece := self._next()) is not None:
                pieces.append(piece)
                held += len(piece)
        except EndsEarlyError:  # raised again once what was read before it is gone
            if not held:
                raise
        text = b"".join(pieces) if len(pieces) > 1 else self._rest
        piece, self._rest = text[:size], text[size:]
        self.size_bytes += len(piece)
        return piece

    def skip_blank(self) -> None:
        """Pass over white space."""
        while not self._rest.lstrip() and (piece := self._next()) is not None:
            self._rest = piece
        self._rest = self._rest.lstrip()

    def close(self) -> None:
        """Close the file."""
        self._disk.close()

    def __enter__(self) -> Self:
        """Return itself; it is closed at the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self.close()

    def _next(self) -> bytes | None:
        """Return more text; None at the file's end, which ends with a whole character."""
        try:
            raw = self._head or self._read_one(_PIECE_BYTES)
        except _DAMAGED as error:
            raise _damaged(error) from None
        self._head = b""
        self._left -= len(raw)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {FILE_AT_MOST_BYTES:,} bytes")
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            raise ValueError(f"no text in UTF-8, UTF-16 or UTF-32: {error.reason}") from None
        return text.encode("utf-8") if raw or text else None


_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile)


def _damaged(error: BaseException) -> ValueError:
    kind = EndsEarlyError if isinstance(error, EOFError) else ValueError
    return kind(f"the packed file is damaged or ends early: {error}")


class _Counted(RawIOBase):
    """A file on the disk that tells how much of it has been read."""

    def __init__(self, path: Path, advance: Advance) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._advance = advance
        self.path = path

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # as BufferedReader calls it
        """Read into a buffer; return how much."""
        size = self._file.readinto(buffer)
        self._advance(size)
        return size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


class _Bytes(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...

    def peek(self, size: int = ..., /) -> bytes: ...


def _unpacked(disk: "_Counted") -> tuple[_Bytes, bytes]:
    """Return what reads the file unpacked, and the start of it that has been read."""
    source: _Bytes = BufferedReader(disk)
    for layers in range(PACKED_AT_MOST + 1):
        unpack = _packing(source.peek(_HEAD_BYTES)[:_HEAD_BYTES], disk.path)
        if unpack is None:
            break
        if layers == PACKED_AT_MOST:
            raise ValueError(f"it is packed more than {PACKED_AT_MOST} times: unpack it first")
        source = BufferedReader(cast("RawIOBase", unpack(cast("BinaryIO", source))))
    return source, source.read(_HEAD_BYTES)


_PACKINGS: tuple[tuple[bytes, Callable[[BinaryIO], object]], ...] = (
    (b"\x1f\x8b", lambda source: gzip.GzipFile(fileobj=source, mode="rb")),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", zstd.ZstdFile),
)
"""What undoes a packing, by the first bytes of the packed file."""


def _packing(head: bytes, path: Path) -> Callable[[BinaryIO], object] | None:
    """Return what undoes the packing that a file begins with; None where it begins with none."""
    for magic, unpack in _PACKINGS:
        if head.startswith(magic):
            return unpack
    if head.startswith(b"PK\x03\x04"):
        raise ValueError(_archive(path))
    for magic, name in _ARCHIVES:
        if head.startswith(magic):
            raise ValueError(f"a {name} archive: unpack it and give the file inside")
    return _Inflated if _is_zlib(head) else None


def _is_zlib(head: bytes) -> bool:
    if head[:1] != b"\x78":
        return False
    try:
        return bool(zlib.decompressobj().decompress(head))
    except zlib.error:
        return False


class _Inflated(RawIOBase):
    """Reads what zlib has packed."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source, self._unpacker = source, zlib.decompressobj()

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # as BufferedReader calls it
        """Read into a buffer; return how much, 0 at the end. EOFError where it ends early."""
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._source.read(_PIECE_BYTES)
            plain = self._unpacker.decompress(packed, len(buffer))
            buffer[: len(plain)] = plain
            if plain:
                return len(plain)
            if not packed:
                raise EOFError("it ends before its end mark")
        return 0


def _archive(path: Path) -> str:
    """Say what a zip archive holds, and what to do with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged zip archive"
    shown = ", ".join(name[:80] for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return f"a zip archive ({shown}{more}): unpack it and give the file or folder inside"


def _encoding(head: bytes) -> tuple[bytes, str]:
    """Return the byte order mark of a text, and its encoding."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return bom, name
    return b"", _ZEROS.get(tuple(byte == 0 for byte in head[:4]), "utf-8")
