"""A benchmark of several providers at once, on one clock.

Closed arrivals keep a number of requests under way at each provider; one may be a block ahead of
the others (or as many as hold that number), and a stage begins when all requests of the one before
have ended. Open arrivals (open loop) leave by their timetable, whatever the replies do; what leaves
late is recorded with the time it was due. Their stages follow that timetable.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from math import ceil
from typing import Any, Protocol

from harness.core.benchmark import Design, Stage
from harness.core.case import Slot
from harness.core.record import Record
from harness.runner.benchmark.track import ProviderLoad, slot_of
from harness.runner.execution.budget import QueuedRequest, Shortfall
from harness.runner.execution.conversation import RunContext
from harness.runner.execution.provider_run import ProviderRun, all_ended
from harness.runner.shutdown import Deadline
from harness.spec.provider import Provider

LEAD = 1
"""By how many blocks a provider may be ahead of another one, if no more are needed for its load."""


class BlockPacer:
    """Counts the requests that have not ended, by provider and block.

    `waiting` yields each provider's slots in the order of its plan; what is not there (ended in an
    earlier run, unsupported) keeps nobody back. `at_once` is how many requests each provider has
    under way, by stage: where two blocks hold fewer, it may be ahead by as many as hold them.
    """

    def __init__(
        self, waiting: Mapping[str, Iterable[Slot]], *, at_once: Mapping[str, int]
    ) -> None:
        counted = {
            name: Counter((slot.stage, slot.block) for slot in slots)
            for name, slots in waiting.items()
        }
        stages = {stage: set[int]() for each in counted.values() for stage, _ in each}
        for stage, block in (place for each in counted.values() for place in each):
            stages[stage].add(block)
        self._blocks = {stage: array("Q", sorted(blocks)) for stage, blocks in stages.items()}
        sizes = accumulate((len(blocks) for blocks in self._blocks.values()), initial=0)
        self._begins = dict(zip(self._blocks, sizes, strict=False))
        self._size = sum(map(len, self._blocks.values()))
        self._left = {name: array("q", bytes(8 * self._size)) for name in waiting}
        for name, each in counted.items():
            for (stage, block), number in each.items():
                self._left[name][self._place(stage, block)] = number
        self._first = dict.fromkeys(waiting, 0)
        self._lead = {
            (name, stage): max(LEAD, ceil(number / max(self._left[name], default=1)) - 1)
            for name in waiting
            for stage, number in at_once.items()
        }

    def may_leave(self, name: str, slot: Slot) -> bool:
        """Tell whether no other provider is too far behind this block of this provider."""
        place, lead = self._place(slot.stage, slot.block), self._lead[name, slot.stage]
        return all(self._reached(other) >= place - lead for other in self._left if other != name)

    def ended(self, name: str, slot: Slot) -> None:
        """Take note that a request ended, or was skipped."""
        self._left[name][self._place(slot.stage, slot.block)] -= 1

    def _place(self, stage: str, block: int) -> int:
        return self._begins[stage] + bisect_left(self._blocks[stage], block)

    def _reached(self, name: str) -> int:
        """Return the first block of a provider that has not ended."""
        waiting, first = self._left[name], self._first[name]
        while first < self._size and not waiting[first]:
            first += 1
        self._first[name] = first
        return first


class Bell:
    """Wakes all who wait for something to change."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now; who comes later waits for the next time."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def wait(self, at_most_s: float | None = None) -> None:
        """Wait for the next ring, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), at_most_s)


class StoppingCriterion(Protocol):
    """Decides when a provider's requests of a workload are enough; reads no clock.

    It receives every record once, in the order in which they end: those of an earlier run first,
    those of all providers, warm-ups too. Equal records give equal decisions, so that a resumed run
    stops where it would have stopped. A replay has none: it sends all that its cassettes hold.
    """

    def on_record(self, record: Record) -> None:
        """Take note of a record that ended (or was skipped)."""
        ...

    def over(self) -> Mapping[str, str]:
        """Return `NAME/WORKLOAD` -> why no more of it is sent; called before each departure."""
        ...


MakeStoppingCriterion = Callable[[Design, Mapping[str, Provider]], StoppingCriterion]
"""Makes the stopping criterion of a run from its design and its providers by name."""

LEAD_S = 0.1
"""How long before its time a request of a timetable is journaled and given a connection."""


class LoadGenerator:
    """Sends the requests of all providers; `stopped` says why fewer were sent than designed.

    Where one request fails by our own fault, nothing new leaves, and what is under way is still
    journaled. `by_whole_timetable` begins where the whole benchmark does, not with its own first.
    """

    def __init__(  # noqa: PLR0913 - what a load is made of
        self,
        design: Design,
        loads: Sequence[ProviderLoad],
        *,
        context: RunContext,
        criterion: StoppingCriterion | None = None,
        progress: Callable[[ProviderRun], None] = lambda _part: None,
        by_whole_timetable: bool = False,
    ) -> None:
        self.design = design
        self.loads = loads
        self.stopped: dict[str, str] = {}
        self._context = context
        self._criterion = criterion
        self._deadline: Deadline | None = None
        self._progress = progress
        self._by_whole_timetable = by_whole_timetable
        self._closed = False
        self._bell = Bell()
        self._pace = BlockPacer(
            {load.name: map(slot_of, load.waiting.shots()) for load in loads},
            at_once={stage.name: stage.concurrency or 1 for stage in design.stages},
        )

    async def run(self) -> None:
        """Send all that may leave; StoreError where the journal cannot be kept."""
        self._deadline = self._context.deadline()
        for load in self.loads:
            for record in load.part.records:
                self._report(record)
        waker = asyncio.create_task(self._wake())
        try:
            await self._together(
                [self._sent(load, entry) for load in self.loads for entry in load.already_sent]
            )
            if self.design.arrivals == "closed":
                for stage in self.design.stages:
                    await self._together(self._workers(stage))
            else:
                begin_s = self._begin_s()
                await self._together([self._timetable(load, begin_s) for load in self.loads])
        finally:
            waker.cancel()
            await asyncio.gather(
                waker, *(load.aclose() for load in self.loads), return_exceptions=True
            )

    async def replayed(self) -> None:
        """Send all that the cassettes hold, in the order of the plans."""
        for load in self.loads:
            for entry in () if self._context.stop.is_set() else load.waiting:
                load.part.budget.reserve(entry.reservation)
                await self._sent(load, entry, due_s=0.0)

    async def _wake(self) -> None:
        await self._context.stop.wait()
        self._bell.ring()

    async def _together(self, work: Sequence[Coroutine[Any, Any, None]]) -> None:
        await all_ended(map(self._guarded, work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            self._closed = True  # nothing new leaves; what others have under way is kept
            self._bell.ring()
            raise

    def _workers(self, stage: Stage) -> list[Coroutine[Any, Any, None]]:
        number = stage.concurrency or 1
        return [self._work(load, stage.name) for load in self.loads for _ in range(number)]

    async def _work(self, load: ProviderLoad, stage: str) -> None:
        """Send one request after the other, in the order of the plan, as far as they may leave."""
        waiting = load.waiting
        while waiting and slot_of(waiting.next().shot).stage == stage and not self._closed:
            entry = waiting.take()
            await self._send_or_skip(load, entry, await self._reserved(load, entry))

    async def _reserved(self, load: ProviderLoad, entry: QueuedRequest) -> str | None:
        """Wait until a request may leave, its money set aside; return why it never will, if so."""
        slot, name = slot_of(entry.shot), load.name
        while True:
            if why := self._reason_to_skip(load, entry):
                return why
            if self._pace.may_leave(name, slot):
                shortfall = _reserve(load, entry)
                if shortfall is None or shortfall.for_good:
                    return shortfall.why if shortfall else None
            await self._bell.wait()

    def _begin_s(self) -> float:
        due = (shot.due_s for load in self.loads for shot in load.waiting.shots())
        first_s = min(due, default=0.0)
        if self._by_whole_timetable and not any(load.part.records for load in self.loads):
            first_s = 0.0  # slices that begin together keep the rate: each leaves the others' gaps
        return self._context.now_s() + LEAD_S - first_s

    async def _timetable(self, load: ProviderLoad, begin_s: float) -> None:
        """Let each request leave at its time; those that have left are waited for at the end."""
        departures: dict[asyncio.Task[None], None] = {}  # those that have ended well are forgotten
        try:
            for entry in load.waiting.by_departure():
                due_s = begin_s + entry.shot.due_s
                why = await self._wait_until(due_s - LEAD_S, load, entry)
                if why is None and (shortfall := _reserve(load, entry)):
                    why = shortfall.why  # no timetable waits for money
                work = self._guarded(self._send_or_skip(load, entry, why, due_s=due_s))
                task = asyncio.create_task(work)
                departures[task] = None
                task.add_done_callback(partial(_forget, departures))
            await all_ended([*departures])
        finally:  # where we are cut off, so is what we sent: each keeps what it has
            for task in [*departures]:
                task.cancel()
            await asyncio.gather(*departures, return_exceptions=True)

    async def _wait_until(
        self, moment_s: float, load: ProviderLoad, entry: QueuedRequest
    ) -> str | None:
        """Wait until a moment; return why a request is not to leave as soon as that is known."""
        while True:
            why = self._reason_to_skip(load, entry)
            early_s = moment_s - self._context.now_s()
            if why or early_s <= 0:
                return why
            await self._bell.wait(early_s)

    def _reason_to_skip(self, load: ProviderLoad, entry: QueuedRequest) -> str | None:
        if self._closed:
            return "interrupted"
        if why := load.part.shut():
            return why
        over = self._criterion.over() if self._criterion else {}
        why = over.get(_topic(load, entry)) or load.out or entry.cannot
        if why or self._deadline is None:
            return why
        return self._deadline.passed(longest_s=load.part.longest_s)

    async def _send_or_skip(
        self,
        load: ProviderLoad,
        entry: QueuedRequest,
        why: str | None,
        *,
        due_s: float | None = None,
    ) -> None:
        if why is None:
            record = await load.sent(entry, due_s=due_s)
        else:
            record = await load.skipped(entry, why)
            if why != "interrupted":
                self.stopped.setdefault(_topic(load, entry), why)
        self._pace.ended(load.name, slot_of(entry.shot))
        self._ended(load, record)

    async def _sent(
        self, load: ProviderLoad, entry: QueuedRequest, *, due_s: float | None = None
    ) -> None:
        self._ended(load, await load.sent(entry, due_s=due_s))

    def _ended(self, load: ProviderLoad, record: Record) -> None:
        self._report(record)
        self._progress(load.part)
        self._bell.ring()

    def _report(self, record: Record) -> None:
        if self._criterion is not None:
            self._criterion.on_record(record)


def _forget(departures: "dict[asyncio.Task[None], None]", ended: "asyncio.Task[None]") -> None:
    if not ended.cancelled() and ended.exception() is None:
        departures.pop(ended, None)


def _reserve(load: ProviderLoad, entry: QueuedRequest) -> Shortfall | None:
    """Set a request's money aside, or return why not; without it for good, nothing more leaves."""
    shortfall = load.part.budget.reserve(entry.reservation)
    if shortfall is not None and shortfall.for_good:
        load.out = shortfall.why
    return shortfall


def _topic(load: ProviderLoad, entry: QueuedRequest) -> str:
    return f"{load.name}/{slot_of(entry.shot).workload}"
