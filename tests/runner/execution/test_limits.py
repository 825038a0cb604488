"""A whole session against a till of its own: what the provider counts never passes a limit."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.case import Plan
from harness.core.exchange import Exchange, Reply, Request
from harness.planning.plan import Allowance
from harness.runner.conformance.session import Session
from harness.runner.execution.budget import Budget
from harness.runner.execution.conversation import Journal
from harness.runner.execution.provider_run import ProviderRun
from harness.store.folder import RunFolder
from harness.wire.retry import TRIES
from tests.loopback import HUNG_S
from tests.runner.journals import header, part
from tests.runner.till import OPERATIONS, STATES, Shop, once, plan_at
from tests.shipped import shipped_provider
from tests.wire.replies import BUSY


def some_of(plan: Plan, random: Random, number: int) -> Plan:
    """The plain requests, and some of the others in the order of the plan."""
    others = [one for one in plan.shots if one.case.depends_on]
    chosen = {one.case.id for one in random.sample(others, min(number, len(others)))}
    kept = (one for one in plan.shots if not one.case.depends_on or one.case.id in chosen)
    return replace(plan, shots=tuple(kept))


COUNTS = st.none() | st.integers(0, 30)
REQUESTS = st.none() | st.integers(0, 80)
BUDGETS = st.builds(
    Budget,
    amount=st.none() | st.integers(0, 60).map(Decimal),
    images=COUNTS,
    requests=REQUESTS,
    per_operation=st.none() | st.builds(Allowance, images=COUNTS, requests=REQUESTS),
)


@pytest.fixture(scope="module", autouse=True)
def _plans() -> None:
    """Make the plans ahead: Hypothesis draws them, which it cannot do within another draw."""
    for name in STATES:
        plan_at(name)


@settings(max_examples=60, deadline=None)
@given(
    budget=BUDGETS,
    name=st.sampled_from([*STATES]),
    seed=st.integers(0, 2**32),
    trouble=st.sampled_from((0.0, 0.1, 0.3, 0.6)),
    concurrency=st.integers(1, 8),
)
def test_a_providers_own_till_never_counts_more_than_was_allowed(
    *, budget: Budget, name: str, seed: int, trouble: float, concurrency: int
) -> None:
    random = Random(seed)
    plan = some_of(plan_at(name), random, 18)
    shop = _shop(name, plan, random, trouble)

    made = asyncio.run(_ran(plan, shop, budget, concurrency))

    assert {one.shot.case.id for one in made.records} == {one.case.id for one in plan.shots}
    assert budget.amount is None or shop.amount <= budget.amount
    assert budget.images is None or shop.images.total() <= budget.images
    assert budget.requests is None or shop.submissions.total() <= budget.requests
    allowed = budget.per_operation
    for operation in OPERATIONS:
        assert allowed.images is None or shop.images[operation] <= allowed.images
        assert allowed.requests is None or shop.submissions[operation] <= allowed.requests
    assert shop.amount <= budget.spent
    assert shop.images.total() <= budget.spent_images
    assert shop.submissions.total() <= budget.spent_requests


def _shop(name: str, plan: Plan, random: Random, trouble: float) -> Shop:
    return Shop(
        name,
        {one.case.id: once(one) for one in plan.shots},
        random,
        trouble,
        shipped_provider(name).prices.failed_free is not None,
    )


@dataclass(slots=True)
class Slow(Shop):
    """A shop where each round trip takes ten seconds of a clock that it drives itself."""

    clock_s: float = 100.0

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        self.clock_s += 10
        return await Shop.send(self, request, due_s=due_s)


class Busy(Shop):
    """A shop that answers every submission too early."""

    def _posted(self, request: Request, *, error: bool) -> Reply:
        del request, error
        self.submissions["generate"] += 1
        return BUSY


@pytest.mark.parametrize("seconds", [0.0, 25.0, 90.0, 150.0])
def test_nothing_new_leaves_that_might_not_end_in_time(seconds: float) -> None:
    plan = some_of(plan_at("buble"), Random(1), 12)
    plan = replace(plan, shots=tuple(one for one in plan.shots if one.case.operation == "generate"))
    prices = {one.case.id: once(one) for one in plan.shots}
    shop = Slow("buble", prices, Random(1), 0.0, failed_free=False)

    made = asyncio.run(_ran(plan, shop, Budget(), 1, now_s=lambda: shop.clock_s, max_s=seconds))

    ran = [one for one in made.records if one.outcome is not None]
    lasted = [10.0 * len(one.exchanges) for one in ran]
    late = [one.skipped or "" for one in made.records if one.outcome is None]
    for number, _ in enumerate(lasted):
        before = lasted[:number]
        assert seconds - sum(before) >= max(before, default=0.0)
    assert len(ran) + len(late) == len(plan.shots)
    assert late
    assert seconds - sum(lasted) < max(lasted, default=1.0)
    left = seconds - sum(lasted)
    told = f"time: {left:.0f} s are left, and a request has taken {max(lasted, default=0):.0f} s"
    assert {*late} == {told if left > 0 else "time: --max-minutes is over"}


def test_a_request_that_is_always_too_early_never_passes_the_requests_allowed() -> None:
    plan = some_of(plan_at("buble"), Random(1), 12)
    shop = Busy("buble", {}, Random(1), 0.0, failed_free=False)
    budget = Budget(requests=9)

    made = asyncio.run(_ran(plan, shop, budget, 4))

    assert shop.submissions.total() == budget.spent_requests == 2 * TRIES
    why = "because generate/base met rate_limit: HTTP 429: slow down"
    assert [one.skipped for one in made.records][1:] == [why] * (len(plan.shots) - 1)


async def _ran(  # noqa: PLR0913 - what tells one session from another
    plan: Plan,
    shop: Shop,
    budget: Budget,
    concurrency: int,
    *,
    now_s: Callable[[], float] = time.monotonic,
    max_s: float | None = None,
) -> ProviderRun:
    with TemporaryDirectory() as root:
        folder = RunFolder.create(Path(root) / "run")
        folder.write_header(header(plan.provider))
        journal = Journal(folder)
        made = part(plan, lambda: shop, journal, budget=budget, now_s=now_s, max_s=max_s)
        async with asyncio.timeout(HUNG_S):
            await Session(part=made, concurrency=concurrency).run()
        journal.close()
    return made
