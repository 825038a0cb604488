import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.core.benchmark import Design, Slo, Stage
from harness.core.case import FitKind, Price, Slot
from harness.core.workload import Fit, Workload
from harness.stats.benchmark.measure import measure, of_observations
from harness.stats.benchmark.model import Attempt, EndBounds, Ranking, Reliability, Speed
from harness.stats.benchmark.tallies import saved, spend, tallied
from tests.benchmarks.worlds import attempt
from tests.report import builders as b
from tests.shipped import NAMES, shipped_provider

SLO = Slo(quantile=0.95, seconds=60)


def design(
    *names: str, stages: tuple[str, ...] = ("c4",), slo: Slo | None = None, nearest: str = ""
) -> Design:
    kinds: dict[str, FitKind] = {nearest: "nearest"}
    return Design(
        seed=1,
        workloads=(Workload(name="w", operation="generate"), Workload(name="v", operation="edit")),
        fits=tuple(
            Fit(workload=of, provider=name, kind=kinds.get(name, "exact"), arguments={})
            for of in ("w", "v")
            for name in names
        ),
        arrivals="closed",
        stages=tuple(Stage(name=name, blocks=9, concurrency=4) for name in stages),
        slo=slo,
    )


def many(number: int, provider: str = "a", *, seconds: float = 10.0) -> list[Attempt]:
    return [attempt(provider, block, seconds + block % 7) for block in range(number)]


# ------------------------------------------------------------------------------- speed
def test_a_row_counts_how_attempts_ended_and_only_what_may_still_be_served_has_a_time() -> None:
    seen = [
        *many(7),
        attempt("a", 7, 90.0, timed_out=True),
        attempt("a", 8, 20.0, end="cut_off"),
        attempt("a", 9, 1.0, end="refused"),
        attempt("a", 10, 2.0, end="failed"),
    ]
    row = tallied(seen).speed()

    assert (row.n, row.served, row.timeouts, row.cut_off) == (9, 7, 1, 1)
    assert row.median.n == 9
    assert row.horizon_s == 90.0
    assert row.median.value == 14.0  # the fifth of nine; refused and failed ones are in no time


def steps(row: Speed) -> list[tuple[float, float]]:
    return [(step.at_s, step.waiting) for step in row.curve]


def places(ranking: Ranking) -> list[tuple[int, str]]:
    return [(rank.place, rank.provider) for rank in ranking.places]


def test_the_curve_begins_with_all_and_falls_with_each_that_is_served() -> None:
    row = tallied([*many(3), attempt("a", 7, 90.0, timed_out=True)]).speed()

    assert steps(row) == [(0.0, 1.0), (10.0, 0.75), (11.0, 0.5), (12.0, 0.25)]


def test_phases_clocks_and_bytes_are_medians_of_what_was_served() -> None:
    served = [
        replace(one, phases={"headers": 2.0 + at}, server_s={"clock": 8.0}, body_bytes=100)
        for at, one in enumerate(many(7))
    ]
    failed = replace(attempt("a", 8, 9.0, end="failed"), phases={"headers": 99.0}, body_bytes=9)
    row = tallied([*served, failed]).speed()

    assert {name: item.value for name, item in row.phases.items()} == {"headers": 5.0}
    assert {name: item.value for name, item in row.server.items()} == {"clock": 8.0}
    assert (row.body_bytes.value, row.body_bytes.unit) == (100.0, "bytes")


def test_when_jobs_ended_lies_between_two_medians() -> None:
    jobs = [
        replace(one, completion=EndBounds(after_s=5.0 + at, before_s=7.0 + at))
        for at, one in enumerate(many(7))
    ]
    found = tallied(jobs).speed().completion

    assert found is not None
    assert [found.after.value, found.before.value] == [8.0, 10.0]
    assert tallied(many(7)).speed().completion is None


def test_a_row_of_nothing_but_refusals_has_no_figures() -> None:
    row = tallied([attempt("a", 1, 1.0, end="refused")]).speed()

    assert (row.n, row.median.value, row.mean.value, steps(row)) == (0, None, None, [(0.0, 1.0)])


# ------------------------------------------------------------------------------- reliability
def test_shares_are_of_all_that_was_sent_and_errors_stand_by_number() -> None:
    seen = [
        *many(6),
        attempt("a", 6, 20.0, usable=False),
        *(replace(attempt("a", at, 1.0, end="failed"), error_class="server") for at in (7, 8)),
        replace(attempt("a", 9, 1.0, end="refused"), error_class="moderation"),
    ]
    row = tallied(seen, None).reliability()

    assert (row.sent, row.served.value, row.usable.value) == (10, 0.7, 0.6)
    assert [(error.error_class, error.count, error.share.value) for error in row.errors] == [
        ("server", 2, 0.2),
        ("moderation", 1, 0.1),
    ]
    assert (row.within, row.slo) == (None, None)


