import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.stats import intervals, survival
from harness.stats.benchmark.tallies import times_of
from harness.stats.survival import CensoredTimes, censored_quantile, log_rank
from tests.benchmarks.worlds import HANGING, MEDIAN_S, SPREAD, log_normal, observations

SECONDS = st.floats(0.1, 500).map(lambda value: round(value, 3))
QUANTILES = st.sampled_from([0.25, 0.5, 0.9, 0.95])


@st.composite
def times(draw: st.DrawFn, *, min_size: int = 0, max_size: int = 60) -> CensoredTimes:
    """Any times, some of them given up, often equal ones."""
    each = st.tuples(SECONDS | st.sampled_from([10.0, 20.0]), st.booleans())
    drawn = draw(st.lists(each, min_size=min_size, max_size=max_size))
    return CensoredTimes(
        seconds=tuple(s for s, _ in drawn), ended=tuple(whole for _, whole in drawn)
    )


def whole(values: list[float]) -> CensoredTimes:
    return CensoredTimes(seconds=tuple(values), ended=(True,) * len(values))


def until(values: list[float], limit_s: float) -> CensoredTimes:
    """Times that are waited for until a common limit."""
    return CensoredTimes(
        seconds=tuple(min(value, limit_s) for value in values),
        ended=tuple(value <= limit_s for value in values),
    )


@given(QUANTILES, st.data())
def test_without_anything_given_up_it_is_the_plain_quantile(
    share: float, data: st.DataObject
) -> None:
    fewest = 1 if share == 0.5 else intervals.fewest_samples(share)
    values = data.draw(st.lists(SECONDS, min_size=fewest, max_size=120), "values")
    plain = float(np.quantile(values, share, method="averaged_inverted_cdf"))

    assert censored_quantile(whole(values), share).value == pytest.approx(plain)


@given(st.lists(SECONDS, min_size=6, max_size=80))
def test_an_interval_of_the_median_lies_within_its_order_statistics(values: list[float]) -> None:
    found, exact = (
        censored_quantile(whole(values), 0.5),
        intervals.quantile_estimate(values, 0.5, unit="s"),
    )

    assert found.low is not None
    assert found.high is not None
    assert exact.low is not None
    assert exact.high is not None
    assert exact.low - 1e-9 <= found.low <= found.high <= exact.high + 1e-9


@given(times(min_size=1), st.data(), QUANTILES)
def test_giving_up_more_of_them_never_lowers_an_estimate(
    all_of_them: CensoredTimes, data: st.DataObject, share: float
) -> None:
    given_up = data.draw(
        st.lists(st.booleans(), min_size=all_of_them.n, max_size=all_of_them.n), "given up"
    )
    fewer = CensoredTimes(
        seconds=all_of_them.seconds,
        ended=tuple(
            kept and not lost for kept, lost in zip(all_of_them.ended, given_up, strict=True)
        ),
    )
    before, after = (
        censored_quantile(all_of_them, share).value,
        censored_quantile(fewer, share).value,
    )

    assert (math.inf if after is None else after) >= (math.inf if before is None else before)


@given(st.lists(SECONDS, min_size=6, max_size=80), SECONDS, QUANTILES)
def test_a_common_limit_changes_nothing_that_lies_before_it(
    values: list[float], limit_s: float, share: float
) -> None:
    whole_of_it, cut = (
        censored_quantile(whole(values), share),
        censored_quantile(until(values, limit_s), share),
    )

    if cut.value is not None:
        assert cut.value == pytest.approx(whole_of_it.value)
    if cut.high is not None:
        assert (cut.low, cut.high) == (whole_of_it.low, whole_of_it.high)
    if cut.low is not None and whole_of_it.low is not None:
        assert cut.low <= whole_of_it.low + 1e-9
        assert cut.low <= limit_s + 1e-9


@settings(max_examples=30, deadline=None)
@given(times(min_size=60), QUANTILES)
def test_bounds_lie_around_the_value_however_it_was_given_up(
    many: CensoredTimes, share: float
) -> None:
    found = censored_quantile(many, share)

    if found.value is not None and found.low is not None:
        assert found.low <= found.value + 1e-9
    if found.high is not None:
        assert found.value is not None
        assert found.value <= found.high + 1e-9


def test_a_bound_beyond_what_was_waited_for_is_missing_and_the_other_one_is_the_limit() -> None:
    found = censored_quantile(until([float(value) for value in range(1, 101)], 85.0), 0.95)

    assert (found.value, found.low, found.high, found.n) == (None, 85.0, None, 100)


def test_where_nothing_was_served_the_median_is_beyond_all_limits() -> None:
    same = censored_quantile(CensoredTimes(seconds=(30.0,) * 8, ended=(False,) * 8), 0.5)

    assert (same.value, same.low, same.high) == (None, 30.0, None)


