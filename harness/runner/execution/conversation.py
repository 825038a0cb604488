"""One shot over one transport: journaled before, on the way and after it; its money booked."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Fault, Outcome
from harness.core.record import Provenance, Record
from harness.runner.conformance.schedule import QueuedRequest
from harness.runner.execution.budget import Budget
from harness.runner.execution.cost import charged_reservation
from harness.runner.execution.drive import CUT_OFF, drive
from harness.runner.execution.earlier import ResumeState
from harness.runner.execution.journal import Journal
from harness.spec.provider import Provider
from harness.store.line import Ended, Exchanged, Sent, Skipped
from harness.transport.base import STOPPED, Transport
from harness.wire.protocol import pick_up, speak


@dataclass(slots=True, kw_only=True)
class Conversations:
    """One provider's conversations, whoever chooses what leaves and when.

    `earlier` is what an earlier run has left: what it had under way is answered from memory, and
    nothing of it is paid again. `timeout_s` is how long a reply is waited for, where that is not
    the time of the provider's documents. `off_tape` says what a replay asked for and did not find;
    `longest_s` is how long a conversation has taken at most.
    """

    provider: Provider
    evidence: Provenance
    journal: Journal
    budget: Budget
    earlier: ResumeState
    now_s: Callable[[], float] = time.monotonic
    timeout_s: float | None = None
    off_tape: list[str] = field(default_factory=list)
    under_way: int = 0
    longest_s: float = 0.0

    def book(self, record: Record) -> None:
        """Book what an earlier run has paid for a record."""
        if record.outcome is not None:
            self.budget.book(charged_reservation(record.shot, record.outcome, record.exchanges))

    async def held(
        self, entry: QueuedRequest, transport: Transport, *, due_s: float | None, attempt: int = 1
    ) -> Record:
        """Send one shot, whose money is set aside, and return what came; book what it took.

        It leaves at `due_s` on the run's clock, if that is still to come, and without one as soon
        as it is journaled; all its round trips are kept with that time. Those that go on with what
        an earlier run had under way are kept with another one: a record whose round trips are not
        all due at one time was cut off between them.
        Raises StoreError where the journal cannot be kept.
        """
        cost = entry.stake  # the worst, should this be cut off
        self.under_way += 1
        begun_s = self.now_s()
        try:
            outcome, exchanges = await self._converse(entry.shot, transport, due_s, attempt)
            cost = charged_reservation(entry.shot, outcome, exchanges)
        finally:
            self.under_way -= 1
            self.longest_s = max(self.longest_s, self.now_s() - begun_s)
            self.budget.settle(entry.stake, cost)
        self.off_tape += [
            exchange.answer.why
            for exchange in exchanges
            if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape"
        ]
        return Record(
            shot=entry.shot, evidence=self.evidence, outcome=outcome, exchanges=tuple(exchanges)
        )

    async def skipped(self, entry: QueuedRequest, why: str) -> Record:
        """Return a record of why nothing was sent; what was begun stays as the journal has it."""
        shot = entry.shot
        if entry.owed:
            self.budget.settle(entry.stake, entry.stake)  # it may be paid: the worst is booked
        if shot.case.id in self.earlier.given_up:
            return self.earlier.given_up[shot.case.id]  # its job is still to be had
        record = Record(shot=shot, evidence=self.evidence, outcome=None, skipped=why)
        line = Skipped(
            provider=self.provider.name,
            case=shot.case.id,
            shot=shot,
            evidence=self.evidence,
            why=why,
        )
        if not self.journal.folder.full and not entry.owed:
            await self.journal.append(line)
        return record

    async def _converse(
        self, shot: PlannedRequest, transport: Transport, due_s: float | None, attempt: int
    ) -> tuple[Outcome, list[Exchange]]:
        """Journal the shot, see it through, journal its outcome."""
        name, case = self.provider.name, shot.case.id
        past = self.earlier.exchanges.get(case)
        exchanges = list(past or ())
        if past is None:
            sent = Sent(
                provider=name, case=case, shot=shot, evidence=self.evidence, attempt=attempt
            )
            await self.journal.append(sent)

        async def keep(exchange: Exchange) -> None:
            exchanges.append(exchange)
            await self.journal.append(Exchanged(provider=name, case=case, exchange=exchange))

        operation = self.provider.operation(shot.case.operation)
        patient = self._patient(shot)
        if due_s is None:
            due_s = self.now_s()
        elif (early_s := due_s - self.now_s()) > 0:
            await asyncio.sleep(early_s)
        outcome: Outcome = CUT_OFF
        if past is None or past:
            wire = speak(self.provider, operation, patient)
            outcome = await drive(wire, transport, due_s=due_s, on_exchange=keep, past=past or ())
        if past and len(exchanges) == len(past) and _broken_off(past[-1]):
            outcome = CUT_OFF  # by us, and no fault of the line
        job = outcome.job if isinstance(outcome, Fault) and outcome.can_be_picked_up else None
        if past is not None and job is not None:
            wire = pick_up(self.provider, operation, patient, job)
            outcome = await drive(wire, transport, due_s=due_s, on_exchange=keep)
        await self.journal.append(Ended(provider=name, case=case, outcome=outcome))
        return outcome, exchanges

    def _patient(self, shot: PlannedRequest) -> PlannedRequest:
        """Return a shot that is waited for as long as this run waits."""
        if self.timeout_s is None:
            return shot
        return replace(shot, request=replace(shot.request, timeout_s=self.timeout_s))


def _broken_off(exchange: Exchange) -> bool:
    answer = exchange.answer
    return isinstance(answer, Failure) and answer.why.startswith(STOPPED)
