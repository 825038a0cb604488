"""What a plan leaves of its limits, and what that would still buy."""

from dataclasses import dataclass, replace
from decimal import Decimal

from harness.core.case import LeftOut, Plan, Price
from harness.core.money import money
from harness.planning.plan import Limits, total_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left when all of a plan is served: for follow-ups, or for a larger plan.

    `left` has what is not limited as 0. `plain_requests` is how many requests like the plain one it
    pays for, `following` the cheapest value that the plan leaves out; `complete` says that no
    combination is left either.
    """

    left: Price
    plain_requests: int
    following: LeftOut | None
    complete: bool


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
    counts = [coverage.combinations for coverage in plan.coverage]
    dear = [value for coverage in plan.coverage for value in coverage.left_out]
    return Rest(
        left=Price(amount=amount or Decimal(0), unit=plain.unit, images=images or 0),
        plain_requests=min(fitting, default=0),
        following=min(
            dear, key=lambda value: (value.price.amount, value.price.images), default=None
        ),
        complete=all(tried == every for tried, every in counts),
    )


def rest_sentence(rest: Rest) -> str:
    """Say what is left and what it would buy."""
    left = money(rest.left)
    if not rest.left.amount:
        left = money(replace(rest.left, amount=Decimal(rest.left.images), unit="image"))
    requests = (
        "1 plain request" if rest.plain_requests == 1 else f"{rest.plain_requests} plain requests"
    )
    text = f"{left} kept back to ask again, enough for {requests}"
    if rest.complete:
        return f"{text}; nothing is left out: a larger --strength would try more"
    if rest.following is None:
        return f"{text}; no value is left out"
    value = rest.following
    return f"{text}; the next value, {value.argument}={value.value}, costs {money(value.price)}"
