"""How one picture is made: drawn, encoded, signed, or spoiled by the faults of what images are."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image

from .faults.authenticity import CACHED_BEFORE_S, NEED_NATURAL, drawn_edges
from .pictures import RenderedImage, encode, numbered

if TYPE_CHECKING:
    from .signing.signer import ImageSigner
    from .state import ProviderState

# A service draws, signs and sends: its signature is from near the end of a request.
SIGNED_SHARE, HELD_SHARE = 0.95, 1 / 3
# By how much lighter a copy is than another one, of 255: too little to be seen.
SHADE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture to make.

    `claimed` is the format that the reply declares of it. `clear` gives it transparent pixels,
    `draft` is 0 for a finished picture, `number` its place among several. `prompt` and `seed` are
    what a natural picture is drawn from. `quality` is that of JPEG and WebP, None for the usual
    one. `ready_in_s` is how many seconds from now its reply leaves.
    """

    width_px: int
    height_px: int
    encoding: str
    claimed: str
    clear: bool = False
    draft: int = 0
    number: int = 0
    prompt: str = ""
    seed: str = ""
    quality: int | None = None
    ready_in_s: float = 0.0


async def made(state: ProviderState, drawing: Drawing, faults: frozenset[str]) -> RenderedImage:
    """Return the picture; under a fault of caches, one that was made before."""
    if drawing.draft or not faults & {"cached", "cached_by_prompt"}:
        return await _made(state, drawing, faults, time.time())
    for_all = "cached" in faults
    prompt = "" if for_all else drawing.prompt
    key = (replace(drawing, prompt=prompt, seed="", ready_in_s=0.0),)
    if key not in state.kept:
        began_s = time.time() - (CACHED_BEFORE_S if for_all else 0.0)
        picture = await _made(state, drawing, faults, began_s)
        state.kept.setdefault(key, picture)
    return state.kept[key]


async def _made(
    state: ProviderState, drawing: Drawing, faults: frozenset[str], began_s: float
) -> RenderedImage:
    width_px, height_px, encoding = drawing.width_px, drawing.height_px, drawing.encoding
    drawn_px = drawn_edges(faults, width_px, height_px, drawing.seed)
    if state.settings.natural or faults & NEED_NATURAL:
        data = await asyncio.to_thread(_natural, drawing, drawn_px, faults)
    else:
        data = await state.pictures.encoded(
            width_px,
            height_px,
            encoding,
            clear=drawing.clear,
            draft=drawing.draft,
            quality=drawing.quality,
        )
        data = numbered(data, encoding, drawing.number)
    signer = None if drawing.draft else state.settings.signer
    if "reencoded" in faults:
        data = await asyncio.to_thread(_reencoded, data, encoding)
    elif signer is not None:
        share = HELD_SHARE if "held_after_signing" in faults else SIGNED_SHARE
        at_s = began_s + share * drawing.ready_in_s
        data = await asyncio.to_thread(_signed, signer, data, drawing, faults, at_s)
    return RenderedImage(
        data, width_px, height_px, encoding, claimed=drawing.claimed, drawn_px=drawn_px
    )


def _natural(drawing: Drawing, drawn_px: tuple[int, int], faults: frozenset[str]) -> bytes:
    from . import natural  # noqa: PLC0415 - numpy takes a while to load; flat pictures need none

    seed, number, shade = drawing.seed, drawing.number, 0
    if "nearly_repeated_images" in faults:
        shade, number = SHADE * number, 0
    if "nearly_cached" in faults:
        shade += SHADE * (hashlib.sha256(seed.encode()).digest()[0] % 8)
        seed = "stock"
    picture = natural.drawn(f"{seed}:{number}:{drawing.draft}", *drawn_px)
    if shade:
        picture = natural.lighter(picture, shade)
    if drawn_px != (drawing.width_px, drawing.height_px):
        picture = natural.enlarged(picture, drawing.width_px, drawing.height_px)
    return natural.file_of(picture, drawing.encoding, clear=drawing.clear, quality=drawing.quality)


def _reencoded(data: bytes, encoding: str) -> bytes:
    """Return a file as image software writes it anew: it keeps the pixels and nothing else."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        if encoding == "png":
            picture.save(out, "PNG", dpi=(72, 72))
        elif encoding == "jpeg":
            picture.save(out, "JPEG", quality=88, dpi=(72, 72))
        else:
            picture.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def _signed(
    signer: ImageSigner, data: bytes, drawing: Drawing, faults: frozenset[str], at_s: float
) -> bytes:
    from .signing import embedding  # noqa: PLC0415 - the folder needs the extra `provenance`

    encoding = drawing.encoding
    manifest_of = data
    if "manifest_moved" in faults:
        manifest_of = encode(drawing.width_px, drawing.height_px, encoding, drawing.clear, draft=7)
    signed = signer.signed(manifest_of, encoding, at_s=at_s, faults=faults)
    if "manifest_moved" in faults:
        return embedding.moved(signed, data, encoding)
    return embedding.altered(signed, encoding) if "manifest_altered" in faults else signed
