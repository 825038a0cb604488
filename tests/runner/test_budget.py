import asyncio
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.case import Price
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Outcome
from harness.runner.budget import Budget, cost_of

PICTURE = Picture(digest="", format="png", size_bytes=1, state="decoded")
CENTS = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)


def price(amount: Decimal | str, images: int = 1) -> Price:
    return Price(amount=Decimal(amount), unit="usd", images=images)


@dataclass(frozen=True, slots=True)
class Job:
    """A shot of a made-up run: what it may cost, what it costs, and whether it is cut off."""

    at_risk: Price
    share: float
    steps: int
    cancelled: bool


JOBS = st.builds(
    Job,
    st.builds(price, CENTS, st.integers(0, 4)),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.integers(0, 4),
    st.booleans(),
)
LIMITS = st.none() | CENTS


class Watched(Budget):
    """A budget that looks at its own books after every step."""

    def check(self) -> None:
        assert self._reserved >= 0
        assert self._reserved_images >= 0
        if self.amount is not None:
            assert self.spent + self._reserved <= self.amount
        if self.images is not None:
            assert self.spent_images + self._reserved_images <= self.images


async def _shoot(budget: Watched, job: Job, served: list[Job], short: list[str]) -> None:
    why = await budget.reserve(job.at_risk)
    budget.check()
    if why is not None:
        short.append(why)
        return
    cost = job.at_risk
    try:
        for _ in range(job.steps):
            await asyncio.sleep(0)
        images = round(job.at_risk.images * job.share)
        cost = price(job.at_risk.amount * Decimal(job.share), images)
        served.append(job)
    finally:
        await budget.settle(job.at_risk, cost)
        budget.check()


@settings(max_examples=150, deadline=None)
@given(LIMITS, st.none() | st.integers(0, 8), st.lists(JOBS, max_size=25))
def test_a_limit_is_never_passed_and_nothing_waits_for_ever(
    amount: Decimal | None, images: int | None, jobs: list[Job]
) -> None:
    async def go() -> None:
        budget = Watched(amount=amount, images=images)
        served: list[Job] = []
        short: list[str] = []
        tasks = [asyncio.create_task(_shoot(budget, job, served, short)) for job in jobs]
        await asyncio.sleep(0)
        for task, job in zip(tasks, jobs, strict=True):
            if job.cancelled:
                task.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)
        budget.check()
        assert budget._reserved == 0
        assert budget._reserved_images == 0
        assert len(served) + len(short) >= len(jobs) - sum(job.cancelled for job in jobs)
        if amount is None and images is None:
            assert not short

    asyncio.run(go())


def test_a_shot_waits_while_money_may_come_back_and_takes_it() -> None:
    async def go() -> None:
        budget = Budget(amount=Decimal(10))
        assert await budget.reserve(price("10")) is None
        waiting = asyncio.create_task(budget.reserve(price("10")))
        await asyncio.sleep(0)
        assert not waiting.done()
        await budget.settle(price("10"), price("0", 0))
        async with asyncio.timeout(5):
            assert await waiting is None

    asyncio.run(go())


def test_a_shot_that_waited_in_vain_is_told_why() -> None:
    async def go() -> str | None:
        budget = Budget(amount=Decimal(10))
        await budget.reserve(price("10"))
        waiting = asyncio.create_task(budget.reserve(price("10")))
        await asyncio.sleep(0)
        await budget.settle(price("10"), price("10"))
        async with asyncio.timeout(5):
            return await waiting

    assert asyncio.run(go()) == "budget: 10 usd more would pass 10 usd (10 spent)"


def test_what_no_limit_can_carry_is_refused_at_once() -> None:
    async def go() -> tuple[str | None, str | None]:
        budget = Budget(amount=Decimal(10), images=2)
        await budget.reserve(price("5"))
        return await budget.reserve(price("11")), await budget.reserve(price("1", 3))

    amount, images = asyncio.run(go())

    assert amount == "budget: 11 usd more would pass 10 usd (0 spent)"
    assert images == "budget: 3 more would pass 2 images"


def test_what_an_earlier_run_sent_is_owed_whatever_the_limit() -> None:
    async def go() -> str | None:
        return await Budget(amount=Decimal(0), images=0).reserve(price("5"), owed=True)

    assert asyncio.run(go()) is None


def _images(count: int, charged: str | None) -> Outcome:
    return Images(
        pictures=(PICTURE,) * count, charged=None if charged is None else Decimal(charged)
    )


def test_an_outcome_costs_what_the_provider_says_or_the_list_price_or_at_worst_all() -> None:
    at_risk = price("2", 1)
    paid = Fault(error_class="timeout", why="", may_be_paid=True)
    free = Fault(error_class="network", why="", may_be_paid=False)

    assert cost_of(_images(1, None), at_risk) == at_risk
    assert cost_of(_images(1, "1.5"), at_risk) == price("1.5", 1)
    assert cost_of(_images(3, "-4"), at_risk) == price("0", 3)
    assert cost_of(paid, at_risk) == at_risk
    assert cost_of(free, at_risk) == price("0", 0)
