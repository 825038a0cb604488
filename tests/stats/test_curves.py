import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.curves import curve_steps
from harness.stats.survival import MOST_STEPS, CensoredTimes

SECONDS = st.floats(0.1, 500).map(lambda value: round(value, 3)) | st.sampled_from([10.0, 20.0])


@st.composite
def times(draw: st.DrawFn) -> CensoredTimes:
    drawn = draw(st.lists(st.tuples(SECONDS, st.booleans()), min_size=6, max_size=40))
    return CensoredTimes(
        seconds=tuple(at for at, _ in drawn), ended=tuple(whole for _, whole in drawn)
    )


@given(times())
def test_the_band_holds_the_curve_and_neither_ever_rises(given_times: CensoredTimes) -> None:
    steps = curve_steps(given_times)

    assert (steps[0].at_s, steps[0].waiting) == (0.0, 1.0)
    for step in steps[1:]:
        assert step.low is not None
        assert step.high is not None
        assert 0 <= step.low <= step.waiting + 1e-9 <= step.high + 2e-9 <= 1 + 3e-9
    for line in ("waiting", "high"):
        shares = [getattr(step, line) for step in steps if getattr(step, line) is not None]
        assert shares == sorted(shares, reverse=True)


def test_the_band_is_greenwoods_on_the_scale_of_log_minus_log() -> None:
    # Six attempts, the third given up at 3 s: S(2) = 4/6, S(4) = 4/6 * 2/3.
    found = curve_steps(
        CensoredTimes(
            seconds=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), ended=(True, True, False, True, True, True)
        )
    )
    share, variance = 4 / 6 * 2 / 3, 1 / (6 * 5) + 1 / (5 * 4) + 1 / (3 * 2)
    wide = 1.959964 * math.sqrt(variance) / math.log(share)
    step = next(step for step in found if step.at_s == 4.0)

    assert step.waiting == pytest.approx(share)
    assert step.low == pytest.approx(share ** math.exp(-wide), abs=1e-6)
    assert step.high == pytest.approx(share ** math.exp(wide), abs=1e-6)


def test_few_attempts_have_a_curve_and_no_band() -> None:
    found = curve_steps(CensoredTimes(seconds=(1.0, 2.0), ended=(True, False)))

    assert [(step.at_s, step.waiting, step.low, step.high) for step in found] == [
        (0.0, 1.0, None, None),
        (1.0, 0.5, None, None),
    ]


def test_where_nothing_was_served_all_wait_from_the_start() -> None:
    (step,) = curve_steps(CensoredTimes(seconds=(9.0,) * 7, ended=(False,) * 7))

    assert (step.at_s, step.waiting) == (0.0, 1.0)


def test_a_curve_of_many_is_drawn_at_some_of_its_steps_each_exact() -> None:
    many = CensoredTimes(
        seconds=[float(at) for at in range(1, 5001)], ended=[at % 5 > 0 for at in range(5000)]
    )
    seconds, shares = many.curve
    exact = dict(zip(seconds.tolist(), shares.tolist(), strict=True))
    steps = curve_steps(many)

    assert len(steps) == MOST_STEPS + 1
    assert (steps[1].at_s, steps[-1].at_s) == (seconds[0], seconds[-1])
    assert all(exact[step.at_s] == step.waiting for step in steps[1:])
