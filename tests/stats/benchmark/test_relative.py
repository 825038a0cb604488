"""Each provider beside the reference: against figures worked by hand, and known truth held."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from harness.core.benchmark import Benchmark, Design
from harness.core.errors import UsageError
from harness.core.rate import Rate
from harness.stats.benchmark.measure import of_observations
from harness.stats.benchmark.model import Attempt, Relative
from tests.benchmarks.worlds import attempt
from tests.stats.benchmark.test_measure import design

BESIDE_A = replace(design("a", "b"), reference="a")


def beside(attempts: list[Attempt], of: Design = BESIDE_A) -> Relative:
    """The row of b at the workload w."""
    return next(row for row in of_observations(attempts, design=of).relative if row.workload == "w")


def blocks(ratios: list[float], **changed: object) -> list[Attempt]:
    """A block for each ratio of b's time to a's."""
    made = [
        (attempt("a", block, 10.0), replace(attempt("b", block, 10.0 * ratio), **changed))  # type: ignore[arg-type]  # fields of its type
        for block, ratio in enumerate(ratios)
    ]
    return [one for pair in made for one in pair]


# ------------------------------------------------------------------------------- time
def test_time_is_the_median_of_the_ratios_with_its_bounds_between_them() -> None:
    row = beside(blocks([1.0, 1.2, 1.3, 1.4, 1.5, 1.6, 2.0]))

    assert row.time.value == pytest.approx(1.4)
    # Of seven, the bounds stand 0.733 of the way from the outermost to the next one.
    assert row.time.low == pytest.approx(1.2**0.733, abs=0.001)
    assert row.time.high == pytest.approx(2.0 * (1.6 / 2.0) ** 0.733, abs=0.001)
    assert (row.time.n, row.pairs, row.time.unit) == (7, 7, "ratio")


def test_pairs_of_one_block_are_one_witness_their_geometric_mean() -> None:
    twice = [replace(one, case="again") for one in blocks([4.0] * 6)]
    row = beside([*blocks([1.0] * 6), *twice])

    assert row.time.value == pytest.approx(2.0)
    assert (row.time.n, row.pairs) == (6, 12)


def test_five_blocks_are_too_few_for_an_interval() -> None:
    row = beside(blocks([1.4] * 5))

    assert row.time.value == pytest.approx(1.4)
    assert (row.time.low, row.time.high) == (None, None)
    assert row.time.method == "too few samples for an interval: n = 5, 6 needed"


def test_a_timeout_may_have_taken_any_time_beyond_and_opens_the_bound() -> None:
    slow = blocks([1.4] * 5) + blocks([9.0] * 8, end="timeout")[10:]
    quick = [replace(one, provider={"a": "b", "b": "a"}[one.provider]) for one in slow]

    assert beside(slow).time.high is None
    assert beside(slow).time.low == pytest.approx(1.4)
    assert beside(quick).time.low is None
    assert beside(quick).time.high == pytest.approx(1 / 1.4)


def test_a_block_in_which_both_timed_out_tells_nothing() -> None:
    hung = [replace(one, end="timeout") for one in blocks([1.4] * 6)]

    assert (beside(hung).time.value, beside(hung).time.low) == (None, None)


@pytest.mark.parametrize(
    "change",
    [{"end": "refused"}, {"end": "failed"}, {"end": "cut_off"}, {"stage": "c9"}, {"case": "x"}],
)
def test_what_is_no_pair_of_one_block_is_not_compared(change: dict[str, object]) -> None:
    row = beside(blocks([2.0] * 8, **change))

    assert (row.pairs, row.time.value) == (0, None)


def test_warm_up_is_in_no_ratio() -> None:
    cold = [replace(one, warm_up=True, block=99) for one in blocks([9.0])]

    assert beside([*blocks([1.5] * 6), *cold]).pairs == 6


# ------------------------------------------------------------------------------ quality
def test_usable_images_are_compared_in_points_in_the_blocks_that_both_have() -> None:
    good = [attempt("a", block, 10.0) for block in range(10)]
    bad = [attempt("b", block, 10.0, usable=block > 3) for block in range(8)]
    row = beside([*good, *bad])

    assert row.usable.value == pytest.approx(-50.0)  # 4 of 8 less 8 of 8
    # Wilson: 0.5 +- 0.2976 (n = 7, for one block of eight is used up), and 0.6756 to 1.
    assert row.usable.low == pytest.approx(-79.76, abs=0.01)
    assert row.usable.high == pytest.approx(-5.97, abs=0.01)


def test_blocks_that_only_one_of_two_has_count_in_neither_share() -> None:
    more_a = [attempt("a", block, 10.0, usable=False) for block in (20, 21)]
    more_b = [attempt("b", block, 10.0, usable=False) for block in (30, 31)]
    row = beside([*blocks([1.0] * 6), *more_a, *more_b])

    assert (row.usable.value, row.usable.n) == (0.0, 6)


def test_a_failure_brings_no_usable_image_and_what_we_cut_off_says_nothing() -> None:
    failed = blocks([1.0] * 8, end="failed", usable=False)
    cut_off = blocks([1.0] * 8, end="cut_off", usable=False)

    assert beside(failed).usable.value == pytest.approx(-100.0)
    assert beside(cut_off).usable.value is None


# -------------------------------------------------------------------------------- price
def paid(unit: str, each: str, other_unit: str, other: str) -> list[Attempt]:
    prices = {"a": (other_unit, Decimal(other)), "b": (unit, Decimal(each))}
    return [
        replace(one, unit=prices[one.provider][0], charged=prices[one.provider][1])
        for one in blocks([1.0] * 2)
    ]


def rated(**usd: str) -> Design:
    rates = {name: Rate(usd=Decimal(amount)) for name, amount in usd.items()}
    return replace(BESIDE_A, exchange_rates=rates)


@pytest.mark.parametrize(
    ("attempts", "of", "price", "why"),
    [
        (paid("usd", "0.06", "usd", "0.04"), BESIDE_A, 1.5, ""),
        (paid("eur", "0.06", "eur", "0.04"), BESIDE_A, 1.5, ""),
        (paid("USD", "0.06", "usd", "0.04"), BESIDE_A, 1.5, ""),
        (paid("USD", "0.06", "credit", "1"), rated(a="0.04"), 1.5, ""),
        (paid("eur", "0.06", "usd", "0.04"), BESIDE_A, None, "no rate for b"),
        (paid("credit", "4", "credit", "1"), BESIDE_A, None, "no rate for b and a"),
        (paid("credit", "4", "usd", "0.04"), BESIDE_A, None, "no rate for b"),
        (paid("credit", "4", "usd", "0.04"), rated(b="0.03"), 3.0, ""),
        (paid("credit", "4", "credit", "1"), rated(b="0.03", a="0.1"), 1.2, ""),
        (paid("usd", "1", "usd", "0"), BESIDE_A, None, "a cost nothing"),
        ([], BESIDE_A, None, "b delivered no usable image"),
    ],
)
def test_prices_are_compared_in_one_currency_only(
    attempts: list[Attempt], of: Design, price: float | None, why: str
) -> None:
    row = beside(attempts, of)

    assert row.price == (None if price is None else pytest.approx(price))
    assert row.price_why == why


def test_a_rate_for_another_unit_is_none() -> None:
    rate = Rate(usd=Decimal("0.03"), unit="token", source="a file")
    of = replace(BESIDE_A, exchange_rates={"b": rate})

    assert beside(paid("credit", "4", "usd", "1"), of).price_why == "no rate for b"


def test_what_is_not_usable_makes_a_usable_image_dearer() -> None:
    attempts = [
        replace(one, unit="usd", usable=one.provider == "a" or one.block < 2)
        for one in blocks([1.0] * 4)
    ]

    assert beside(attempts).price == pytest.approx(2.0)


def test_a_price_that_is_a_bound_is_compared_with_none() -> None:
    attempts = [replace(one, unit="usd", bounded=one.provider == "b") for one in blocks([1.0] * 4)]
    told = [replace(one, charged=Decimal(1)) for one in attempts]

    assert beside(attempts).price is None
    why = "the replies of b do not count what its price depends on"
    assert beside(attempts).price_why == why
    assert beside(told).price == 1.0


# ------------------------------------------------------------------------------- who
def test_only_who_serves_a_workload_exactly_is_compared() -> None:
    near_b = replace(design("a", "b", nearest="b"), reference="a")
    near_a = replace(design("a", "b", nearest="a"), reference="a")

    assert beside(blocks([1.5] * 8), near_b).why == "b is asked for something near it only"
    row = beside(blocks([1.5] * 8), near_a)
    assert row.why == row.price_why == "a is asked for something near it only"
    assert (row.time.value, row.usable.value, row.price) == (None, None, None)


def test_without_a_reference_nobody_is_compared() -> None:
    assert of_observations(blocks([1.5] * 8), design=design("a", "b")).relative == ()


def test_an_emulator_is_not_held_against_a_provider() -> None:
    row = beside([replace(one, emulated=one.provider == "b") for one in blocks([1.5] * 8)])

    assert row.pairs == 0


# ------------------------------------------------------------------------------ coverage
def drawn(dice: np.random.Generator, number: int, ratio: float, limit_s: float) -> list[Attempt]:
    made = []
    for block in range(number):
        hour = 0.3 * dice.standard_normal()
        for name, factor in (("a", 1.0), ("b", ratio)):
            seconds = 15 * factor * math.exp(hour + 0.35 * dice.standard_normal())
            late, shown = seconds > limit_s, min(seconds, limit_s)
            made.append(attempt(name, block, shown, timed_out=late, limit_s=limit_s))
    return made


@pytest.mark.parametrize(
    ("number", "ratio", "limit_s"), [(8, 1.4, math.inf), (20, 1.4, 30.0), (20, 0.7, 22.0)]
)
def test_intervals_hold_a_known_ratio_as_often_as_they_say(
    number: int, ratio: float, limit_s: float
) -> None:
    dice = np.random.default_rng(3)
    times = [beside(drawn(dice, number, ratio, limit_s)).time for _ in range(300)]
    held = [(time.low or 0) <= ratio <= (time.high or math.inf) for time in times]

    assert sum(held) / len(held) >= 0.925  # 95 % less three standard errors are 91 %
    assert any(time.low is not None and time.high is not None for time in times)


def test_a_reference_that_was_not_measured_is_a_mistake() -> None:

    with pytest.raises(UsageError, match="--reference c: not measured in this benchmark"):
        Benchmark(design=design("a", "b")).beside("c", {})
