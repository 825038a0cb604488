import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import groupby, pairwise
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.case import Plan, PlannedRequest, Slot
from harness.core.errors import UsageError
from harness.core.jsonvalue import Json
from harness.core.workload import Workload
from harness.planning.benchmark_options import Measuring
from harness.planning.plan import plan_from_json, plan_to_json, total_price
from harness.spec.workload.workloads import select_workloads
from tests.plans import benchmark_plan
from tests.shipped import NAMES, shipped_provider
from tests.workloads import options, workloads

DRAFT = Workload(name="draft", operation="generate", size="1024x1024", quality="low")
WIDE = replace(DRAFT, name="wide", size="1536x864", prompt_lengths=(40, 90), weight=2)
TWO = Measuring(workloads=(DRAFT, WIDE), blocks=6, warm_up=1)


def slot(shot: PlannedRequest) -> Slot:
    assert shot.slot is not None
    return shot.slot


def place(shot: PlannedRequest) -> str:
    """What is the same for all providers: an id is made of it."""
    return shot.case.id


def prompt(shot: PlannedRequest) -> Json:
    return shot.case.arguments["prompt"]


def plans(measuring: Measuring, seed: int = 0) -> dict[str, Plan]:
    return benchmark_plan(options(measuring, seed=seed))[1]


# ------------------------------------------------------------------------------------------ design
def test_the_design_says_what_was_decided() -> None:
    design, found = benchmark_plan(options(replace(TWO, levels=(2, 8), timeout_s=90.0), seed=4))

    assert design.seed == 4
    assert design.workloads == (DRAFT, WIDE)
    assert [(one.name, one.blocks, one.concurrency) for one in design.stages] == [
        ("c2", 6, 2), ("c8", 6, 8),
    ]  # fmt: skip
    assert [(one.workload, one.provider) for one in design.fits] == [
        (workload, name) for workload in ("draft", "wide") for name in NAMES
    ]
    assert (design.warm_up, design.timeout_s, design.arrivals) == (1, 90.0, "closed")
    assert [*found] == [*NAMES]


def test_every_block_holds_each_workload_as_often_as_it_weighs_warm_up_first() -> None:
    shots = plans(TWO)["nanobanana"].shots
    blocks = {number: [*some] for number, some in groupby(shots, lambda shot: slot(shot).block)}

    assert [*blocks] == [1, 2, 3, 4, 5, 6, 7]
    for number, some in blocks.items():
        assert Counter(slot(shot).workload for shot in some) == {"draft": 1, "wide": 2}
        assert {slot(shot).warm_up for shot in some} == {number == 1}


def test_an_id_says_what_a_request_is_about() -> None:
    ids = [shot.case.id for shot in plans(TWO)["nanobanana"].shots]

    assert sorted(ids[:3]) == ["bench-c4-draft-b001", "bench-c4-wide-b001", "bench-c4-wide-b001-2"]
    assert len(set(ids)) == len(ids)


def test_a_request_is_what_its_fit_says_and_is_expected_to_be_served() -> None:
    design, found = benchmark_plan(options(TWO))
    fits = {(fit.provider, fit.workload): fit for fit in design.fits}

    for name, plan in found.items():
        for shot in plan.shots:
            fit = fits[name, slot(shot).workload]
            sent = {key: one for key, one in shot.case.arguments.items() if key != "prompt"}
            assert sent == fit.arguments
            assert shot.slot is not None
            assert shot.slot.fit == fit.kind
            assert shot.price == shot.at_risk == fit.price
            assert (shot.case.expect, shot.case.stage) == ("accept", "measure")
            assert shot.case.covers == ()
            order = [*shipped_provider(name).operation("generate").arguments]
            assert [*shot.case.arguments] == [one for one in order if one in shot.case.arguments]


