"""One provider's plan over its transports: workers, canary, budget and journal."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, Price, Shot
from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Fault, Outcome
from harness.core.record import Evidence, Record
from harness.runner.budget import Budget, cost_of
from harness.runner.drive import CUT_OFF, drive
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.line import Line
from harness.store.past import Unfinished
from harness.transport.base import Transport
from harness.wire.protocol import pick_up, speak

CANARY_TRIES = 3
"""How often the plain base request is tried before a provider counts as out of reach."""


class Journal:
    """Writes lines in order on one thread, so that no disk delays the event loop's clock."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def append(self, line: Line) -> None:
        """Write a line; when this returns, a crash of ours cannot lose it.

        A line that was begun is written even where the waiting for it is cancelled.
        """
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._pool, self.folder.append, line)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            writing.add_done_callback(asyncio.Future.exception)  # nobody is left to hear of it
            raise

    def close(self) -> None:
        """Wait for the last line and close the files."""
        self._pool.shutdown(wait=True)
        self.folder.close()


def _given_up(record: Record) -> bool:
    return isinstance(record.outcome, Fault) and record.outcome.can_be_picked_up


def _cost(shot: Shot, outcome: Outcome) -> Price:
    return cost_of(outcome, shot.at_risk, twice="same_key" in shot.case.follow_ups)


