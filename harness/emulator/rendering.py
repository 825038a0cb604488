"""From an order to pictures: the exact size and format asked for, unless a content fault is on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .pictures import LONGEST_EDGE_PX, MOST_PIXELS, RenderedImage

if TYPE_CHECKING:
    from .state import ProviderState

# Only a request whose broken n rule is switched off can ask for more than 10.
MOST_IMAGES = 32
LARGE_PX = 2_000_000
# The faults of the second image of several, and those that they are for it.
ONE_IMAGE = {
    "one_image_swapped": "swapped_dimensions",
    "one_image_wrong_format": "wrong_format",
    "one_image_undecodable": "undecodable_image",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
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


def usable_images(width_px: int, height_px: int) -> bool:
    """Whether a picture of this size can be made at all; a document's own limits are far below."""
    return width_px * height_px <= MOST_PIXELS and max(width_px, height_px) <= LONGEST_EDGE_PX


def usable_image_count(value: object, default: int = 1) -> int:
    """Return how many images a request gets: what it says if that is possible, else `default`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return default
    return min(value, MOST_IMAGES)


async def render(
    state: ProviderState, order: RenderRequest, spoilt: frozenset[str] = frozenset()
) -> tuple[RenderedImage, ...]:
    """Return the pictures of an order and keep them for download.

    `spoilt` names content faults that are on for this order alone.
    """
    faults = state.faults.names | spoilt
    first = await _print(state, order, faults)
    pictures = [first] * _count(order.images, faults)
    if faults & ONE_IMAGE.keys() and len(pictures) > 1:
        also = {ONE_IMAGE[name] for name in faults & ONE_IMAGE.keys()}
        pictures[1] = await _print(state, order, faults | also)
    for picture in pictures[:2]:
        state.pictures.keep(picture)
    return tuple(pictures)


async def render_drafts(
    state: ProviderState, order: RenderRequest, count: int
) -> tuple[RenderedImage, ...]:
    """Return what a stream shows before the picture: whole images in other colours."""
    faults = state.faults.names
    pictures = [await _print(state, order, faults, draft=number) for number in range(1, count + 1)]
    if "partial_undecodable" in faults:
        pictures = [
            dataclasses.replace(one, data=one.data[: len(one.data) // 2]) for one in pictures
        ]
    return tuple(pictures)


def _count(asked: int, faults: frozenset[str]) -> int:
    if asked > 1:
        asked += ("more_images" in faults) - ("fewer_images" in faults)
    return min(asked, 4) if "capped_images" in faults else asked


async def _print(
    state: ProviderState, order: RenderRequest, faults: frozenset[str], *, draft: int = 0
) -> RenderedImage:
    width_px, height_px = _edges(order, faults)
    encoding = _encoding(order.encoding, faults)
    data = await state.pictures.encoded(
        width_px, height_px, encoding, clear=order.clear, draft=draft
    )
    if "undecodable_image" in faults:
        data = data[: len(data) // 2]
    return RenderedImage(data, width_px, height_px, encoding, claimed=order.encoding)


def _edges(order: RenderRequest, faults: frozenset[str]) -> tuple[int, int]:
    width_px, height_px = order.width_px, order.height_px
    large = "wrong_dimensions_of_large" in faults and order.pixels > LARGE_PX
    if order.explicit and (large or "wrong_dimensions" in faults):
        width_px = height_px = 1254  # what several gateways really returned for larger sizes
    if "wrong_dimensions_of_wide" in faults:
        width_px, height_px = min(width_px, 2 * height_px), min(height_px, 2 * width_px)
    if "rounded_dimensions" in faults:
        width_px, height_px = width_px // 64 * 64, height_px // 64 * 64
    lying = "wrong_dimensions_of_portrait" in faults and height_px > width_px
    if lying or "swapped_dimensions" in faults:
        width_px, height_px = height_px, width_px
    return width_px, height_px


def _encoding(asked: str, faults: frozenset[str]) -> str:
    if f"wrong_format_of_{asked}" in faults:
        return "png"
    if "wrong_format" in faults:
        return "jpeg" if asked == "png" else "png"
    return asked