def sloppy(number: int, late: int = 0) -> Reliability:
    seen = many(number - late)
    return tallied(
        [*seen, *(attempt("a", number + at, 61.0) for at in range(late))], SLO
    ).reliability()


def test_a_ceiling_is_met_or_missed_only_as_far_as_the_interval_says_so() -> None:
    assert [sloppy(60).slo, sloppy(80).slo] == ["open", "met"]
    assert [sloppy(60, 5).slo, sloppy(60, 12).slo] == ["open", "missed"]


def test_what_we_cut_off_before_the_ceiling_is_not_held_against_anyone() -> None:
    early, late = attempt("a", 1, 30.0, end="cut_off"), attempt("a", 2, 70.0, end="cut_off")
    within = tallied([*many(8), early, late], SLO).reliability().within

    assert within is not None
    assert within.n == 9
    assert within.value == pytest.approx(8 / 9)


def test_a_timeout_before_the_ceiling_is_not_within_it() -> None:
    within = tallied([*many(9), attempt("a", 9, 30.0, timed_out=True)], SLO).reliability().within

    assert within is not None
    assert (within.n, within.value) == (10, 0.9)


def test_goodput_counts_usable_images_within_the_ceiling_per_minute_of_the_stage() -> None:
    seen = [
        attempt("a", 0, 30.0, start_s=0.0),
        attempt("a", 1, 30.0, start_s=30.0, usable=False),
        attempt("a", 2, 90.0, start_s=30.0),
    ]

    assert tallied(seen, None).reliability().goodput_per_min == 1.0  # 2 images in 120 s
    assert tallied(seen, SLO).reliability().goodput_per_min == 0.5


# ------------------------------------------------------------------------------- money
def test_what_a_reply_says_it_cost_holds_and_else_the_price_list() -> None:
    said = replace(attempt("a", 0, 9.0), charged=Decimal("1.5"))
    row = spend([said, attempt("a", 1, 9.0), attempt("a", 2, 9.0, usable=False)])

    assert (row.listed, row.charged, row.spent) == (Decimal(3), Decimal("1.5"), Decimal("3.5"))
    assert (row.requests, row.images, row.usable) == (3, 3, 2)
    assert (row.per_image, row.wasted) == (Decimal("1.75"), Decimal(1))


def test_what_never_came_is_free_or_unsettled_and_what_was_charged_for_nothing_is_wasted() -> None:
    lost = attempt("a", 0, 90.0, timed_out=True)
    refused = attempt("a", 1, 1.0, end="refused")
    robbed = replace(attempt("a", 2, 1.0, end="failed"), charged=Decimal(2), may_be_paid=True)
    row = spend([lost, refused, robbed])

    assert (row.spent, row.unsettled, row.wasted) == (Decimal(2), Decimal(1), Decimal(2))
    assert (row.per_image, row.listed) == (None, Decimal(0))


def test_what_was_saved_is_the_design_less_what_was_spent_or_may_have_been() -> None:
    seen = [attempt("a", 0, 9.0), attempt("a", 1, 90.0, timed_out=True)]
    (row,) = saved(seen, {"a": Price(amount=Decimal(9), unit="credit", images=9)})

    assert (row.spent, row.designed, row.unit) == (Decimal(2), Decimal(9), "credit")
    assert saved(seen, {}) == ()


def test_a_design_that_was_asked_whole_saved_nothing_whatever_was_charged() -> None:
    seen = [replace(attempt("a", at, 9.0), charged=Decimal("0.1")) for at in range(9)]
    whole, half = (
        saved(asked, {"a": Price(amount=Decimal(9), unit="credit", images=9)})[0]
        for asked in (seen, seen[:3])
    )

    assert (whole.spent, whole.designed) == (Decimal("0.9"), Decimal("0.9"))
    assert (half.spent, half.designed) == (Decimal("0.3"), Decimal("0.9"))


def test_where_nothing_was_asked_the_design_costs_what_the_price_list_says() -> None:
    (row,) = saved([], {"a": Price(amount=Decimal(9), unit="credit", images=9)})

    assert (row.spent, row.designed) == (Decimal(0), Decimal(9))


# ------------------------------------------------------------------------------- all of it
def everything() -> Iterator[Attempt]:
    for name, seconds in (("b", 20.0), ("a", 10.0), ("c", 5.0)):
        for stage in ("c8", "c4"):
            for workload in ("v", "w"):
                for block in range(8):
                    yield attempt(
                        *(name, block, seconds + block % 3),
                        stage=stage,
                        workload=workload,
                        fit="nearest" if name == "c" else "exact",
                    )


