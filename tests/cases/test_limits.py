"""What a plan holds at most: what it pays for, and what it asks."""

from collections import Counter
from decimal import Decimal

import pytest

from harness.core.case import Plan, Price
from harness.planning.plan import Limits, total_price
from tests.plans import plan_of
from tests.shipped import NAMES, shipped_provider

ROWS, IMAGES, REQUESTS = 26, 34, 85
"""The default allowance of an operation: of 40 images and 100 requests 15 % are kept back."""


def beside(name: str) -> int:
    """How many operations promise nothing that could be tried: their plain request comes on top."""
    return len(shipped_provider(name).operations) - 2


def paid(plan: Plan, operation: str | None = None) -> Price:
    shots = [shot for shot in plan.shots if operation in (None, shot.case.operation)]
    return total_price(shots, shipped_provider(plan.provider).prices.unit)


def bases(plan: Plan) -> Price:
    """What the plain requests cost, of which none is ever left out."""
    shots = [shot for shot in plan.shots if shot.case.id.endswith("/base")]
    return total_price(shots, shipped_provider(plan.provider).prices.unit)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("name", NAMES)
def test_an_operation_has_its_allowance_where_nobody_sets_a_limit(name: str, seed: int) -> None:
    plan = plan_of(name, seed=seed)
    rows = Counter(shot.case.operation for shot in plan.shots if "/row/" in shot.case.id)
    requests = Counter(shot.case.operation for shot in plan.shots)

    for operation in shipped_provider(name).operations:
        assert rows[operation] <= ROWS
        assert requests[operation] <= REQUESTS
        assert paid(plan, operation).images <= IMAGES


@pytest.mark.parametrize("name", NAMES)
def test_the_allowance_tries_every_rule_and_every_value(name: str) -> None:
    for one in plan_of(name, seed=0).coverage:
        assert one.refusals[0] == one.refusals[1]
        assert one.values[0] == one.values[1]
        assert one.left_out == ()


@pytest.mark.parametrize("name", NAMES)
def test_open_questions_are_asked_only_to_discover(name: str) -> None:
    without, with_ = plan_of(name, seed=0), plan_of(name, seed=0, discover=True)
    judged = [shot for shot in with_.shots if shot.case.expect != "observe"]

    assert list(without.shots) == judged
    assert len(with_.shots) > len(judged)
    assert without.coverage == with_.coverage


@pytest.mark.parametrize("images", [8, 30])
@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_the_images_is_kept_back(name: str, images: int) -> None:
    plan = plan_of(name, seed=0, limits=Limits(images=images))

    assert paid(plan).images <= images * 85 // 100 + beside(name)
    assert paid(plan).images > bases(plan).images


@pytest.mark.parametrize(
    ("name", "amount"),
    [("buble", 10), ("sub2api", 20), ("apiframe", 60), ("nanobanana", 30), ("aimlapi", "0.9")],
)
def test_a_part_of_an_amount_is_kept_back(name: str, amount: str | int) -> None:
    plan = plan_of(name, seed=0, limits=Limits(amount=Decimal(amount)))

    assert paid(plan).amount <= Decimal(amount) * 85 / 100 + beside(name)
    assert paid(plan).amount > bases(plan).amount


@pytest.mark.parametrize("name", NAMES)
def test_what_a_small_budget_leaves_out_is_named_with_its_price(name: str) -> None:
    for one in plan_of(name, seed=0, limits=Limits(images=8)).coverage:
        assert len(one.left_out) == one.values[1] - one.values[0]
        assert all(item.price.images >= 1 for item in one.left_out)
        assert all(item.price.amount > 0 for item in one.left_out)


@pytest.mark.parametrize("requests", [15, 40])
@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_the_requests_is_kept_back_and_rules_go_before_seconds(
    name: str, requests: int
) -> None:
    plan = plan_of(name, seed=0, limits=Limits(requests=requests))
    cases = [shot.case for shot in plan.shots if shot.case.credential == "own"]
    kept = [case for case in cases if case.expect == "refuse"]
    asked = Counter((case.operation, case.breaks) for case in kept)

    assert len(plan.shots) <= requests * 85 // 100 + beside(name)
    for one in plan.coverage:
        rules = {rule for operation, rule in asked if operation == one.operation}
        assert one.refusals[0] == len(rules)
        assert (
            len(rules) == one.refusals[1]
            or max(count for (operation, _), count in asked.items() if operation == one.operation)
            == 1
        )


@pytest.mark.parametrize("images", [0, 1])
def test_the_plain_requests_are_planned_whatever_the_limit(images: int) -> None:
    plan = plan_of("apiframe", seed=0, limits=Limits(images=images))
    served = [shot.case.id for shot in plan.shots if shot.case.expect == "accept"]

    assert served == ["generate/base", "edit/base"]


def test_three_values_at_a_time_are_planned_on_request() -> None:
    two, three = (plan_of("apiframe", seed=0, strength=strength) for strength in (2, 3))

    assert {one.strength for one in two.coverage} == {2}
    assert {one.strength for one in three.coverage} == {3}
    assert three.coverage[0].combinations[1] > 3 * two.coverage[0].combinations[1]
