"""What slices may spend: never more in sum than the user allows, each in its own process."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.slicing import Slice
from harness.planning.plan import Allowance, Limits
from harness.planning.shares import PartOfLimits, amounts, limits_of_slice, numbers_of
from harness.planning.slicing import sliced
from tests.plans import plan_of

NEEDS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 30)), min_size=1, max_size=9)
AMOUNTS = st.decimals("0", "5000", places=3)


@given(total=st.integers(0, 500), needs=NEEDS)
def test_parts_of_a_number_are_the_number(total: int, needs: list[tuple[int, int]]) -> None:
    least, wishes = [need for need, _ in needs], [need + more for need, more in needs]

    parts = numbers_of(total, least, wishes) if total or sum(least) else [0]

    assert sum(parts) == total
    assert min(parts) >= 0
    if sum(least) <= total:
        assert all(part >= need for part, need in zip(parts, least, strict=True))


@given(total=AMOUNTS, needs=st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=9))
def test_parts_of_an_amount_are_at_most_the_amount(
    total: Decimal, needs: list[tuple[Decimal, Decimal]]
) -> None:
    least, wishes = [need for need, _ in needs], [need + more for need, more in needs]

    parts = amounts(total, least, wishes)

    assert sum(parts) <= total
    assert sum(parts) >= total - Decimal("0.000001") * len(parts)
    assert min(parts) >= 0


def _parts(limits: Limits, allowance: Allowance | None, of: int) -> list[PartOfLimits]:
    plan = plan_of("buble", seed=0)
    return [
        limits_of_slice(limits, allowance, plan, Slice(index=index, of=of), ("generate", "edit"))
        for index in range(1, of + 1)
    ]


LIMITS = st.builds(
    Limits,
    images=st.none() | st.integers(0, 120),
    amount=st.none() | AMOUNTS,
    requests=st.none() | st.integers(0, 400),
)


@pytest.fixture(autouse=True, scope="module")
def _planned() -> None:
    plan_of("buble", seed=0)  # planning draws, which no drawn example may


@settings(max_examples=25)
@given(limits=LIMITS, of=st.integers(1, 9))
def test_no_limit_is_exceeded_in_sum(limits: Limits, of: int) -> None:
    allowance = limits.allowance(2)

    parts = _parts(limits, allowance, of)

    assert _fits(limits.images, [part.limits.images for part in parts])
    assert _fits(limits.amount, [part.limits.amount for part in parts])
    assert _fits(limits.requests, [part.limits.requests for part in parts])
    for name in ("generate", "edit"):
        each = [part.per_operation[name] for part in parts]
        assert _fits(allowance.images, [one.images for one in each])
        assert _fits(allowance.requests, [one.requests for one in each])


def _fits(whole: Decimal | int | None, parts: Sequence[Decimal | int | None]) -> bool:
    """Tell whether parts of a limit keep it in sum; of none, that there are none."""
    if whole is None:
        return not any(part is not None for part in parts)
    present = [Decimal(part) for part in parts if part is not None]
    return len(present) == len(parts) and sum(present) <= whole


def test_each_slice_can_send_what_it_plans_within_the_default() -> None:
    plan = plan_of("buble", seed=0)

    for index, part in enumerate(_parts(Limits(), Limits().allowance(2), 4), 1):
        shots = sliced(plan, Slice(index=index, of=4)).shots
        for name, allowed in part.per_operation.items():
            own = [shot for shot in shots if shot.case.operation == name]
            assert sum(shot.price.images for shot in own) <= (allowed.images or 0)
            assert max(shot.at_risk.images for shot in own) <= (allowed.images or 0)
