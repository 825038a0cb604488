"""Slices of a plan: disjoint, together the whole, each kind spread evenly, pairs together."""

from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.benchmark import Stage
from harness.core.case import Exploration, Plan
from harness.core.errors import UsageError
from harness.core.slicing import WHOLE, Slice
from harness.core.workload import Workload
from harness.planning.benchmark_options import Measuring
from harness.planning.options import Options, Target
from harness.planning.slicing import (
    slice_numbers,
    sliced,
    sliced_concurrency,
    sliced_design,
    whole_part,
)
from harness.spec.workload.workloads import select_workloads
from tests.plans import benchmark_plan, plan_of

NUMBERS = st.integers(min_value=1, max_value=12)


def _plan() -> Plan:
    return plan_of("buble", seed=0)


def _slices(plan: Plan, of: int) -> list[Plan]:
    return [sliced(plan, Slice(index=index, of=of)) for index in range(1, of + 1)]


@pytest.mark.parametrize("of", [1, 2, 3, 5, 12])
def test_slices_are_disjoint_and_together_the_whole_plan(of: int) -> None:
    plan = _plan()

    ids = [[shot.case.id for shot in part.shots] for part in _slices(plan, of)]

    assert sorted(chain.from_iterable(ids)) == sorted(shot.case.id for shot in plan.shots)
    order = {shot.case.id: place for place, shot in enumerate(plan.shots)}
    assert all(part == sorted(part, key=order.__getitem__) for part in ids)


@pytest.mark.parametrize("of", [2, 3, 8])
def test_each_kind_of_case_is_spread_evenly(of: int) -> None:
    plan = _plan()
    numbers = slice_numbers(plan, of)

    for expect in ("accept", "refuse"):
        counts = Counter(
            number
            for number, shot in zip(numbers, plan.shots, strict=True)
            if (shot.case.expect, shot.case.operation) == (expect, "edit")
        )
        sizes = [counts[index] for index in range(1, of + 1)]
        assert max(sizes) - min(sizes) <= 2  # one for the turn, one for the dear refusals


@pytest.mark.parametrize("of", [1, 2, 3, 5, 12])
def test_no_case_depends_on_one_of_another_slice(of: int) -> None:
    for part in _slices(_plan(), of):
        ids = {shot.case.id for shot in part.shots}
        assert all(ids.issuperset(shot.case.depends_on) for shot in part.shots)


@pytest.mark.parametrize("of", [2, 3, 8])
def test_what_needs_another_answer_than_the_plain_one_goes_with_it(of: int) -> None:
    plan = _plan()
    first, second, third = [shot for shot in plan.shots if shot.case.expect == "accept"][3:6]
    chained = {
        second.case.id: replace(second.case, depends_on=(first.case.id,)),
        third.case.id: replace(third.case, follows=second.case.id),
    }
    plan = replace(
        plan,
        shots=tuple(
            replace(shot, case=chained.get(shot.case.id, shot.case)) for shot in plan.shots
        ),
    )

    numbers = dict(zip((shot.case.id for shot in plan.shots), slice_numbers(plan, of), strict=True))

    assert numbers[first.case.id] == numbers[second.case.id] == numbers[third.case.id]


def test_the_whole_is_no_slice() -> None:
    plan = _plan()

    assert sliced(plan, WHOLE) is plan
    assert sliced(plan, None) is plan


def test_more_slices_than_cases_leave_some_empty() -> None:
    plan = replace(_plan(), shots=_plan().shots[:3])

    assert [len(part.shots) for part in _slices(plan, 5)] == [1, 1, 1, 0, 0]


def test_slices_explore_together_what_the_whole_would() -> None:
    case = _plan().shots[0].case
    retried = tuple(replace(case, id=f"explored-{number}") for number in range(5))
    plan = replace(_plan(), exploration=Exploration(requests=7, retried=retried))

    parts = [part.exploration for part in _slices(plan, 3)]

    assert [part and part.requests for part in parts] == [3, 2, 2]
    assert {case.id for part in parts if part for case in part.retried} == {
        case.id for case in retried
    }


def _measured(arrivals: str = "closed", levels: tuple[float, ...] = (4,)) -> Options:
    workloads: tuple[Workload, ...] = select_workloads(())
    measuring = Measuring(
        workloads=workloads,
        arrivals=arrivals,  # type: ignore[arg-type]  # one of them
        levels=levels,
        blocks=5,
        warm_up=2,
    )
    return Options(target=Target(providers=("buble", "nanobanana")), measuring=measuring)


@pytest.mark.parametrize("of", [1, 2, 3, 5, 12])
def test_a_block_goes_whole_to_one_slice_at_all_providers(of: int) -> None:
    _, plans = benchmark_plan(_measured(levels=(1, 4)))
    places: dict[tuple[str, int], set[int]] = {}
    for plan in plans.values():
        for number, shot in zip(slice_numbers(plan, of), plan.shots, strict=True):
            assert shot.slot is not None
            places.setdefault((shot.slot.stage, shot.slot.block), set()).add(number)

    assert all(len(numbers) == 1 for numbers in places.values())
    sizes = Counter(number for numbers in places.values() for number in numbers)
    assert max(sizes.values()) - min(sizes[index] for index in range(1, of + 1)) <= 1


def test_a_timetable_stays_that_of_the_whole() -> None:
    _, plans = benchmark_plan(_measured("constant", (2.0,)))
    whole = {shot.case.id: shot.due_s for shot in plans["buble"].shots}

    parts = _slices(plans["buble"], 3)

    assert {shot.case.id: shot.due_s for part in parts for shot in part.shots} == whole


@given(number=st.integers(min_value=0, max_value=500), of=NUMBERS)
def test_equal_parts_are_together_the_number(number: int, of: int) -> None:
    parts = [whole_part(number, Slice(index=index, of=of)) for index in range(1, of + 1)]

    assert sum(parts) == number
    assert max(parts) - min(parts) <= 1


@given(asked=st.none() | st.integers(min_value=1, max_value=40), of=NUMBERS)
def test_slices_have_no_more_under_way_than_the_user_allows(asked: int | None, of: int) -> None:
    slices = [Slice(index=index, of=of) for index in range(1, of + 1)]
    if asked is not None and asked < of:
        with pytest.raises(UsageError, match="fewer than"):
            sliced_concurrency(asked, 8, slices[0])
        return

    parts = [sliced_concurrency(asked, 8, each) for each in slices]

    assert min(parts) >= 1
    assert sum(parts) == max(asked or 8, of)


def test_a_slice_of_a_benchmark_keeps_its_stages_names() -> None:
    design, _ = benchmark_plan(_measured(levels=(5,)))

    parts = [sliced_design(design, Slice(index=index, of=2)) for index in (1, 2)]

    assert [part.stages[0].concurrency for part in parts] == [3, 2]
    assert {part.stages[0].name for part in parts} == {"c5"}
    with pytest.raises(UsageError, match="too small for 6 slices"):
        sliced_design(design, Slice(index=1, of=6))


def test_a_rate_is_not_cut() -> None:
    design, _ = benchmark_plan(_measured("constant", (2.0,)))

    (stage,) = sliced_design(design, Slice(index=1, of=4)).stages

    assert stage == Stage(name="r2", blocks=5, rate_per_s=2.0)
