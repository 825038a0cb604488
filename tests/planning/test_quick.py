"""The plan of `--quick`: few images, each of which is asked for much."""

import itertools
import math
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.case import Plan
from harness.core.jsonvalue import Json
from harness.planning.conformance import limits_of
from harness.planning.options import Options, Planning, RunLimits
from harness.planning.plan import Limits, total_price
from harness.planning.quick import MOST_IMAGES, MOST_REQUESTS, quick_limits
from tests.plans import new_plan
from tests.shipped import NAMES, shipped_provider

IMAGE_S, AT_ONCE = 20, 8
QUICK = quick_limits(Limits())


def rows(plan: Plan) -> list[dict[str, Json]]:
    return [shot.case.arguments for shot in plan.shots if shot.case.expect == "accept"]


@pytest.mark.parametrize("name", NAMES)
def test_three_of_eight_images_and_a_quarter_of_the_requests_are_kept_back(name: str) -> None:
    plan = new_plan(name, seed=0, limits=QUICK)
    cost = total_price(plan.shots, "any")

    assert cost.images == MOST_IMAGES - 3
    assert len(plan.shots) <= MOST_REQUESTS * 3 / 4
    assert max(shot.at_risk.images for shot in plan.shots) <= 2


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_in_two_minutes_where_an_image_takes_twenty_seconds(name: str) -> None:
    """The plain requests, then the others at once, then each follow-up after the one before it."""
    plan = new_plan(name, seed=0, limits=QUICK)
    paid = [shot for shot in plan.shots if shot.case.expect == "accept"]
    plain = [shot for shot in paid if not shot.case.depends_on]
    follow_ups = MOST_IMAGES - total_price(plan.shots, "any").images
    waves = math.ceil(len(plain) / AT_ONCE) + math.ceil((len(paid) - len(plain)) / AT_ONCE)

    assert (waves + follow_ups) * IMAGE_S <= 120


def differs(plan: Plan, name: str) -> set[str]:
    """The values of an argument that the plain request does not send."""
    plain, *others = rows(plan)
    return {str(each[name]) for each in others if name in each and each[name] != plain.get(name)}


@pytest.mark.parametrize("name", NAMES)
def test_rows_ask_for_what_can_be_measured(name: str) -> None:
    plan = new_plan(name, seed=0, limits=QUICK)
    arguments = shipped_provider(name).operation("generate").arguments

    if "output_format" in arguments:
        assert differs(plan, "output_format") & {"jpeg", "webp"}
    if "quality" in arguments:
        assert differs(plan, "quality")
    if name in ("sub2api", "apiframe"):
        assert [each["n"] for each in rows(plan) if each.get("n", 1) != 1] == [2]
    if name in ("sub2api", "nanobanana"):
        sizes = [[int(edge) for edge in size.split("x")] for size in differs(plan, "size")]
        assert {width > height for width, height in sizes} == {True, False}
        assert "high" in differs(plan, "quality")
    if name == "buble":
        assert {"9:16", "16:9"} <= differs(plan, "aspect_ratio")


@given(
    name=st.sampled_from(NAMES),
    images=st.none() | st.integers(1, 50),
    requests=st.none() | st.integers(1, 200),
    amount=st.none() | st.decimals(0, 100, places=2),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.nested_given],  # a plan draws with Hypothesis
)
def test_the_tighter_limit_holds(
    name: str, images: int | None, requests: int | None, amount: Decimal | None
) -> None:
    options = Options(
        planning=Planning(quick=True),
        limits=RunLimits(
            max_images=images,
            max_requests=requests,
            budgets={} if amount is None else {name: amount},
        ),
    )
    limits = limits_of(options, name)
    plan = new_plan(name, seed=0, limits=limits)
    beside = [shot for shot in plan.shots if shot.case.depends_on]

    assert limits.images == min(images or MOST_IMAGES, MOST_IMAGES)
    assert limits.requests == min(requests or MOST_REQUESTS, MOST_REQUESTS)
    assert total_price(plan.shots, "any").images <= limits.images
    if amount is not None and any(shot.price.images for shot in beside):
        assert total_price(plan.shots, "any").amount <= amount


def test_a_quick_plan_is_the_same_for_the_same_seed() -> None:
    plans = [new_plan("sub2api", seed=seed, limits=QUICK) for seed in (1, 1, 2)]

    assert plans[0] == plans[1]
    assert rows(plans[0]) != rows(plans[2])
    assert all(left != right for left, right in itertools.combinations(map(str, rows(plans[0])), 2))
