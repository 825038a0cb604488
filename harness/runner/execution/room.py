"""How much room on the disk the reply to a request can take; set aside before it leaves."""

import re
from fractions import Fraction

from harness.core.case import PlannedRequest
from harness.core.jsonvalue import texts

IMAGE_BYTES = 27 * 1024 * 1024 // 4
"""The least that is set aside for an image: more than a PNG of noise at 1536x1024."""

PIXEL_BYTES = 4
"""What a pixel weighs at most: PNG does not make noise smaller, and alpha is a fourth channel."""

LINE_BYTES = 256 * 1024
"""For the lines of the journal."""

_COPIES = Fraction(7, 3)
"""A reply lies on the disk as it came, in base64, until its images are taken out of it."""

_SIZE = re.compile(r"([0-9]{2,5}) ?[x*] ?([0-9]{2,5})")
_EDGE = re.compile(r"([1-9])k", re.IGNORECASE)
_EDGE_PX = 1024
_PARTIAL = "partial_images"
_IMAGES = 16
"""More than any provider serves; a request that is to be refused may name a million."""


def bytes_at_most(shot: PlannedRequest) -> int:
    """Return how many bytes of a disk the reply to a request can take.

    It holds for images up to 6.75 MiB, and for larger ones up to the size that the request names.
    0 for a request that cannot cost an image.
    """
    images = min(shot.at_risk.images, _IMAGES)
    if not images:
        return 0
    partial = shot.case.arguments.get(_PARTIAL)
    shown = 1 + (partial if isinstance(partial, int) and 0 < partial < 10 else 0)  # noqa: PLR2004
    size = max(IMAGE_BYTES, PIXEL_BYTES * _pixels(shot))
    return int(images * shown * size * _COPIES) + LINE_BYTES


def _pixels(shot: PlannedRequest) -> int:
    """Return the most pixels that an argument asks for, by its size or its class (2K, 4K)."""
    most = 0
    for text in texts(shot.case.arguments):
        if size := _SIZE.fullmatch(text):
            most = max(most, int(size[1]) * int(size[2]))
        elif edge := _EDGE.fullmatch(text):
            most = max(most, (int(edge[1]) * _EDGE_PX) ** 2)
    return min(most, _MOST_PIXELS)


_MOST_PIXELS = 4096 * 4096
"""A refusal may name any size; nobody has larger images of gpt-image-2."""
