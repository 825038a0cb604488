"""Two shares compared exactly."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.exact import chance_of_more


@given(st.integers(0, 12), st.integers(0, 12), st.data())
def test_it_is_the_upper_tail_of_the_hypergeometric_distribution(
    tried: int, others: int, data: st.DataObject
) -> None:
    failed = data.draw(st.integers(0, tried))
    other_failed = data.draw(st.integers(0, others))

    all_failed, n = failed + other_failed, tried + others
    tail = sum(
        comb(all_failed, k) * comb(n - all_failed, tried - k)
        for k in range(failed, min(all_failed, tried) + 1)
    )
    expected = tail / comb(n, tried) if tried and others else 1.0
    assert chance_of_more(failed, tried, other_failed, others) == pytest.approx(expected)


def test_more_failures_than_requests_are_no_share() -> None:
    with pytest.raises(ValueError, match="3 of 2 and 0 of 1 are no shares"):
        chance_of_more(3, 2, 0, 1)
