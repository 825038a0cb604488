"""Reference images and masks: real encoded bytes, made from a name.

A name is a recipe (`harness.core.recipe`). Whoever has the name has the file, so plans and journals
need not carry it, and a file server needs no disk. That the bytes are the ones a plan was made with
is told by their digest: another version of an encoder may write others.
"""

import hashlib
import io
import struct
import warnings
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageDraw

from harness.core.errors import UsageError
from harness.core.exchange import Part
from harness.core.recipe import Recipe, parse_recipe
from harness.core.reference import ReferenceImage

UNKNOWN = "application/octet-stream"
"""The media type of a file that is no image."""

_CLEAR = ("rgba", "la")
_CRC_AND_HEAD = 12
"""Bytes of a PNG chunk beside its data: length, type and checksum."""

_ZEROS = bytes(1 << 18)
"""What fills a file up, piece by piece."""


def reference_bytes(name: str) -> bytes:
    """Return the bytes that a name stands for; ValueError where it stands for none.

    Takes milliseconds, and memory for the whole file (at most 64 MiB): not for an event loop.
    """
    return b"".join(_pieces(name))


def _pieces(name: str) -> Iterator[bytes]:
    """Yield the bytes that a name stands for, piece by piece."""
    wanted = parse_recipe(name)
    if wanted is None:
        raise ValueError(f"{name!r} names no reference image")
    raw = _encoded(wanted)
    if wanted.cut:
        raw = raw[: len(raw) // 2]
    if wanted.size_bytes is None:
        yield raw
    else:
        yield from _padded(raw, wanted.size_bytes)


@lru_cache(maxsize=8192)
def _facts(name: str) -> tuple[int, str]:
    pieces = tuple(_pieces(name))  # a file of 50 MiB is never held whole: most pieces are one
    return sum(map(len, pieces)), _digest(pieces)


def reference_json(wanted: Recipe) -> ReferenceImage:
    """Return what is known of a reference image: everything."""
    size_bytes, digest = _facts(wanted.name)
    return ReferenceImage(
        filename=wanted.name,
        media_type=f"image/{wanted.format}",
        size_bytes=size_bytes,
        width_px=wanted.width_px,
        height_px=wanted.height_px,
        alpha=wanted.mode in _CLEAR,
        digest=digest,
    )


def describe_file(path: Path) -> ReferenceImage:
    """Return what a stranger's file is, from its header.

    A file that is no image has no dimensions, and a media type that no rule allows. Raises OSError
    where it cannot be read.
    """
    size_bytes = path.stat().st_size
    plain = ReferenceImage(filename=path.name, media_type=UNKNOWN, size_bytes=size_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                kind = {"mpo": "jpeg"}.get(decoder := (image.format or "").lower(), decoder)
                wide, high = image.size
                clear = image.has_transparency_data
    except OSError as error:
        if error.errno is None:  # Pillow's own word on the bytes
            return plain
        raise
    except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return plain
    return replace(plain, media_type=f"image/{kind}", width_px=wide, height_px=high, alpha=clear)


class _File(io.RawIOBase):
    """A file that is read and holds its pieces alone: of one that is filled up, most are the same.

    A form may have several of 50 MB, and a run sends several forms at once.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._ends = [*accumulate(map(len, pieces))]
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, from the beginning, from here or from the end; ValueError before all."""
        size = self._ends[-1]
        at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence] + offset
        if at < 0:
            raise ValueError(f"{at} lies before the file")
        self._at = at
        return at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # as BufferedReader calls it
        """Read the rest of a piece, or less of it where the buffer is smaller."""
        index = bisect_right(self._ends, self._at)
        if index == len(self._ends):
            return 0
        start = self._at - self._ends[index]  # counted from the end of its piece
        read = memoryview(self._pieces[index])[start:][: len(buffer)]
        buffer[: len(read)] = read
        self._at += len(read)
        return len(read)


def file_of(part: Part) -> bytes:
    """Return the bytes of a form's file; UsageError where they are not those of its plan."""
    with opened_file(part) as file:
        return file.read()


def opened_file(part: Part) -> BinaryIO:
    """Return a form's file to read from; UsageError where it is not that of its plan.

    Of a large file it holds no more than the image in it.
    """
    name = part.filename or ""
    try:
        pieces = tuple(_pieces(name))
    except ValueError:
        raise UsageError(
            f"the file {name!r} of part {part.name!r} is none that this harness made",
            hint="a request recorded by somebody else cannot be sent again",
        ) from None
    if part.digest and _digest(pieces) != part.digest:
        raise UsageError(
            f"{name} comes out otherwise than when this was planned: another version of Pillow",
            hint="plan again, or install the versions of requirements.lock",
        )
    return io.BufferedReader(_File(pieces))


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _encoded(wanted: Recipe) -> bytes:
    """Draw the image: slopes of colour, and a clear middle where there is an alpha channel."""
    size = (wanted.width_px, wanted.height_px)
    slope = Image.linear_gradient("L").resize(size)
    across = slope.transpose(Image.Transpose.ROTATE_90).resize(size)
    flat = Image.new("L", size, (wanted.seed * 53) % 256)
    image = Image.merge("RGB", (slope, across, flat))
    if wanted.mode in _CLEAR:
        image.putalpha(_opening(size))
    image = image.convert(wanted.mode.upper())
    held = io.BytesIO()
    # No encoder's default may change under a plan: what matters is said.
    if wanted.format == "webp":
        image.save(held, "WEBP", lossless=True, quality=0, method=0)
    elif wanted.format == "jpeg":
        image.save(held, "JPEG", quality=85)
    else:
        image.save(held, wanted.format.upper())
    return held.getvalue()


def _opening(size: tuple[int, int]) -> Image.Image:
    """Return the alpha channel of a mask: the middle ninth is clear."""
    alpha = Image.new("L", size, 255)
    third = (size[0] // 3, size[1] // 3)
    ImageDraw.Draw(alpha).rectangle((*third, 2 * third[0], 2 * third[1]), fill=0)
    return alpha


def _padded(raw: bytes, size_bytes: int) -> Iterator[bytes]:
    """Fill a PNG up with a private chunk, which decoders skip; ValueError where it is too large."""
    room = size_bytes - len(raw) - _CRC_AND_HEAD
    if room < 0:
        raise ValueError(f"a file of {size_bytes} bytes is too small for this image")
    end, kind = raw.rindex(b"IEND") - 4, b"haRn"
    yield raw[:end] + struct.pack(">I", room) + kind
    check = zlib.crc32(kind)
    for start in range(0, room, len(_ZEROS)):
        piece = _ZEROS[: room - start]
        check = zlib.crc32(piece, check)
        yield piece
    yield struct.pack(">I", check) + raw[end:]
