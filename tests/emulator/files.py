"""What files of images show: the chunks of a PNG, the quality of a JPEG, their pixels."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def layout(png: bytes) -> list[str]:
    """The chunks of a PNG in their order."""
    kinds, at = [], 8
    while at < len(png):
        kinds.append(png[at + 4 : at + 8].decode("ascii"))
        at += 12 + int.from_bytes(png[at : at + 4])
    return kinds


def tables(jpeg: bytes) -> dict[int, list[int]]:
    """The quantisation tables of a JPEG."""
    with Image.open(io.BytesIO(jpeg)) as image:
        found: dict[int, list[int]] = image.quantization  # type: ignore[attr-defined]  # of JPEG alone
        return {number: list(table) for number, table in found.items()}


def gray(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The lightness of each pixel."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def share_of_high_frequencies(data: bytes) -> float:
    """How much of the energy of neighbouring differences is in the highest quarter of frequencies.

    Enlarging leaves that quarter nearly empty, whatever was drawn.
    """
    pixels = gray(data)
    spectrum = np.abs(np.fft.rfft(pixels - pixels.mean(axis=1, keepdims=True), axis=1)) ** 2
    weighted = spectrum.mean(axis=0) * np.arange(spectrum.shape[1]) ** 2
    return float(weighted[len(weighted) * 7 // 8 :].sum() / weighted.sum())
