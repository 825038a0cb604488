"""Real image files of any size and format, small on disk, encoded once and stored.

A flat colour with a lighter frame compresses to a few KB even at 3840x2160 (PNG 3 KB, JPEG 49 KB,
WebP 22 KB), so that a benchmark measures the harness and not the loopback.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import zlib
from dataclasses import dataclass, field
from functools import cached_property

from PIL import Image, ImageDraw

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
# Only a request whose broken size rule is switched off can want more; it gets the default size.
MOST_PIXELS = 64_000_000
MOST_KEPT_BYTES = 1 << 28  # natural pictures are different each time: the oldest make room
LONGEST_EDGE_PX = 16_000  # WebP ends at 16383


@dataclass(frozen=True)
class RenderedImage:
    """An encoded image.

    `width_px`, `height_px` and `encoding` are what the bytes hold; `claimed` is the format that
    the reply claims, the same but under a fault. `drawn_px` is the size in which it was drawn
    before it was enlarged, None where it was not.
    """

    data: bytes
    width_px: int
    height_px: int
    encoding: str
    claimed: str
    drawn_px: tuple[int, int] | None = None

    @property
    def drawn_size(self) -> tuple[int, int]:
        """Return width and height in pixels, in which it was drawn."""
        return self.drawn_px or (self.width_px, self.height_px)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def base64(self) -> str:
        """Return the bytes in standard base64."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def filename(self) -> str:
        """Return the name under which the picture is served; its ending is the claimed format."""
        return f"{self.digest}.{self.claimed}"


@dataclass(slots=True)
class ImageCache:
    """All pictures encoded so far, by what was requested and by digest."""

    _encoded: dict[tuple[int, int, str, bool, int, int | None], asyncio.Task[bytes]] = field(
        default_factory=dict
    )
    _served: dict[str, bytes] = field(default_factory=dict)
    _served_bytes: int = 0

    async def encoded(  # noqa: PLR0913 - what a flat picture depends on
        self,
        width_px: int,
        height_px: int,
        encoding: str,
        *,
        clear: bool,
        draft: int,
        quality: int | None = None,
    ) -> bytes:
        """Return the file of a picture; the first call encodes it in a thread."""
        key = (width_px, height_px, encoding, clear, draft, quality)
        task = self._encoded.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(encode, *key))
            self._encoded[key] = task
        return await asyncio.shield(task)

    def keep(self, picture: RenderedImage) -> None:
        """Make the picture's bytes available for download, as long as MOST_KEPT_BYTES allow."""
        if picture.digest in self._served:
            return
        self._served[picture.digest] = picture.data
        self._served_bytes += len(picture.data)
        while self._served_bytes > MOST_KEPT_BYTES and len(self._served) > 1:
            oldest = next(iter(self._served))
            self._served_bytes -= len(self._served.pop(oldest))

    def stored(self) -> int:
        """Return how many pictures were made available for download."""
        return len(self._served)

    def find(self, digest: str) -> bytes | None:
        """Return the bytes of that digest, None where none are stored."""
        return self._served.get(digest)


def encode(  # noqa: PLR0913, PLR0917 - what a flat picture depends on
    width_px: int,
    height_px: int,
    encoding: str,
    clear: bool = False,  # noqa: FBT001, FBT002 - called through to_thread
    draft: int = 0,
    quality: int | None = None,
) -> bytes:
    """Encode a flat picture with a frame.

    `encoding` is png, jpeg or webp; `clear` gives png and webp an alpha channel. Each `draft` has
    another colour, 0 is the finished picture. `quality` is that of JPEG and WebP, 1 to 100; None
    gives small files.
    """
    colour = ((58 + 37 * draft) % 200, 96, 140)
    frame = (236, 219, 178)
    out = io.BytesIO()
    if encoding == "png":
        picture = Image.new("P", (width_px, height_px), 1)
        picture.putpalette([*frame, *colour])
        _frame(picture, 0)
        options = {"transparency": 0} if clear else {}
        picture.save(out, "PNG", bits=1, compress_level=9, **options)
    elif encoding == "jpeg":
        picture = Image.new("RGB", (width_px, height_px), colour)
        _frame(picture, frame)
        picture.save(out, "JPEG", quality=quality or 30, optimize=True)
    else:
        mode, paint = ("RGBA", (*colour, 0)) if clear else ("RGB", colour)
        picture = Image.new(mode, (width_px, height_px), paint)
        _frame(picture, frame)
        picture.save(out, "WEBP", quality=quality or 1, method=0)
    return out.getvalue()


def numbered(data: bytes, encoding: str, number: int) -> bytes:
    """Return a file with the number of its image in a comment; 0 leaves it as it is.

    Several images of one reply differ, as a model's do, and are encoded once.
    """
    if not number:
        return data
    comment = f"image {number + 1}".encode()
    if encoding == "png":  # after the signature and the header chunk
        chunk = b"tEXtComment\0" + comment
        size, check = len(chunk) - 4, zlib.crc32(chunk)
        return data[:33] + size.to_bytes(4) + chunk + check.to_bytes(4) + data[33:]
    if encoding == "jpeg":
        return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + data[2:]
    padded = comment + b"\0" * (len(comment) % 2)
    more = data[8:] + b"NOTE" + len(comment).to_bytes(4, "little") + padded
    return data[:4] + len(more).to_bytes(4, "little") + more


def _frame(picture: Image.Image, colour: int | tuple[int, int, int]) -> None:
    right, bottom = picture.width - 1, picture.height - 1
    ImageDraw.Draw(picture).rectangle((0, 0, right, bottom), outline=colour, width=16)
