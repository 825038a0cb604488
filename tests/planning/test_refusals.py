"""Which refusals a plan holds: at least half of them drawn, and every rule written once."""

from collections import Counter

import pytest

from harness.core.case import Case
from harness.planning.plan import coverage_notes, plan_to_json
from harness.spec.load import NAMES, shipped_provider
from tests.plans import plan_of

SEEDS = (0, 1, 7)


def refusals(name: str, seed: int) -> list[Case]:
    cases = (shot.case for shot in plan_of(name, seed=seed).shots)
    return [case for case in cases if case.expect == "refuse"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_hypothesis_draws_at_least_half_of_the_refusals(name: str, seed: int) -> None:
    drawn = [case.drawn for case in refusals(name, seed)]

    assert 2 * sum(drawn) >= len(drawn) > 0
    assert all(case.drawn is ("/drawn/" in case.id) for case in refusals(name, seed))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_keeps_within_a_hundred_requests_an_operation(name: str, seed: int) -> None:
    number = Counter(shot.case.operation for shot in plan_of(name, seed=seed).shots)

    assert max(number.values()) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_that_is_broken_is_broken_by_a_written_request_too(name: str) -> None:
    broken = {
        written: {
            (case.operation, case.breaks) for case in refusals(name, 0) if case.drawn != written
        }
        for written in (True, False)
    }

    assert broken[False] <= broken[True]


@pytest.mark.parametrize("name", NAMES)
def test_drawn_refusals_leave_after_the_written_ones(name: str) -> None:
    for operation in shipped_provider(name).operations:
        drawn = [case.drawn for case in refusals(name, 0) if case.operation == operation]

        assert drawn == sorted(drawn)


def test_a_plan_says_how_many_refusals_were_drawn() -> None:
    plan = plan_of("nanobanana", seed=0)
    cases = plan_to_json(plan)["cases"]
    assert isinstance(cases, list)
    marked = sum(isinstance(case, dict) and case.get("drawn") is True for case in cases)
    first = [case for case in refusals("nanobanana", 0) if case.operation == "generate"]
    number = sum(case.drawn for case in first)

    assert (
        f"; {number} of {len(first)} refusals were drawn by Hypothesis" in coverage_notes(plan)[0]
    )
    assert marked == sum(case.drawn for case in refusals("nanobanana", 0))
