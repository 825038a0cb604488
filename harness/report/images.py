"""Images that came, in words: one spelling for every page."""

from collections.abc import Sequence

from harness.core.exchange import Picture
from harness.report.text import count


def images_text(pictures: Sequence[Picture], *, most: int | None = None) -> str:
    """Return how many came, and each kind of them once: `2 images: png 1024x1024`.

    At `most` so many kinds; the others are left out. What was not decoded has no size to tell.
    """
    kinds = list(dict.fromkeys(map(image_text, pictures)))
    return f"{count(len(pictures), 'image')}: {', '.join(kinds[:most])}"


def image_text(picture: Picture) -> str:
    """Return a picture's format and pixels, or why it has none."""
    match picture.state:
        case "decoded":
            return f"{picture.format} {picture.width_px}x{picture.height_px}"
        case "undecodable":
            return f"{picture.format}, undecodable"
        case "absent":
            return "bytes not kept"
