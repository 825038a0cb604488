import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.change_points import FEWEST, change_points


def noisy(seed: int, runs: int, *, since: int | None = None, times: float = 1.2) -> list[float]:
    """Return the times of runs with a deviation of 10 %, longer from a run on."""
    drawn = np.random.default_rng(seed).normal(10, 1, runs)
    if since is not None:
        drawn[since:] += 10 * (times - 1)
    return [float(value) for value in drawn]


def test_a_series_without_a_change_has_none() -> None:
    wrong = sum(bool(change_points(noisy(seed, 100))) for seed in range(100))

    assert wrong <= 2


def test_a_step_of_a_fifth_is_found_where_it_is_and_nowhere_else() -> None:
    found = [change_points(noisy(seed, 100, since=60)) for seed in range(40)]
    near = [steps for steps in found if len(steps) == 1 and abs(steps[0].at - 60) <= 5]

    assert len(near) >= 36
    assert all(step.after / step.before == pytest.approx(1.2, abs=0.1) for (step,) in near)


def test_a_step_there_and_back_is_two() -> None:
    there = noisy(1, 120, since=40, times=1.6)
    back = [*there[:80], *noisy(2, 40)]

    assert [step.at for step in change_points(back)] == pytest.approx([40, 80], abs=1)


def test_one_run_apart_is_no_change() -> None:
    series = noisy(3, 60)
    series[30] *= 10

    assert change_points(series) == ()
    assert change_points([1.0] * 20 + [7.0] + [1.0] * 20) == ()


@pytest.mark.parametrize(("runs", "told"), [(1, False), (2, True)])
def test_a_price_without_noise_has_changed_after_two_runs(runs: int, told: bool) -> None:  # noqa: FBT001 - a case
    steps = change_points([0.04] * 20 + [0.05] * runs)

    assert [(step.at, step.before, step.after, step.p) for step in steps] == (
        [(20, 0.04, 0.05, 0.0)] if told else []
    )


def test_shares_are_held_against_what_chance_does_to_so_many_requests() -> None:
    chance = np.random.default_rng(4)
    few = [value / 20 for value in chance.binomial(20, 0.05, 60)]
    more = [value / 20 for value in chance.binomial(20, 0.25, 60)]
    sizes = [20] * 120

    assert change_points([*few, *few], n=sizes, share=True) == ()
    assert [step.at for step in change_points([*few, *more], n=sizes, share=True)] == (
        pytest.approx([60], abs=2)
    )


@given(
    st.lists(st.floats(0, 1e9), max_size=80),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_any_series_ends_in_steps_in_order(values, share, chance) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Hypothesis
    if share:
        values = [value / 1e9 for value in values]
    sizes = [chance.randrange(1, 1000) for _ in values]
    steps = change_points(values, n=sizes, share=share)
    places = [step.at for step in steps]

    assert places == sorted(set(places))
    assert all(0 < at < len(values) for at in places)
    assert all(0 <= step.p <= 1 and math.isfinite(step.after) for step in steps)


def test_a_few_runs_tell_nothing() -> None:
    assert change_points(noisy(5, 2 * FEWEST - 1, since=FEWEST, times=9)) == ()
    assert change_points([]) == ()
