import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.core.benchmark import Arrivals
from harness.core.outcome import ErrorClass, Fault, Refused
from harness.core.record import Record
from harness.planning.benchmark_options import Measuring
from harness.runner.benchmark.track import UNREACHABLE, slot_of
from harness.runner.execution.budget import Budget
from harness.runner.execution.failures import CUT_OFF
from tests.ahead import put_ahead
from tests.runner.hostile import Answer, Received, chunked, http, reset, serving, taken
from tests.runner.races import DRAFT, SERVED, SKETCH, Course, Raced, at, laid_out, pauses_are_short

NOWHERE = "http://127.0.0.1:1"
GIVEN_UP_S = 60.0
TOO_MANY = http({}, status="429 Too Many Requests", headers=("Retry-After: 0",))


# ---------------------------------------------------------------------------- money and trouble
@pytest.mark.parametrize(("arrivals", "level"), [("closed", 4), ("constant", 200)])
def test_the_budget_holds_for_each_provider_and_stops_nobody_else(
    tmp_path: Path, arrivals: Arrivals, level: float
) -> None:
    measuring = Measuring(workloads=(DRAFT,), arrivals=arrivals, levels=(level,), blocks=9)

    raced = at(measuring, tmp_path, SERVED, SERVED, budgets={"a": Budget(images=5)})

    assert len(raced.sent("a")) == raced.budgets["a"].spent_images == 5
    assert all(why.startswith("budget: ") for why in raced.skips("a"))
    assert len(raced.sent("b")) == 9
    assert [*raced.stopped] == ["a/draft"]


