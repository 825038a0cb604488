"""A benchmark of several providers at once, on one clock.

Closed arrivals keep a number of requests under way at each provider; one may be a block ahead of
the others (or as many as hold that number), and a stage begins when all requests of the one before
have ended. Open ones leave by their timetable, whatever the replies do: who is answered late leaves
on time all the same, and what leaves late is kept with the time it was due. Their stages follow
that timetable.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Any, Protocol

from harness.core.benchmark import Design, Stage
from harness.core.case import Slot
from harness.core.record import Record
from harness.runner.benchmark.track import ProviderLoad, slot_of
from harness.runner.execution.budget import QueuedRequest, Shortfall
from harness.runner.execution.conversation import RunContext
from harness.runner.execution.provider_run import ProviderRun
from harness.runner.shutdown import Deadline
from harness.spec.provider import Provider

LEAD = 1
"""By how many blocks a provider may be ahead of another one, if no more are needed for its load."""


class BlockPacer:
    """Counts what each provider has still to end, by block.

    It is made of the slots that wait, by provider, each provider's in the order of its plan; what
    is not there (ended in an earlier run, unsupported) keeps nobody back. `at_once` is how many
    requests each provider is to have under way, by stage: where one block and the next hold fewer,
    a provider may be ahead by as many blocks as hold them.
    """

    def __init__(
        self, waiting: Mapping[str, Sequence[Slot]], *, at_once: Mapping[str, int]
    ) -> None:
        stages = dict.fromkeys(slot.stage for slots in waiting.values() for slot in slots)
        order = {stage: place for place, stage in enumerate(stages)}
        self._places = {
            key: place
            for place, key in enumerate(
                sorted(
                    {(slot.stage, slot.block) for slots in waiting.values() for slot in slots},
                    key=lambda key: (order[key[0]], key[1]),
                )
            )
        }
        self._left = {
            name: Counter(self._place(slot) for slot in slots) for name, slots in waiting.items()
        }
        self._first = dict.fromkeys(waiting, 0)
        self._lead = {
            (name, stage): max(LEAD, ceil(number / self._size(name)) - 1)
            for name in waiting
            for stage, number in at_once.items()
        }

    def may_leave(self, name: str, slot: Slot) -> bool:
        """Tell whether no other provider is too far behind this block of this provider."""
        place, lead = self._place(slot), self._lead[name, slot.stage]
        return all(self._reached(other) >= place - lead for other in self._left if other != name)

    def ended(self, name: str, slot: Slot) -> None:
        """Take note that a shot ended, or was skipped."""
        self._left[name][self._place(slot)] -= 1

    def _size(self, name: str) -> int:
        """Return how many of its requests a block holds."""
        return max(self._left[name].values(), default=1)

    def _place(self, slot: Slot) -> int:
        return self._places[slot.stage, slot.block]

    def _reached(self, name: str) -> int:
        """Return the first block of a provider that has not ended."""
        waiting, first = self._left[name], self._first[name]
        while first < len(self._places) and not waiting[first]:
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
    """Decides which provider need be asked no more of which workload; reads no clock.

    It is told every record once, in the order in which they end, those of an earlier run first, of
    all providers and warm-ups too. The same records make it say the same, so a run that goes on
    stops where it would have stopped. A replay has none: all that is on tape was asked.
    """

    def on_record(self, record: Record) -> None:
        """Take note of a record that ended (or was skipped)."""
        ...

    def over(self) -> Mapping[str, str]:
        """Return `NAME/WORKLOAD` -> why no more of it need leave; asked before each departure."""
        ...


MakeStoppingCriterion = Callable[[Design, Mapping[str, Provider]], StoppingCriterion]
"""Makes the referee of a run from its design and its providers by name."""


LEAD_S = 0.1
"""How long before its time a request of a timetable is journaled and given a connection."""


class LoadGenerator:
    """Sends the shots of all lanes; `stopped` says why less was asked than was designed.

    A `referee` is told every record and asked before each departure. Where one shot fails by our
    own fault, nothing new leaves, and what is under way is still kept.
    """

    def __init__(
        self,
        design: Design,
        lanes: Sequence[ProviderLoad],
        *,
        context: RunContext,
        referee: StoppingCriterion | None = None,
        progress: Callable[[ProviderRun], None] = lambda _part: None,
    ) -> None:
        self.design = design
        self.lanes = lanes
        self.stopped: dict[str, str] = {}
        self._context = context
        self._referee = referee
        self._deadline: Deadline | None = None
        self._progress = progress
        self._closed = False
        self._bell = Bell()
        self._pace = BlockPacer(
            {lane.name: [slot_of(entry.shot) for entry in lane.waiting] for lane in lanes},
            at_once={stage.name: stage.concurrency or 1 for stage in design.stages},
        )

    async def run(self) -> None:
        """Send all that may leave; StoreError where the journal cannot be kept."""
        self._deadline = self._context.deadline()
        for lane in self.lanes:
            for record in lane.part.records:
                self._tell(record)
        waker = asyncio.create_task(self._wake())
        try:
            await self._together(
                [self._owed(lane, entry) for lane in self.lanes for entry in lane.owed]
            )
            if self.design.arrivals == "closed":
                for stage in self.design.stages:
                    await self._together(self._workers(stage))
            else:
                begin_s = self._begin_s()
                await self._together([self._timetable(lane, begin_s) for lane in self.lanes])
        finally:
            waker.cancel()
            await asyncio.gather(
                waker, *(lane.aclose() for lane in self.lanes), return_exceptions=True
            )

    async def replayed(self) -> None:
        """Ask for all that is on tape, in the order of the plans."""
        for lane in self.lanes:
            for entry in () if self._context.stop.is_set() else lane.waiting:
                lane.part.budget.reserve(entry.stake)
                self._ended(lane, await lane.sent(entry, due_s=0.0))

    async def _wake(self) -> None:
        await self._context.stop.wait()
        self._bell.ring()

    async def _together(self, work: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Wait for all of them: none cuts off another."""
        ends = await asyncio.gather(*map(self._guarded, work), return_exceptions=True)
        for failure in filter(None, ends):
            raise failure

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            self._closed = True  # nothing new leaves; what others have under way is kept
            self._bell.ring()
            raise

    async def _owed(self, lane: ProviderLoad, entry: QueuedRequest) -> None:
        """Conclude what an earlier run has begun: it is paid for, and not sent again."""
        self._ended(lane, await lane.sent(entry, due_s=None))

    # ------------------------------------------------------------------------------- closed
    def _workers(self, stage: Stage) -> list[Coroutine[Any, Any, None]]:
        number = stage.concurrency or 1
        return [self._work(lane, stage.name) for lane in self.lanes for _ in range(number)]

    async def _work(self, lane: ProviderLoad, stage: str) -> None:
        """Send one shot after the other, in the order of the plan, as far as they may leave."""
        while lane.waiting and slot_of(lane.waiting[0].shot).stage == stage and not self._closed:
            entry = lane.waiting.popleft()
            why = await self._cleared(lane, entry)
            await self._dealt_with(lane, entry, why)

    async def _cleared(self, lane: ProviderLoad, entry: QueuedRequest) -> str | None:
        """Wait until a shot may leave, its money set aside; return why it never will, if so."""
        slot, name = slot_of(entry.shot), lane.name
        while True:
            if why := self._kept_back(lane, entry):
                return why
            if self._pace.may_leave(name, slot):
                lack = _lack(lane, entry)
                if lack is None or lack.for_good:
                    return lack.why if lack else None
            await self._bell.wait()

    # --------------------------------------------------------------------------------- open
    def _begin_s(self) -> float:
        """Return when the timetable begins: what is left of it begins now."""
        due = [entry.shot.due_s for lane in self.lanes for entry in lane.waiting]
        return self._context.now_s() + LEAD_S - min(due, default=0.0)

    async def _timetable(self, lane: ProviderLoad, begin_s: float) -> None:
        """Let each shot leave at its time; those that have left are waited for at the end."""
        departures: list[asyncio.Task[None]] = []
        try:
            for entry in sorted(lane.waiting, key=lambda entry: entry.shot.due_s):
                due_s = begin_s + entry.shot.due_s
                why = await self._at(due_s - LEAD_S, lane, entry)
                if why is None and (lack := _lack(lane, entry)):
                    why = lack.why  # no timetable waits for money
                work = self._guarded(self._dealt_with(lane, entry, why, due_s=due_s))
                departures.append(asyncio.create_task(work))
            ends = await asyncio.gather(*departures, return_exceptions=True)
        finally:  # where we are cut off, so is what we sent: each keeps what it has
            for task in departures:
                task.cancel()
            await asyncio.gather(*departures, return_exceptions=True)
        for failure in filter(None, ends):
            raise failure

    async def _at(self, moment_s: float, lane: ProviderLoad, entry: QueuedRequest) -> str | None:
        """Wait until a moment; return why a shot is not to leave as soon as that is known."""
        while True:
            why = self._kept_back(lane, entry)
            early_s = moment_s - self._context.now_s()
            if why or early_s <= 0:
                return why
            await self._bell.wait(early_s)

    # --------------------------------------------------------------------------------- both
    def _kept_back(self, lane: ProviderLoad, entry: QueuedRequest) -> str | None:
        """Return why a shot is not to be sent at all."""
        if self._closed:
            return "interrupted"
        if why := lane.part.shut():
            return why
        over = self._referee.over() if self._referee else {}
        why = over.get(_topic(lane, entry)) or lane.out or entry.cannot
        if why or self._deadline is None:
            return why
        return self._deadline.passed(longest_s=lane.part.longest_s)

    async def _dealt_with(
        self,
        lane: ProviderLoad,
        entry: QueuedRequest,
        why: str | None,
        *,
        due_s: float | None = None,
    ) -> None:
        """Send a shot, or note why not."""
        if why is None:
            record = await lane.sent(entry, due_s=due_s)
        else:
            record = await lane.skipped(entry, why)
            if why != "interrupted":
                self.stopped.setdefault(_topic(lane, entry), why)
        self._pace.ended(lane.name, slot_of(entry.shot))
        self._ended(lane, record)

    def _ended(self, lane: ProviderLoad, record: Record) -> None:
        self._tell(record)
        self._progress(lane.part)
        self._bell.ring()

    def _tell(self, record: Record) -> None:
        if self._referee is not None:
            self._referee.on_record(record)


def _lack(lane: ProviderLoad, entry: QueuedRequest) -> Shortfall | None:
    """Set a shot's money aside, or return why not; without it for good, nothing more leaves."""
    lack = lane.part.budget.reserve(entry.stake)
    if lack is not None and lack.for_good:
        lane.out = lack.why
    return lack


def _topic(lane: ProviderLoad, entry: QueuedRequest) -> str:
    """Return how a referee names what a shot is about."""
    return f"{lane.name}/{slot_of(entry.shot).workload}"
