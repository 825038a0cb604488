"""Samples of two runs, made by hand: what is compared, with what, and what is left out."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.comparing.figures.authenticity import compare_authenticity
from harness.comparing.figures.samples import compare_samples, compare_times, sample_obstacles
from harness.comparing.model import AuthenticityShown, Comparison, Sample, SampleEnd
from harness.comparing.scope import Scope, scope_of
from tests.comparing.baselines import TAPED, run, sample


def series(
    seconds: Sequence[float],
    *,
    workload: str = "draft",
    question: str = "q",
    price: str = "0.04",
    places: str = "b",
) -> list[Sample]:
    """Served requests of one workload, in blocks."""
    return [
        replace(
            sample(f"c1/{places}{number}", question=question),
            workload=workload,
            seconds=took,
            spent=Decimal(price),
        )
        for number, took in enumerate(seconds)
    ]


def failing(samples: Sequence[Sample], *places: int, end: SampleEnd = "failed") -> list[Sample]:
    """The same samples, some of which ended otherwise."""
    return [
        replace(each, end=end, spent=None, images=0) if number in places else each
        for number, each in enumerate(samples)
    ]


def of_kind(
    kind: str, base: Sequence[Sample], head: Sequence[Sample], **options: bool
) -> list[Comparison]:
    return [each for each in compare_samples(base, head, **options) if each.kind == kind]


TIMES = [8.0 + number % 7 for number in range(40)]


# -------------------------------------------------------------------------------- time
def test_equal_requests_are_paired_whatever_their_order() -> None:
    base, head = series(TIMES), series([1.2 * took for took in TIMES])
    (found,) = of_kind("slower", base, head[::-1])

    assert found.change.value == pytest.approx(1.2)
    assert found.pairs == 40
    assert found.p == pytest.approx(0.5**40)


def test_other_places_are_compared_with_all_that_asked_the_same() -> None:
    base, head = series(TIMES), series([1.2 * took for took in TIMES], places="other")
    (found,) = of_kind("slower", base, head)

    assert found.pairs == 0
    assert found.change.value == pytest.approx(1.2, abs=0.02)
    assert (found.p or 1) < 0.01


def test_several_runs_on_one_side_have_no_partners() -> None:
    earlier = series(TIMES) + series(TIMES)
    (found,) = of_kind("slower", earlier, series(TIMES))

    assert found.pairs == 0
    assert found.change.value == pytest.approx(1)


def test_other_questions_are_not_compared() -> None:
    assert compare_samples(series(TIMES), series(TIMES, question="other")) == ()


def test_a_timeout_took_longer_than_what_was_served_sooner() -> None:
    head = failing(series([9.0] * 40), *range(40), end="timeout")
    head = [replace(each, seconds=60.0) for each in head]
    (found,) = of_kind("slower", series(TIMES), head)

    assert found.p == pytest.approx(0.5**40)
    assert (found.change.value, found.head.value) == (None, None)


def test_a_short_wait_tells_nothing_of_what_took_longer() -> None:
    head = [replace(each, end="timeout", seconds=2.0) for each in series(TIMES)]

    assert of_kind("slower", series(TIMES), head) == []


def test_what_failed_or_was_cut_off_has_no_time() -> None:
    head = failing(failing(series([20.0] * 40), 0, 1, 2), 5, end="cut_off")
    (found,) = of_kind("slower", series(TIMES), head)

    assert found.pairs == 36


def test_times_of_a_replay_are_not_compared() -> None:
    base, head = (run(samples=series(TIMES), evidence=TAPED) for _ in range(2))

    assert list(compare_times(scope_of(base, head))) == []
    assert of_kind("slower", series(TIMES), series(TIMES), timed=False) == []


def test_times_that_are_our_own_are_not_compared() -> None:
    """A run for conformance at an emulator that takes no time of its own."""
    quick = [replace(each, workload="", seconds=0.06) for each in series(TIMES)]
    base, head = run(samples=quick), run(samples=quick)
    (said,) = sample_obstacles(scope_of(base, head))

    assert of_kind("slower", quick, quick) == []
    assert of_kind("slower", series([0.06] * 9), series([0.06] * 9))  # a benchmark's are measured
    assert said == (
        "sub2api generate: times are not compared: replies took 0.06 s at the median, which is as"
        " long as our own work takes"
    )


def test_all_of_a_provider_is_compared_where_it_has_several_workloads() -> None:
    base = series(TIMES) + series(TIMES, workload="print", question="big")
    found = of_kind("slower", base, base)

    assert [each.workload for each in found] == ["draft", "print", ""]
    assert [each.pairs for each in found] == [40, 40, 80]


# ---------------------------------------------------------------------------- failures
def test_failures_and_timeouts_are_counted_and_refusals_are_not() -> None:
    head = failing(failing(series(TIMES), 3, 13, 23), 33, end="timeout")
    head = failing(failing(head, 7, end="refused"), 9, end="cut_off")
    (found,) = of_kind("failing", series(TIMES), head)

    assert found.head.n == 38
    assert found.head.value == pytest.approx(4 / 38)
    assert found.change.value == pytest.approx(100 * 4 / 38)
    assert (found.change.low or 0) < 4 < (found.change.high or 0)


def test_an_outage_is_one_event() -> None:
    apart = of_kind("failing", series(TIMES), failing(series(TIMES), *range(0, 40, 4)))[0]
    outage = of_kind("failing", series(TIMES), failing(series(TIMES), *range(10, 20)))[0]

    assert apart.head == outage.head
    assert apart.p == pytest.approx(0.000257, abs=1e-6)
    assert outage.p == pytest.approx(1 / 4)  # one of four, beside none of four
    assert "40 attempts as 4" in outage.method
    assert outage.change.n == 4


def test_a_provider_is_not_failing_more_for_another_mixture() -> None:
    """The print fails in half of all in both runs, and is asked more often in the second."""
    draft, large = series(TIMES), series(TIMES, workload="print", question="big")
    large = failing(large, *range(0, 40, 2))
    found = of_kind("failing", draft + large[:10], draft[:10] + large)

    assert [each.workload for each in found] == ["draft", "print"]


# ------------------------------------------------------------------------------ prices
def test_a_price_list_leaves_nothing_to_chance() -> None:
    (found,) = of_kind("dearer", series(TIMES[:1]), series(TIMES[:1], price="0.05"))

    assert (found.p, found.p_better) == (None, None)
    assert found.change.value == pytest.approx(1.25)


def test_what_is_dearer_and_what_is_cheaper_do_not_make_up_for_each_other() -> None:
    base = series(TIMES) + series(TIMES, question="big", price="0.08", places="p")
    head = series(TIMES, price="0.08") + series(TIMES, question="big", places="p")
    found = of_kind("dearer", base, head)

    assert [each.change.value for each in found] == pytest.approx([2, 0.5])


def test_prices_by_tokens_are_left_to_chance() -> None:
    base = [replace(each, listed=Decimal("0.09")) for each in series(TIMES)]
    head = [
        replace(each, spent=Decimal("0.04") + Decimal(number % 3) / 1000)
        for number, each in enumerate(base)
    ]
    (found,) = of_kind("dearer", base, head)

    assert found.pairs == 40
    assert (found.p or 1) < 0.001
    assert found.change.value == pytest.approx(1.025, abs=0.01)


def test_one_price_seen_once_that_is_not_the_list_s_may_be_chance() -> None:
    base, head = (
        [replace(each, listed=Decimal("0.09")) for each in series(TIMES[:1], price=price)]
        for price in ("0.04", "0.05")
    )
    (found,) = of_kind("dearer", base, head)

    assert found.p == 0.5


def test_units_that_differ_are_said() -> None:
    base = series(TIMES)
    head = [replace(each, unit="credit") for each in base]
    scope = Scope(base=run(samples=base), head=run(samples=head), providers=("sub2api",), timed=())

    assert of_kind("dearer", base, head) == []
    assert list(sample_obstacles(scope)) == [
        "sub2api generate draft: prices are not compared: paid in usd in BASE, in credit in HEAD"
    ]


def test_a_workload_of_other_arguments_is_said() -> None:
    base, head = run(samples=series(TIMES)), run(samples=series(TIMES, question="other"))
    (said,) = sample_obstacles(
        Scope(base=base, head=head, providers=("sub2api",), timed=("sub2api",))
    )

    assert said.startswith("sub2api generate draft: time, failures and prices are not compared")


# ------------------------------------------------------------------------ authenticity
def test_figures_of_images_are_compared_where_both_runs_have_them() -> None:
    figures = [
        AuthenticityShown(provider="sub2api", figure="fresh", count=count, of=40)
        for count in (40, 10)
    ]
    base, head = (replace(run(), authenticity=(figure,)) for figure in figures)
    (found,) = compare_authenticity(scope_of(base, head))

    assert found.promise == "fresh"
    assert found.change.value == -75
    assert (found.p or 1) < 1e-9
    assert (found.p_better or 0) > 0.99
    assert list(compare_authenticity(scope_of(base, run()))) == []


def test_times_say_how_late_our_own_process_was_in_the_worse_of_both_runs() -> None:
    base, head = run(samples=series([1.0] * 9)), run(samples=series([1.1] * 9))
    late = replace(base, own_s=0.1, benchmark=True), replace(head, own_s=0.03, benchmark=True)

    assert {each.own_s for each in compare_times(scope_of(*late))} == {0.1}
