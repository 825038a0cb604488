import numpy as np
import pytest

from harness.stats.difference import difference_estimate


def test_the_difference_has_newcombes_bounds() -> None:
    """His example (a) of 1998: 56 of 70 and 48 of 80 differ by 0.2, 0.0524 to 0.3339."""
    found = difference_estimate([(56, 70)], [(48, 80)])

    assert found.value == pytest.approx(20.0)
    assert found.low == pytest.approx(5.24, abs=0.005)
    assert found.high == pytest.approx(33.39, abs=0.005)
    assert (found.n, found.unit) == (70, "percentage points")


def test_shares_of_all_and_of_none_have_bounds_too() -> None:
    same = difference_estimate([(1, 1)] * 8, [(1, 1)] * 8)
    apart = difference_estimate([(0, 1)] * 8, [(1, 1)] * 8)

    assert same.value == 0
    assert same.low == pytest.approx(-32.4, abs=0.1)
    assert same.high == pytest.approx(32.4, abs=0.1)
    assert apart.value == apart.low == -100
    assert -60 < (apart.high or 0) < -50


def test_attempts_that_fall_together_count_as_fewer() -> None:
    outages = difference_estimate([(4, 4)] * 7 + [(0, 4)], [(4, 4)] * 8)
    scattered = difference_estimate([(3, 4)] * 4 + [(4, 4)] * 4, [(4, 4)] * 8)

    assert outages.value == scattered.value == pytest.approx(-12.5)
    assert (outages.low or 0) < (scattered.low or 0) - 10


def test_without_anything_to_count_there_is_no_difference() -> None:
    found = difference_estimate([], [(1, 1)])

    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


@pytest.mark.parametrize(("blocks", "per"), [(8, 1), (8, 4), (60, 1)])
def test_intervals_hold_a_known_difference_as_often_as_they_say(blocks: int, per: int) -> None:
    dice, held = np.random.default_rng(4), []
    for _ in range(400):
        first, second = (
            [(int(count), per) for count in dice.binomial(per, share, size=blocks)]
            for share in (0.9, 0.8)
        )
        found = difference_estimate(first, second)
        held.append((found.low or 0) <= 10 <= (found.high or 0))

    assert sum(held) / len(held) >= 0.93
