"""No limit is passed at any moment, whatever the schedule, and nobody waits for ever."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.outcome import Outcome
from harness.planning.plan import Allowance
from harness.runner.conformance.schedule import Schedule, Turn
from harness.runner.execution.budget import Budget, Reservation
from tests.loopback import HUNG_S
from tests.runner.orders import IMAGES, entry, fault, price, record, shot, stake

CENTS = st.integers(0, 500).map(lambda cents: Decimal(cents) / 100)
OPERATIONS = ("generate", "edit")


@dataclass(frozen=True, slots=True)
class Job:
    """A shot of a made-up run: the most it may take, and how it ends."""

    at_risk: Reservation
    share: float
    tries: int
    steps: int
    rule: str | None
    ends: str
    after: int | None


JOBS = st.builds(
    Job,
    st.builds(stake, CENTS, st.integers(0, 4), st.integers(1, 8), st.sampled_from(OPERATIONS)),
    st.sampled_from((0.0, 0.5, 1.0)),
    st.integers(0, 8),
    st.integers(0, 4),
    st.none() | st.sampled_from(("n.range", "size.format")),
    st.sampled_from(("served", "served", "served", "fault", "cut off")),
    st.none() | st.integers(0, 24),
)
COUNTS = st.none() | st.integers(0, 12)


class Watched(Budget):
    """A budget that looks at its own books after every change, by other sums than its own."""

    def check(self) -> None:
        assert self._all.held.amount >= 0
        assert self.amount is None or self.spent + self._all.held.amount <= self.amount
        of = self.per_operation
        each = [(self._all, self.images, self.requests)]
        each += [(books, of.images, of.requests) for books in self._each.values()]
        for books, images, requests in each:
            spent, held = books.spent, books.held
            assert min(held.images, held.requests) >= 0
            assert images is None or spent.images + held.images <= images
            assert requests is None or spent.requests + held.requests <= requests

    def holds_nothing(self) -> bool:
        books = (self._all, *self._each.values())
        return not any(one.held.amount or one.held.images or one.held.requests for one in books)


class Crew:
    """Workers that take turns at a queue as those of a session do, and spend as they are told."""

    def __init__(self, budget: Watched, jobs: list[Job]) -> None:
        self.budget = budget
        self.jobs = {f"{job.at_risk.operation}/{number}": job for number, job in enumerate(jobs)}
        self.tasks: list[asyncio.Task[None]] = []
        self.sent: list[str] = []
        self.skipped: dict[str, str] = {}
        self.queue = Schedule(
            budget=budget, shut=lambda: None, late=lambda: None, idle=lambda: False
        )
        names = [*self.jobs]
        for name, job in self.jobs.items():
            asked = (names[job.after],) if job.after is not None and job.after < len(names) else ()
            one = shot(name, job.at_risk.price, breaks=job.rule, depends_on=asked)
            self.queue.put([entry(one, requests=job.at_risk.requests)])

    async def work(self) -> None:
        while turn := await self.queue.take():
            self.budget.check()
            name, outcome = turn.entry.shot.case.id, None
            if turn.skip is None:
                outcome = await self._send(turn)
            else:
                assert name not in self.skipped
                self.skipped[name] = turn.skip
            self.queue.ended(record(turn.entry.shot, outcome, skipped=turn.skip))

    async def works(self) -> None:
        try:
            await self.work()
        except Exception:
            self.queue.close()
            raise

    async def _send(self, turn: Turn) -> Outcome:
        job = self.jobs[turn.entry.shot.case.id]
        self.sent.append(turn.entry.shot.case.id)
        at_risk, taken = job.at_risk, job.at_risk
        try:
            for _ in range(job.steps):
                await asyncio.sleep(0)
            if job.ends == "cut off":
                for task in self.tasks:  # a second Ctrl-C cuts off all of them
                    task.cancel()
                await asyncio.sleep(0)
            share = Decimal(job.share) if job.ends == "served" else Decimal(0)
            taken = stake(
                at_risk.price.amount * share,
                int(at_risk.price.images * share),
                min(job.tries, at_risk.requests),
                at_risk.operation,
            )
        finally:
            self.budget.settle(at_risk, taken)
            self.budget.check()
        return IMAGES if job.ends == "served" else fault("content")

    async def run(self, workers: int) -> None:
        self.tasks = [asyncio.create_task(self.works()) for _ in range(workers)]
        async with asyncio.timeout(HUNG_S):
            ends = await asyncio.gather(*self.tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


BUDGETS = st.builds(
    Watched,
    amount=st.none() | CENTS,
    images=COUNTS,
    requests=COUNTS,
    per_operation=st.none() | st.builds(Allowance, images=COUNTS, requests=COUNTS),
)


@settings(max_examples=300, deadline=None)
@given(BUDGETS, st.lists(JOBS, max_size=25), st.integers(1, 8))
def test_no_limit_is_passed_at_any_moment_and_nobody_waits_for_ever(
    budget: Watched, jobs: list[Job], workers: int
) -> None:
    crew = Crew(budget, jobs)

    asyncio.run(crew.run(workers))

    budget.check()
    assert budget.holds_nothing()
    assert len({*crew.sent}) == len(crew.sent)
    if not any(crew.jobs[name].ends == "cut off" for name in crew.sent):
        assert {*crew.sent, *crew.skipped} == {*crew.jobs}


def test_what_is_short_for_now_is_told_from_what_can_never_be_carried() -> None:
    budget = Budget(amount=Decimal(10), images=2)
    assert budget.reserve(stake("8")) is None

    for_now, never = budget.shortfall(stake("8")), budget.shortfall(stake("1", 3))

    assert for_now is not None
    assert not for_now.for_good
    assert never is not None
    assert never.for_good
    budget.settle(stake("8"), stake("0", 0))
    assert budget.shortfall(stake("8")) is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            stake("11", 0, 0),
            (
                "budget: --budget 10 is too low: the next case may need 11 usd, after 3 "
                "spent or set aside"
            ),
        ),
        (
            stake("0", 2, 0),
            (
                "budget: --max-images 2 is too low: the next case may need 2 images, after 1 "
                "spent or set aside"
            ),
        ),
        (
            stake("0", 0, 4),
            (
                "budget: --max-requests 5 is too low: the next case may need 4 requests (retries "
                "included), after 2 spent or set aside"
            ),
        ),
    ],
)
def test_a_limit_says_what_would_pass_it(asked: Reservation, told: str) -> None:
    budget = Budget(amount=Decimal(10), images=2, requests=5)
    budget.book(stake("3", 1, 2))

    lack = budget.shortfall(asked)

    assert lack is not None
    assert lack.why == told


def test_an_operation_has_an_allowance_of_its_own() -> None:
    budget = Budget(per_operation=Allowance(images=40, requests=100))
    budget.book(stake("0", 40, 1))

    lack = budget.shortfall(stake("1", 1, 1))

    assert lack is not None
    assert not lack.everywhere
    assert lack.why == (
        "budget: the default of 40 images for generate is too low: the next case may need 1 image, "
        "after 40 spent or set aside"
    )
    assert budget.shortfall(stake("1", 1, 1, "edit")) is None


def test_a_provider_that_charges_more_than_it_lists_passes_the_limit_once_and_never_again() -> None:
    budget = Budget(amount=Decimal(10))
    budget.reserve(stake("5"))
    budget.settle(stake("5"), stake("12"))

    lack = budget.shortfall(stake("0", 0))

    assert lack is not None
    assert lack.for_good
    assert lack.why == (
        "budget: 12 usd spent, more than --budget 10: the provider took more than it lists"
    )


def test_what_an_earlier_run_sent_is_owed_whatever_the_limit() -> None:
    budget = Budget(amount=Decimal(0), images=0, requests=0)

    assert budget.reserve(stake("5"), already_sent=True) is None
    assert budget.shortfall(stake("0", 0, 0)) is not None


def test_a_shot_waits_while_money_may_come_back_and_nobody_takes_it_meanwhile() -> None:
    async def go() -> list[str]:
        budget = Budget(amount=Decimal(10))
        queue = Schedule(
            budget=budget,
            shut=lambda: None,
            late=lambda: None,
            idle=lambda: False,
            as_planned=True,
        )
        for name, amount in (("generate/6", "6"), ("generate/8", "8"), ("edit/1", "1")):
            queue.put([entry(shot(name, price(amount)))])
        left = [await queue.take()]
        waiting = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert left[0] is not None
        budget.settle(left[0].entry.reservation, stake("0", 0))
        queue.ended(record(left[0].entry.shot, IMAGES))
        left += [await waiting, await queue.take()]
        return [turn.entry.shot.case.id for turn in left if turn and not turn.skip]

    assert asyncio.run(asyncio.wait_for(go(), HUNG_S)) == ["generate/6", "generate/8", "edit/1"]