@dataclass(slots=True, kw_only=True)
class Session:
    """One provider's run; `records` grow in the order in which the shots end.

    `done` and `begun` come from an earlier run that this one goes on with; of `done`, a job that
    was given up waiting for is picked up again by its id. `cannot` says why a shot cannot be sent
    from here, if so. `off_tape` says what a replay asked for and did not find.
    """

    provider: Provider
    plan: Plan
    evidence: Evidence
    transport: Callable[[], Transport]
    journal: Journal
    budget: Budget
    concurrency: int
    stop: asyncio.Event
    canary: bool = True
    progress: Callable[["Session"], None] = lambda _session: None
    done: tuple[Record, ...] = ()
    begun: tuple[Unfinished, ...] = ()
    cannot: Callable[[Shot], str | None] = lambda _shot: None
    given_up: dict[str, Record] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    off_tape: list[str] = field(default_factory=list)
    under_way: int = 0

    async def run(self) -> None:
        """Send every shot that the budget carries; StoreError where the journal cannot be kept.

        The money for what an earlier run has sent is set aside before anything new may have it:
        that is paid whatever comes of it.
        """
        finished = await self._finished_earlier()
        waiting = deque(shot for shot in self.plan.shots if shot.case.id not in finished)
        for shot in [one for one in waiting if self.cannot(one) and self._past(one) is None]:
            waiting.remove(shot)
            await self._skip(shot, self.cannot(shot) or "")
        owed = deque(shot for shot in waiting if self._past(shot) is not None)
        new = deque(shot for shot in waiting if self._past(shot) is None)
        for shot in owed:
            await self.budget.reserve(shot.at_risk, owed=True)
        if new and not self.budget.carries(new[0].at_risk):
            await self._all(owed)  # some of their money may come back
            owed.clear()
        if self.canary and new and (why := await self._canary(new.popleft())):
            for shot in (*owed, *new):
                await self._skip(shot, why)
            return
        await self._all(owed + new)

    async def _finished_earlier(self) -> set[str]:
        """Take over what an earlier run has finished, and book it; return the ids of its cases."""
        for record in self.done:
            if _given_up(record):
                self.given_up[record.shot.case.id] = record
                continue
            self.records.append(record)
            if record.outcome is not None:
                await self.budget.book(_cost(record.shot, record.outcome))
        return {record.shot.case.id for record in self.records}

    async def _all(self, waiting: deque[Shot]) -> None:
        """Send these shots, several at once."""
        workers = max(1, min(self.concurrency, len(waiting)))
        work = (self._work(waiting) for _ in range(workers))
        ends = await asyncio.gather(*work, return_exceptions=True)  # no worker cuts off another
        for failure in filter(None, ends):
            raise failure

    async def _canary(self, shot: Shot) -> str | None:
        """Send the first new request alone; return why the rest should not leave, or None.

        In a run that goes on, what an earlier one began tells nothing about today.
        """
        async with self._open() as transport:
            for attempt in range(1, CANARY_TRIES + 1):
                record = await self._shoot(shot, transport, attempt=attempt)
                outcome = record.outcome if record else None
                if not isinstance(outcome, Fault) or self.stop.is_set():
                    return None
                last = attempt == CANARY_TRIES or outcome.error_class in ("auth", "quota")
                if last or outcome.may_be_paid:
                    return f"{shot.case.id} met {outcome.error_class}: {outcome.why}"
                self.records.remove(record)  # type: ignore[arg-type]  # it is one, for it had an outcome
        return None

    async def _work(self, waiting: deque[Shot]) -> None:
        async with self._open() as transport:
            while waiting:
                try:
                    await self._take(waiting.popleft(), transport)
                except Exception:
                    waiting.clear()  # nothing new leaves; what others have under way is kept
                    raise

    async def _take(self, shot: Shot, transport: Transport) -> None:
        if self.stop.is_set():
            await self._skip(shot, "interrupted")
        elif self.journal.folder.full:
            await self._skip(shot, "the disk is full")
        else:
            await self._shoot(shot, transport)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Transport]:
        transport = self.transport()
        try:
            yield transport
        finally:
            await transport.aclose()

    async def _shoot(self, shot: Shot, transport: Transport, *, attempt: int = 1) -> Record | None:
        """Send one shot under the budget and keep what comes; None where the money is short."""
        past = self._past(shot)
        short = None if past is not None else await self.budget.reserve(shot.at_risk)
        if short is not None:
            await self._skip(shot, short)
            return None
        cost = shot.at_risk  # the worst, should this be cut off
        self.under_way += 1
        try:
            outcome, exchanges = await self._converse(shot, transport, attempt=attempt, past=past)
            cost = _cost(shot, outcome)
        finally:
            self.under_way -= 1
            await self.budget.settle(shot.at_risk, cost)
        return self._finished(shot, outcome, exchanges)

    async def _converse(
        self, shot: Shot, transport: Transport, *, attempt: int, past: list[Exchange] | None
    ) -> tuple[Outcome, list[Exchange]]:
        """Journal the shot, see it through, journal its outcome."""
        line = Line(provider=self.provider.name, case=shot.case.id, attempt=attempt)
        exchanges = list(past or ())
        if past is None:
            await self.journal.append(replace(line, shot=shot, evidence=self.evidence))

        async def keep(exchange: Exchange) -> None:
            exchanges.append(exchange)
            await self.journal.append(replace(line, exchange=exchange))

        operation = self.provider.operation(shot.case.operation)
        outcome: Outcome = CUT_OFF
        if past is None or past:
            wire = speak(self.provider, operation, shot)
            outcome = await drive(
                wire, transport, due_s=shot.due_s, on_exchange=keep, past=past or ()
            )
        job = outcome.job if isinstance(outcome, Fault) and outcome.can_be_picked_up else None
        if past is not None and job is not None:
            wire = pick_up(self.provider, operation, shot, job)
            outcome = await drive(wire, transport, due_s=shot.due_s, on_exchange=keep)
        await self.journal.append(replace(line, outcome=outcome))
        return outcome, exchanges

    def _past(self, shot: Shot) -> list[Exchange] | None:
        """Return what an earlier run saw of a shot that it did not finish; None for a new shot."""
        if shot.case.id in self.given_up:
            return list(self.given_up[shot.case.id].exchanges)
        for item in self.begun:
            if item.line.case == shot.case.id:
                return item.exchanges
        return None

    def _finished(self, shot: Shot, outcome: Outcome, exchanges: list[Exchange]) -> Record:
        record = Record(
            shot=shot, evidence=self.evidence, outcome=outcome, exchanges=tuple(exchanges)
        )
        self.records.append(record)
        self.off_tape += [
            exchange.answer.why
            for exchange in exchanges
            if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape"
        ]
        self.progress(self)
        return record

    async def _skip(self, shot: Shot, why: str) -> None:
        if shot.case.id in self.given_up:
            self.records.append(self.given_up[shot.case.id])  # its job is still to be had
            return
        record = Record(shot=shot, evidence=self.evidence, outcome=None, skipped=why)
        self.records.append(record)
        self.progress(self)
        line = Line(
            provider=self.provider.name,
            case=shot.case.id,
            shot=shot,
            evidence=self.evidence,
            skipped=why,
        )
        if not self.journal.folder.full and self._past(shot) is None:
            await self.journal.append(line)
