"""One request over one transport: journaled before it, on the way and after it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from harness.core.case import Plan, PlannedRequest
from harness.core.errors import StoreError
from harness.core.exchange import Exchange, Failure, Reply, Request, Step, Times, submission
from harness.core.outcome import Fault, Outcome
from harness.core.record import Provenance
from harness.runner.execution.budget import Budget
from harness.runner.execution.cut_addresses import CutAddresses
from harness.runner.execution.earlier import ResumeState, submits
from harness.runner.execution.failures import CUT_OFF
from harness.runner.shutdown import Deadline, StoppedError, until_stopped
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, JournalLine, Sent, Skipped
from harness.transport.base import Transport, is_lost, never_left, undisturbed
from harness.wire.deadline import TotalTime
from harness.wire.protocol import pick_up, speak
from harness.wire.retry import TOO_MANY, Answer, Pause, Send, Wire


class Journal:
    """Writes lines in order on one thread, so that no disk delays the event loop's clock.

    Lines that wait while others are written share the next write and its sync. An `executor` that
    is given runs one job at a time, in the order in which they came; it is not shut down. `cut`
    keeps what the lines lack of their addresses.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        executor: Executor | None = None,
        cut: CutAddresses | None = None,
    ) -> None:
        self.folder = folder
        self._cut = cut or CutAddresses(folder)
        self._pool = None if executor else ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._executor = executor or self._pool
        self._waiting: deque[_Waiting] = deque()
        self._reservations = 0
        self._released = asyncio.Event()
        self.lines = 0
        self.waited_s = 0.0
        """How long all lines together took to be on the disk; `longest_s` is the longest of one."""
        self.longest_s = 0.0

    async def reserve(self, size: int, stop: asyncio.Event) -> None:
        """Hold back so many bytes of the disk for a request that is to leave.

        Where the disk has no room for them it waits until what is under way gives some back;
        StoreError where nothing is, so that this request cannot leave, StoppedError where the run
        is stopped meanwhile. Nothing is held back then.
        """
        loop = asyncio.get_running_loop()
        while not (self.folder.is_held(size) and self.folder.reserve(size)):
            released = self._released
            if await loop.run_in_executor(self._executor, self.folder.reserve, size):
                break
            if self.folder.full or not self._reservations:
                raise self.folder.no_room()
            await until_stopped(released.wait(), stop)
        self._reservations += 1
        if stop.is_set():
            self.release(size)
            raise StoppedError

    def release(self, size: int) -> None:
        """Give back what was held back for a request that has ended."""
        self.folder.release(size)
        self._reservations -= 1
        self._released.set()
        self._released = asyncio.Event()

    async def append(self, line: JournalLine) -> None:
        """Write a line; when this returns it is on the disk, and no crash or power loss takes it.

        A line that was begun is written even where the waiting for it is cancelled. StoreError
        where the disk does not take it.
        """
        loop = asyncio.get_running_loop()
        entry, came_s = _Waiting(line), time.monotonic()
        self._waiting.append(entry)
        writing = loop.run_in_executor(self._executor, self._write, entry)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            writing.add_done_callback(asyncio.Future.exception)  # nobody is left to hear of it
            raise
        took_s = time.monotonic() - came_s
        self.lines += 1
        self.waited_s += took_s
        self.longest_s = max(self.longest_s, took_s)

    def _write(self, entry: "_Waiting") -> None:
        """Write all that waits, unless this entry was written together with an earlier one."""
        if not entry.done:
            entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                self._commit(entries)
            except BaseException as error:
                for each in entries:
                    each.done, each.error = True, each.error or error
                raise
        if entry.error is not None:
            raise entry.error

    def _commit(self, entries: "Sequence[_Waiting]") -> None:
        lines = [each.line for each in entries]
        self._cut.before(lines)
        try:
            self.folder.append(*lines)
            self._cut.after(lines)
        except StoreError as error:
            if len(entries) == 1:
                entries[0].error = error
            else:  # what has no room together may have it one by one
                for each in entries:
                    self._commit([each])
        for each in entries:
            each.done = True

    def close(self) -> None:
        """Wait for the last line and close the files."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self.folder.close()


@dataclass(slots=True, eq=False)
class _Waiting:
    """A line that waits to be written, and what became of it."""

    line: JournalLine
    done: bool = False
    error: BaseException | None = None


OnExchange = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What all providers' parts of a run share: one journal, one clock, one way to stop.

    Nothing new leaves once `stop` is set, nor what could last longer than `max_s` seconds from the
    start of sending allow; None is no limit. A `replay` sends all that is in its cassettes.
    """

    journal: Journal
    stop: asyncio.Event
    now_s: Callable[[], float] = time.monotonic
    max_s: float | None = None
    replay: bool = False

    def deadline(self) -> Deadline | None:
        """Return the end of the time in which new requests leave, counted from now on."""
        return None if self.max_s is None else Deadline(self.max_s, self.now_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One provider as a run reaches it, and what that rests on.

    `cannot` says why a request cannot be sent from here, if so; `announce` is told of requests
    before they leave, so that the reference images which they name are there.
    """

    evidence: Provenance
    transport: Callable[[], Transport]
    cannot: Callable[[PlannedRequest], str | None] = lambda _shot: None
    announce: Callable[[Iterable[PlannedRequest]], None] = lambda _shots: None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSetup:
    """One provider's part of a run as it was laid out: nothing of it changes on the way.

    `earlier` is what an earlier run has left: what it had under way is answered from memory, and
    nothing of it is paid again. `timeout_s` is how long a reply is waited for, where that is not
    the time of the provider's documents.
    """

    context: RunContext
    provider: Provider
    plan: Plan
    access: Access
    budget: Budget
    earlier: ResumeState = field(default_factory=ResumeState)
    timeout_s: float | None = None


async def converse(
    setup: ProviderSetup,
    shot: PlannedRequest,
    transport: Transport,
    *,
    due_s: float | None,
    attempt: int = 1,
) -> tuple[Outcome, list[Exchange]]:
    """Journal a request, see it through, journal its outcome; return that with all its round trips.

    It leaves at `due_s` on the run's clock, if that is still to come, and without one as soon as it
    is journaled; all its round trips are kept with that time. Those that go on with what an earlier
    run had under way are kept with another one: a record whose round trips are not all due at one
    time was cut off between them. What may have been submitted then is submitted again only where
    that is free (`ResumeState.resent`). Raises StoreError where the journal cannot be kept,
    StoppedError where the run was stopped: then a job is left with its id in the journal, and what
    has cost nothing so far as if it had never left.
    """
    journal, stop = setup.context.journal, setup.context.stop
    name, case = setup.provider.name, shot.case.id
    past = setup.earlier.exchanges.get(case)
    exchanges = list(past or ())
    if past is None:
        evidence = setup.access.evidence
        sent = Sent(provider=name, case=case, shot=shot, evidence=evidence, attempt=attempt)
        await journal.append(sent)

    async def keep(exchange: Exchange) -> None:
        exchanges.append(exchange)
        await journal.append(Exchanged(provider=name, case=case, exchange=exchange))

    operation = setup.provider.operation(shot.case.operation)
    patient = _patient(shot, setup.timeout_s)
    remembered = undisturbed(past or ())
    resent = past is not None and case in setup.earlier.resent
    wire = speak(setup.provider, operation, patient)
    try:
        due_s = await _departure(due_s, setup.context)
        if resent and not (past and never_left(past[-1])):
            await keep(_lost(patient.request, now_s=setup.context.now_s()))
        outcome = await drive(
            wire,
            transport,
            due_s=due_s,
            on_exchange=keep,
            past=remembered,
            in_doubt=past is not None and not resent,
            stop=stop,
        )
    except StoppedError:
        if past is None:
            await _withdraw(setup, shot, exchanges)
        raise
    job = outcome.job if isinstance(outcome, Fault) and outcome.can_be_picked_up else None
    if past is not None and job is not None:
        sent_last = submission(exchanges)
        reply = sent_last.answer if sent_last is not None else None
        submitted = reply.document if isinstance(reply, Reply) else None
        wire = pick_up(setup.provider, operation, patient, job, submitted=submitted)
        outcome = await drive(wire, transport, due_s=due_s, on_exchange=keep, stop=stop)
    if isinstance(outcome, Fault) and any(map(is_lost, exchanges)):
        outcome = replace(outcome, may_be_paid=True)  # its failure tells nothing of the one before
    await journal.append(Ended(provider=name, case=case, outcome=outcome))
    return outcome, exchanges


def _lost(request: Request, *, now_s: float) -> Exchange:
    """Return what stands for a submission that is repeated under its key: it may be paid for.

    It is journaled before the repetition, so that no later crash can forget it.
    """
    return Exchange(
        request=request,
        answer=Failure(kind="network", why=CUT_OFF.why, sent=True),
        times=Times(due_s=now_s, sent_s=now_s, end_s=now_s),
        step="submit",
    )


def _patient(shot: PlannedRequest, timeout_s: float | None) -> PlannedRequest:
    if timeout_s is None:
        return shot
    return replace(shot, request=replace(shot.request, timeout_s=timeout_s))


async def _departure(due_s: float | None, context: RunContext) -> float:
    """Wait until a request is due, and return when it was; StoppedError where it does not leave."""
    if due_s is None:
        return context.now_s()
    if (early_s := due_s - context.now_s()) > 0:
        await until_stopped(asyncio.sleep(early_s), context.stop)
    return due_s


def _cost_nothing(exchanges: Sequence[Exchange]) -> bool:
    """Tell whether a request may be sent anew: every time that it left, it was one too early."""
    return all(
        exchange.step == "upload"
        or (isinstance(exchange.answer, Reply) and exchange.answer.status == TOO_MANY)
        for exchange in exchanges
    )


async def _withdraw(
    setup: ProviderSetup, shot: PlannedRequest, exchanges: Sequence[Exchange]
) -> None:
    """Journal that a request did not leave, where all that did costs nothing."""
    if _cost_nothing(exchanges):
        line = Skipped(
            provider=setup.provider.name,
            case=shot.case.id,
            shot=shot,
            evidence=setup.access.evidence,
            why="interrupted",
            withdrawn=True,
        )
        await setup.context.journal.append(line)


FINISHING: frozenset[Step] = frozenset(("result", "download"))
"""What still leaves once a run is stopped: an image that is paid for may not be there later."""


async def drive(  # noqa: PLR0913 - a conversation, what is remembered of it, what may end it
    wire: Wire,
    transport: Transport,
    *,
    due_s: float,
    on_exchange: OnExchange,
    past: Sequence[Exchange] = (),
    in_doubt: bool = False,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """Run a generator of the wire over a transport to its end and return its outcome.

    `on_exchange` is awaited after every round trip, before anything else is sent, so that what was
    received is kept first. `past` are round trips that an earlier run made: they are answered from
    memory and not made again. With `in_doubt`, the one after them may have been under way when that
    run ended: where it could cost money, it is not made either. The whole ends within its
    `TotalTime`.

    Once `stop` is set, pauses end and nothing new leaves: StoppedError is raised before it. What
    has left is still waited for, and kept.
    """
    memory, total = _Memory(past, in_doubt=in_doubt), TotalTime(past)
    stop = stop or asyncio.Event()
    answer: Answer | None = None
    try:
        while True:
            step = wire.send(answer)
            answer = None
            match step:
                case Pause(seconds=seconds):
                    now = not memory.earlier
                    answer = total.pause(seconds, bound=now)
                    if now and answer is None:
                        await until_stopped(transport.pause(seconds), stop)
                case Send(request=request):
                    late = total.late(request)
                    answer = memory.answer(step) or late
                    if answer is None:
                        exchange = await _sent(step, transport, due_s=due_s, stop=stop)
                        total.took(exchange)
                        await on_exchange(exchange)
                        answer = exchange.answer
    except StopIteration as done:
        outcome: Outcome = done.value
        return CUT_OFF if memory.cut_off else outcome


async def _sent(step: Send, transport: Transport, *, due_s: float, stop: asyncio.Event) -> Exchange:
    """Make a round trip; StoppedError where the run was stopped before any of it had left."""
    if stop.is_set() and step.step not in FINISHING:
        raise StoppedError
    exchange = replace(await transport.send(step.request, due_s=due_s), step=step.step)
    if never_left(exchange):
        raise StoppedError
    return exchange


class _Memory:
    """What an earlier run was answered, in order, and what it may have been waiting for."""

    def __init__(self, past: Sequence[Exchange], *, in_doubt: bool) -> None:
        self.earlier = deque(past)
        self.cut_off = False
        """The submission itself is in doubt: nothing can be said of the shot."""
        self._in_doubt = in_doubt

    def answer(self, step: Send) -> Answer | None:
        """Return what is known, a failure where that is in doubt, or None for what may be sent."""
        if self.earlier:
            return self.earlier.popleft().answer
        in_doubt, self._in_doubt = self._in_doubt, False
        if not in_doubt or not submits(step):
            return None  # it was not under way, or costs nothing
        self.cut_off = step.step == "submit"
        return Failure(kind="network", why=CUT_OFF.why, sent=True)
