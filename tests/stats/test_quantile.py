from fractions import Fraction
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import quantile_test  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.quantile import Ranks, estimate, fewest, ranks

SIZES = st.integers(min_value=0, max_value=200)
QUANTILES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def below(n: int, quantile: float, k: int) -> Fraction:
    """The exact probability that at most `k` of `n` values lie below the quantile."""
    p = Fraction(str(quantile))
    yes, whole = p.numerator, p.denominator
    ways = sum(comb(n, i) * yes**i * (whole - yes) ** (n - i) for i in range(max(k + 1, 0)))
    return Fraction(ways, whole**n)


@settings(deadline=None)  # exact fractions take their time
@given(SIZES, QUANTILES, CONFIDENCES)
def test_each_tail_is_at_most_half_of_what_is_allowed(
    n: int, quantile: float, confidence: float
) -> None:
    found = ranks(n, quantile, confidence=confidence)
    tail = (1 - Fraction(str(confidence))) / 2

    if found is not None:
        assert 1 <= found.low < found.high <= n
        assert below(n, quantile, found.low - 1) <= tail + Fraction(1, 10**12)
        assert 1 - below(n, quantile, found.high - 1) <= tail + Fraction(1, 10**12)


@settings(deadline=None)  # exact fractions take their time
@given(SIZES, QUANTILES, CONFIDENCES)
def test_the_next_narrower_ranks_would_exceed_a_tail(
    n: int, quantile: float, confidence: float
) -> None:
    found = ranks(n, quantile, confidence=confidence)
    tail = (1 - Fraction(str(confidence))) / 2

    if found is not None:
        assert below(n, quantile, found.low) > tail - Fraction(1, 10**12)
        assert 1 - below(n, quantile, found.high - 2) > tail - Fraction(1, 10**12)


@settings(deadline=None)  # exact fractions take their time
@given(SIZES, QUANTILES, CONFIDENCES)
def test_bounds_exist_from_the_fewest_samples_on(
    n: int, quantile: float, confidence: float
) -> None:
    found = ranks(n, quantile, confidence=confidence)

    assert (found is not None) == (n >= fewest(quantile, confidence=confidence))


def test_a_median_needs_six_samples_and_a_p95_seventy_two() -> None:
    assert fewest(0.5) == 6
    assert fewest(0.95) == 72
    assert ranks(6, 0.5) == Ranks(low=1, high=6)


@settings(deadline=None)  # exact fractions take their time
@given(st.lists(st.floats(0, 1e6), min_size=6, max_size=80, unique=True))
def test_the_bounds_are_those_of_scipys_quantile_test(values: list[float]) -> None:
    found = estimate(values, 0.5, unit="s")
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
        found = estimate(drawn, 0.5, unit="s")
        if found.low is not None and found.high is not None and found.low <= median <= found.high:
            probability = Fraction(1)
            for value in drawn:
                probability *= chance[value]
            covered += probability

    assert covered >= Fraction(95, 100)


@settings(deadline=None)  # exact fractions take their time
@given(st.lists(st.floats(0, 1e6), max_size=120), QUANTILES)
def test_the_value_lies_between_its_bounds(values: list[float], quantile: float) -> None:
    found = estimate(values, quantile, unit="s")

    assert found.n == len(values)
    assert (found.value is None) == (not values)
    if found.value is not None and found.low is not None and found.high is not None:
        slack = 1e-9 * max(1.0, found.value)
        assert found.low - slack <= found.value <= found.high + slack


def test_too_few_samples_say_how_many_are_needed() -> None:
    found = estimate([1.0, 2.0, 3.0], 0.95, unit="s")

    assert (found.low, found.high) == (None, None)
    assert found.method == "too few samples for an interval: n = 3, 72 needed"


@pytest.mark.parametrize(("quantile", "confidence"), [(0, 0.95), (1, 0.95), (0.5, 0), (0.5, 1)])
def test_a_quantile_or_confidence_at_its_end_is_refused(quantile: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        ranks(10, quantile, confidence=confidence)