def test_one_that_is_given_up_early_leaves_its_share_to_those_that_last_longer() -> None:
    # By hand: 1/5 each, then the second is given up and its fifth goes to the three that are left.
    found = CensoredTimes(seconds=(1, 2, 3, 4, 5), ended=(True, False, True, True, True))
    seconds, shares = found.curve

    assert list(seconds) == [1, 3, 4, 5]
    assert list(shares) == pytest.approx([0.8, 0.8 * 2 / 3, 0.8 / 3, 0.0])
    assert censored_quantile(found, 0.5).value == 4.0


def test_given_up_at_moments_of_their_own_the_interval_is_that_of_brookmeyer_and_crowley() -> None:
    dice = np.random.default_rng(3)
    took = (15 * np.exp(0.35 * dice.standard_normal(200))).tolist()
    limits = np.where(dice.random(200) < 0.3, 30 * dice.random(200), 1e9).tolist()
    cut = CensoredTimes(
        seconds=tuple(map(min, took, limits)),
        ended=tuple(one <= limit for one, limit in zip(took, limits, strict=True)),
    )
    found = censored_quantile(cut, 0.5)

    assert "Brookmeyer" in found.method
    assert found.low is not None
    assert found.high is not None
    assert found.low < 15 < found.high
    assert found.high - found.low < 4


def test_too_few_say_how_many_are_needed() -> None:
    found = censored_quantile(whole([1.0, 2.0, 3.0]), 0.95)

    assert found.value is None
    assert (found.low, found.high) == (None, None)
    assert found.method == "too few samples for an interval: n = 3, 59 needed"


def test_nothing_at_all_has_no_figures() -> None:
    found = censored_quantile(CensoredTimes(seconds=(), ended=()), 0.5)

    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


def test_times_without_their_ends_are_refused() -> None:
    with pytest.raises(ValueError, match="2 times, 1 ends"):
        CensoredTimes(seconds=(1.0, 2.0), ended=(True,))


def test_leaving_timeouts_out_makes_a_p95_a_third_of_what_it_is() -> None:
    true = 176  # the middle of the tenth that hangs
    seen = list(observations(HANGING, np.random.default_rng(1), 300))
    dropped = intervals.quantile_estimate(
        [one.seconds for one in seen if one.end == "served"], 0.95, unit="s"
    )
    kept = censored_quantile(times_of(seen), 0.95)

    assert dropped.high is not None
    assert dropped.high < true / 2
    assert (kept.value, kept.low, kept.high) == (None, 90.0, None)


@pytest.mark.parametrize(("share", "sigmas"), [(0.5, 0.0), (0.95, 1.6449)])
def test_intervals_hold_the_truth_as_often_as_they_say(share: float, sigmas: float) -> None:
    # A small seeded exam; the long one is tests/benchmarks/coverage.py.
    true, held = MEDIAN_S * math.exp(SPREAD * sigmas), 0
    for run in range(120):
        seen = observations(log_normal(), np.random.default_rng([7, run]), 80)
        found = censored_quantile(times_of(seen), share)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high

    assert 108 <= held <= 119


def test_the_log_rank_test_sees_a_difference_and_none_between_equals() -> None:
    fast, slow = (
        times_of(observations(log_normal(), np.random.default_rng(5), 60, slower=slower))
        for slower in (1.0, 2.0)
    )
    different, same = log_rank(fast, slow), log_rank(fast, fast)

    assert different is not None
    assert different < 0.001
    assert same is not None
    assert same > 0.99
    assert log_rank(fast, CensoredTimes(seconds=(9.0,), ended=(False,))) is None


@settings(max_examples=30, deadline=None)
@given(times(min_size=1), times(min_size=1))
def test_the_log_rank_test_does_not_mind_who_is_first(
    one: CensoredTimes, other: CensoredTimes
) -> None:
    there, back = log_rank(one, other), log_rank(other, one)

    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert 0 <= there <= 1
        assert there == pytest.approx(back, abs=1e-9)


# ------------------------------------------------------------------------------- the mean
@given(st.lists(SECONDS, min_size=1, max_size=19))
def test_without_anything_given_up_the_mean_is_the_plain_one(values: list[float]) -> None:
    assert survival.restricted_mean_estimate(whole(values)).value == pytest.approx(
        float(np.mean(values))
    )


@given(st.lists(SECONDS, min_size=1, max_size=19), SECONDS)
def test_with_a_common_limit_it_is_the_mean_of_what_was_waited_for(
    values: list[float], limit_s: float
) -> None:
    found = survival.restricted_mean_estimate(until(values, limit_s))

    assert found.value == pytest.approx(float(np.minimum(values, limit_s).mean()))


@given(times(min_size=1, max_size=19))
def test_the_mean_is_the_area_under_the_curve(any_times: CensoredTimes) -> None:
    seconds, shares = any_times.curve
    ends = [0.0, *seconds.tolist(), survival.horizon_s(any_times)]
    area = sum(
        share * (after - before)
        for share, before, after in zip([1.0, *shares.tolist()], ends, ends[1:], strict=False)
    )

    assert survival.restricted_mean_estimate(any_times).value == pytest.approx(area)


