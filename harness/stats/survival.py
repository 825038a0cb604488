"""Quantiles of times of which some were not waited for to their end.

What is estimated is the time to pixels of the attempts that were neither refused nor failed: those
are competing outcomes, and no image of theirs was still to come. A timeout is taken to be an
attempt that would have been served later than it was waited for.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.verdict import Estimate
from harness.stats import intervals as order
from harness.stats.scipy_stats import stats

Floats = NDArray[np.float64]

OF_WHICH = (
    "of attempts neither refused nor failed (those are competing outcomes, shown as shares);"
    " what was not waited for to its end is censored"
)
KAPLAN_MEIER = (
    "Kaplan-Meier quantile (E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53, 1958), the middle"
    " where the curve is flat at it"
)
BETWEEN = (
    f"{KAPLAN_MEIER}; distribution-free interval between binomial order statistics"
    " (T. P. Hettmansperger and S. J. Sheather, Stat. Probab. Lett. 4, 1986; J. Nyblom, Stat."
    " Probab. Lett. 14, 1992), open above where it ends beyond what was waited for; {which}"
)
BAND = (
    f"{KAPLAN_MEIER}; interval where the pointwise log-log band crosses the quantile (R. Brookmeyer"
    " and J. Crowley, Biometrics 38, 1982), open above where it does not; {which}"
)

MIDDLE = 0.5
"""The one quantile that few attempts tell something of."""

FLAT = 1e-9
"""How near a curve must come to a share to be there: a product of fractions is not exact."""


MOST_STEPS = 1000
"""Of how many moments at most a curve is drawn: more than a screen has dots."""


def thinned(ordered: Floats) -> Floats:
    """Return values, or of more than `MOST_STEPS` those at equal distances, the ends among them."""
    if len(ordered) <= MOST_STEPS:
        return ordered
    some: Floats = ordered[np.linspace(0, len(ordered) - 1, MOST_STEPS).round().astype(int)]
    return some


@dataclass(frozen=True, kw_only=True, eq=False)
class CensoredTimes:
    """Seconds of attempts, and of each whether it was waited for to its end.

    `ended` has an item for each of `seconds`; where it is False, the attempt took longer than that.
    ValueError where the two differ in length.
    """

    seconds: Sequence[float] | Floats
    ended: Sequence[bool] | NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.seconds) != len(self.ended):
            raise ValueError(f"{len(self.seconds)} times, {len(self.ended)} ends")

    @property
    def n(self) -> int:
        """How many attempts there are, ended or not."""
        return len(self.seconds)

    @cached_property
    def columns(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Seconds and ends as arrays."""
        return np.asarray(self.seconds, dtype=float), np.asarray(self.ended, dtype=bool)

    @property
    def any_ended(self) -> bool:
        """Whether any was waited for to its end."""
        return bool(self.columns[1].any())

    @cached_property
    def longest_ended_s(self) -> float:
        """The longest time that was seen whole; 0 where none was."""
        seconds, ended = self.columns
        return float(seconds[ended].max(initial=0.0))

    @cached_property
    def given_up_s(self) -> tuple[float, ...]:
        """How long those that did not end were waited for, in order; at most `MOST_STEPS` of them.

        Of more, those at equal distances in their order stand for all.
        """
        seconds, ended = self.columns
        return tuple(thinned(np.sort(seconds[~ended])).tolist())

    @cached_property
    def cut_late(self) -> bool:
        """Tell whether nothing was given up before the last one that ended had ended."""
        seconds, ended = self.columns
        return bool(seconds[~ended].min(initial=np.inf) >= self.longest_ended_s)

    @cached_property
    def data(self) -> Any:  # noqa: ANN401 - scipy ships no types
        """The same as SciPy takes it."""
        seconds, ended = self.columns
        return stats.CensoredData.right_censored(seconds, ~ended)

    @cached_property
    def curve(self) -> tuple[Floats, Floats]:
        """The Kaplan-Meier estimate: at which seconds it falls, and to which share not yet served.

        Both are empty where nothing was served.
        """
        if not self.any_ended:
            return np.empty(0), np.empty(0)
        survival = stats.ecdf(self.data).sf
        shares: Floats = survival.probabilities
        falls = np.diff(shares, prepend=1.0) < 0
        return survival.quantiles[falls], shares[falls]


