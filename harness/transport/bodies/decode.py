"""Images decoded, or recognised where their format is not decoded here.

The process that scans large bodies loads this module, so it imports the standard library and Pillow
only.
"""

import io
import re
import warnings
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from harness.transport.bodies.alpha import has_alpha, translucent_share
from harness.transport.bodies.formats import HEAD_BYTES, declared_size, image_format
from harness.transport.bodies.png import (
    SIGNATURE,
    ChecksumError,
    is_whole,
    verify_data,
    without_spoilt_extras,
)

PIXELS_AT_MOST = 24_000_000
"""Almost three times the largest image that a provider promises: a claim above is not decoded, for
it takes four bytes of memory for each pixel, and as many again to look at it."""

CLAIMS = "claims"
"""How it is said that an image is larger than is decoded here: that may be whole."""

ORIENTATION, SIDEWAYS = 0x0112, range(5, 9)
"""The EXIF tag that turns an image, and its values that swap width and height."""

_KINDS = (
    "png", "jpeg", "webp", "gif", "bmp", "dib", "avif", "tiff", "jpeg2000", "ppm",
)  # fmt: skip
"""What is decoded: Pillow runs programs for some other formats, or learns their size too late."""

_ALSO = {"MPO": "jpeg"}
"""A JPEG with further pictures behind it, of which viewers show the first."""

_BOXES_BYTES = 64 * 1024
"""How much of a file is searched for its size where it is not decoded."""


class Decoded(NamedTuple):
    """The result of decoding bytes; `why` is empty where they are a whole image.

    `translucent_share` is the share of pixels that are not opaque; None where there is no alpha, or
    where it cannot be told.
    """

    format: str = "unknown"
    width_px: int | None = None
    height_px: int | None = None
    alpha: bool | None = None
    why: str = ""
    translucent_share: float | None = None
    mode: str = ""
    bit_depth: int | None = None
    frames: int | None = None
    orientation: int | None = None


def looks_like_image(raw: bytes) -> bool:
    """Tell whether a body starts as an image does: see `formats.image_format`."""
    return bool(image_format(raw[:HEAD_BYTES]))


def claimed_pixels(raw: bytes) -> int:
    """Return how many pixels an image's head claims, without decoding it; 0 where none is read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw)) as image:
                return image.width * image.height
    except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return 0


def _verify(source: BinaryIO | Path) -> None:
    """Hold a PNG's data against their checksums: see `png.verify_data`."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            verify_data(file)
    else:
        verify_data(source)


_PLAIN = {"RGB": ("RGB", 3), "L": ("L", 1)}
"""Pillow's modes without alpha, each with what the file must hold as well, and bytes of a pixel."""

_TURNING = (
    "exif",
    "xmp",
    "XML:com.adobe.xmp",
    "Raw profile type exif",
    "transparency",
    "interlace",
)
"""What may turn an image or make it clear, or orders its rows otherwise."""


def _is_plain_and_whole(image: ImageFile, source: BinaryIO | Path) -> bool:
    """Tell whether a PNG is whole, where that can be told without holding its pixels.

    False says nothing: then it is decoded.
    """
    raw_mode, pixel_bytes = _PLAIN.get(image.mode, ("", 0))
    tile = image.tile[0] if len(image.tile) == 1 else None
    if tile is None or tile.args != raw_mode or any(key in image.info for key in _TURNING):
        return False
    size = {"rows": image.height, "row_bytes": image.width * pixel_bytes}
    if not isinstance(source, Path):
        at = source.tell()
        whole = is_whole(source, **size)
        source.seek(at)
        return whole
    with source.open("rb") as file:
        return is_whole(file, **size)


def _without_extras(source: BinaryIO | Path) -> Decoded | None:
    """Decode a PNG that is whole but for what may be skipped of it; None where it is none."""
    try:
        raw = _read(source) if _head(source).startswith(SIGNATURE) else b""
    except OSError:
        return None
    kept = without_spoilt_extras(raw) if raw else None
    return None if kept is None else decoded(io.BytesIO(kept))


