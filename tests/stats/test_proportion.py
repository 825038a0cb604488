from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm  # type: ignore[import-untyped]  # scipy ships no types

from harness.stats.intervals import proportion_estimate

N = st.integers(min_value=1, max_value=400)


@given(st.data(), N, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bounds_solve_wilsons_equation(data: st.DataObject, n: int, confidence: float) -> None:
    count = data.draw(st.integers(0, n))
    found = proportion_estimate(count, n, confidence=confidence)
    z = float(norm.ppf((1 + confidence) / 2))

    assert found.low is not None
    assert found.high is not None
    for bound in (found.low, found.high):
        # A bound is a p that lies z standard errors of *its own* from the share seen.
        assert abs(count / n - bound) == pytest.approx(z * sqrt(bound * (1 - bound) / n), abs=1e-7)


@given(st.data(), N)
def test_the_share_lies_within_its_bounds(data: st.DataObject, n: int) -> None:
    count = data.draw(st.integers(0, n))
    found = proportion_estimate(count, n)

    assert found.low is not None
    assert found.high is not None
    assert found.value == count / n
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("n", [10, 30, 100])
def test_its_exact_coverage_is_near_the_confidence_on_average(n: int) -> None:
    # Brown, Cai and DasGupta (2001): Wilson's mean coverage is close to nominal, also at small n.
    intervals = [proportion_estimate(count, n) for count in range(n + 1)]
    truths = [step / 400 for step in range(1, 400)]
    coverages = [
        sum(
            float(binom.pmf(count, n, truth))
            for count, item in enumerate(intervals)
            if item.low is not None and item.high is not None and item.low <= truth <= item.high
        )
        for truth in truths
    ]

    assert sum(coverages) / len(coverages) == pytest.approx(0.95, abs=0.01)
    assert min(coverages) > 0.82


def test_nothing_counted_has_no_share() -> None:
    found = proportion_estimate(0, 0)

    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)
    assert found.method == "nothing to count: n = 0"


@pytest.mark.parametrize(("count", "n"), [(-1, 5), (6, 5), (1, 0)])
def test_more_than_the_whole_is_refused(count: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        proportion_estimate(count, n)
