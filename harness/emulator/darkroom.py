"""From an order to pictures: the exact size and format asked for, unless a content fault is on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pictures import LONGEST_EDGE_PX, MOST_PIXELS, Picture

if TYPE_CHECKING:
    from .desk import Desk

# Only a request whose broken n rule is switched off can ask for more than 10.
MOST_IMAGES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a reply has to hold.

    `explicit` says that the client named the size or the ratio, so that another one is wrong.
    """

    width_px: int
    height_px: int
    explicit: bool
    encoding: str
    images: int = 1
    clear: bool = False

    @property
    def pixels(self) -> int:
        """The number of pixels of one image."""
        return self.width_px * self.height_px


def usable(width_px: int, height_px: int) -> bool:
    """Whether a picture of this size can be made at all; a document's own limits are far below."""
    return width_px * height_px <= MOST_PIXELS and max(width_px, height_px) <= LONGEST_EDGE_PX


def usable_count(value: object, default: int = 1) -> int:
    """Return how many images a request gets: what it says if that is possible, else `default`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return default
    return min(value, MOST_IMAGES)


async def develop(desk: Desk, order: Order) -> tuple[Picture, ...]:
    """Return the pictures of an order and keep them for download."""
    picture = await _print(desk, order, draft=0)
    images = order.images
    if "fewer_images" in desk.faults and images > 1:
        images -= 1
    desk.pictures.keep(picture)
    return (picture,) * images


async def drafts(desk: Desk, order: Order, count: int) -> tuple[Picture, ...]:
    """Return what a stream shows before the picture: whole images in other colours."""
    pictures = [await _print(desk, order, draft=number) for number in range(1, count + 1)]
    if "partial_undecodable" in desk.faults:
        pictures = [
            dataclasses.replace(one, data=one.data[: len(one.data) // 2]) for one in pictures
        ]
    return tuple(pictures)


async def _print(desk: Desk, order: Order, *, draft: int) -> Picture:
    faults = desk.faults
    width_px, height_px = order.width_px, order.height_px
    if "wrong_dimensions" in faults and order.explicit:
        width_px = height_px = 1254  # what several gateways really returned for larger sizes
    if "swapped_dimensions" in faults:
        width_px, height_px = height_px, width_px
    encoding = order.encoding
    if "wrong_format" in faults:
        encoding = "jpeg" if order.encoding == "png" else "png"
    data = await desk.pictures.encoded(
        width_px, height_px, encoding, clear=order.clear, draft=draft
    )
    if "undecodable_image" in faults:
        data = data[: len(data) // 2]
    return Picture(data, width_px, height_px, encoding, claimed=order.encoding)
