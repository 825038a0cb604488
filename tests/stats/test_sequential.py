import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.sequential import ALIKE, SHIFTS, Comparing, Time

SECONDS = st.floats(0.5, 400)
PAIRS = st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=12)
FEW = settings(max_examples=40, deadline=None)
Two = tuple[Time, Time]


def compared(pairs: list[Two], *, needed: float = 20) -> Comparing:
    made = Comparing(needed=needed)
    for first, second in pairs:
        made.add(first, second)
    return made


def served(pairs: list[tuple[float, float]]) -> list[Two]:
    return [(Time(seconds=one), Time(seconds=two)) for one, two in pairs]


def until(seconds: float, limit_s: float) -> Time:
    """An attempt that would take so long, and is waited for until a limit."""
    return Time(seconds=min(seconds, limit_s), served=seconds <= limit_s, limit_s=limit_s)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=6))
def test_over_all_ways_to_change_places_within_pairs_nothing_is_won_on_average(
    pairs: list[tuple[float, float]],
) -> None:
    fortunes = [
        compared(
            served([(b, a) if swap else (a, b) for (a, b), swap in zip(pairs, swaps, strict=True)])
        ).fortune
        for swaps in product((False, True), repeat=len(pairs))
    ]

    assert min(fortunes) >= 0
    assert np.mean(fortunes) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=6), st.floats(5, 100))
def test_nor_where_both_are_given_up_at_the_same_limit(
    pairs: list[tuple[float, float]], limit_s: float
) -> None:
    cut = [(until(a, limit_s), until(b, limit_s)) for a, b in pairs]
    fortunes = [
        compared(
            [(b, a) if swap else (a, b) for (a, b), swap in zip(cut, swaps, strict=True)]
        ).fortune
        for swaps in product((False, True), repeat=len(pairs))
    ]

    assert np.mean(fortunes) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=6),
    st.floats(5, 100),
    st.floats(5, 100),
)
def test_nor_where_each_has_a_limit_of_its_own(
    pairs: list[tuple[float, float]], one_s: float, other_s: float
) -> None:
    # The times change places, the limits stay with their provider.
    fortunes = [
        compared(
            [
                (until(b if swap else a, one_s), until(a if swap else b, other_s))
                for (a, b), swap in zip(pairs, swaps, strict=True)
            ]
        ).fortune
        for swaps in product((False, True), repeat=len(pairs))
    ]

    assert np.mean(fortunes) == pytest.approx(1.0, abs=1e-9)