def test_rows_stand_as_designed_and_who_is_only_near_is_not_ranked() -> None:
    found = of_observations(
        everything(), design=design("a", "b", "c", stages=("c4", "c8"), nearest="c")
    )

    rows = [(row.workload, row.stage, row.provider) for row in found.speeds]
    assert rows == [
        (workload, stage, name)
        for workload in ("w", "v")
        for stage in ("c4", "c8")
        for name in ("a", "b", "c")
    ]
    assert [(row.workload, row.stage, row.provider) for row in found.reliability] == rows
    assert [row.requests for row in found.spend] == [16] * 6
    assert [places(one) for one in found.rankings] == [[(1, "a"), (2, "b")]] * 2
    assert [(one.first, one.second, one.pairs, one.word) for one in found.comparisons] == [
        ("a", "b", 16, "first")
    ] * 2
    assert all(one.p_fixed is not None and one.p_fixed < 0.01 for one in found.comparisons)
    assert all(one.needed == 40 for one in found.comparisons)


def test_the_order_in_which_attempts_are_told_changes_nothing() -> None:
    plan, seen = design("a", "b", "c", stages=("c4", "c8")), list(everything())
    mixed = random.Random(5).sample(seen, len(seen))

    assert of_observations(seen, design=plan) == of_observations(mixed, design=plan)


def test_warm_ups_count_in_no_figure_but_cost() -> None:
    warm = [replace(one, warm_up=True, seconds=500.0) for one in many(3)]
    found = of_observations([*warm, *many(7)], design=design("a"))

    assert [(row.n, row.horizon_s) for row in found.speeds] == [(7, 16.0)]
    assert [row.sent for row in found.reliability] == [7]
    assert [row.requests for row in found.spend] == [10]
    assert len(found.observations) == 10


def test_rows_on_different_evidence_are_never_one_row() -> None:
    replayed = [replace(one, basis="recorded") for one in many(7)]
    found = of_observations([*many(7), *replayed], design=design("a"))

    assert [(row.basis, row.n) for row in found.speeds] == [("recorded", 7), ("simulated", 7)]
    assert len(found.reliability) == len(found.spend) == 2


def test_an_emulator_is_ranked_among_emulators_only() -> None:
    stood_in = [replace(one, emulated=True, basis="emulator") for one in many(9, "b", seconds=1.0)]
    mixed = of_observations([*many(9), *stood_in], design=design("a", "b"))
    emulated = of_observations(
        [*(replace(one, emulated=True) for one in many(9)), *stood_in], design=design("a", "b")
    )

    assert places(mixed.rankings[0]) == [(1, "a")]
    assert mixed.comparisons[0].pairs == 0
    assert mixed.comparisons[0].p_fixed is None
    assert [row.provider for row in mixed.speeds] == ["a", "b"]
    assert {name for _, name in places(emulated.rankings[0])} == {"a", "b"}


def test_records_are_read_with_what_the_checks_said_of_them() -> None:
    made = [
        b.record(b.case(id=f"bench-{at}"), b.images(), seconds=10.0 + at, start_s=60.0 * at)
        for at in range(8)
    ]
    slots = [Slot(workload="w", fit="exact", stage="c4", block=at) for at in range(8)]
    records = [
        replace(one, shot=replace(one.shot, slot=slot))
        for one, slot in zip(made, slots, strict=True)
    ]
    other = b.record(b.case(id="conformance"), b.images())
    found = measure(
        [*records, other],
        providers={name: shipped_provider(name) for name in NAMES},
        design=design("sub2api"),
        usable=lambda record: record.shot.case.id not in ("bench-3", "bench-7"),
        designed={"sub2api": Price(amount=Decimal(20), unit="image", images=20)},
    )

    assert [row.n for row in found.speeds] == [8]
    assert [row.usable for row in found.spend] == [6]
    assert [row.median.value for row in found.speeds] == [13.5]
    assert [(row.spent, row.designed) for row in found.saved] == [(Decimal(8), Decimal(20))]


def test_nothing_measured_is_nothing_but_the_open_comparisons() -> None:
    found = of_observations([], design=design("a", "b"))

    assert (found.speeds, found.reliability, found.spend, found.saved) == ((), (), (), ())
    assert [(one.word, one.pairs, one.evidence) for one in found.comparisons] == [
        ("open", 0, 1.0)
    ] * 2
    assert [one.why for one in found.rankings] == ["nothing was served"] * 2
