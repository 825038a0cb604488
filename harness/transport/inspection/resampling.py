"""Whether a picture was enlarged, by the traces that interpolation leaves in its pixels.

Between the pixels of the smaller picture the larger one is interpolated, so that how much its
derivatives vary repeats with the smaller one's grid. The mean size of a derivative along one axis,
over many lines across, has a spectral line for it: at the frequency r (or 1 - r) for the second
derivative of a picture that is 1/r times as large (A. C. Gallagher, "Detection of linear and cubic
interpolation in JPEG compressed images", CRV 2005; B. Mahdian, S. Saic, "Blind authentication using
periodic properties of interpolation", IEEE TIFS 3, 2008; the dependence itself: A. C. Popescu,
H. Farid, "Exposing digital forgeries by detecting traces of resampling", IEEE TSP 53, 2005). At
r = 1/2 the second derivative is symmetrical, and the line stands in the first and the third.

A picture's own regularity leaves lines as well, and so do the blocks of JPEG and WebP. What is
asked of a line therefore: it stands out from its neighbours; no line of a longer period is as
strong (a grid of large dots has many); the picture itself has none at the half of that frequency;
and the multiples of 1/16 do not count, but for 1/4 and 1/2, which are held against the other
multiples of 1/8 that blocks would bring along (WebP's blocks of 4 bring 1/4 alone: it does not
count there).

An enlarging model (an "AI upscaler") interpolates nothing and is not seen. How often all this is
wrong, and what is seen of what: `tests/benchmarks/suspicions.md`.
"""

from typing import NamedTuple, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

LINES = 256
"""Lines that are looked at along each axis, evenly spread: the whole of a picture of 8 million
pixels would take a second, and tell no more."""

EDGE_AT_LEAST_PX = 192
"""An axis of fewer pixels has too few frequencies."""

LIVELY_FROM = 0.3
"""The mean second derivative, in grey levels, below which a line is plain: a gradient's steps, and
the rounding of flat colours, repeat as well."""

_FAINT = 0.05

FREQUENCIES_FROM = 0.175
"""Enlarged by less than 1/0.825, the line lies among those of large regular dots."""

# What a line must reach to be told: each halfway between the natives' worst and what enlarging
# leaves (tests/benchmarks/suspicions.md).
STANDS_OUT, STRONGEST_BY, OWN_LINE = 9.0, 1.2, 4.0
QUARTER, HALF = 12.0, 5.0

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]