@FEW
@given(PAIRS, st.floats(0.01, 50))
def test_a_clock_that_runs_slower_for_both_changes_nothing(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    plain = compared(served(pairs))
    scaled = compared(served([(a * factor, b * factor) for a, b in pairs]))

    assert scaled.fortune == pytest.approx(plain.fortune, rel=1e-6)


@FEW
@given(PAIRS)
def test_who_is_named_first_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    there, back = compared(served(pairs)), compared(served([(b, a) for a, b in pairs]))

    assert back.evidence == pytest.approx(there.evidence)
    assert (there.slower, back.slower) in ((None, None), (True, False), (False, True))
    low, high = there.bounds()
    mirrored = back.bounds()
    assert [None if one is None else 1 / one for one in (high, low)] == [
        None if one is None else pytest.approx(one) for one in mirrored
    ]


@FEW
@given(PAIRS, st.floats(0.2, 5))
def test_a_ratio_is_a_shift_of_the_times_and_its_bounds_move_along(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    # On the grid of ratios that are tried, so that the bounds fall on others of it.
    step = 0.005
    shift = math.exp(step * round(math.log(factor) / step / 10))
    plain = compared(served(pairs)).ratio()
    moved = compared(served([(a, b * shift) for a, b in pairs])).ratio()

    if None not in (plain.low, plain.high, moved.low, moved.high):
        assert plain.low is not None
        assert moved.low is not None
        assert moved.low == pytest.approx(plain.low * shift, rel=0.12)


@FEW
@given(PAIRS)
def test_the_value_lies_within_its_bounds_and_1_is_left_out_only_once_decided(
    pairs: list[tuple[float, float]],
) -> None:
    made = compared(served(pairs))
    found = made.ratio()

    assert found.n == len(pairs)
    assert found.value is not None
    assert (found.low or 0) <= found.value <= (found.high or math.inf)
    without_1 = (found.low or 0) > 1 or (found.high or math.inf) < 1
    assert not (without_1 and made.slower is None)


def test_what_is_decided_stays_so_whatever_comes() -> None:
    made = compared(served([(10.0, 20.0)] * 12))

    assert made.slower is True
    evidence = made.evidence
    for _ in range(60):
        made.add(Time(seconds=20.0), Time(seconds=10.0))

    assert made.slower is True
    assert made.evidence >= evidence


def test_the_first_that_takes_longer_is_the_slower_one() -> None:
    assert compared(served([(10.0, 20.0)] * 12)).slower is True
    assert compared(served([(20.0, 10.0)] * 12)).slower is False


def test_a_decision_needs_more_pairs_where_more_is_at_stake() -> None:
    pairs = served([(10.0, 20.0)] * 9)

    assert compared(pairs, needed=20).slower is True
    assert compared(pairs, needed=2000).slower is None


def test_one_who_is_given_up_is_the_slower_one_and_both_given_up_tell_nothing() -> None:
    told = compared([(until(20, 90), until(300, 90))] * 12)
    silent = compared([(until(200, 90), until(300, 90))] * 12)

    assert told.slower is True
    assert (silent.fortune, silent.evidence, silent.slower) == (1.0, 1.0, None)
    assert (silent.ratio().value, silent.pairs) == (None, 12)


def test_a_shorter_limit_is_no_disadvantage() -> None:
    # The first is given up at 30 s, the second served at 60 s: who would have been faster?
    made = compared([(until(200, 30), until(60, 300))] * 20)

    assert made.fortune == 1.0


def test_equal_times_tell_nothing() -> None:
    assert compared(served([(10.0, 10.0)] * 50)).fortune == 1.0


def test_one_huge_outlier_neither_breaks_nor_decides_anything() -> None:
    pairs = [(10.0, 10.1), (10.1, 10.0)] * 100
    made = compared(served([*pairs, (1e-9, 1e9), *pairs]))

    assert math.isfinite(made.fortune)
    assert made.slower is None


def test_two_that_differ_little_are_known_to_be_equal_in_the_end() -> None:
    dice = np.random.default_rng(4)
    pairs = 15 * np.exp(0.1 * dice.standard_normal((200, 2)))
    made = compared(served([(float(a), float(b)) for a, b in pairs]))

    assert made.within(1.1)
    assert not made.within(1.001)
    assert made.slower is None


def test_a_ratio_that_turned_round_has_no_bounds() -> None:
    made = compared(served([(10.0, 20.0)] * 40 + [(20.0, 10.0)] * 400))

    assert made.bounds() == (None, None)


def test_no_pair_has_no_ratio() -> None:
    found = Comparing(needed=20).ratio()

    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


def test_both_alike_is_one_of_the_ratios_that_are_tried() -> None:
    assert SHIFTS[ALIKE] == 0.0
    assert list(SHIFTS) == sorted(SHIFTS)
    assert list(SHIFTS) == pytest.approx([-shift for shift in reversed(SHIFTS)])


def test_two_alike_are_hardly_ever_told_apart_and_a_third_more_is_seen_soon() -> None:
    # A small seeded exam; the long one is tests/benchmarks/coverage.py.
    wrong, needed = 0, []
    for run in range(40):
        logs = 0.35 * np.random.default_rng([2, run]).standard_normal((120, 2))
        pairs = [(15 * math.exp(one), 15 * math.exp(two)) for one, two in logs]
        wrong += compared(served(pairs)).slower is not None
        made = Comparing(needed=20)
        for one, two in pairs:
            made.add(Time(seconds=one), Time(seconds=1.3 * two))
            if made.slower is not None:
                break
        needed.append(made.pairs)

    assert wrong <= 2
    assert 25 <= np.median(needed) <= 55


def test_given_up_before_the_limit_it_may_have_taken_any_longer_time() -> None:
    given_up = Time(seconds=60.0, served=False)
    unknown = compared([(given_up, Time(seconds=90.0))] * 20)
    known = compared([(given_up, Time(seconds=30.0))] * 20)

    assert unknown.fortune == 1.0
    assert known.slower is False