def censored_quantile(
    times: CensoredTimes, quantile: float, *, unit: str = "s", confidence: float = 0.95
) -> Estimate:
    """Return a quantile with its interval; what lies beyond what was observed is missing.

    Where nothing was given up before the last one that ended (none at all, or all at one common
    limit), the interval lies between order statistics; else it is inverted from a pointwise band.
    Both bounds are missing, and `method` says so, where there are too few samples; a quantile in a
    tail is missing as well then, for it would be little more than the longest time that was seen.
    """
    needed = order.fewest_samples(quantile, confidence=confidence)
    low: float | None = None
    high: float | None = None
    estimate = _crossing(*times.curve, 1 - quantile)
    if times.n < needed:
        estimate = estimate if quantile == MIDDLE else None
        method = order.TOO_FEW.format(n=times.n, needed=needed)
    elif times.cut_late:
        method = BETWEEN.format(which=OF_WHICH)
        low, high = _between(times, quantile, confidence)
    else:
        method = BAND.format(which=OF_WHICH)
        low, high = _within_band(times, quantile, confidence)
    return Estimate(
        value=estimate,
        low=low,
        high=high,
        confidence=confidence,
        n=times.n,
        unit=unit,
        method=method,
    )


def log_rank(first: CensoredTimes, second: CensoredTimes) -> float | None:
    """Return the p-value of the log-rank test that both have the same times; None without any.

    It holds for one look, at the end. Source: N. Mantel, Cancer Chemotherapy Reports 50 (1966);
    R. Peto and J. Peto, J. R. Stat. Soc. A 135 (1972).
    """
    if not first.any_ended or not second.any_ended:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):  # no variance where there is nothing left
        p_value = float(stats.logrank(first.data, second.data).pvalue)
    return p_value if np.isfinite(p_value) else None


def stratified_log_rank(
    strata: Sequence[tuple[CensoredTimes, CensoredTimes]],
) -> float | None:
    """Return the p-value of the log-rank test within strata, as vantage points; None without any.

    What is expected and its variance are summed over the strata, so that only those of one stratum
    are compared. Source: N. Mantel, Cancer Chemotherapy Reports 50 (1966).
    """
    shared = [(first, second) for first, second in strata if first.n and second.n]
    if not all(any(both[side].any_ended for both in shared) for side in (0, 1)):
        return None
    apart, variance = np.sum([_log_rank_terms(*both) for both in shared], axis=0)
    return float(2 * stats.norm.sf(abs(apart) / math.sqrt(variance))) if variance > 0 else None


def _log_rank_terms(first: CensoredTimes, second: CensoredTimes) -> tuple[float, float]:
    """Return how many more of `first` ended than expected, and the variance of that."""
    seconds, ended = (
        np.concatenate(both) for both in zip(first.columns, second.columns, strict=True)
    )
    moments, at = np.unique(seconds, return_inverse=True)
    own = np.arange(len(seconds)) < first.n
    ends, own_ends = np.bincount(at, weights=ended), np.bincount(at, weights=ended & own)
    left, own_left = (
        np.cumsum(np.bincount(at, weights=each, minlength=len(moments))[::-1])[::-1]
        for each in (np.ones(len(seconds)), own)
    )
    share = np.divide(own_left, left, out=np.zeros_like(left), where=left > 0)
    spread = np.divide(left - ends, left - 1, out=np.zeros_like(left), where=left > 1)
    variance = ends * share * (1 - share) * spread
    return float((own_ends - ends * share).sum()), float(variance.sum())


def _between(
    times: CensoredTimes, quantile: float, confidence: float
) -> tuple[float | None, float | None]:
    """Return the order statistics that bound a quantile.

    One that was given up is a lower bound all the same, and no upper one.
    """
    positions = order.rank_positions(times.n, quantile, confidence=confidence)
    if positions is None:
        return None, None
    seconds, ended = _in_order(times)
    low, high = (float(np.interp(place, np.arange(1, times.n + 1), seconds)) for place in positions)
    return low, high if ended[math.ceil(positions[1]) - 1] else None


def _in_order(times: CensoredTimes) -> tuple[Floats, NDArray[np.bool_]]:
    """Return times and ends by time; of equal times those that ended stand first."""
    seconds, ended = times.columns
    index = np.lexsort((~ended, seconds))
    return seconds[index], ended[index]


