"""Ratios of pairs: a textbook's figures, SciPy's, and what holds for any pairs."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.paired import BEYOND, paired_shift, signed_rank

BEFORE = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
AFTER = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)
"""Hamilton depression scale factor IV of nine patients: Hollander and Wolfe, table 3.1."""

LOGS = st.lists(
    st.integers(-40, 40).map(lambda tenth: tenth / 10) | st.sampled_from((BEYOND, -BEYOND)),
    min_size=1,
    max_size=25,
)


def test_a_textbook_s_example_comes_out() -> None:
    found = paired_shift([after - before for before, after in zip(BEFORE, AFTER, strict=True)])

    assert found.test.down == pytest.approx(0.0195, abs=5e-5)
    assert log(found.estimate.value or 0) == pytest.approx(-0.46)
    assert log(found.estimate.low or 0) == pytest.approx(-0.786)
    assert log(found.estimate.high or 0) == pytest.approx(-0.010)


@pytest.mark.parametrize("n", [8, 60, 150])
def test_p_is_that_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(0.1, 0.3, n)
    found = signed_rank(values)

    for p, way in ((found.up, "greater"), (found.down, "less")):
        expected = wilcoxon(values, alternative=way, method="exact").pvalue
        assert p == pytest.approx(expected, rel=1e-9 if n <= 100 else 0.1)


def test_pairs_that_are_equal_count_in_the_estimate_only() -> None:
    found = paired_shift([0.0] * 8 + [0.3] * 3)

    assert found.test.up == found.test.least == 0.125
    assert found.estimate.value == 1
    assert found.estimate.n == 11


def test_nothing_moved_where_all_pairs_are_equal() -> None:
    found = paired_shift([0.0] * 60)

    assert (found.test.up, found.test.down, found.test.least) == (1, 1, 1)
    assert (found.estimate.low, found.estimate.value, found.estimate.high) == (1, 1, 1)


def test_a_ratio_beyond_what_was_waited_for_has_no_figure() -> None:
    found = paired_shift([BEYOND] * 10)

    assert found.test.up == 0.5**10
    assert (found.estimate.low, found.estimate.value, found.estimate.high) == (None, None, None)


def test_five_pairs_carry_no_interval() -> None:
    found = paired_shift([0.1, 0.2, 0.3, 0.4, 0.5])

    assert found.estimate.value == pytest.approx(exp(0.3))
    assert (found.estimate.low, found.estimate.high) == (None, None)
    assert "6 needed" in found.estimate.method


def test_no_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        paired_shift([])


def test_intervals_hold_the_truth() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(300):
        estimate = paired_shift(list(rng.normal(0.2, 0.4, 20))).estimate
        held += (estimate.low or 0) <= exp(0.2) <= (estimate.high or 9)

    assert 275 <= held <= 296  # 95 % of 300 are 285


@given(logs=LOGS)
def test_the_other_way_round_is_the_other_way_round(logs: list[float]) -> None:
    one, other = paired_shift(logs), paired_shift([-log_ratio for log_ratio in logs])

    assert one.test.up == pytest.approx(other.test.down)
    assert one.test.least <= one.test.up + 1e-12
    if one.estimate.value is not None and other.estimate.value is not None:
        assert one.estimate.value == pytest.approx(1 / other.estimate.value)


@given(logs=LOGS)
def test_the_estimate_is_the_median_of_the_means_of_every_two(logs: list[float]) -> None:
    means = np.add.outer(logs, logs)[np.triu_indices(len(logs))] / 2
    found = paired_shift(logs).estimate

    if found.value is not None:
        assert log(found.value) == pytest.approx(float(np.median(means)), abs=1e-9)
