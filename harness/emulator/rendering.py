"""The pictures of a reply: of the exact size and format requested, unless a content fault is on."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .drawing import Drawing, made
from .faults import job_faults
from .faults.authenticity import delivered_edges
from .pictures import LONGEST_EDGE_PX, MOST_PIXELS
from .rules.parameters import is_integer, parse_size

if TYPE_CHECKING:
    from .pictures import RenderedImage
    from .state import ProviderState

# Only a request whose broken n rule is switched off can want more than 10.
MOST_IMAGES = 32
LARGE_PX = 2_000_000
# The faults of the second image of several: each is another content fault for it alone.
ONE_IMAGE = {
    "one_image_swapped": "swapped_dimensions",
    "one_image_wrong_format": "wrong_format",
    "one_image_undecodable": "undecodable_image",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """The pictures that a reply has to hold.

    `explicit` says that the client named the size or the ratio, so that another one is wrong.
    `clear` is for an alpha channel; `opaque` says that the client named an opaque background.
    `prompt` is what a natural picture is drawn from; `compression` is the documented parameter,
    None where the client named none; `ready_in_s` is how many seconds from now the reply leaves.
    `seed` is set where pictures are made.
    """

    width_px: int
    height_px: int
    explicit: bool
    encoding: str
    images: int = 1
    clear: bool = False
    opaque: bool = False
    prompt: object = None
    compression: object = None
    ready_in_s: float = 0.0
    seed: str = ""

    @property
    def pixels(self) -> int:
        """Return the number of pixels of one image."""
        return self.width_px * self.height_px

    @property
    def edges(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width_px, self.height_px

    def picked(self) -> RenderRequest:
        """Return the request for a size that the client left to the provider."""
        return dataclasses.replace(self, explicit=False)


def request_of_size(  # noqa: PLR0913 - the parameters of a request
    size: object,
    *,
    encoding: str,
    images: int,
    longest_px: int = LONGEST_EDGE_PX,
    background: object = None,
    prompt: object = None,
    compression: object = None,
) -> RenderRequest:
    """Return the request for pictures of a written WIDTHxHEIGHT.

    They are of 1024x1024 where it is no size, has an edge above `longest_px` or cannot be made at
    all; the documents' own limits are far below that.
    """
    edges = parse_size(size)
    if edges is not None and (max(edges) > longest_px or edges[0] * edges[1] > MOST_PIXELS):
        edges = None
    width_px, height_px = edges or (1024, 1024)
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=edges is not None,
        encoding=encoding,
        images=images,
        clear=background == "transparent",
        opaque=background == "opaque",
        prompt=prompt,
        compression=compression,
    )


def usable_image_count(count: object) -> int:
    """Return how many images a request gets: as many as it wants if that is possible, else 1."""
    return min(count, MOST_IMAGES) if is_integer(count) and count >= 1 else 1


async def render(
    state: ProviderState, request: RenderRequest, extra_faults: frozenset[str] = frozenset()
) -> tuple[RenderedImage, ...]:
    """Return the pictures of a request and make them available for download.

    `extra_faults` names content faults that are on for this request alone.
    """
    faults = state.faults.names | extra_faults
    request = _seeded(state, request)
    second = faults | {ONE_IMAGE[name] for name in faults & ONE_IMAGE.keys()}
    count = _count(request.images, faults)
    if "repeated_images" in faults and request.images > 1:
        alone = state.pictures.stored() + 1  # another one than all others were served with
        pictures = [await _rendered(state, request, faults, number=alone)] * count
    else:
        pictures = [
            await _rendered(state, request, second if number == 1 else faults, number=number)
            for number in range(count)
        ]
    for picture in pictures:
        state.pictures.keep(picture)
    return tuple(pictures)


async def render_drafts(
    state: ProviderState, request: RenderRequest, count: int
) -> tuple[RenderedImage, ...]:
    """Return what a stream shows before the picture: whole images in other colours."""
    faults = state.faults.names
    request = _seeded(state, request)
    drafts = [
        await _rendered(state, request, faults, draft=number) for number in range(1, count + 1)
    ]
    if "partial_undecodable" in faults:
        drafts = [
            dataclasses.replace(draft, data=draft.data[: len(draft.data) // 2]) for draft in drafts
        ]
    return tuple(drafts)


def _count(requested: int, faults: frozenset[str]) -> int:
    if requested > 1:
        requested += ("more_images" in faults) - ("fewer_images" in faults)
    return min(requested, 4) if "capped_images" in faults else requested


async def _rendered(
    state: ProviderState,
    request: RenderRequest,
    faults: frozenset[str],
    *,
    draft: int = 0,
    number: int = 0,
) -> RenderedImage:
    width_px, height_px = _edges(request, faults)
    drawing = Drawing(
        width_px=width_px,
        height_px=height_px,
        encoding=_encoding(request.encoding, faults),
        claimed=request.encoding,
        clear=job_faults.is_clear(faults, clear=request.clear, opaque=request.opaque),
        draft=draft,
        number=number,
        prompt=_digest(request.prompt),
        seed=request.seed,
        quality=_file_quality(request.compression, faults),
        ready_in_s=request.ready_in_s,
    )
    picture = await made(state, drawing, faults)
    if "undecodable_image" in faults:
        return dataclasses.replace(picture, data=picture.data[: len(picture.data) // 2])
    return picture


def _seeded(state: ProviderState, request: RenderRequest) -> RenderRequest:
    """Return the request with a seed that no other one has: a model never draws the same twice."""
    place = f"{state.settings.seed}:{state.provider}:{state.next_rendering()}"
    return dataclasses.replace(request, seed=f"{place}:{_digest(request.prompt)}")


def _digest(prompt: object) -> str:
    # A lone surrogate, which JSON can hold, has no other encoding.
    text = prompt if isinstance(prompt, str) else ""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file_quality(compression: object, faults: frozenset[str]) -> int | None:
    """Return the quality of a JPEG or WebP: the number that the client named, 0 being 1."""
    if "compression_ignored" in faults or not is_integer(compression):
        return None
    return max(1, min(compression, 100))


def _edges(request: RenderRequest, faults: frozenset[str]) -> tuple[int, int]:
    width_px, height_px = request.width_px, request.height_px
    large = "wrong_dimensions_of_large" in faults and request.pixels > LARGE_PX
    if request.explicit and (large or "wrong_dimensions" in faults):
        width_px = height_px = 1254  # what several gateways really returned for larger sizes
    if "wrong_dimensions_of_wide" in faults:
        width_px, height_px = min(width_px, 2 * height_px), min(height_px, 2 * width_px)
    if "rounded_dimensions" in faults:
        width_px, height_px = width_px // 64 * 64, height_px // 64 * 64
    turned = "wrong_dimensions_of_portrait" in faults and height_px > width_px
    if turned or "swapped_dimensions" in faults:
        width_px, height_px = height_px, width_px
    return delivered_edges(faults, width_px, height_px)


def _encoding(requested: str, faults: frozenset[str]) -> str:
    if f"wrong_format_of_{requested}" in faults:
        return "png"
    if "wrong_format" in faults:
        return "jpeg" if requested == "png" else "png"
    return requested