def _within_band(
    times: CensoredTimes, quantile: float, confidence: float
) -> tuple[float | None, float | None]:
    """Return from when the band around the curve holds the quantile's share, and until when."""
    if not times.any_ended:
        return float(times.columns[0].min()), None
    seconds, lower, upper = log_log_band(times, confidence)
    share = 1 - quantile
    return _first(seconds, lower <= share + FLAT), _first(seconds, upper <= share + FLAT)


def log_log_band(times: CensoredTimes, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Return the seconds at which anything ended, and both bounds of the share then waiting."""
    sf = stats.ecdf(times.data).sf
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # At a share of 1 and of 0 the band's formula is undefined.
        warnings.simplefilter("ignore", RuntimeWarning)
        band = sf.confidence_interval(confidence, method="log-log")
    lower = np.where(
        np.isnan(band.low.probabilities), np.floor(sf.probabilities), band.low.probabilities
    )
    upper = np.fmin.accumulate(np.append(1.0, band.high.probabilities))[1:]
    return sf.quantiles, lower, upper


def _crossing(seconds: Floats, shares: Floats, share: float) -> float | None:
    """Return when the curve comes to a share, or the middle of the time that it stays there."""
    reached = _first(seconds, shares <= share + FLAT)
    passed = _first(seconds, shares < share - FLAT)
    return None if reached is None or passed is None else (reached + passed) / 2


def _first(seconds: Floats, holds: Sequence[bool] | NDArray[np.bool_]) -> float | None:
    places = np.flatnonzero(holds)
    return float(seconds[places[0]]) if len(places) else None


FEWEST = 30
"""With fewer attempts the bootstrap's intervals are too narrow for skewed times: with 8 they held
the mean in 83 to 89 % of simulated runs, with 20 in 90 % (tests/benchmarks/coverage.md)."""

MOST_RESAMPLED = 1000
"""Up to so many attempts their mean's interval is that of the bootstrap; beyond it that is
approximated, which then differs by less than the resamples' own error
(tests/benchmarks/large_means.md)."""

RESAMPLES = 1999
SEED = 5
PLACES_AT_ONCE = 2**20
"""How many places the resamples that are in memory together have: 8 MB in each of a few arrays.
All at once, the jackknife of 10,000 attempts alone takes gigabytes."""

METHOD = (
    "restricted mean: the area under the Kaplan-Meier curve up to {horizon:.4g} s (P. Royston and"
    " M. K. B. Parmar, BMC Med. Res. Methodol. 13:152, 2013); {interval}; {which}"
)
BOOTSTRAP = (
    "bias-corrected and accelerated bootstrap interval, {resamples} resamples of whole attempts"
    " (B. Efron, J. Am. Stat. Assoc. 82, 1987)"
)
APPROXIMATE = (
    "approximate bootstrap interval, for more than {most:,} attempts: standard error and skewness"
    " by what each attempt adds to the mean, its empirical influence (T. J. DiCiccio and B. Efron,"
    " Biometrika 79, 1992)"
)
NO_SPREAD = "no interval: no attempt adds more to the mean than another"
ALL_ALIKE = "no interval: every resample has the same mean"


def horizon_s(times: CensoredTimes) -> float:
    """Return up to when the mean is taken: as long as anything was observed; 0 without any."""
    return float(times.columns[0].max(initial=0.0))


def restricted_mean_estimate(times: CensoredTimes, *, confidence: float = 0.95) -> Estimate:
    """Return the mean seconds up to `horizon_s`, with a bootstrap interval from 30 attempts on.

    An attempt that was given up counts with the time that the curve leaves to those like it. Equal
    times give equal intervals: the resamples are drawn with a fixed seed. Beyond `MOST_RESAMPLED`
    attempts, where resampling would take memory and time by the square of their number, the
    interval is computed from what each of them adds to the mean.
    """
    seconds, ended = _in_order(times)
    until_s = horizon_s(times)

    def mean(places: Floats, axis: int = -1) -> Floats:
        drawn = np.sort(places, axis=axis).astype(int)
        return restricted_mean(seconds[drawn], ended[drawn], until_s=until_s)

    method, low, high = order.TOO_FEW.format(n=times.n, needed=FEWEST), None, None
    if times.n > MOST_RESAMPLED:
        low, high = _approximate_bounds(seconds, ended, confidence)
        interval = NO_SPREAD if low is None else APPROXIMATE.format(most=MOST_RESAMPLED)
        method = METHOD.format(horizon=until_s, interval=interval, which=OF_WHICH)
    elif times.n >= FEWEST:
        low, high = _bounds(mean, times.n, confidence)
        interval = ALL_ALIKE if low is None else BOOTSTRAP.format(resamples=RESAMPLES)
        method = METHOD.format(horizon=until_s, interval=interval, which=OF_WHICH)
    return Estimate(
        value=float(restricted_mean(seconds, ended, until_s=until_s)) if times.n else None,
        low=low,
        high=high,
        confidence=confidence,
        n=times.n,
        unit="s",
        method=method,
    )


def _bounds(
    mean: Callable[..., Floats], n: int, confidence: float
) -> tuple[float | None, float | None]:
    """Return the bounds of a mean of n places; none where every resample has the same one."""
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            (np.arange(n),),
            mean,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=max(1, PLACES_AT_ONCE // n),
            confidence_level=confidence,
            rng=np.random.default_rng(SEED),
        ).confidence_interval
    finite = np.isfinite(interval.low) and np.isfinite(interval.high)
    return (float(interval.low), float(interval.high)) if finite else (None, None)


def _approximate_bounds(
    seconds: Floats, ended: NDArray[np.bool_], confidence: float
) -> tuple[float | None, float | None]:
    """Return the bounds of a mean, corrected for its skewness; none where nothing spreads.

    That is the interval which the bias-corrected and accelerated bootstrap comes to with ever more
    resamples, but for terms of the order 1 / n: along the least favourable family both corrections
    are a sixth of the skewness.
    """
    adds = mean_influence(seconds, ended)
    error = float(np.sqrt((adds**2).sum()))
    mean = float(restricted_mean(seconds, ended, until_s=float(seconds[-1])))
    if error <= SAME * mean:
        return None, None
    skew = float((adds**3).sum()) / error**3 / 6
    reach = float(stats.norm.isf((1 - confidence) / 2))
    low, high = (
        mean + error * (skew + side) / (1 - skew * (skew + side)) ** 2 for side in (-reach, reach)
    )
    return low, high


SAME = 1e-12
"""Up to this part of a mean its error is one of rounding."""


def mean_influence(seconds: Floats, ended: NDArray[np.bool_]) -> Floats:
    """Return how fast the mean up to the longest time grows with the weight of each attempt.

    Attempts lie in order of time, each with the weight 1. The values sum up to 0, and their squares
    to the variance of the mean (the infinitesimal jackknife: L. A. Jaeckel, Bell Laboratories
    memorandum MM 72-1215-11, 1972).
    """
    moments, at = np.unique(seconds, return_inverse=True)
    ends = np.bincount(at, weights=ended)
    left = len(seconds) - np.concatenate([[0.0], np.cumsum(np.bincount(at))])[:-1]
    share = np.cumprod(1 - ends / left)
    widths = np.append(np.diff(moments), 0.0)
    beyond = np.cumsum((share * widths)[::-1])[::-1]
    lost = np.divide(beyond, left - ends, out=np.zeros_like(beyond), where=left > ends)
    lost[ends == 0] = 0.0
    at_risk = np.cumsum(lost * ends / left)
    adds: Floats = at_risk[at] - np.where(ended, lost[at], 0.0)
    return adds


def restricted_mean(seconds: Floats, ended: NDArray[np.bool_], *, until_s: float) -> Floats:
    """Return the area under each row's Kaplan-Meier curve up to `until_s`.

    Rows lie along the last axis, ordered by time, of equal times those that ended first; none is
    longer than `until_s`. A curve that ends above 0 goes on level.
    """
    n = seconds.shape[-1]
    share = np.cumprod(np.where(ended, 1 - 1 / (n - np.arange(n)), 1.0), axis=-1)
    ends = np.full((*seconds.shape[:-1], 1), until_s)
    widths = np.diff(np.concatenate([seconds, ends], axis=-1), axis=-1)
    area: Floats = seconds[..., 0] + (share * widths).sum(axis=-1)
    return area
