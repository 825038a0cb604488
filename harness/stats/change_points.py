"""Where the level of a series of runs changed, and how sure that is.

E-divisive with means: D. S. Matteson and N. A. James, J. Am. Stat. Assoc. 109, 2014, with exponent
2, for which the divergence of two parts is the squared difference of their means. As in M. Fleming
et al., "Hunter", ICPE 2023 (now Apache Otava), parts are looked for in overlapping windows and
merged again where a test does not tell neighbours apart. Where Hunter takes Student's test at face
value, the place of a change was chosen as the largest of many here, and the test says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import (  # type: ignore[import-untyped]  # scipy ships no types
    gammaln,
    ndtri,
    stdtr,
)

METHOD = (
    "E-divisive with means in windows (D. S. Matteson and N. A. James, J. Am. Stat. Assoc. 109,"
    " 2014; M. Fleming et al., ICPE 2023), p of the largest of all splits (B. James, K. L. James"
    " and D. Siegmund, Biometrika 74, 1987)"
)

ALPHA = 0.003
"""How often a series without a change may be said to have one."""

FEWEST = 4
"""Runs on either side of a change; a figure without noise needs `FEWEST_EVEN`."""
FEWEST_EVEN = 2

_OUTLYING = 4.0
"""Standard deviations from its neighbours' median beyond which a single run is drawn in."""

_NEIGHBOURS = 3
_WEIGHT = 4.0
"""How many times the median a run may weigh: runs differ among themselves, too."""

_LEAST_Z = 2.5
_LEAST_P = 1e-300
_EVEN_SHARE = 0.8
"""Share of runs alike with the one before from which a figure has no noise."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From the run `at` on (counted from 0) the level is `after`, and was `before`.

    The levels are the medians of the runs up to the next change; of shares, all runs' together.
    `runs_before` and `runs_after` are as many. `p` is how likely a step as clear as this is
    somewhere in these runs where nothing changed; 0 where nothing is left to chance.
    """

    at: int
    before: float
    after: float
    runs_before: int
    runs_after: int
    p: float


def change_points(
    values: Sequence[float],
    *,
    n: Sequence[int] | None = None,
    share: bool = False,
    alpha: float = ALPHA,
) -> tuple[Step, ...]:
    """Return the steps of a series in order, the earliest first.

    `n` are the requests behind each value, which then weighs by them. With `share` the values are
    shares of `n`, of which chance alone makes some differ.
    """
    raw = np.asarray(values, dtype=float)
    sizes = np.ones(len(raw)) if n is None else np.maximum(np.asarray(n, dtype=float), 1)
    if len(raw) < 2 * FEWEST_EVEN or np.ptp(raw) == 0:
        return ()
    if not share and _even(raw):
        return tuple(_levels(raw))
    if len(raw) < 2 * FEWEST:
        return ()
    series = _Series.of(raw, sizes, share=share)
    return tuple(series.steps(series.merged(series.candidates(alpha), alpha)))


def _even(raw: Values) -> bool:
    """Tell whether a figure has no noise: nearly every run's is the one before's."""
    alike = np.isclose(raw[1:], raw[:-1], rtol=1e-9)
    return bool(alike.mean() >= min(_EVEN_SHARE, 1 - 1 / len(alike)))