def enlarged(grey: Grey, *, four_blocks: bool = False) -> float | None:
    """Return how clearly a picture was enlarged, from 0 to 1; told from 0.5 on.

    `grey` is height by width. None where both axes are too short or too plain to tell.
    `four_blocks`: it was stored in blocks of 4 pixels (a lossy WebP). Takes 256 lines of each axis,
    whatever the size: a few milliseconds and megabytes.
    """
    height, width = grey.shape
    across = grey[:: max(1, height // LINES)][: LINES + LINES // 2]
    down = grey[:, :: max(1, width // LINES)][:, : LINES + LINES // 2]
    axes = (across, np.ascontiguousarray(down.T))
    seen = [_along(axis, four_blocks=four_blocks) for axis in axes]
    told = [one for one in seen if one is not None]
    return max(told) if told else None


def _along(lines: Grey, *, four_blocks: bool) -> float | None:
    """Return the same of one axis: `lines` are the pixels along it."""
    if lines.shape[1] < EDGE_AT_LEAST_PX:
        return None
    pixels = lines.astype(np.int16)
    first = np.diff(pixels, axis=1)
    second = np.diff(first, axis=1)
    means = _means(second, 24)
    if float(means.mean()) < LIVELY_FROM:
        return None
    line = _Spectrum.of(means)
    half = max(_half(_means(first, 12)), _half(_means(np.diff(second, axis=1), 32)))
    times = [
        _between(line),
        0.0 if four_blocks else _at_a_quarter(line) / QUARTER,
        half / HALF,
    ]
    best = max(times)
    if best >= 1 and _own_line(pixels) > OWN_LINE:
        return 0.0
    return best / (1 + best)


def _means(derivative: NDArray[np.int16], clip: int) -> Floats:
    """Return the derivative's mean size across the lines; a large one counts as `clip`.

    Without that, a few edges would be all that is seen.
    """
    clipped = np.minimum(np.abs(derivative), clip)
    return cast("Floats", clipped.mean(0, dtype=np.float32))


class _Spectrum(NamedTuple):
    """The amplitudes of means that were divided by those around them, by frequency."""

    amplitude: Floats
    frequency: Floats
    n: int

    @classmethod
    def of(cls, means: Floats) -> "_Spectrum":
        n = len(means)
        around = np.convolve(np.pad(means, 8, mode="edge"), np.full(17, 1 / 17), "valid")
        level = means / (around + _FAINT)
        windowed = (level - level.mean()) * np.hanning(n)
        amplitude = np.abs(np.fft.rfft(windowed)).astype(np.float32)
        return cls(amplitude, (np.arange(len(amplitude)) / n).astype(np.float32), n)

    def at(self, frequency: float) -> float:
        """Return the amplitude at a frequency, or beside it."""
        index = round(frequency * self.n)
        return float(self.amplitude[max(0, index - 1) : index + 2].max())

    def off_blocks(self) -> NDArray[np.bool_]:
        """Return which frequencies are no multiple of 1/16, give or take four steps."""
        sixteenths = self.frequency * 16
        return np.abs(sixteenths - np.rint(sixteenths)) > 16 * 4 / self.n


def _between(line: _Spectrum) -> float:
    """Return how far the strongest line off the blocks' ones passes what is asked of it."""
    amplitude, frequency, n = line
    free = line.off_blocks()
    index = int(np.argmax(np.where(free & (frequency > FREQUENCIES_FROM), amplitude, 0)))
    around = amplitude[max(0, index - 40) : index + 41]
    stands_out = float(amplitude[index] / (np.median(around) + 1e-9))
    longer = free & (frequency > 0.025) & (frequency < frequency[index] - 4 / n)  # noqa: PLR2004 - beside the mean
    parts = (line.at(float(frequency[index]) / part) for part in (2, 3, 4))  # on the blocks' or not
    strongest_by = float(amplitude[index] / (max(amplitude[longer].max(initial=0), *parts) + 1e-9))
    times = min(stands_out / STANDS_OUT, strongest_by / STRONGEST_BY)
    return times if times < 1 else stands_out / STANDS_OUT


def _own_line(pixels: NDArray[np.int16]) -> float:
    """Return how far the strongest line of the picture itself stands out: one of a pattern.

    Whatever repeats in it repeats in the size of its derivative as well, at twice its frequency, at
    its multiples, and at what these fold to. A line of period 2 is the chequered trace that
    decoders of image models may leave.
    """
    n = pixels.shape[1]
    level = pixels - pixels.mean(1, keepdims=True, dtype=np.float32)
    waves = np.fft.rfft(level * np.hanning(n).astype(np.float32), axis=1)
    power = (np.abs(waves) ** 2).mean(0)
    around = np.median(sliding_window_view(np.pad(power, 15, mode="reflect"), 31), axis=1)
    frequency = np.arange(len(power)) / n
    lines = (power / (around + 1e-9))[frequency > 0.05]  # noqa: PLR2004 - below it is steep
    return float(lines.max())


def _at_a_quarter(line: _Spectrum) -> float:
    """Return how far the line at 1/4 stands out from all, and from those of blocks of 8."""
    usual = float(np.median(line.amplitude[line.frequency > 0.15]))  # noqa: PLR2004 - clear of the low ones
    return line.at(0.25) / (max(usual, line.at(0.125), line.at(0.375)) + 1e-9)


def _half(means: Floats) -> float:
    """Return the same of the line at 1/2, and from that of blocks of 4."""
    line = _Spectrum.of(means)
    usual = float(np.median(line.amplitude[line.frequency > 0.4]))  # noqa: PLR2004 - around it
    others = max(line.at(at) for at in (0.125, 0.25, 0.375, 0.4375))
    return line.at(0.5) / (max(usual, others) + 1e-9)
