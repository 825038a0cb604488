"""What a canary asks: each day alike, in other words, and all of it in turn."""

from dataclasses import replace

import pytest

from harness.core.case import Plan
from harness.core.placeholders import ASSETS, WEBHOOKS
from harness.planning.addresses import texts_sent
from harness.planning.canary import canary_plan, first_id, never_asked, turn_of
from harness.planning.conformance import new_plan
from harness.planning.options import Canary
from harness.planning.rotation import tokens_of
from harness.spec.catalogue import catalogue_of

CATALOGUE = catalogue_of()
ENTRY = CATALOGUE.entry("apiframe")


def _ids(plan: Plan, expect: str) -> list[str]:
    return [shot.case.id for shot in plan.shots if shot.case.expect == expect]


def test_two_days_ask_the_same_plain_cases_in_other_words() -> None:
    first, second = (canary_plan(ENTRY, Canary(number=day, images=6)) for day in (1, 2))
    prompts = [
        {shot.case.id: shot.case.arguments.get("prompt") for shot in plan.shots}
        for plan in (first, second)
    ]
    plain = [each for each in _ids(first, "accept") if "base" in each]

    assert len(plain) == 2
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


@pytest.mark.parametrize("name", ["buble", "sub2api", "apiframe", "nanobanana", "aimlapi"])
def test_the_default_budget_asks_for_each_single_value_within_a_week(name: str) -> None:
    entry = CATALOGUE.entry(name)
    canary = Canary(number=1, images=5)
    turn = turn_of(entry, canary)
    asked: dict[str, int] = {}
    covered: set[str] = set()
    for day in range(1, 8):
        plan = canary_plan(entry, replace(canary, number=day, asked=asked))
        served = [shot.case for shot in plan.shots if shot.case.expect == "accept"]
        asked |= {first_id(case.id): day for case in served}
        covered |= {token for case in served for token in tokens_of(case)}
        if day == turn:
            break
    plan = new_plan(entry, seed=0)
    everything = {
        token
        for shot in plan.shots
        if shot.case.expect == "accept"
        for token in tokens_of(shot.case)
        if "=" in token
    }

    assert turn is not None
    assert turn <= 7
    assert everything - covered <= {*never_asked(entry, canary)}


def test_what_cannot_arrive_takes_no_money_from_what_can() -> None:
    plan = canary_plan(ENTRY, Canary(number=1, images=6, unreachable=(ASSETS, WEBHOOKS)))

    assert {shot.case.operation for shot in plan.shots if shot.price.images} == {"generate"}
    assert sum(shot.price.images for shot in plan.shots) == 6
    assert not any(
        text.startswith((ASSETS, WEBHOOKS))
        for shot in plan.shots
        for text in texts_sent(ENTRY.provider, shot)
    )


def test_only_the_operations_that_are_named_are_asked() -> None:
    canary = Canary(number=1, images=6, operations=("edit",))

    assert {shot.case.operation for shot in canary_plan(ENTRY, canary).shots} == {"edit"}
    assert all(each.startswith("edit ") for each in never_asked(ENTRY, canary))
