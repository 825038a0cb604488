import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from harness.core.case import Slot
from harness.core.outcome import Images
from harness.core.record import Record
from harness.planning.benchmark_options import Measuring
from harness.runner.benchmark.load import BlockPacer
from harness.runner.benchmark.track import slot_of
from tests.ahead import put_ahead
from tests.runner.hostile import Received, http, taken
from tests.runner.races import DRAFT, SERVED, SKETCH, Course, after, at, ended_s, idle, sent_s


def block_of(record: Record) -> int:
    return slot_of(record.shot).block


# ------------------------------------------------------------------------------------- closed
def test_no_provider_is_more_than_a_block_ahead_of_the_slowest(tmp_path: Path) -> None:
    measuring = Measuring(workloads=(DRAFT, SKETCH), levels=(2,), blocks=6)

    raced = at(measuring, tmp_path, SERVED, after(0.03), after(0.01))

    slow = {number: [] for number in range(1, 7)}  # type: dict[int, list[float]]
    for record in raced.sent("b"):
        slow[block_of(record)].append(ended_s(record))
    for name in "ac":
        assert len(raced.sent(name)) == 12
        for record in raced.sent(name):
            if (behind := block_of(record) - 2) > 0:
                assert sent_s(record) >= max(slow[behind])


def test_a_provider_that_is_out_keeps_nobody_back(tmp_path: Path) -> None:
    no_key = http({"code": "INVALID_API_KEY", "message": "no"}, status="401 Unauthorized")
    measuring = Measuring(workloads=(DRAFT,), levels=(1,), blocks=6)

    raced = at(measuring, tmp_path, no_key, SERVED)

    assert len(raced.sent("a")) == 1
    assert all("auth" in why for why in raced.skips("a"))
    assert [type(one.outcome) for one in raced.sent("b")] == [Images] * 6
    assert [*raced.stopped] == ["a/draft"]


def test_so_many_are_under_way_at_once_as_the_level_says_though_blocks_are_small(
    tmp_path: Path,
) -> None:
    waiting, most = 0, 0
    full = asyncio.Event()

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == 6:
            full.set()
        await full.wait()  # a level that is never reached never ends
        waiting -= 1
        writer.write(SERVED)

    raced = at(Measuring(workloads=(DRAFT,), levels=(6,), blocks=8), tmp_path, answer, SERVED)

    assert most == 6
    assert len(raced.sent("a")) == 8


def test_a_stage_begins_when_the_one_before_has_ended_everywhere(tmp_path: Path) -> None:
    measuring = Measuring(workloads=(DRAFT,), levels=(1, 2), blocks=3)

    raced = at(measuring, tmp_path, SERVED, after(0.02))

    records = raced.sent("a") + raced.sent("b")
    first = [ended_s(one) for one in records if slot_of(one.shot).stage == "c1"]
    second = [sent_s(one) for one in records if slot_of(one.shot).stage == "c2"]
    assert len(first) == len(second) == 6
    assert max(first) <= min(second)


def test_what_ended_earlier_keeps_nobody_back() -> None:
    slots = [Slot(workload="w", fit="exact", stage="c1", block=n) for n in range(1, 5)]
    pace = BlockPacer({"a": slots, "b": slots[2:]}, at_once={"c1": 1})

    allowed = [pace.may_leave("b", slot) for slot in slots[2:]]
    pace.ended("a", slots[0])
    then = [pace.may_leave("b", slot) for slot in slots[2:]]

    assert allowed == [False, False]
    assert then == [True, False]


# --------------------------------------------------------------------------------------- open
def test_a_timetable_is_kept_although_nothing_is_answered(tmp_path: Path) -> None:
    asked = 0
    all_asked = asyncio.Event()

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked == 8:
            all_asked.set()
        await all_asked.wait()  # frozen: who waits for a reply before sending on waits for ever
        writer.write(SERVED)

    measuring = Measuring(workloads=(DRAFT,), arrivals="constant", levels=(50,), blocks=8)
    raced = at(measuring, tmp_path, answer)

    sent = raced.sent("a")
    due = [one.exchanges[0].times.due_s for one in sent]
    assert [later - one for one, later in pairwise(due)] == pytest.approx([1 / 50] * 7)
    assert all(sent_s(one) >= one.exchanges[0].times.due_s for one in sent)
    assert max(map(sent_s, sent)) < min(map(ended_s, sent))


def test_who_is_told_to_wait_holds_up_nobody_else(tmp_path: Path) -> None:
    asked = 0

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        wait = http({}, status="429 Too Many Requests", headers=("Retry-After: 60",))
        writer.write(SERVED if asked else wait)
        asked += 1
        if asked == 10:  # all but the one that waits have their replies
            await taken(writer)
            await put_ahead(60.0)

    measuring = Measuring(workloads=(DRAFT,), arrivals="poisson", levels=(100,), blocks=10)
    raced = at(measuring, tmp_path, answer)

    told, *others = sorted(raced.sent("a"), key=lambda one: -len(one.exchanges))
    assert [len(one.exchanges) for one in (told, *others)] == [2] + [1] * 9
    assert isinstance(told.outcome, Images)
    assert told.exchanges[1].times.sent_s > max(map(ended_s, others))
    assert len({one.times.due_s for one in told.exchanges}) == 1


def test_what_is_due_later_is_skipped_at_once_when_the_run_is_stopped(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(SERVED)
        asked.set()

    async def stop(course: Course) -> None:
        await asked.wait()
        while not await idle(course):
            pass
        course.stop.set()

    measuring = Measuring(workloads=(DRAFT,), arrivals="constant", levels=(0.01,), blocks=3)
    raced = at(measuring, tmp_path, answer, meanwhile=stop)  # the second is due in 100 s

    assert len(raced.sent("a")) == 1
    assert raced.skips("a") == ["interrupted"] * 2
    assert raced.stopped == {}
