"""How long a generation takes: log-normal around a median by quality, size and count.

No provider publishes a distribution. The medians are ours, placed among the few measurements known
for this family of models (11 to 90 s) and Apiframe's "about 15s": 8 s at low, 15 s at medium, 35 s
at high for one image of 1024x1024; proportional to the square root of the pixels, so that 3840x2160
takes 2.8 times as long; each further image of a request adds 15 %. Where the command line fixes the
seconds of a request, they are the same for all: its images are made side by side.
"""

from __future__ import annotations

import math
from random import Random

MEDIAN_S = {"low": 8.0, "medium": 15.0, "high": 35.0}
SPREAD = (
    0.35  # sigma of the logarithm: nine draws in ten lie within a factor of 1.8 around the median
)
REFUSAL_S = 0.004
SUBMIT_S = 0.15  # a job provider's reply to a submission
POLL_S = 0.02


class LatencyModel:
    """Draws durations in seconds, already scaled; the same seed gives the same sequence."""

    def __init__(self, *, seed: str, time_scale: float, fixed_s: float | None = None) -> None:
        self._draws = Random(seed)
        self._time_scale = time_scale
        self._each_s = fixed_s

    def generation_s(self, *, quality: str, pixels: int, images: int) -> float:
        """Draw how long the generation of `images` images of `pixels` pixels each takes."""
        if self._each_s is not None:
            return self._each_s * self._time_scale
        median_s = MEDIAN_S.get(quality, MEDIAN_S["medium"])
        median_s *= math.sqrt(pixels / 1_048_576) * (1 + 0.15 * (images - 1))
        return median_s * self._draws.lognormvariate(0.0, SPREAD) * self._time_scale

    def fixed_s(self, seconds: float) -> float:
        """Return a duration that does not vary, scaled."""
        return seconds * self._time_scale
