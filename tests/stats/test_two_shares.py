"""Two shares, and attempts that fail in a row."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.two_shares import compared_shares, independent, level_for, run_chance


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(0, 40))
    return draw(st.integers(0, n)), n


def test_p_is_fisher_s_less_half_of_what_was_observed() -> None:
    found = compared_shares((4, 200), (20, 200))

    fisher = fisher_exact([[20, 180], [4, 196]], alternative="greater").pvalue
    assert found.up == pytest.approx(fisher - hypergeom.pmf(20, 400, 24, 200) / 2)
    assert found.up == pytest.approx(0.000324, abs=1e-6)


@given(first=shares(), second=shares())
def test_both_ways_are_one_and_mirrored(first: tuple[int, int], second: tuple[int, int]) -> None:
    found, other = compared_shares(first, second), compared_shares(second, first)

    assert found.up == pytest.approx(other.down)
    assert found.least <= min(found.up, found.down) + 1e-12
    assert found.up == found.down == 1 or found.up + found.down == pytest.approx(1)


def test_without_failures_nothing_could_be_told() -> None:
    assert compared_shares((0, 50), (0, 50)).least == 1
    assert compared_shares((0, 0), (5, 50)).least == 1
    with pytest.raises(ValueError, match="6 of 5"):
        compared_shares((6, 5), (0, 5))


def test_the_size_stays_within_the_level() -> None:
    """Exactly: the chance of a p up to 2 % where both fail in 5 % of 60 is no more than that."""
    n, rate, size = 60, 0.05, 0.0
    chances = [comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(20)]
    for base, first in enumerate(chances):
        for head, second in enumerate(chances):
            size += first * second * (compared_shares((base, n), (head, n)).up <= 0.02)

    assert 0.005 < size <= 0.02


def test_failures_in_a_row_count_as_one_on_both_sides() -> None:
    outage, none = [60 <= place < 75 for place in range(200)], [False] * 200

    for found in (independent(none, outage), independent(outage, none)[1::-1]):
        assert found[:2] == ((0, 13), (1, 13))
    assert "15 at a time, counts once: 200 attempts as 13" in independent(none, outage)[2]


def test_failures_apart_all_count() -> None:
    apart = [place % 10 == 0 for place in range(200)]

    assert independent(apart, [True] * 30) == ((20, 200), (30, 30), "")
    assert independent([], []) == ((0, 0), (0, 0), "")


def test_the_chance_of_so_few_runs_is_counted() -> None:
    """Of the ten ways to place three of five, three have all of them in a row."""
    assert run_chance([True, True, True, False, False]) == pytest.approx(0.3)
    assert run_chance([True, False, True, False, True]) == pytest.approx(1)


def test_more_attempts_need_a_less_liberal_level() -> None:
    levels = [level_for(n, 0.02, 0.1, power=0.93) for n in (0, 150, 200, 300, 1000)]

    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.9
    assert 0.01 < levels[2] < 0.04
    assert levels[-1] < 1e-6