def _levels(raw: Values) -> Iterator[Step]:
    """Yield the steps between levels that lasted; single runs off them are passed over."""
    begins = [0, *np.flatnonzero(~np.isclose(raw[1:], raw[:-1], rtol=1e-9)) + 1, len(raw)]
    lasting = [
        (int(first), int(after))
        for first, after in pairwise(begins)
        if after - first >= FEWEST_EVEN
    ]
    levels: list[tuple[int, int]] = []
    for first, after in lasting:
        if levels and np.isclose(raw[levels[-1][0]], raw[first], rtol=1e-9):
            levels[-1] = (levels[-1][0], after)
        else:
            levels.append((first, after))
    for (was, ended), (first, after) in pairwise(levels):
        yield Step(
            at=first,
            before=float(raw[was]),
            after=float(raw[first]),
            runs_before=ended - was,
            runs_after=after - first,
            p=0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A series made fit for tests: `x` without outliers, its sums, and the noise of one run."""

    raw: Values
    x: Values
    sizes: Values
    share: bool
    weight: Values
    sums: tuple[Values, Values, Values]
    noise: float

    @classmethod
    def of(cls, raw: Values, sizes: Values, *, share: bool) -> "_Series":
        if share:
            x, weight = raw, sizes
        else:
            middle = np.median(sizes)
            weight = np.clip(sizes / middle, 1 / _WEIGHT, _WEIGHT)
            x = _drawn_in(raw)
        sums = (np.cumsum(weight), np.cumsum(weight * x), np.cumsum(weight * x * x))
        begun = [np.concatenate([[0.0], each]) for each in sums]
        return cls(
            raw=raw,
            x=x,
            sizes=sizes,
            share=share,
            weight=weight,
            sums=(begun[0], begun[1], begun[2]),
            noise=0.0 if share else _noise(x, weight),
        )

    def candidates(self, alpha: float) -> list[int]:
        """Return the clear steps of windows of every length, from the whole series to a few runs.

        Windows of one length overlap by half; their number is what their p is corrected by.
        """
        length, found = len(self.x), set()
        scales = max(1, int(np.log2(length / (2 * FEWEST))) + 1)
        for scale in range(scales):
            width = max(2 * FEWEST, length >> scale)
            firsts = np.unique(
                np.append(np.arange(0, length - width + 1, width // 2), length - width)
            )
            at, z = self._largest(firsts, width)
            z = np.where(z > _LEAST_Z, z, 0.0)
            for first, place in zip(firsts[z > 0], at[z > 0], strict=True):
                p = self.chance(int(first), int(place), int(first) + width)
                if p * len(firsts) * scales < alpha:
                    found.add(int(place))
        return sorted(found)

    def _largest(self, firsts: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], Values]:
        """Return of each window where its two parts differ most, and by how many deviations."""
        splits = np.arange(FEWEST, width - FEWEST + 1)
        here = firsts[:, None] + splits[None, :]
        z = self._z(firsts[:, None], here, firsts[:, None] + width)
        best = z.argmax(axis=1)
        rows = np.arange(len(firsts))
        return here[rows, best], z[rows, best]

    def _z(self, first: NDArray[np.int64], at: NDArray[np.int64], end: NDArray[np.int64]) -> Values:
        """Return how many standard deviations two parts' means are apart."""
        w, s, q = self.sums
        left, right = w[at] - w[first], w[end] - w[at]
        sum_left, sum_right = s[at] - s[first], s[end] - s[at]
        mean_left, mean_right = sum_left / left, sum_right / right
        within = q[end] - q[first] - mean_left * sum_left - mean_right * sum_right
        spread = np.maximum(within, 0) / np.maximum(end - first - 2, 1)
        if self.share:  # what chance alone does to shares of that many requests
            whole = left + right
            middle = (sum_left + sum_right + 0.5) / (whole + 1)
            spread = np.maximum(spread, middle * (1 - middle))
        else:
            spread = np.maximum(spread, self.noise**2)
        distance: Values = np.abs(mean_left - mean_right) / np.sqrt(
            np.maximum(spread, 1e-18) * (1 / left + 1 / right)
        )
        return distance

    def chance(self, first: int, at: int, end: int) -> float:
        """Return the p of the step at `at`, chosen as the largest between `first` and `end`."""
        one = self._z(*(np.asarray([place]) for place in (first, at, end)))[0]
        z = _deviations(float(stdtr(max(len(self.x) - 2, 1), -one)))
        if self.share:
            z = min(z, self._exact_z(first, at, end))
        if z < _LEAST_Z:
            return 1.0
        edge = FEWEST / (end - first)
        ratio = max(np.log(((1 - edge) / edge) ** 2), 0.0)
        density = float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))
        return float(min(1.0, density * ((z - 1 / z) * ratio + 4 / z)))

    def _exact_z(self, first: int, at: int, end: int) -> float:
        """Return the z of Fisher's exact test of two shares, which knows few failures as few."""
        counts = np.rint(self.raw * self.sizes)
        (left, right), (of_left, of_right) = (
            (each[first:at].sum(), each[at:end].sum()) for each in (counts, self.sizes)
        )
        return _deviations(min(_fewer(left, right, of_left, of_right), 0.5))

    def merged(self, places: Sequence[int], alpha: float) -> list[int]:
        """Put each step where it divides its neighbours best; drop the unclear, the worst first."""
        kept = sorted(places)
        while kept:
            kept = self._moved(kept)
            bounds = [0, *kept, len(self.x)]
            p = [self.chance(*bounds[i : i + 3]) for i in range(len(kept))]
            worst = int(np.argmax(p))
            if p[worst] < alpha:
                break
            del kept[worst]
        return kept

    def _moved(self, places: list[int]) -> list[int]:
        for _ in range(3):
            bounds = [0, *places, len(self.x)]
            moved: list[int] = []
            for i in range(len(places)):
                first = moved[-1] if moved else 0
                end = bounds[i + 2]
                if end - first >= 2 * FEWEST:
                    at, _z = self._largest(np.asarray([first]), end - first)
                    moved.append(int(at[0]))
            if moved == places:
                break
            places = moved
        return places

    def steps(self, places: Sequence[int]) -> Iterator[Step]:
        bounds = [0, *places, len(self.x)]
        for first, at, end in zip(bounds, bounds[1:], bounds[2:], strict=False):
            yield Step(
                at=at,
                before=self._level(first, at),
                after=self._level(at, end),
                runs_before=at - first,
                runs_after=end - at,
                p=self.chance(first, at, end),
            )

    def _level(self, first: int, end: int) -> float:
        part = self.raw[first:end]
        if self.share:
            return float(np.average(part, weights=self.sizes[first:end]))
        return float(np.median(part))