def test_what_a_provider_does_not_support_is_missing_and_moves_nothing() -> None:
    found = plans(replace(TWO, arrivals="constant", levels=(2.0,)))
    whole = {place(shot): shot for shot in found["nanobanana"].shots}

    assert {slot(shot).workload for shot in found["aimlapi"].shots} == {"draft"}
    for shot in found["aimlapi"].shots:
        assert abs(shot.due_s - whole[place(shot)].due_s) < 0.5
        assert prompt(shot) == prompt(whole[place(shot)])


# ----------------------------------------------------------------------------------------- prompts
def test_one_place_is_one_prompt_everywhere_and_no_provider_sees_it_twice() -> None:
    found = plans(replace(TWO, levels=(1, 2)))
    by_place = defaultdict(set)

    for plan in found.values():
        assert len({prompt(shot) for shot in plan.shots}) == len(plan.shots)
        for shot in plan.shots:
            by_place[place(shot)].add(prompt(shot))
    assert all(len(some) == 1 for some in by_place.values())


def test_prompt_lengths_take_turns_by_block() -> None:
    lengths = {
        (slot(shot).workload, slot(shot).block): len(str(prompt(shot)))
        for shot in plans(TWO)["sub2api"].shots
    }

    assert {lengths["draft", block] for block in range(1, 8)} == {80}
    assert [lengths["wide", block] for block in range(1, 8)] == [40, 90, 40, 90, 40, 90, 40]


def test_more_requests_than_different_prompts_are_refused() -> None:
    short = replace(DRAFT, prompt_lengths=(20,))
    enough = Measuring(workloads=(short,), blocks=11_520)

    benchmark_plan(options(enough, providers=()))
    with pytest.raises(UsageError, match="no more different prompts of 20 characters") as told:
        benchmark_plan(options(replace(enough, blocks=11_521), providers=()))
    assert "fewer blocks" in str(told.value)


# ------------------------------------------------------------------------------------------- order
def test_the_order_within_a_block_is_random_and_the_same_for_all() -> None:
    found = plans(replace(TWO, blocks=40))
    orders = Counter(
        tuple(place(shot).partition("-b")[0] for shot in some)
        for _, some in groupby(found["sub2api"].shots, lambda shot: slot(shot).block)
    )

    assert len(orders) == 3  # the light one first, between or last
    assert min(orders.values()) > 5
    assert [*map(place, found["sub2api"].shots)] == [*map(place, found["nanobanana"].shots)]


def test_another_seed_is_another_order_and_other_prompts() -> None:
    one, other = (plans(TWO, seed)["sub2api"].shots for seed in (1, 2))

    assert [*map(place, one)] != [*map(place, other)]
    assert not {*map(prompt, one)} & {*map(prompt, other)}


def test_a_seed_is_the_same_layout_in_any_process() -> None:
    ours = [json.dumps(plan_to_json(plan)) for plan in plans(EVERY, 9).values()]
    command = [sys.executable, "-c", "from harness.cli import main; main()", "plan", "--json"]
    what = ["--only", "benchmark", "--workload", "default", "--workload", "edits", "--blocks", "3"]
    how = ["--seed", "9", "--arrivals", "poisson", "--rate", "0.5,2"]
    told = subprocess.run(
        [*command, *what, *how],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "3"},
    ).stdout

    for line, mine in zip(told.splitlines(), map(json.loads, ours), strict=True):
        assert {key: one for key, one in json.loads(line).items() if key in mine} == mine


EVERY = Measuring(
    workloads=select_workloads(["default", "edits"]),
    arrivals="poisson",
    levels=(0.5, 2.0),
    blocks=3,
)


# -------------------------------------------------------------------------------------- departures
def test_where_arrivals_are_closed_the_runner_decides_when_to_send() -> None:
    assert {shot.due_s for plan in plans(TWO).values() for shot in plan.shots} == {0.0}


