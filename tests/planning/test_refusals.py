"""Which refusals a plan holds: at least half of them drawn, and every rule written once."""

from collections import Counter
from decimal import Decimal

import pytest

from harness.core.case import Case
from harness.planning.plan import Limits, coverage_notes, plan_to_json
from harness.planning.refusals import WITHOUT_LIMIT
from tests.plans import plan_of
from tests.shipped import NAMES, shipped_provider

SEEDS = (0, 1, 7)
DEFAULT = Limits()


def refusals(name: str, seed: int, limits: Limits = DEFAULT) -> list[Case]:
    """The refusals of what is sent with the user's key: requests without it are written."""
    cases = (shot.case for shot in plan_of(name, seed=seed, limits=limits).shots)
    return [case for case in cases if case.expect == "refuse" and case.credential == "own"]


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
@pytest.mark.parametrize("limits", [Limits(amount=Decimal(40)), Limits(images=200)], ids=str)
def test_without_a_limit_of_requests_there_are_as_many_refusals_as_tell_something(
    name: str, limits: Limits
) -> None:
    """A refusal is free in money, and not in time."""
    number = Counter(case.operation for case in refusals(name, 0, limits))
    needed = Counter(case.operation for case in refusals(name, 0, limits) if not case.drawn)

    assert max(number.values()) <= max(WITHOUT_LIMIT, 2 * max(needed.values()))
    for operation in number:
        cases = [case for case in refusals(name, 0, limits) if case.operation == operation]
        drawn = [case.breaks for case in cases if case.drawn]
        rules = {case.breaks for case in cases if not case.drawn}
        assert set(drawn) <= rules
        if 3 * len(drawn) >= 4 * len(rules):  # the likeliest shapes of a rule leave before others
            assert set(drawn) == rules


@pytest.mark.parametrize("name", NAMES)
def test_another_budget_draws_the_same_refusals_and_more(name: str) -> None:
    few, many = refusals(name, 0), refusals(name, 0, Limits(amount=Decimal(40)))
    for operation in shipped_provider(name).operations:
        first, second = (
            [case.id for case in cases if case.drawn and case.operation == operation]
            for cases in (few, many)
        )
        shared = min(len(first), len(second))

        assert first[:shared] == second[:shared]


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
    first = [
        shot.case
        for shot in plan.shots
        if (shot.case.operation, shot.case.expect) == ("generate", "refuse")
    ]
    number = sum(case.drawn for case in first)

    assert (
        f"; {number} of {len(first)} refusals were drawn by Hypothesis" in coverage_notes(plan)[0]
    )
    assert marked == sum(case.drawn for case in refusals("nanobanana", 0))
