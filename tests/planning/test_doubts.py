"""How often a question is asked again: often enough to see it, seldom enough to pay for it."""

from math import comb

from hypothesis import given
from hypothesis import strategies as st

from harness.planning.doubts import FEWEST_ASKINGS, MOST_ASKINGS, askings, share_of

COUNTS = st.integers(0, 12).flatmap(lambda tried: st.tuples(st.integers(0, tried), st.just(tried)))


def at_least(enough: int, most: int, share: float) -> float:
    return sum(
        comb(most, k) * share**k * (1 - share) ** (most - k) for k in range(enough, most + 1)
    )


@given(counts=COUNTS, past=st.floats(0, 0.9))
def test_a_promise_is_asked_for_so_often_that_enough_failures_fit_in(
    counts: tuple[int, int], past: float
) -> None:
    most, enough = askings(*counts, past=past)

    assert FEWEST_ASKINGS <= most <= MOST_ASKINGS
    assert 1 <= enough <= most


def test_what_always_failed_and_never_before_is_settled_by_one_failure_of_three() -> None:
    assert askings(3, 3) == (3, 1)


def test_what_lies_now_and_then_is_met_again_in_95_of_100_rechecks() -> None:
    most, enough = askings(1, 3)

    assert enough == 1
    assert at_least(enough, most, 0.375) >= 0.95


@given(past=st.floats(0.01, 0.3))
def test_what_fails_as_often_as_before_is_seldom_confirmed(past: float) -> None:
    most, enough = askings(2, 2, past=past)

    assert at_least(enough, most, past) <= 0.01 or enough == most == MOST_ASKINGS


def test_a_few_requests_without_a_failure_do_not_say_that_none_fail() -> None:
    assert share_of(0, 18) == 0.05
    assert askings(3, 3, past=share_of(0, 18))[1] > 1
