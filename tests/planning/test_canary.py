"""What a canary asks: each day alike, in other words, and all of it in turn."""

import pytest

from harness.core.case import Plan
from harness.planning.canary import canary_plan, first_id, never_asked
from harness.planning.options import Canary
from harness.spec.catalogue import catalogue_of

ENTRY = catalogue_of().entry("apiframe")


def _ids(plan: Plan, expect: str) -> list[str]:
    return [shot.case.id for shot in plan.shots if shot.case.expect == expect]


def test_two_days_ask_the_same_plain_cases_in_other_words() -> None:
    first, second = (canary_plan(ENTRY, Canary(number=day, images=6)) for day in (1, 2))
    prompts = [
        {shot.case.id: shot.case.arguments.get("prompt") for shot in plan.shots}
        for plan in (first, second)
    ]
    plain = [each for each in _ids(first, "accept") if "base" in each]

    assert len(plain) == 4
    assert {*plain} <= {*_ids(second, "accept")}
    assert all(prompts[0][each] != prompts[1][each] for each in plain)
    assert canary_plan(ENTRY, Canary(number=1, images=6)) == first


@pytest.mark.parametrize("images", [0, 1, 3, 6, 20])
def test_a_canary_costs_no_more_images_than_it_may(images: int) -> None:
    plan = canary_plan(ENTRY, Canary(number=1, images=images))

    assert sum(shot.price.images for shot in plan.shots) <= images
    assert _ids(plan, "refuse")


def test_in_turn_all_rows_that_the_money_allows_are_asked() -> None:
    asked: dict[str, int] = {}
    for day in range(1, 9):
        plan = canary_plan(ENTRY, Canary(number=day, images=6, asked=asked))
        asked |= {first_id(each): day for each in _ids(plan, "accept")}
    covered = {
        f"{shot.case.operation} {token}"
        for shot in canary_plan(ENTRY, Canary(number=1)).shots
        if first_id(shot.case.id) in asked
        for token in shot.case.covers
    }
    every = {
        f"{shot.case.operation} {token}"
        for shot in canary_plan(ENTRY, Canary(number=1)).shots
        if shot.case.expect == "accept"
        for token in shot.case.covers
    }

    assert every - covered <= {*never_asked(ENTRY, Canary(number=1, images=6))}