def _read(source: BinaryIO | Path) -> bytes:
    if isinstance(source, Path):
        return source.read_bytes()
    source.seek(0)
    return source.read()


def decoded(source: BinaryIO | Path) -> Decoded:
    """Decode one image completely; never raises, whatever its bytes are."""
    kind = "unknown"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(source) as image:
                kind = _ALSO.get(image.format or "", (image.format or "unknown").lower())
                if kind not in _KINDS:
                    return Decoded(kind, why="a format that is not decoded here")
                width, height = image.size
                if width * height > PIXELS_AT_MOST:
                    return Decoded(kind, why=f"{CLAIMS} {width}x{height} pixels")
                mode, depth, frames = image.mode, _bit_depth(image), _frames(image)
                if kind == "png" and frames == 1 and _is_plain_and_whole(image, source):
                    return Decoded(
                        kind, width, height, alpha=False, mode=mode, bit_depth=depth, frames=1
                    )
                image.load()
                if kind == "png":
                    _verify(source)
                turned = _orientation(image)
                if turned in SIDEWAYS:
                    width, height = height, width  # what a viewer shows
                clear = has_alpha(image)
                share = _share(image)
                alpha = clear or share is not None
                told = (mode, depth, frames, turned)
                return Decoded(kind, width, height, alpha, "", share, *told)
    except UnidentifiedImageError:
        return _without_extras(source) or _recognised(source)
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return Decoded(kind, why=_why(error))


def _why(error: Exception) -> str:
    match error:
        case Image.DecompressionBombError():
            return f"{CLAIMS} more pixels than are decoded here"
        case ChecksumError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"[:200]


def _recognised(source: BinaryIO | Path) -> Decoded:
    """Return what the first bytes say of an image that no decoder here takes."""
    try:
        head = _head(source)
    except OSError:
        head = b""
    kind = image_format(head[:HEAD_BYTES])
    if not kind:
        return Decoded(why="no known image format")
    width, height = declared_size(kind, head) or (None, None)
    return Decoded(kind, width, height, why=f"begins as {kind} does and is no whole image")


def _head(source: BinaryIO | Path) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(_BOXES_BYTES)
    source.seek(0)
    return source.read(_BOXES_BYTES)


def _orientation(image: ImageFile) -> int | None:
    """Return EXIF's word on how a viewer turns an image, 1 to 8; None where there is none."""
    found = image.getexif().get(ORIENTATION)
    return found if isinstance(found, int) and 1 <= found < SIDEWAYS.stop else None


_DEPTHS = {"1": 1, "I;16": 16, "I": 32, "F": 32}
"""Bits of a channel of Pillow's modes; 8 for all others."""

_NARROWED = re.compile(r";(\d+)")
"""How Pillow names what it cuts to 8 bits, or widens to them, as it reads it: `RGB;16B`, `L;4`."""


def _bit_depth(image: ImageFile) -> int | None:
    """Return the bits of a channel in the file of an image not yet loaded; None where unknown."""
    if image.format == "AVIF":  # decoded to 8 bits, whatever it holds
        return None
    if image.format in ("PNG", "TIFF") and image.tile:
        arguments = image.tile[0].args
        raw = arguments[0] if isinstance(arguments, tuple) else arguments
        if narrowed := _NARROWED.search(str(raw)):
            return int(narrowed[1])
    return _DEPTHS.get(image.mode, 8)


def _frames(image: Image.Image) -> int:
    """Return how many pictures there are; 1 where what follows the first cannot be read."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return 1


def _share(image: Image.Image) -> float | None:
    """Return what is see-through; None where a later frame of an animation cannot be decoded."""
    try:
        return translucent_share(image)
    except Exception:  # noqa: BLE001 - the first frame was whole: no reason to call it broken
        return None