@settings(max_examples=10, deadline=None)
@given(times(min_size=30, max_size=40))
def test_a_mean_has_bounds_around_it_that_are_the_same_each_time(any_times: CensoredTimes) -> None:
    found = survival.restricted_mean_estimate(any_times)

    assert found == survival.restricted_mean_estimate(any_times)
    assert (found.low is None) == (found.high is None)
    if found.low is not None and found.high is not None:
        assert found.low <= found.high <= survival.horizon_s(any_times) + 1e-9


def test_the_same_time_throughout_leaves_nothing_to_resample() -> None:
    found = survival.restricted_mean_estimate(whole([3.0] * 35))

    assert (found.value, found.low, found.high) == (3.0, None, None)
    assert survival.ALL_ALIKE in found.method


def test_a_mean_of_few_says_that_it_needs_thirty() -> None:
    found = survival.restricted_mean_estimate(whole([1.0, 2.0]))

    assert found.method == "too few samples for an interval: n = 2, 30 needed"
    assert (
        survival.OF_WHICH
        in survival.restricted_mean_estimate(whole([float(one) for one in range(30)])).method
    )


def test_a_curve_that_ends_early_goes_on_level_to_the_horizon() -> None:
    # A resample need not hold the longest time: all are weighed up to the same moment.
    seconds, ended = np.array([[10.0, 20.0], [10.0, 20.0]]), np.array([[True, False], [True, True]])
    found = survival.restricted_mean(seconds, ended, until_s=40.0)

    assert found.tolist() == [10 + 0.5 * 30, 10 + 0.5 * 10]


def test_of_whole_times_each_adds_what_it_is_above_the_mean() -> None:
    seconds = np.sort(np.random.default_rng(1).lognormal(2.7, 0.5, 50).round(1))
    adds = survival.mean_influence(seconds, np.ones(50, dtype=bool))

    assert adds == pytest.approx((seconds - seconds.mean()) / 50, abs=1e-12)


def _weighted_mean(
    seconds: NDArray[np.float64], ended: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """The area under the curve of weighted attempts, moment by moment."""
    share, area, before = 1.0, 0.0, 0.0
    for moment in np.unique(seconds):
        area, before = area + share * (moment - before), moment
        left, now = weights[seconds >= moment].sum(), weights[(seconds == moment) & ended].sum()
        share *= 1 - now / left
    return area


@given(times(min_size=4, max_size=25))
def test_what_an_attempt_adds_is_how_the_mean_grows_with_its_weight(
    any_times: CensoredTimes,
) -> None:
    ordered = sorted(zip(any_times.seconds, (not whole for whole in any_times.ended), strict=True))
    seconds = np.array([at for at, _ in ordered])
    ended = np.array([not cut for _, cut in ordered])
    adds, n, step = survival.mean_influence(seconds, ended), len(ordered), 1e-6
    for place in range(n):
        more, less = (np.full(n, 1 / n) for _ in range(2))
        more[place] += step
        less[place] -= step
        grown = _weighted_mean(seconds, ended, more) - _weighted_mean(seconds, ended, less)

        assert adds[place] == pytest.approx(grown / 2 / step / n, rel=1e-3, abs=1e-5)


def test_many_are_not_resampled_and_the_method_says_what_was_done_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = np.random.default_rng(3).lognormal(2.7, 0.8, 400)
    times = CensoredTimes(seconds=np.minimum(drawn, 40.0), ended=drawn < 40)
    resampled = survival.restricted_mean_estimate(times)
    monkeypatch.setattr(survival, "MOST_RESAMPLED", 399)
    found = survival.restricted_mean_estimate(times)

    assert "1999 resamples" in resampled.method
    assert "for more than 399 attempts" in found.method
    assert resampled.low is not None
    assert resampled.high is not None
    width = resampled.high - resampled.low
    assert found.value == resampled.value
    assert found.low == pytest.approx(resampled.low, abs=0.05 * width)
    assert found.high == pytest.approx(resampled.high, abs=0.05 * width)


def test_a_hundred_thousand_have_their_figures_at_once() -> None:
    drawn = np.random.default_rng(4).lognormal(2.7, 0.35, 100_000)
    times = CensoredTimes(seconds=np.minimum(drawn, 30.0), ended=drawn < 30)
    found = survival.restricted_mean_estimate(times)

    assert found.n == 100_000
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.high - found.low < 0.1
    assert len(times.given_up_s) == survival.MOST_STEPS


def test_many_that_took_the_same_time_have_no_interval() -> None:
    found = survival.restricted_mean_estimate(whole([3.0] * 1001))

    assert found.value == pytest.approx(3.0)
    assert (found.low, found.high) == (None, None)
    assert survival.NO_SPREAD in found.method
