"""The share of requests not yet served over time, with its band: what a picture of times draws."""

from dataclasses import dataclass

import numpy as np

from harness.stats.intervals import fewest_samples
from harness.stats.survival import MIDDLE, CensoredTimes, log_log_band, thinned

BAND = (
    "Kaplan-Meier estimate (E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53, 1958) and its"
    " pointwise band on the log-log scale with Greenwood's variance (O. Borgan and K. Liestol,"
    " Scand. J. Stat. 17, 1990), from 6 requests on"
)
"""What draws a curve and the band around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveStep:
    """From `at_s` on, `waiting` is the share that is not yet served.

    `low` and `high` bound it at this moment with 95 % confidence, not at all moments together;
    both are missing where there are too few samples.
    """

    at_s: float
    waiting: float
    low: float | None = None
    high: float | None = None


def curve_steps(times: CensoredTimes, *, confidence: float = 0.95) -> tuple[CurveStep, ...]:
    """Return the curve from 0 s on, a step wherever one was served.

    A band stands around it from as many samples on as an interval of a median needs. Of more than
    `survival.MOST_STEPS` steps those at equal distances in their order are drawn, each exact.
    """
    start = CurveStep(at_s=0.0, waiting=1.0)
    if not times.any_ended:
        return (start,)
    if times.n < fewest_samples(MIDDLE, confidence=confidence):
        falls = zip(*times.curve, strict=True)
        return (start, *(CurveStep(at_s=float(at), waiting=float(share)) for at, share in falls))
    seconds, lows, highs = log_log_band(times, confidence)
    held = np.isin(seconds, times.curve[0])
    drawn = (*times.curve, lows[held], highs[held])
    steps = zip(*map(thinned, drawn), strict=True)
    return (
        CurveStep(at_s=0.0, waiting=1.0, low=1.0, high=1.0),
        *(
            CurveStep(at_s=float(at), waiting=float(share), low=float(low), high=float(high))
            for at, share, low, high in steps
        ),
    )
