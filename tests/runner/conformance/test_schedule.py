"""Who leaves when: dependencies, rules that are wrongly accepted, trouble, what is tried alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from harness.core.case import PlannedRequest, Price
from harness.core.outcome import ErrorClass, Fault, Outcome
from harness.runner.conformance.schedule import FEWER_IMAGES, PROBES, Schedule, Turn
from harness.runner.execution.budget import Budget, QueuedRequest
from harness.runner.execution.failures import CUT_OFF, IN_A_ROW
from tests.loopback import HUNG_S
from tests.runner.orders import IMAGES, entry, fault, record, refused, shot

BASE = shot("generate/base")
BASED = ("generate/base",)


@dataclass(slots=True)
class Desk:
    """A queue that a test empties by hand; `more` is what is asked for once all is done."""

    shots: Sequence[PlannedRequest | QueuedRequest]
    more: list[PlannedRequest] = field(default_factory=list)
    late: str | None = None
    shut: str | None = None
    as_planned: bool = False
    budget: Budget = field(default_factory=Budget)
    queue: Schedule = field(init=False)

    def __post_init__(self) -> None:
        self.queue = Schedule(
            budget=self.budget,
            shut=lambda: self.shut,
            late=lambda: self.late,
            idle=self._idle,
            as_planned=self.as_planned,
        )
        self.queue.put(
            [one if isinstance(one, QueuedRequest) else entry(one) for one in self.shots]
        )

    def _idle(self) -> bool:
        more, self.more = self.more, []
        self.queue.put([entry(one) for one in more])
        return bool(more)

    async def takes(self) -> Turn | None:
        """The next turn, or nothing where a worker would have to wait."""
        task = asyncio.create_task(self.queue.take())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            return None
        return task.result()

    async def leaves(self, *outcomes: Outcome) -> list[str]:
        """Let shots leave one after the other, with these outcomes."""
        left = []
        for outcome in outcomes:
            turn = await self.takes()
            assert turn is not None
            assert turn.skip is None
            left.append(turn.entry.shot.case.id)
            self.ends(turn, outcome)
        return left

    def ends(self, turn: Turn, outcome: Outcome | None = None) -> None:
        self.queue.ended(record(turn.entry.shot, outcome, skipped=turn.skip))

    async def skips(self) -> dict[str, str]:
        """Take all that is skipped from here on, and why."""
        found = {}
        while (turn := await self.takes()) is not None and turn.skip is not None:
            found[turn.entry.shot.case.id] = turn.skip
            self.ends(turn)
        return found


def numbered(
    number: int, *, breaks: str | None = None, on: tuple[str, ...] = ()
) -> list[PlannedRequest]:
    return [
        shot(f"generate/{breaks or 'row'}-{n}", breaks=breaks, depends_on=on) for n in range(number)
    ]


def test_the_first_leaves_alone_and_the_others_in_order_around_those_that_must_wait() -> None:
    async def go() -> None:
        edit = shot("edit/base")
        late = shot("edit/row-0", depends_on=("edit/base",))
        desk = Desk([BASE, late, *numbered(2, on=BASED), edit])
        base = await desk.takes()
        assert base is not None
        assert (base.entry.shot.case.id, base.tries) == ("generate/base", PROBES)
        assert await desk.takes() is None
        desk.ends(base, IMAGES)

        under_way = [await desk.takes() for _ in range(3)]

        names = [turn.entry.shot.case.id for turn in under_way if turn]
        assert names == ["generate/row-0", "generate/row-1", "edit/base"]
        assert await desk.takes() is None
        assert under_way[2] is not None
        desk.ends(under_way[2], IMAGES)
        last = await desk.takes()
        assert last is not None
        assert last.entry.shot is late

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_rule_has_two_refusals_under_way_and_is_left_after_its_second_wrong_acceptance() -> None:
    async def go() -> None:
        desk = Desk([BASE, *numbered(5, breaks="n.range"), shot("generate/row")])
        await desk.leaves(IMAGES)
        one, two, other = [await desk.takes() for _ in range(3)]
        assert one
        assert two
        assert other
        assert other.entry.shot.case.id == "generate/row"
        desk.ends(one, IMAGES)
        assert await desk.takes() is None
        desk.ends(two, refused())
        three = await desk.takes()
        assert three
        assert await desk.takes() is None
        desk.ends(three, IMAGES)

        why = "generate n.range was wrongly accepted twice already"
        assert await desk.skips() == {f"generate/n.range-{n}": why for n in (3, 4)}

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_confirmed_wrong_acceptance_counts_as_the_second_and_is_itself_never_held_back() -> None:
    async def go() -> None:
        first, *rest = numbered(3, breaks="n.range")
        desk = Desk([BASE, first, shot("generate/row")])
        await desk.leaves(IMAGES, IMAGES)
        again = [
            shot(f"generate/confirm-{n}", breaks="n.range", stage="confirm", follows=first.case.id)
            for n in range(2)
        ]
        desk.queue.put([entry(again[0])], first=True)
        assert await desk.leaves(IMAGES) == ["generate/confirm-0"]
        desk.queue.put([entry(one) for one in (*rest, again[1])])
        await desk.leaves(IMAGES)
        for _ in rest:
            turn = await desk.takes()
            assert turn
            assert turn.skip
            desk.ends(turn)
        assert await desk.leaves(IMAGES) == ["generate/confirm-1"]

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


@pytest.mark.parametrize(
    ("outcome", "met"),
    [
        (fault("content", "half an image", paid=True), "content: half an image"),
        (refused("moderation", "not\nallowed"), "moderation: not allowed"),
        (refused("rate_limit", ""), "rate_limit: no message"),
    ],
)
def test_what_depends_on_a_case_that_met_trouble_is_skipped_because_of_it(
    outcome: Outcome, met: str
) -> None:
    async def go() -> None:
        row = shot("edit/row", depends_on=("edit/base",))
        deep = shot("edit/deep", depends_on=("edit/row",))
        desk = Desk([BASE, shot("edit/base"), row, deep, *numbered(1, on=BASED)])
        await desk.leaves(IMAGES, outcome)

        assert await desk.skips() == dict.fromkeys(
            ("edit/row", "edit/deep"), f"because edit/base met {met}"
        )
        assert await desk.takes() is None

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


@pytest.mark.parametrize("outcome", [IMAGES, refused("validation"), CUT_OFF])
def test_an_answer_does_not_block_nor_does_what_we_cut_off_nor_an_unknown_case(
    outcome: Outcome,
) -> None:
    async def go() -> None:
        row = shot("edit/row", depends_on=("edit/base", "edit/never-was"))
        desk = Desk([BASE, shot("edit/base"), row])

        assert len(await desk.leaves(IMAGES, outcome, IMAGES)) == 3

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_what_a_skipped_case_was_skipped_for_keeps_back_what_depends_on_it() -> None:
    async def go() -> None:
        far = entry(shot("edit/base"), cannot="it has no address")
        desk = Desk([BASE, far, shot("edit/row", depends_on=("edit/base",))])

        assert await desk.skips() == {"edit/base": "it has no address"} | {
            "edit/row": "because edit/base was not sent: it has no address"
        }

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_cases_that_wait_for_each_other_hang_nobody() -> None:
    async def go() -> None:
        a = shot("generate/a", depends_on=("generate/b",))
        b = shot("generate/b", depends_on=("generate/a",))
        desk = Desk([BASE, a, b])
        await desk.leaves(IMAGES)

        assert {*await desk.skips()} == {"generate/a", "generate/b"}
        assert await desk.queue.take() is None

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


@pytest.mark.parametrize("error_class", ["auth", "quota"])
def test_nothing_new_leaves_after_trouble_of_the_account(error_class: ErrorClass) -> None:
    async def go() -> None:
        desk = Desk([BASE, *numbered(4)], more=[shot("generate/late")])
        await desk.leaves(IMAGES)
        under_way, broke = await desk.takes(), await desk.takes()
        assert under_way
        assert broke
        desk.ends(broke, fault(error_class, "HTTP 402: no balance"))

        skipped = await desk.skips()
        desk.ends(under_way, IMAGES)

        why = f"because generate/row-1 met {error_class}: HTTP 402: no balance"
        assert skipped == {f"generate/row-{n}": why for n in (2, 3)}
        assert await desk.queue.take() is None
        assert desk.more

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


DOWN = fault("server")


def test_after_faults_in_a_row_one_request_is_tried_alone_and_ends_the_run_where_it_fails() -> None:
    async def go() -> None:
        refusals = [shot(f"generate/{n}", breaks=f"n.{n}") for n in range(IN_A_ROW + 2)]
        desk = Desk([BASE, *refusals, shot("generate/row")])
        await desk.leaves(IMAGES)
        spare = await desk.takes()
        await desk.leaves(*[DOWN] * IN_A_ROW)
        assert await desk.takes() is None  # what is under way may yet be served
        assert spare
        desk.ends(spare, DOWN)

        probe = await desk.takes()

        assert probe
        assert (probe.entry.shot.case.id, probe.tries) == ("generate/row", PROBES)
        assert await desk.takes() is None
        desk.ends(probe, DOWN)
        why = "because generate/row met server: HTTP 500"
        assert await desk.skips() == {f"generate/{IN_A_ROW + 1}": why}

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_request_that_is_served_alone_lets_the_others_leave_again() -> None:
    async def go() -> None:
        desk = Desk([BASE, *numbered(2 * IN_A_ROW)])

        left = await desk.leaves(IMAGES, *[DOWN] * IN_A_ROW, IMAGES, *[DOWN] * (IN_A_ROW - 1))

        assert len(left) == 2 * IN_A_ROW + 1
        assert await desk.queue.take() is None

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_faults_with_an_answer_between_stop_nothing() -> None:
    async def go() -> None:
        rows = numbered(3 * IN_A_ROW)
        desk = Desk([BASE, *rows])
        outcomes = [IMAGES if n % IN_A_ROW == 0 else DOWN for n in range(len(rows) + 1)]
        await desk.leaves(*outcomes[:-1])
        last = await desk.takes()

        assert last
        assert last.tries == 1

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_provider_that_is_away_gets_nothing_and_what_is_owed_is_left_for_another_day() -> None:
    async def go() -> None:
        owed = entry(shot("generate/owed"), already_sent=True)
        desk = Desk([owed, BASE, *numbered(1)])
        assert await desk.leaves(fault("network", "no route")) == ["generate/base"]

        why = "because generate/base met network: no route"
        assert await desk.skips() == dict.fromkeys(("generate/owed", "generate/row-0"), why)

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_first_request_that_is_not_served_ends_the_plan_but_may_be_asked_again() -> None:
    async def go() -> None:
        confirm = shot("generate/again", stage="confirm", follows="generate/base")
        desk = Desk([BASE, *numbered(1), shot("edit/base")], more=[confirm])
        await desk.leaves(fault("job_failed", "it failed"))
        skipped = {}
        for _ in range(2):
            turn = await desk.takes()
            assert turn
            skipped[turn.entry.shot.case.id] = turn.skip
            desk.ends(turn)

        why = "because generate/base met job_failed: it failed"
        assert skipped == dict.fromkeys(("generate/row-0", "edit/base"), why)
        assert await desk.leaves(fault("job_failed", "it failed")) == ["generate/again"]

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_no_time_keeps_back_what_is_new_and_an_interruption_all() -> None:
    async def go() -> None:
        rows: list[PlannedRequest | QueuedRequest] = [
            entry(shot("generate/owed"), already_sent=True),
            BASE,
            *numbered(1),
        ]
        desk = Desk(rows, late="time: over", more=[shot("generate/more")])
        assert await desk.skips() == dict.fromkeys(
            ("generate/base", "generate/row-0"), "time: over"
        )
        desk = Desk(rows, shut="interrupted", more=[shot("generate/more")])
        assert {*(await desk.skips()).values()} == {"interrupted"}
        assert await desk.queue.take() is None
        assert desk.more

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_more_is_asked_for_only_once_all_is_done() -> None:
    async def go() -> None:
        desk = Desk([BASE], more=[shot("generate/late")])
        base = await desk.takes()
        assert base
        waiting = asyncio.create_task(desk.queue.take())
        await asyncio.sleep(0)
        assert desk.more
        desk.ends(base, IMAGES)

        turn = await waiting

        assert turn
        assert turn.entry.shot.case.id == "generate/late"
        desk.ends(turn, IMAGES)
        assert await desk.queue.take() is None

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_a_replay_asks_all_in_order_whatever_comes_of_it() -> None:
    async def go() -> None:
        rows = [*numbered(4, breaks="n.range", on=BASED), shot("generate/x", depends_on=BASED)]
        desk = Desk([BASE, *rows], as_planned=True)

        left = await desk.leaves(fault("quota"), IMAGES, IMAGES, IMAGES, IMAGES, DOWN)

        assert left == [one.case.id for one in (BASE, *rows)]

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


ANSWERED = Fault(error_class="server", why="HTTP 502", may_be_paid=True, status=502)


def test_one_that_is_served_opens_an_operation_whose_plain_request_was_answered_by_an_error() -> (
    None
):
    async def go() -> None:
        refusal = shot("generate/refusal", breaks="n.range", depends_on=BASED)
        desk = Desk([BASE, refusal, *numbered(3, on=BASED)])

        left = await desk.leaves(ANSWERED, ANSWERED, IMAGES, refused(), IMAGES)

        assert left[:3] == ["generate/base", "generate/row-0", "generate/row-1"]
        assert {*left[3:]} == {"generate/refusal", "generate/row-2"}

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def test_nothing_leaves_after_the_plain_request_and_two_others_were_answered_by_errors() -> None:
    async def go() -> None:
        desk = Desk([BASE, *numbered(4, on=BASED)])
        await desk.leaves(ANSWERED, ANSWERED, ANSWERED)

        why = "because generate/base met server: HTTP 502"
        assert await desk.skips() == {"generate/row-2": why, "generate/row-3": why}

    asyncio.run(asyncio.wait_for(go(), HUNG_S))


def _images(number: int) -> Price:
    return Price(amount=Decimal(number), unit="image", images=number)


def test_planned_requests_leave_the_money_to_ask_for_many_images_again_while_that_is_open() -> None:
    async def go() -> None:
        many = shot("generate/many", _images(10), depends_on=BASED)
        few = [shot(f"generate/row-{n}", _images(1), depends_on=BASED) for n in range(9)]
        desk = Desk([BASE, many, *few], budget=Budget(images=30))
        await desk.leaves(IMAGES)

        ten = await desk.takes()
        beside = [await desk.takes() for _ in range(9)]

        assert ten is not None
        assert ten.entry.shot is many
        left = 30 - 1 - 10 - (10 + FEWER_IMAGES)
        assert [turn is not None for turn in beside] == [True] * left + [False] * (9 - left)
        again = shot("generate/again", _images(10), stage="confirm", follows=many.case.id)
        desk.queue.put([entry(again)], first=True)
        desk.ends(ten, IMAGES)
        second = await desk.takes()
        assert second is not None
        assert (second.entry.shot, second.skip) == (again, None)
        assert await desk.takes() is not None

    asyncio.run(asyncio.wait_for(go(), HUNG_S))
