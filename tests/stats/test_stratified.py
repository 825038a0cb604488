"""Ratios of two sides that were asked alike, but not in pairs."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.stratified import stratified_shift

FIRST = (0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46)
SECOND = (1.15, 0.88, 0.90, 0.74, 1.21)
"""Permeability of membranes: Hollander and Wolfe, table 4.1; their shift is -0.305."""

VALUES = st.lists(st.integers(-20, 20).map(lambda tenth: tenth / 10), min_size=1, max_size=8)


def test_a_textbook_s_example_comes_out() -> None:
    found = stratified_shift({"": (FIRST, SECOND)})

    assert log(found.estimate.value or 0) == pytest.approx(-0.305)
    assert found.test.down == pytest.approx(0.127, abs=0.01)
    assert found.estimate.n == 5


def test_one_stratum_is_the_rank_sum_test() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 30), rng.normal(0.5, 1, 40)
    found = stratified_shift({"": (list(first), list(second))})

    expected = mannwhitneyu(second, first, alternative="greater", method="asymptotic").pvalue
    assert found.test.up == pytest.approx(expected, rel=1e-6)


def test_what_differs_between_questions_is_no_change() -> None:
    """Long questions are asked more often in the second run; each takes as long as before."""
    rng = np.random.default_rng(2)

    def times(middle: float, n: int) -> list[float]:
        return [float(value) for value in rng.normal(middle, 0.1, n)]

    found = stratified_shift(
        {"short": (times(0, 40), times(0, 10)), "long": (times(3, 10), times(3, 40))}
    )

    assert found.estimate.value == pytest.approx(1, abs=0.1)
    assert min(found.test.up, found.test.down) > 0.05


def test_a_question_of_one_side_only_counts_nowhere() -> None:
    alone = stratified_shift({"a": (FIRST, SECOND)})

    assert stratified_shift({"a": (FIRST, SECOND), "b": ((), (9.0,))}) == alone
    with pytest.raises(ValueError, match="nothing on both sides"):
        stratified_shift({"b": ((), (9.0,))})


def test_so_few_can_come_to_no_less_than_their_orders_allow() -> None:
    found = stratified_shift({"": ((0.0, 0.1), (5.0, 6.0))})

    assert found.test.up >= found.test.least == pytest.approx(1 / 6)
    assert (found.estimate.low, found.estimate.high) == (None, None)


@given(first=VALUES, second=VALUES)
def test_the_other_way_round_is_the_other_way_round(
    first: list[float], second: list[float]
) -> None:
    one, other = stratified_shift({"": (first, second)}), stratified_shift({"": (second, first)})

    assert one.test.up == pytest.approx(other.test.down)
    if one.estimate.value is not None and other.estimate.value is not None:
        assert one.estimate.value == pytest.approx(1 / other.estimate.value)