def _deviations(p: float) -> float:
    """Return how many standard deviations a normal value exceeds with this probability."""
    return -float(ndtri(max(p, _LEAST_P)))


def _fewer(left: float, right: float, of_left: float, of_right: float) -> float:
    """Return Fisher's exact p, one-sided: that as few of all fall on the side that has few."""
    if left * of_right > right * of_left:
        left, right, of_left, of_right = right, left, of_right, of_left
    whole = left + right
    counts = np.arange(max(0.0, whole - of_right), left + 1)

    def ways(of: float, chosen: Values | float) -> Values:
        logarithm: Values = gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)
        return logarithm

    terms = ways(of_left, counts) + ways(of_right, whole - counts)
    return float(np.exp(terms - ways(of_left + of_right, whole)).sum())


def _drawn_in(x: Values) -> Values:
    """Return the series with single outliers brought to the edge of what their neighbours show."""
    padded = np.pad(x, _NEIGHBOURS, mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    middle = np.median(around, axis=1)
    away = 1.4826 * np.median(np.abs(np.diff(x))) / np.sqrt(2)
    if away == 0:
        away = float(np.std(np.diff(x)))
    drawn: Values = np.clip(x, middle - _OUTLYING * away, middle + _OUTLYING * away)
    return drawn


def _noise(x: Values, weight: Values) -> float:
    """Return the deviation of a run of weight 1, by differences of neighbours, as steps are few.

    The largest twentieth of them, and two at least, are left out; a median of the rest is a floor.
    """
    differences = np.diff(x) / np.sqrt(1 / weight[1:] + 1 / weight[:-1])
    squares = np.sort(differences**2)
    kept = squares[: max(len(squares) - max(2, len(squares) // 20), 1)]
    robust = 1.4826 * float(np.median(np.abs(differences)))
    return max(float(np.sqrt(kept.mean())), robust)
