"""Pictures with the statistics of photographs, in files like those that the maker's service writes.

A field of noise whose amplitude falls with frequency (1/f), in three colours, with lit shapes in
front of it: unlike a flat picture, it shows whether it was enlarged or compressed. Equal seeds give
equal pictures, different seeds different ones.
"""

from __future__ import annotations

import io
import math
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from .png import with_one_data_chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Field = NDArray[np.float32]

# The one recorded file of the maker: IJG quality 75 where nothing was asked.
USUAL_QUALITY = 75
SHAPES = 9


def drawn(seed: str, width_px: int, height_px: int) -> Image.Image:
    """Return an RGB picture of that size."""
    draws = Random(seed)
    numbers = np.random.default_rng(draws.getrandbits(64))
    light = _noise(numbers, width_px, height_px, exponent=draws.uniform(1.0, 1.25))
    warmth = _noise(numbers, width_px // 4 + 1, height_px // 4 + 1, exponent=1.6)
    ground = [draws.uniform(70, 190) for _ in range(3)]
    tint = [draws.uniform(-22, 22) for _ in range(3)]
    warm = _enlarged(warmth, width_px, height_px)
    layers = [
        _bytes(level + 34 * light + one * warm) for level, one in zip(ground, tint, strict=True)
    ]
    picture = Image.merge("RGB", [Image.fromarray(layer) for layer in layers])
    mask, lit = _shapes(draws, picture)
    return Image.composite(lit, picture, mask)


def enlarged(picture: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """Return the picture in a larger size, as image software enlarges it."""
    return picture.resize((width_px, height_px), Image.Resampling.BICUBIC)


def lighter(picture: Image.Image, steps: int) -> Image.Image:
    """Return the picture with every level so many steps of 255 higher."""
    return picture.point([min(255, level + steps) for level in range(256)] * 3)


def file_of(picture: Image.Image, encoding: str, *, clear: bool, quality: int | None) -> bytes:
    """Return a picture as a file of a format.

    A PNG has the maker's layout: header, one chunk of data, end. `clear` makes its outer 16 pixels
    transparent, in PNG and WebP. `quality` is that of JPEG and WebP, None for the usual one.
    """
    out = io.BytesIO()
    if clear and encoding != "jpeg":
        inside = Image.new("L", picture.size, 0)
        ImageDraw.Draw(inside).rectangle(
            (16, 16, picture.width - 17, picture.height - 17), fill=255
        )
        picture = picture.copy()
        picture.putalpha(inside)
    if encoding == "png":
        picture.save(out, "PNG", compress_level=1)
        return with_one_data_chunk(out.getvalue())
    picture.save(out, encoding.upper(), quality=USUAL_QUALITY if quality is None else quality)
    return out.getvalue()


def _noise(
    numbers: np.random.Generator, width_px: int, height_px: int, *, exponent: float
) -> Field:
    """Return noise of mean 0 and deviation 1 whose amplitude falls with that power of frequency."""
    white = numbers.standard_normal((height_px, width_px), dtype=np.float32)
    spectrum = np.fft.rfft2(white)
    down = np.fft.fftfreq(height_px).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(width_px).astype(np.float32)[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = math.inf  # no mean
    spectrum /= frequency**exponent
    field = np.fft.irfft2(spectrum, s=(height_px, width_px)).astype(np.float32)
    return field / np.float32(field.std() or 1.0)


def _enlarged(field: Field, width_px: int, height_px: int) -> Field:
    picture = Image.fromarray(field).resize((width_px, height_px), Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.float32)


def _bytes(field: Field) -> NDArray[np.uint8]:
    return np.clip(field, 0, 255).astype(np.uint8)


def _shapes(draws: Random, picture: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return where shapes cover the picture, and the picture in their light.

    The noise goes on inside them, as the texture of a thing does.
    """
    width_px, height_px = picture.size
    mask = Image.new("L", picture.size, 0)
    brush = ImageDraw.Draw(mask)
    for _ in range(SHAPES):
        size = draws.uniform(0.05, 0.3) * min(picture.size)
        left, top = draws.uniform(0, width_px), draws.uniform(0, height_px)
        box = (left, top, left + size, top + size * draws.uniform(0.4, 1.6))
        strength = draws.randint(60, 230)
        if draws.random() < 0.5:
            brush.ellipse(box, fill=strength)
        else:
            brush.regular_polygon(
                (left, top, size / 2), draws.randint(3, 6), draws.uniform(0, 90), fill=strength
            )
    factors = [draws.uniform(0.45, 1.5) for _ in range(3)]
    tables = [min(255, round(level * factor)) for factor in factors for level in range(256)]
    return mask, picture.point(tables)
