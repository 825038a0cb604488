"""What a plan leaves of its limits."""

from decimal import Decimal

import pytest

from harness.planning.plan import Limits, total_price
from harness.planning.rest import rest_of, rest_sentence
from tests.plans import new_plan


def test_without_a_limit_nothing_is_left() -> None:
    assert rest_of(new_plan("buble", seed=0), Limits()) is None


@pytest.mark.parametrize("amount", ["10", "50"])
def test_the_rest_is_what_the_plan_does_not_cost(amount: str) -> None:
    limits = Limits(amount=Decimal(amount))
    plan = new_plan("buble", seed=0, limits=limits)
    rest = rest_of(plan, limits)
    dear = [value.price.amount for each in plan.coverage for value in each.left_out]

    assert rest is not None
    assert rest.left.amount == Decimal(amount) - total_price(plan.shots, "credit").amount
    assert rest.plain_requests == int(rest.left.amount)
    assert (rest.following is None) is (not dear)
    if rest.following is not None:
        assert rest.following.price.amount == min(dear)
        assert f"costs {min(dear)} credit" in rest_sentence(rest)


def test_images_count_where_they_are_limited() -> None:
    limits = Limits(images=20)
    rest = rest_of(new_plan("buble", seed=0, limits=limits), limits)

    assert rest is not None
    assert (rest.left.images, rest.plain_requests) == (4, 4)
    assert rest_sentence(rest).startswith("4 images kept back to ask again")


def test_where_everything_is_tried_more_values_together_are_next() -> None:
    limits = Limits(amount=Decimal(500))
    rest = rest_of(new_plan("buble", seed=0, limits=limits), limits)

    assert rest is not None
    assert "a larger --strength would try more" in rest_sentence(rest)
