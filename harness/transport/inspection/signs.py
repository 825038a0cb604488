"""Weak signs of how one image file was made, read in the process that inspects it.

NumPy and ImageHash are loaded where they are used: the process that starts this one only names the
module. The picture is decoded once, in grey, and what follows looks at parts of it: 256 lines of
each axis (`resampling`) and a thumbnail of 64 by 64.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from PIL import Image

from harness.core.inspection import Signs
from harness.transport.bodies.decode import PIXELS_AT_MOST
from harness.transport.inspection.encoding import jpeg_quality, layout, webp_quantiser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORMATS = frozenset(("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF"))
"""What is decoded: Pillow runs programs for some others, or learns their size too late."""

HASH_EDGE = 16
"""A hash has 16 x 16 bits. With ImageHash's default of 8 x 8, the nearest two of 300 different
pictures differ in 8 of 64, and a copy in up to 4; with 16 x 16 it is 84 of 256 and about as few."""

SETTLED_BY = 0.1
"""How many grey levels a frequency must be off the median for its bit to say anything: nearer, a
re-encoding decides it."""

SETTLED_AT_LEAST = 100
"""Bits that must say something. A flat colour, a plain gradient have 1 to 20 of 256, a frame up to
64, and many of them the same; noise, whose thumbnail is one grey, about 7; scenes and pages 140 to
250."""


Seen = TypeVar("Seen")

Look = Callable[[Image.Image], object]
"""Looks at a decoded image, and leaves it as it is; never raises."""


def signs_of(path: Path, look: Look = lambda _image: None) -> Signs | None:
    """Return the weak signs of an image file; None where it is no file that can be read.

    `look` is called once with the image, where it can be decoded: that is most of the work.

    Never raises, whatever its bytes are: what cannot be decoded, or claims more pixels than
    `bodies.decode.PIXELS_AT_MOST`, shows the signs of its container only.
    """
    try:
        with path.open("rb") as file:
            return _signs(file, look)
    except OSError:
        return None


def _signs(file: BinaryIO, look: Look) -> Signs:
    parts = layout(file)
    quality = jpeg_quality(file)
    quantiser = webp_quantiser(file)
    grey = looked_at(file, lambda image: _grey(image, look))
    return Signs(
        layout=parts.names,
        data_chunks=parts.data,
        jpeg_quality=None if quality is None else quality.quality,
        jpeg_exact=None if quality is None else quality.exact,
        webp_quantiser=quantiser,
        perceptual_hash="" if grey is None else _perceptual_hash(grey),
        enlarged=None if grey is None else _enlarged(grey, four_blocks=quantiser is not None),
    )


def _grey(image: Image.Image, look: Look) -> Image.Image | None:
    """Return the picture in grey, drawn over white where it is clear, after another look at it."""
    look(image)
    return _flat(image)


def looked_at(file: BinaryIO, look: Callable[[Image.Image], Seen | None]) -> Seen | None:
    """Return what a look at the decoded image shows; None where it cannot be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.seek(0)
            with Image.open(file) as image:
                if image.format not in _FORMATS or image.width * image.height > PIXELS_AT_MOST:
                    return None
                image.load()
                return look(image)
    except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return None


def _flat(image: Image.Image) -> Image.Image | None:
    if image.mode in ("I", "F"):  # of no known range
        return None
    if image.mode.startswith("I;16"):
        import numpy as np  # noqa: PLC0415 - see the module

        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    clear = image.convert("RGBA")
    white = Image.new("L", image.size, 255)
    white.paste(clear.convert("L"), mask=clear.getchannel("A"))
    return white


def _enlarged(grey: Image.Image, *, four_blocks: bool) -> float | None:
    import numpy as np  # noqa: PLC0415 - see the module

    from harness.transport.inspection.resampling import enlarged  # noqa: PLC0415 - the same

    return enlarged(np.asarray(grey), four_blocks=four_blocks)


def _perceptual_hash(grey: Image.Image) -> str:
    """Return ImageHash's phash in hexadecimal; empty where too few of its bits say anything."""
    import numpy as np  # noqa: PLC0415 - see the module
    from imagehash import phash  # noqa: PLC0415 - the same

    thumbnail = grey.resize((4 * HASH_EDGE, 4 * HASH_EDGE), Image.Resampling.LANCZOS)
    if _settled(np.asarray(thumbnail, np.float64)) < SETTLED_AT_LEAST:
        return ""
    return str(phash(thumbnail, hash_size=HASH_EDGE))


def _settled(pixels: "NDArray[np.float64]") -> int:
    """Count the bits of the hash whose frequency is clear of the median that decides it."""
    import numpy as np  # noqa: PLC0415 - see the module

    n = len(pixels)
    places = np.arange(n)
    waves = np.cos(np.pi * np.outer(places[:HASH_EDGE], 2 * places + 1) / (2 * n))
    amplitudes = 4 * (waves @ pixels @ waves.T) / n**2
    return int((np.abs(amplitudes - np.median(amplitudes)) > SETTLED_BY).sum())
