"""Which of two is faster, with evidence that holds at whatever moment one looks at it.

Two attempts of one pair are asked for in the same minutes with the same prompt. If both providers
are alike, either could have had either time: given how far apart the two times of a pair are, it is
a fair coin which of them is the longer one, whatever the distribution, its tails and its drift. So
one who bets a part of a fortune on the coin cannot be expected to gain, and a fortune of 40 has a
chance of at most 1 in 40 to ever be seen (J. Ville, Etude critique de la notion de collectif, 1939;
A. Ramdas, P. Gruenwald, V. Vovk and G. Shafer, "Game-theoretic statistics and safe anytime-valid
inference", Statistical Science 38, 2023). The fortune is the e-value. The bets grow with the
distance (as the likelihood ratio of two normal distributions has it) and are spread over several
sizes and both directions. Betting against each shift of one provider's times, and keeping those
shifts against which little was won, makes a confidence sequence for the ratio of their times.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.core.verdict import Estimate

Floats = NDArray[np.float64]

METHOD = (
    "median ratio of the pairs (a timeout counts as what it was waited for); confidence sequence by"
    " betting on the sign of the log ratio, valid at any moment of looking (A. Ramdas et al.,"
    " Statistical Science 38, 2023; J. Ville, 1939); pairs of which one was refused, failed or cut"
    " off are left out"
)
NO_PAIRS = "no pair in which both were served or timed out"

STAKES = np.array([0.1, 0.2, 0.3, 0.45, 0.65, 0.9, 1.3])[:, None]
"""Sizes of bets for a pair of average distance; a bet is tanh(size * distance / average)."""

MOST_STAKED = 0.98
"""The largest part of the fortune that is bet: who bets all of it loses all of it once."""

SAME = 1e-12
"""Logarithms of times that differ by less are equal but for rounding."""

_UPWARDS = np.concatenate(
    [np.arange(0, 0.2, 0.005), np.arange(0.2, 0.6, 0.01), np.arange(0.6, 3.01, 0.05)]
)
SHIFTS: Floats = np.concatenate([-_UPWARDS[:0:-1], _UPWARDS])
"""Logarithms of the ratios that are tried, from 1/20 to 20; 0 (both alike) is one of them."""

ALIKE = int(np.searchsorted(SHIFTS, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """How long one attempt of a pair took, in seconds.

    Where it did not end (`served` is False) it took longer than that. `limit_s` is how long it
    would have been waited for; None is without limit.
    """

    seconds: float
    served: bool = True
    limit_s: float | None = None


@dataclass(slots=True, kw_only=True)
class Comparing:
    """The bets on the pairs seen so far; adding a pair takes the same small time each time.

    `needed` is the fortune that decides: its inverse bounds the chance that it is ever seen though
    both are alike. `evidence` is the largest fortune that betting against that has come to, and
    `fortune` what it stands at. What was decided once stays so. `slower` says whether `second` is
    the slower one, and is None until that is decided.
    """

    needed: float
    pairs: int = 0
    fortune: float = 1.0
    evidence: float = 1.0
    slower: bool | None = None
    _towards: Floats = field(default_factory=lambda: np.zeros((2, len(STAKES), len(SHIFTS))))
    """Logarithms of fortunes: that `second` is slower, or faster; by size of bet and shift."""
    _most: Floats = field(default_factory=lambda: np.zeros(len(SHIFTS)))
    _apart: Floats = field(default_factory=lambda: np.zeros(len(SHIFTS)))
    _bets: Floats = field(default_factory=lambda: np.zeros(len(SHIFTS)))
    _ratios: list[float] = field(default_factory=list)

    def add(self, first: Time, second: Time) -> None:
        """Take note of a pair; where neither ended, nothing can be won from it."""
        self.pairs += 1
        gap = _gap(first, second)
        apart = np.abs(gap)
        # The average takes in the pair's own distance: given that, its sign is still a fair coin.
        self._apart += apart
        self._bets += apart > 0
        mean = np.divide(self._apart, self._bets, out=np.ones_like(apart), where=self._bets > 0)
        part = np.tanh(STAKES * gap / np.where(mean > 0, mean, 1.0))
        part = np.clip(part, -MOST_STAKED, MOST_STAKED)
        self._towards += np.stack([np.log1p(part), np.log1p(-part)])
        sides = np.logaddexp.reduce(self._towards, axis=1) - math.log(2 * len(STAKES))
        both = np.logaddexp(sides[0], sides[1])
        np.maximum(self._most, both, out=self._most)
        self.fortune = _exp(float(both[ALIKE]))
        self.evidence = max(self.evidence, self.fortune)
        if self.slower is None and self.fortune >= self.needed:
            self.slower = bool(sides[0, ALIKE] > sides[1, ALIKE])
        if gap[ALIKE] or (first.served and second.served):
            self._ratios.append(float(gap[ALIKE]))

    def bounds(self) -> tuple[float | None, float | None]:
        """Return the bounds of the ratio of `second` to `first`; missing beyond 1/20 and 20.

        Both are missing too where no ratio is left: then it changed while it was watched.
        """
        possible = np.flatnonzero(self._most < math.log(self.needed))
        if not len(possible):
            return None, None
        low, high = (
            possible[0] - 1,
            possible[-1] + 1,
        )  # the truth may lie between two ratios that are tried
        return (
            math.exp(SHIFTS[low]) if low >= 0 else None,
            math.exp(SHIFTS[high]) if high < len(SHIFTS) else None,
        )

    def within(self, margin: float) -> bool:
        """Tell whether the ratio is known to lie between 1 / `margin` and `margin`."""
        low, high = self.bounds()
        return low is not None and high is not None and 1 / margin < low and high < margin

    def ratio(self) -> Estimate:
        """Return how many times as long `second` takes as `first`.

        Its bounds hold together at all times with a confidence of 1 - 1 / `needed`.
        """
        low, high = self.bounds()
        median = math.exp(float(np.median(self._ratios))) if self._ratios else None
        if median is not None:
            median = min(max(median, low or 0.0), high or math.inf)
        return Estimate(
            value=median,
            low=low,
            high=high,
            confidence=1 - 1 / self.needed,
            n=self.pairs,
            unit="ratio",
            method=METHOD if self._ratios else NO_PAIRS,
        )


def _gap(first: Time, second: Time) -> Floats:
    """Return the log ratio of a pair, less each shift; 0 where its sign is not known.

    Both are cut at a common limit, after the shift: only then may they change places.
    """
    first_log, second_log = _log(first.seconds), _log(second.seconds) - SHIFTS
    limit = np.minimum(_limit(first), _limit(second) - SHIFTS)
    gap: Floats = np.minimum(second_log, limit) - np.minimum(first_log, limit)
    return np.where(np.abs(gap) < SAME, 0.0, gap)


def _log(seconds: float) -> float:
    return math.log(max(seconds, 1e-6))  # a microsecond, for a recording may say 0


def _limit(time: Time) -> float:
    limit_s = math.inf if time.limit_s is None else time.limit_s
    return _log(limit_s if time.served else min(limit_s, time.seconds))


def _exp(logarithm: float) -> float:
    return math.exp(min(logarithm, 700.0))  # beyond is no float
