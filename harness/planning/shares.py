"""Limits cut for slices: what all may spend together is never more than the user allowed.

Each slice works its own part out from the whole plan. That is what its requests need, and an equal
part of what is left; where the whole plan does not fit, a part in proportion to its need.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import TypeVar

from harness.core.case import Plan, PlannedRequest
from harness.core.slicing import Slice
from harness.planning.plan import Allowance, Limits
from harness.planning.slicing import slice_numbers
from harness.wire.retry import TRIES

N = TypeVar("N", int, Decimal)

_DIGITS = 60
_STEP = Decimal("0.000001")
"""An amount is rounded down to it: what is lost of a limit is less than a slice's millionth."""


@dataclass(slots=True)
class Need:
    """What requests need: by the documents, and with the dearest of them at its worst."""

    amount: Decimal = Decimal(0)
    images: int = 0
    requests: int = 0
    dearest_amount: Decimal = Decimal(0)
    dearest_images: int = 0
    dearest_requests: int = 0

    def add(self, shot: PlannedRequest) -> None:
        """Add a request."""
        posts = 1 + ("same_key" in shot.case.follow_ups)
        self.amount += shot.price.amount
        self.images += shot.price.images
        self.requests += posts
        self.dearest_amount = max(self.dearest_amount, shot.at_risk.amount)
        self.dearest_images = max(self.dearest_images, shot.at_risk.images)
        self.dearest_requests = max(self.dearest_requests, (TRIES - 1) * posts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfLimits:
    """What one slice may spend: at its provider, and in each operation by default."""

    limits: Limits
    per_operation: Mapping[str, Allowance]


def limits_of_slice(
    limits: Limits, allowance: Allowance | None, plan: Plan, part: Slice, operations: Iterable[str]
) -> PartOfLimits:
    """Return a slice's part of the limits on a whole plan, and of each operation's allowance."""
    numbers = slice_numbers(plan, part.of)
    names = dict.fromkeys((*operations, *(shot.case.operation for shot in plan.shots)))
    whole = [Need() for _ in range(part.of)]
    each = {name: [Need() for _ in range(part.of)] for name in names}
    for number, shot in zip(numbers, plan.shots, strict=True):
        whole[number - 1].add(shot)
        each[shot.case.operation][number - 1].add(shot)
    amount, images, requests = _part(limits.amount, limits.images, limits.requests, whole, part)
    per_operation = {}
    for name, needs in each.items() if allowance is not None else ():
        assert allowance is not None  # noqa: S101 - said to mypy
        parts = _part(allowance.amount, allowance.images, allowance.requests, needs, part)
        per_operation[name] = replace(
            allowance, amount=parts[0], images=parts[1], requests=parts[2]
        )
    return PartOfLimits(
        limits=replace(limits, amount=amount, images=images, requests=requests),
        per_operation=per_operation,
    )


def _part(
    amount: Decimal | None,
    images: int | None,
    requests: int | None,
    needs: Sequence[Need],
    part: Slice,
) -> tuple[Decimal | None, int | None, int | None]:
    at = part.index - 1
    return (
        None
        if amount is None
        else amounts(
            amount,
            [need.amount for need in needs],
            [max(need.amount, need.dearest_amount) for need in needs],
        )[at],
        None
        if images is None
        else numbers_of(
            images,
            [need.images for need in needs],
            [max(need.images, need.dearest_images) for need in needs],
        )[at],
        None
        if requests is None
        else numbers_of(
            requests,
            [need.requests for need in needs],
            [need.requests + need.dearest_requests for need in needs],
        )[at],
    )


def numbers_of(total: int, needs: Sequence[int], wishes: Sequence[int]) -> list[int]:
    """Return each slice's part of a number: together they are the number.

    What is left beside the `needs` grants `wishes`, the smallest first, then goes to all alike.
    """
    left = total - sum(needs)
    if left >= 0:
        parts, left = _granted(left, needs, wishes)
        return [
            number + left // len(parts) + (place < left % len(parts))
            for place, number in enumerate(parts)
        ]
    exact = [(total * number) // sum(needs) for number in needs]
    by_rest = sorted(
        range(len(needs)), key=lambda place: -((total * needs[place]) % sum(needs))
    )  # stable: of equal rests the first slice's
    for place in by_rest[: total - sum(exact)]:
        exact[place] += 1
    return exact


def amounts(total: Decimal, needs: Sequence[Decimal], wishes: Sequence[Decimal]) -> list[Decimal]:
    """Return each slice's part of an amount, as `numbers_of`: together at most the amount."""
    with localcontext() as context:
        context.prec = _DIGITS
        left = total - sum(needs)
        if left >= 0:
            parts, left = _granted(left, needs, wishes)
            each = _down(left / len(parts))
            return [amount + each for amount in parts]
        return [_down(total * amount / sum(needs)) for amount in needs]


def _granted(left: N, needs: Sequence[N], wishes: Sequence[N]) -> tuple[list[N], N]:
    """Return the needs, or the wishes of those whose wishes fit, and what is left then."""
    parts = list(needs)
    for place in sorted(range(len(parts)), key=lambda place: wishes[place] - needs[place]):
        more = wishes[place] - needs[place]
        if more <= left:
            parts[place], left = wishes[place], left - more
    return parts, left


def _down(amount: Decimal) -> Decimal:
    return amount.quantize(_STEP, rounding=ROUND_DOWN).normalize()
