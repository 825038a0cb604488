"""What a plan leaves of its limits, and what that would still buy."""

from dataclasses import dataclass
from decimal import Decimal

from harness.core.case import LeftOut, Plan, Price
from harness.core.money import money
from harness.planning.plan import Limits, total_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left when all of a plan is served: for follow-ups, or for a larger plan.

    `left` has what is not limited as 0. `plain_requests` is how many requests like the plain one it
    pays for, `following` the cheapest value that the plan leaves out.
    """

    left: Price
    plain_requests: int
    following: LeftOut | None


def rest_of(plan: Plan, limits: Limits) -> Rest | None:
    """Return what a plan leaves of its limits; None where neither images nor money are limited."""
    if not plan.shots or (limits.images is None and limits.amount is None):
        return None
    plain = plan.shots[0].price
    cost = total_price(plan.shots, plain.unit)
    images = None if limits.images is None else max(limits.images - cost.images, 0)
    amount = None if limits.amount is None else max(limits.amount - cost.amount, Decimal(0))
    fitting = [] if images is None else [images // max(plain.images, 1)]
    if amount is not None and plain.amount:
        fitting.append(int(amount // plain.amount))
    dear = [value for coverage in plan.coverage for value in coverage.left_out]
    return Rest(
        left=Price(amount=amount or Decimal(0), unit=plain.unit, images=images or 0),
        plain_requests=min(fitting, default=0),
        following=min(
            dear, key=lambda value: (value.price.amount, value.price.images), default=None
        ),
    )


def rest_sentence(rest: Rest) -> str:
    """Say what is left and what it would buy."""
    left = money(rest.left) if rest.left.amount else f"{rest.left.images} images"
    text = f"{left} kept back to ask again, enough for {rest.plain_requests} plain requests"
    if rest.following is None:
        return f"{text}; no value is left out"
    value = rest.following
    return f"{text}; the next value, {value.argument}={value.value}, costs {money(value.price)}"
