"""How much of a decoded image is see-through.

The process that scans large bodies loads this module, so it imports the standard library and Pillow
only.
"""

from array import array

from PIL import Image

OPAQUE = 255

FRAMES_AT_MOST, PIXELS_AT_MOST = 16, 48_000_000
"""What is looked at of an animation; an image that was asked for has one frame."""

_ANIMATED = ("PNG", "WEBP")
"""The formats that providers promise and that may hold several frames."""

_GREY = ("1", "L", "P")
"""Modes whose histogram has an entry for each value of a pixel."""


def has_alpha(image: Image.Image) -> bool:
    """Tell whether an opened image has an alpha channel, or colours that are clear."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def translucent_share(image: Image.Image) -> float | None:
    """Return the share of an image's pixels that are not opaque, of all frames that are looked at.

    None where there is no alpha, or where what Pillow shows of it does not decide: then nothing may
    be concluded. The image must be loaded; an animation is left at another frame.
    """
    shares: list[float] = []
    alpha = False
    for number in range(_frames(image)):
        if number:
            image.seek(number)
        has = has_alpha(image)
        alpha |= has
        share = _share(image) if has else 0.0
        if share is None:
            return None
        shares.append(share)
    return sum(shares) / len(shares) if alpha else None


def _frames(image: Image.Image) -> int:
    if image.format not in _ANIMATED:
        return 1
    most = max(1, PIXELS_AT_MOST // max(1, image.width * image.height))
    frames: int = getattr(image, "n_frames", 1)
    return min(frames, most, FRAMES_AT_MOST)


def _share(image: Image.Image) -> float | None:
    total = image.width * image.height
    translucent = _translucent(image)
    return None if translucent is None or not total else translucent / total


def _translucent(image: Image.Image) -> int | None:
    """Count the pixels of one frame that are not opaque."""
    if "A" in image.getbands():
        return sum(image.getchannel("A").histogram()[:OPAQUE])
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):  # one alpha for each of the first colours of the palette
        counts = image.histogram() if image.mode == "P" else []
        return (
            sum(count for count, alpha in zip(counts, clear, strict=False) if alpha < OPAQUE)
            if counts
            else None
        )
    return _of_one_colour(image, clear)


def _of_one_colour(image: Image.Image, clear: object) -> int | None:
    """Count the pixels of the one colour that is clear; None where Pillow names it otherwise."""
    if isinstance(clear, int) and image.mode in _GREY:
        counts = image.histogram()
        return counts[clear] if 0 <= clear < len(counts) else None
    if isinstance(clear, int) and image.mode == "I;16":
        return array("H", image.tobytes()).count(clear)
    in_bytes = isinstance(clear, tuple) and all(0 <= part <= OPAQUE for part in clear)
    if in_bytes and image.mode == "RGB":
        return sum(image.convert("RGBA").getchannel("A").histogram()[:OPAQUE])
    return None  # a 16-bit colour beside pixels that Pillow has cut to 8 bits
