"""A small copy of an image, for a report to show: made in the process that inspects files.

It is a lossy WebP without an alpha channel, so that whoever reads it back can tell from its first
30 bytes that it is no more than that.
"""

import base64
import io
from contextlib import suppress

from PIL import Image, ImageOps

from harness.core.inspection import THUMBNAIL_AT_MOST_BYTES, THUMBNAIL_EDGE_PX

_QUALITIES = (60, 40, 20, 5)
"""From good to poor: the first that is small enough is taken. Photographs are at 60, noise at 5."""

_EFFORT = 2
"""WebP's `method`: at 4 it takes twice as long for a twentieth of the size."""

_EDGES_PX = (THUMBNAIL_EDGE_PX, THUMBNAIL_EDGE_PX // 2)

_SQUARE_PX = 8
_LIGHT, _DARK = 255, 204
"""The chequers that clear pixels are shown over."""


def thumbnail_of(image: Image.Image) -> str:
    """Return a loaded image's small copy as base64; empty where none can be made.

    Its longer edge has at most THUMBNAIL_EDGE_PX pixels, its bytes are at most
    THUMBNAIL_AT_MOST_BYTES. Clear pixels are drawn over chequers, and it is turned as EXIF says.
    Never raises.
    """
    if image.mode in ("I", "F"):  # its levels are of no known range
        return ""
    with suppress(Exception):  # a codec may raise anything, and Pillow may lack this one
        flat = _flat(_small(image))
        for edge_px in _EDGES_PX:
            flat.thumbnail((edge_px, edge_px))
            for quality in _QUALITIES:
                raw = _encoded(flat, quality)
                if len(raw) <= THUMBNAIL_AT_MOST_BYTES:
                    return base64.b64encode(raw).decode("ascii")
    return ""


def _small(image: Image.Image) -> Image.Image:
    """Return a small copy with colours that can be drawn, turned as EXIF says."""
    scale = min(1.0, THUMBNAIL_EDGE_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda level: level / 256).convert("L")
    elif image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")  # a clear colour, which a smaller copy no longer has
    small = image.resize(size, Image.Resampling.BOX)
    small.info = {}
    small.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    return ImageOps.exif_transpose(small)


_ORIENTATION = 0x0112


def _flat(small: Image.Image) -> Image.Image:
    """Return an image over chequers where it is clear."""
    if small.mode not in ("LA", "RGBA"):
        return small.convert("RGB")
    clear = small.convert("RGBA")
    chequers = Image.new("L", small.size)
    chequers.putdata(
        [
            _DARK if (x // _SQUARE_PX + y // _SQUARE_PX) % 2 else _LIGHT
            for y in range(small.height)
            for x in range(small.width)
        ]
    )
    flat = chequers.convert("RGB")
    flat.paste(clear.convert("RGB"), mask=clear.getchannel("A"))
    return flat


def _encoded(flat: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    flat.save(buffer, "WEBP", quality=quality, method=_EFFORT)
    return buffer.getvalue()