def test_constant_arrivals_leave_once_in_each_interval_stage_after_stage() -> None:
    for plan in plans(replace(TWO, arrivals="constant", levels=(0.5, 4.0))).values():
        if plan.provider not in ("sub2api", "nanobanana"):
            continue  # the others lack the second workload
        first = [shot.due_s for shot in plan.shots if slot(shot).stage == "r0.5"]
        second = [shot.due_s for shot in plan.shots if slot(shot).stage == "r4"]

        assert [int(due / 2.0 + 1e-9) for due in first] == [*range(21)]
        assert [int((due - 42.0) * 4.0 + 1e-9) for due in second] == [*range(21)]


def test_providers_share_out_an_interval_anew_in_each_block() -> None:
    found = plans(replace(TWO, workloads=(DRAFT,), arrivals="constant", levels=(1.0,), blocks=60))
    blocks = zip(*([shot.due_s for shot in plan.shots] for plan in found.values()), strict=True)
    lags = [tuple(round(due - number, 6) for due in some) for number, some in enumerate(blocks)]

    steps = [round(number / len(found), 6) for number in range(len(found))]
    assert all(sorted(some) == steps for some in lags)
    assert len(set(lags)) > 30
    for of_one in zip(*lags, strict=True):
        assert set(of_one) == {*steps}


def test_poisson_arrivals_have_exponential_gaps_of_the_rate_asked_for() -> None:
    measuring = Measuring(workloads=(DRAFT,), arrivals="poisson", levels=(0.25,), blocks=2000)

    for plan in benchmark_plan(options(measuring, providers=("buble", "aimlapi")))[1].values():
        gaps = sorted(two.due_s - one.due_s for one, two in pairwise(plan.shots))
        off = [abs(rank / len(gaps) - 1 + exp(-gap / 4.0)) for rank, gap in enumerate(gaps)]
        assert max(off) < 1.36 / sqrt(len(gaps))  # Kolmogorov's bound at 5 %


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["constant", "poisson"]))
def test_departures_rise_and_a_stage_begins_when_all_of_the_one_before_have_left(
    seed: int, arrivals: str
) -> None:
    asked = replace(TWO, arrivals=arrivals, levels=(0.1, 8.0, 1.0), blocks=3)  # type: ignore[arg-type]  # one of the three
    found = plans(asked, seed)
    left = defaultdict(list)

    for plan in found.values():
        due = [shot.due_s for shot in plan.shots]
        assert due == sorted(due)
        for shot in plan.shots:
            left[slot(shot).stage].append(shot.due_s)
    assert max(left["r0.1"]) < min(left["r8"])
    assert max(left["r8"]) < min(left["r1"])


# ------------------------------------------------------------------------------------ saved, priced
@settings(max_examples=25, deadline=None)
@given(
    st.lists(workloads(), min_size=1, max_size=2, unique_by=lambda one: one.name),
    st.sampled_from(["closed", "constant", "poisson"]),
    st.integers(0, 2),
    st.integers(0, 10_000),
)
def test_a_saved_plan_is_read_back_with_its_slots(
    some: list[Workload], arrivals: str, warm_up: int, seed: int
) -> None:
    measuring = Measuring(
        workloads=tuple(some),
        arrivals=arrivals,  # type: ignore[arg-type]  # one of the three
        levels=(1, 3),
        blocks=2,
        warm_up=warm_up,
    )

    for name, plan in plans(measuring, seed).items():
        saved = json.loads(json.dumps(plan_to_json(plan)))
        assert plan_from_json(saved, provider=shipped_provider(name), where="plan.json") == plan


def test_a_plan_costs_what_its_requests_do() -> None:
    design, found = benchmark_plan(
        options(Measuring(workloads=select_workloads(["default"]), blocks=3, warm_up=1))
    )

    for name, plan in found.items():
        prices = [fit.price for fit in design.fits if fit.provider == name and fit.price]
        cost = total_price(plan.shots, prices[0].unit)
        assert cost.amount == 4 * sum(price.amount for price in prices)
        assert cost.images == len(plan.shots) == 8


def test_options_that_measure_nothing_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no benchmark"):
        benchmark_plan(options(None))