async def _broken(_request: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(SERVED[: len(SERVED) // 2])
    await writer.drain()
    await taken(writer)
    reset(writer)


def _stalling(at_once: int) -> Answer:
    """Stall after the headers; time goes on once so many have come as come at once."""
    asked = 0

    async def stalled(_request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(SERVED[: SERVED.index(b"\r\n\r\n") + 4])
        if asked % at_once == 0:
            await taken(writer)
            await put_ahead(GIVEN_UP_S)
        await asyncio.Event().wait()

    return stalled


HALF = SERVED[SERVED.index(b"{") :][:400]


@pytest.mark.parametrize(
    ("answer", "met"),
    [
        (_broken, ("network", True)),
        (None, ("timeout", True)),
        (http(HALF), ("protocol", True)),
        (chunked(HALF, end=False), ("network", True)),
        (http("<html>", status="502 Bad Gateway"), ("server", True)),
        (TOO_MANY, ("rate_limit", False)),
    ],
    ids=["reset", "stall", "half-json", "cut-off", "gateway", "429-storm"],
)
@pytest.mark.parametrize(("arrivals", "level"), [("closed", 4), ("constant", 100)])
def test_each_failure_is_one_record_with_its_class_and_no_reason_to_stop(
    tmp_path: Path,
    answer: Answer | bytes | None,
    met: tuple[ErrorClass, bool],
    arrivals: Arrivals,
    level: float,
) -> None:
    measuring = Measuring(
        workloads=(DRAFT,), arrivals=arrivals, levels=(level,), blocks=8, timeout_s=GIVEN_UP_S
    )
    stalled = _stalling(4 if arrivals == "closed" else 8)

    raced = at(measuring, tmp_path, answer or stalled)

    records = raced.records["a"]
    assert sorted(one.shot.case.id for one in records) == sorted(
        shot.case.id for shot in laid_out(measuring)[1].shots
    )
    for one in records:
        outcome = one.outcome
        assert isinstance(outcome, Fault), outcome
        assert (outcome.error_class, outcome.may_be_paid) == met
    assert len(raced.past.records) == 8
    assert raced.past.unfinished == ()
    assert raced.stopped == {}


@asynccontextmanager
async def _speaking_no_tls() -> AsyncIterator[str]:
    """An address of TLS where somebody answers in plain words."""

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("url", [NOWHERE, "http://nosuch.invalid", ""], ids=["port", "dns", "tls"])
def test_an_address_that_leads_nowhere_is_tried_so_often_and_no_more(
    tmp_path: Path, url: str
) -> None:
    async def go() -> Raced:
        async with serving(SERVED) as server, _speaking_no_tls() as no_tls:
            course = Course(measuring=Measuring(workloads=(DRAFT,), levels=(1,), blocks=8))
            return await course.run(tmp_path / "run", {"a": url or no_tls, "b": server.url})

    raced = asyncio.run(go())

    tried = raced.sent("a")
    assert len(tried) == UNREACHABLE
    for one in tried:
        assert isinstance(one.outcome, Fault)
        assert (one.outcome.error_class, one.outcome.may_be_paid) == ("network", False)
    assert all(why.startswith("unreachable: 5 requests") for why in raced.skips("a"))
    assert len(raced.sent("b")) == 8


@pytest.mark.parametrize(("arrivals", "level"), [("closed", 1), ("constant", 0.1)])
def test_nothing_leaves_once_the_minutes_of_a_run_are_over(
    tmp_path: Path, arrivals: Arrivals, level: float
) -> None:
    measuring = Measuring(workloads=(DRAFT,), arrivals=arrivals, levels=(level,), blocks=9)

    async def slow(_request: Received, writer: asyncio.StreamWriter) -> None:
        await put_ahead(10.0)
        writer.write(SERVED)

    raced = at(measuring, tmp_path, slow, max_s=25.0)

    sent, skips = raced.sent("a"), raced.skips("a")
    assert sent
    assert skips
    assert len(sent) + len(skips) == 9
    assert all(why.startswith("time: ") for why in skips)


def test_refusals_are_measured_and_stop_nothing(tmp_path: Path) -> None:
    refused = http({"error": {"message": "content policy violation"}}, status="400 Bad Request")

    raced = at(Measuring(workloads=(DRAFT,), levels=(2,), blocks=7), tmp_path, refused)

    assert [type(one.outcome) for one in raced.sent("a")] == [Refused] * 7


@pytest.mark.parametrize(("arrivals", "level"), [("closed", 4), ("constant", 5)])
def test_what_we_broke_off_was_cut_off_and_is_no_fault_of_the_line(
    tmp_path: Path, arrivals: Arrivals, level: float
) -> None:
    measuring = Measuring(workloads=(DRAFT,), arrivals=arrivals, levels=(level,), blocks=6)

    async def go() -> tuple[Raced, Raced, int]:
        asked, cut_off = 0, asyncio.Event()

        async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            if asked == 4:
                cut_off.set()
            if asked <= 4:
                await asyncio.Event().wait()  # until the client has left
            writer.write(SERVED)

        async with serving(answer) as server:
            course, urls = Course(measuring=measuring), {"a": server.url}
            first = await course.run(tmp_path / "run", urls, cut_off=cut_off)
            second = await Course(measuring=measuring).run(tmp_path / "run", urls)
        return first, second, asked

    first, second, asked = asyncio.run(go())

    broken = {item.line.case for item in first.past.unfinished}
    assert sum(bool(item.exchanges) for item in first.past.unfinished) >= 4  # as far as they came
    assert second.past.unfinished == ()
    ends = {one.shot.case.id: one.outcome for one in second.past.records}
    assert {case for case, outcome in ends.items() if outcome == CUT_OFF} == broken
    assert len(ends) == len(second.past.records) == 6
    assert asked == 6 - len(broken) + 4  # of those broken off, some may not have left yet


# ------------------------------------------------------------------------------------- referee
@dataclass
class Enough:
    """Knows enough of a provider's workload after so many records of it."""

    topic: str
    records: int
    seen: list[str] = field(default_factory=list)

    def on_record(self, record: Record) -> None:
        name, slot = record.shot.case.provider, slot_of(record.shot)
        self.seen.append(f"{name}/{slot.workload}")

    def over(self) -> Mapping[str, str]:
        known = self.seen.count(self.topic) >= self.records
        return {self.topic: "decided"} if known else {}


@pytest.mark.parametrize(("arrivals", "level"), [("closed", 1), ("constant", 1)])
def test_what_is_decided_is_asked_no_more_and_the_rest_goes_on(
    tmp_path: Path, arrivals: Arrivals, level: float
) -> None:
    referee = Enough("a/draft", 2)
    measuring = Measuring(workloads=(DRAFT, SKETCH), arrivals=arrivals, levels=(level,), blocks=4)

    raced = at(measuring, tmp_path, SERVED, SERVED, criterion=referee, meanwhile=pauses_are_short)

    left = [slot_of(one.shot).workload for one in raced.sent("a")]
    assert (left.count("draft"), left.count("sketch")) == (2, 4)
    assert raced.skips("a") == ["decided"] * 2
    assert len(raced.sent("b")) == 8
    assert raced.stopped == {"a/draft": "decided"}
    assert len(referee.seen) == 16
