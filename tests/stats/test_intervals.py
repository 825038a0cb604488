import math
from fractions import Fraction
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import quantile_test  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.intervals import (
    Ranks,
    fewest_samples,
    quantile_estimate,
    rank_bounds,
    rank_positions,
)

SIZES = st.integers(min_value=0, max_value=200)
QUANTILES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def below(n: int, quantile: float, k: int) -> Fraction:
    """The exact probability that at most `k` of `n` values lie below the quantile."""
    p = Fraction(str(quantile))
    yes, whole = p.numerator, p.denominator
    ways = sum(comb(n, i) * yes**i * (whole - yes) ** (n - i) for i in range(max(k + 1, 0)))
    return Fraction(ways, whole**n)


def missed(n: int, quantile: float, low: int, high: int) -> Fraction:
    """The exact probability that the quantile lies outside of two order statistics."""
    return below(n, quantile, low - 1) + 1 - below(n, quantile, high - 1)


@settings(deadline=None)  # exact fractions take their time
@given(SIZES, QUANTILES, CONFIDENCES)
def test_both_tails_together_are_at_most_what_is_allowed(
    n: int, quantile: float, confidence: float
) -> None:
    found = rank_bounds(n, quantile, confidence=confidence)
    alpha = 1 - Fraction(str(confidence))

    if found is not None:
        assert 1 <= found.low < found.high <= n
        assert missed(n, quantile, found.low, found.high) <= alpha + Fraction(1, 10**11)


@settings(deadline=None)  # exact fractions take their time
@given(st.integers(0, 60), QUANTILES, CONFIDENCES)
def test_no_nearer_ranks_would_do_but_a_mirror_image(
    n: int, quantile: float, confidence: float
) -> None:
    found = rank_bounds(n, quantile, confidence=confidence)
    alpha = 1 - Fraction(str(confidence))

    if found is not None:
        narrower = found.high - found.low - (2 if quantile == 0.5 else 1)
        for low in range(1, n - narrower + 1):
            assert missed(n, quantile, low, low + narrower) > alpha - Fraction(1, 10**11)


@given(st.integers(6, 300))
def test_a_medians_ranks_are_as_far_from_one_end_as_from_the_other(n: int) -> None:
    found = rank_bounds(n, 0.5)

    assert found is not None
    assert found.low + found.high == n + 1


@settings(deadline=None)  # exact fractions take their time
@given(SIZES, QUANTILES, CONFIDENCES)
def test_bounds_exist_from_the_fewest_samples_on(
    n: int, quantile: float, confidence: float
) -> None:
    found = rank_bounds(n, quantile, confidence=confidence)

    assert (found is not None) == (n >= fewest_samples(quantile, confidence=confidence))


def test_a_median_needs_six_samples_a_p95_fifty_nine_and_a_p99_two_hundred_and_ninety_nine() -> (
    None
):
    assert [fewest_samples(quantile) for quantile in (0.5, 0.95, 0.99)] == [6, 59, 299]
    assert rank_bounds(6, 0.5) == Ranks(low=1, high=6)
    assert rank_bounds(58, 0.95) is None
    assert rank_bounds(59, 0.95) == Ranks(low=50, high=59)


@given(st.integers(0, 400), QUANTILES)
def test_places_lie_within_the_ranks_of_equal_tails(n: int, quantile: float) -> None:
    found, whole = rank_positions(n, quantile), rank_bounds(n, quantile)

    assert (found is None) == (whole is None)
    if found is not None:
        low, high = found
        assert 1 <= low < high <= n
        tails = (
            below(n, quantile, math.floor(low) - 1),
            1 - below(n, quantile, math.ceil(high) - 1),
        )
        equal = max(quantile, 1 - quantile) ** n <= 0.025
        assert (max(tails) <= 0.025 + 1e-12) if equal else (sum(tails) <= 0.05 + 1e-12)


def test_the_place_of_a_medians_bound_is_that_of_hettmansperger_and_sheather() -> None:
    # n = 8: X1 to X8 hold the median in 254/256, X2 to X7 in 238/256; I = 0.95 between the two.
    between = Fraction(254 - Fraction(95 * 256, 100), 254 - 238)
    weight = 7 * between / (1 + 6 * between)
    low, high = rank_positions(8, 0.5) or (0, 0)

    assert low == pytest.approx(float(1 + weight))
    assert high == pytest.approx(9 - low)


@settings(deadline=None)
@given(st.integers(72, 300))
def test_a_p95_and_a_p5_have_mirrored_places(n: int) -> None:
    low, high = rank_positions(n, 0.95) or (0, 0)
    mirrored = rank_positions(n, 0.05) or (0, 0)

    assert (n + 1 - high, n + 1 - low) == pytest.approx(mirrored)


@settings(deadline=None)  # exact fractions take their time
@given(st.lists(st.floats(0, 1e6), min_size=6, max_size=80, unique=True))
def test_the_bounds_are_those_of_scipys_quantile_test(values: list[float]) -> None:
    found = quantile_estimate(values, 0.5, unit="s")
    theirs = quantile_test(values, q=0, p=0.5).confidence_interval(confidence_level=0.95)

    assert (found.low, found.high) == (theirs.low, theirs.high)


@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 5, 2), (7, 1, 1)])
def test_ties_only_widen_the_coverage(weights: tuple[int, int, int]) -> None:
    # Every sample of 7 from three values, with its exact probability: no luck involved.
    total = sum(weights)
    chance = [Fraction(weight, total) for weight in weights]
    median = next(v for v in range(3) if sum(chance[: v + 1]) >= Fraction(1, 2))
    covered = Fraction(0)
    for drawn in product(range(3), repeat=7):
        found = quantile_estimate(drawn, 0.5, unit="s")
        if found.low is not None and found.high is not None and found.low <= median <= found.high:
            probability = Fraction(1)
            for value in drawn:
                probability *= chance[value]
            covered += probability

    assert covered >= Fraction(95, 100)


@settings(deadline=None)  # exact fractions take their time
@given(st.lists(st.floats(0, 1e6), max_size=120), QUANTILES)
def test_the_value_lies_between_its_bounds(values: list[float], quantile: float) -> None:
    found = quantile_estimate(values, quantile, unit="s")

    assert found.n == len(values)
    assert (found.value is None) == (not values)
    if found.value is not None and found.low is not None and found.high is not None:
        slack = 1e-9 * max(1.0, found.value)
        assert found.low - slack <= found.value <= found.high + slack


def test_too_few_samples_say_how_many_are_needed() -> None:
    found = quantile_estimate([1.0, 2.0, 3.0], 0.95, unit="s")

    assert (found.low, found.high) == (None, None)
    assert found.method == "too few samples for an interval: n = 3, 59 needed"


@pytest.mark.parametrize(("quantile", "confidence"), [(0, 0.95), (1, 0.95), (0.5, 0), (0.5, 1)])
def test_a_quantile_or_confidence_at_its_end_is_refused(quantile: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        rank_bounds(10, quantile, confidence=confidence)
