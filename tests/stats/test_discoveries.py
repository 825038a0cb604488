"""Which of many comparisons are discoveries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.discoveries import Hypothesis, adjusted

PS = st.lists(st.integers(0, 100).map(lambda hundredth: hundredth / 100), min_size=1, max_size=12)


def one(p: float, *, least: float = 0.0, family: str = "", share: float = 1.0) -> Hypothesis:
    return Hypothesis(p=p, least=least, family=family, share=share)


@given(ps=PS)
def test_alike_it_is_benjamini_and_hochberg(ps: list[float]) -> None:
    assert adjusted([one(p) for p in ps], 0.05) == pytest.approx(tuple(false_discovery_control(ps)))


def test_a_share_of_the_level_is_what_a_family_has() -> None:
    time, rate = (
        one(0.003, family="time", share=0.1),
        one(0.015, family="rate", share=0.8),
    )

    assert adjusted([rate], 0.02) == pytest.approx((0.015 / 0.8,))
    assert adjusted([time], 0.02) == pytest.approx((0.03,))
    assert adjusted([time, rate], 0.02) == pytest.approx((0.03 / 2,) * 2)  # two found beside it


def test_what_could_not_come_to_anything_does_not_count() -> None:
    few = [one(0.4, least=0.3) for _ in range(9)]

    assert adjusted([one(0.009), *few], 0.01) == pytest.approx((0.009, *[1.0] * 9))
    assert adjusted([one(0.009), *[one(0.4) for _ in range(9)]], 0.01)[0] > 0.05


def test_without_a_share_nothing_is_found() -> None:
    assert adjusted([one(0.0, share=0.0)], 0.05) == (1.0,)
    assert adjusted([], 0.05) == ()


@given(ps=PS)
def test_an_adjusted_p_is_never_less_than_its_p(ps: list[float]) -> None:
    found = adjusted([one(p, share=0.5) for p in ps], 0.05)

    assert all(p <= each <= 1 for p, each in zip(ps, found, strict=True))
