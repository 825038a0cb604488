"""What a small limit keeps back, and that plans leave it."""

from decimal import Decimal

import pytest

from harness.planning.plan import Limits
from harness.planning.reserve import least_reserve
from tests.plans import new_plan


@pytest.mark.parametrize(
    ("limit", "plain", "reserve"),
    [
        ("1", "1", "0"),
        ("2", "1", "0"),
        ("3", "1", "1"),
        ("5", "1", "1"),
        ("6", "1", "2"),
        ("400", "1", "2"),
        ("0.30", "0.05", "0.10"),
        ("0.29", "0.05", "0.05"),
        ("3", "0", "0"),
    ],
)
def test_a_limit_keeps_back_two_plain_requests_and_never_more_than_a_third(
    limit: str, plain: str, reserve: str
) -> None:
    assert least_reserve(Decimal(limit), Decimal(plain)) == Decimal(reserve)


@pytest.mark.parametrize(("images", "planned"), [(3, 2), (6, 4), (8, 6), (20, 17)])
def test_a_plan_leaves_the_images_that_a_confirmation_needs(images: int, planned: int) -> None:
    plan = new_plan("sub2api", seed=0, operations=("generate",), limits=Limits(images=images))

    paid = [shot for shot in plan.shots if shot.case.expect == "accept"]
    assert 1 < sum(shot.price.images for shot in paid) <= planned


def test_a_plan_leaves_the_amount_that_a_confirmation_needs() -> None:
    plan = new_plan("buble", seed=0, operations=("generate",), limits=Limits(amount=Decimal(6)))

    base, *_ = plan.shots
    assert base.price.amount == 1
    assert sum(shot.price.amount for shot in plan.shots) <= Decimal(4)
