"""Bugs that are planted in the harness on purpose: each breaks an invariant within some worlds.

A simulation that finds nothing proves nothing until it has been seen to find something.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from harness.adaptive.confirm import FailureReducer
from harness.core.case import Price
from harness.core.exchange import Exchange, Failure, Reply
from harness.core.record import RunHeader
from harness.runner.conformance.schedule import Schedule
from harness.runner.execution import budget, conversation, earlier, provider_run
from harness.runner.execution.budget import Budget, Reservation
from harness.runner.execution.conversation import Journal
from harness.store import reader
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, JournalLine, Sent
from harness.store.reader import StoredRun
from harness.transport.placeholders import PlaceholderMap
from harness.transport.redaction import Redactor
from harness.wire import reply
from harness.wire.retry import Send, Talk, send_request
from tests.simulation import world
from tests.simulation.disk import SimulatedDisk
from tests.simulation.seeds import SeedResult, run_seeds

Patch = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A bug: what it is, which invariants it breaks, and what it puts where."""

    what: str
    breaks: tuple[str, ...]
    patches: Callable[[], list[Patch]]


@contextmanager
def plant(bug: Bug) -> Iterator[None]:
    """Let the harness have a bug for a while."""
    undone: list[Patch] = []
    try:
        for owner, name, content in bug.patches():
            undone.append((owner, name, getattr(owner, name)))
            setattr(owner, name, content)
        yield
    finally:
        for owner, name, content in reversed(undone):
            setattr(owner, name, content)


def first_found(bug: Bug, first: int, last: int) -> SeedResult | None:
    """Return the first world that shows a bug by an invariant that it is known to break."""
    with plant(bug):
        results = (result for result in run_seeds(first, last) if result.invariant in bug.breaks)
        return next(results, None)


# ------------------------------------------------------------------------------------- the journal
def _in_background(kind: type[JournalLine]) -> list[Patch]:
    """Let lines of a kind be written some time later, and the run go on meanwhile."""
    append, writing = Journal.append, set[asyncio.Task[None]]()

    async def late(self: Journal, line: JournalLine) -> None:
        if not isinstance(line, kind):
            await append(self, line)
            return
        task = asyncio.ensure_future(append(self, line))
        writing.add(task)
        task.add_done_callback(writing.discard)

    return [(Journal, "append", late)]


def _without(kind: type[JournalLine]) -> list[Patch]:
    """Leave lines of a kind out of the journal."""
    append = Journal.append

    async def some(self: Journal, line: JournalLine) -> None:
        if not isinstance(line, kind):
            await append(self, line)

    return [(Journal, "append", some)]


def _unsynced() -> list[Patch]:
    return [(SimulatedDisk, "sync", lambda _self, _name: None)]


def _torn_end_kept() -> list[Patch]:
    return [(RunFolder, "mend", lambda _self: None)]


def _no_header() -> list[Patch]:
    def nothing(_self: RunFolder, _header: RunHeader) -> None:
        return

    return [(RunFolder, "write_header", nothing)]


# ---------------------------------------------------------------------------------------- resuming
def _stored_without(**emptied: tuple[()]) -> list[Patch]:
    """Let a run that goes on not see a part of what the folder holds."""
    read = reader.read_run

    def partly(path: Any, *, disk: Any = None) -> StoredRun:  # noqa: ANN401 - as read_run
        return replace(read(path, disk=disk), **emptied)  # type: ignore[arg-type]

    return [(world, "read_run", partly)]


def _jobs_forgotten() -> list[Patch]:
    """Let a run that goes on know of no reply of what was under way."""
    resume = earlier.resume_state

    def forgetful(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as resume_state
        state = resume(*arguments, **named)
        return replace(state, exchanges={case: [] for case in state.exchanges})

    return [(world, "resume_state", forgetful)]


def _fresh_key() -> list[Patch]:
    """Let every process have idempotency keys of its own."""
    init, processes = PlaceholderMap.__init__, iter(range(1_000_000))

    def fresh(self: PlaceholderMap, **named: Any) -> None:  # noqa: ANN401 - as the original
        init(self, **named | {"run_word": f"process-{next(processes):08}"})

    return [(PlaceholderMap, "__init__", fresh)]


def _submit_repeated() -> list[Patch]:
    """Let what was cut off be sent again as it was, whether or not that is free."""

    def always(_provider: Any, _unfinished: Any, pending: Any, *_others: Any) -> bool:  # noqa: ANN401
        return isinstance(pending, Send) and earlier.submits(pending)

    return [(earlier, "_is_free", always)]


def _not_asked_again() -> list[Patch]:
    """Let what was cut off stay so, as a benchmark does."""

    def resume(provider: Any, plan: Any, past: Any, _resumption: Any) -> Any:  # noqa: ANN401 - as resume_state
        return earlier.resume_state(provider, plan, past, earlier.Resumption(asks_again=False))

    return [(world, "resume_state", resume)]


# ---------------------------------------------------------------------------------- being stopped
def _withdrawn_all() -> list[Patch]:
    return [(conversation, "_cost_nothing", lambda _exchanges: True)]


def _sent_on() -> list[Patch]:
    """Let a run that is stopped send what its conversations have next."""
    sent = conversation._sent

    async def on(*arguments: Any, stop: Any, **named: Any) -> Exchange:  # noqa: ANN401 - as _sent
        return await sent(*arguments, stop=asyncio.Event() if stop.is_set() else stop, **named)

    return [(conversation, "_sent", on)]


# ------------------------------------------------------------------------------------ money, order
def _nothing_reserved() -> list[Patch]:
    def reserve(self: Budget, reservation: Reservation, *, already_sent: bool = False) -> Any:  # noqa: ANN401
        return None if already_sent else self.shortfall(reservation)

    return [(Budget, "reserve", reserve)]


def _faults_are_free() -> list[Patch]:
    charged = budget.charged_reservation

    def cheap(shot: Any, outcome: Any, exchanges: Any, *, provider: Any) -> Reservation:  # noqa: ANN401
        cost = charged(shot, outcome, exchanges, provider=provider)
        free = Price(amount=cost.price.amount * 0, unit=cost.price.unit, images=0)
        return replace(cost, price=free) if outcome.kind == "fault" else cost

    return [(provider_run, "charged_reservation", cheap)]


def _lost_wake_up() -> list[Patch]:
    return [(Schedule, "_notify", lambda _self: None)]


def _resubmitted() -> list[Patch]:
    def send_once(request: Any, step: Any = "submit") -> Talk[Reply | Failure]:  # noqa: ANN401
        answer = yield from send_request(request, step)
        if isinstance(answer, Failure):
            answer = yield from send_request(request, step)
        return answer

    return [(reply, "send_once", send_once)]


def _same_prompt() -> list[Patch]:
    """Let what failed be asked again with the very same request."""
    on_record = FailureReducer.on_record

    def again(self: FailureReducer, record: Any) -> Any:  # noqa: ANN401 - as the original
        return [
            replace(planned, request=record.shot.request)
            if planned.case.follows == record.shot.case.id
            else planned
            for planned in on_record(self, record)
        ]

    return [(FailureReducer, "on_record", again)]


def _keys_kept() -> list[Patch]:
    same = lambda _self, text: text  # noqa: E731 - a method that changes nothing
    return [(Redactor, "known", same)]


def _half_exchange(line: JournalLine) -> JournalLine:
    """Return a line without what it was answered."""
    if not isinstance(line, Exchanged):
        return line
    lost = Failure(kind="network", why="not kept", sent=True)
    exchange: Exchange = replace(line.exchange, answer=lost)
    return replace(line, exchange=exchange)


def _replies_not_kept() -> list[Patch]:
    append = RunFolder.append

    def halves(self: RunFolder, *lines: JournalLine) -> None:
        append(self, *map(_half_exchange, lines))

    return [(RunFolder, "append", halves)]


ONCE, LIMITS, REPLIES = (
    "charged at most once",
    "no limit is passed",
    "acknowledged replies are reported",
)
INTENT, JOBS, CASES = "durable intent", "jobs are seen to their end", "every case is reported"
KEYS, VERDICTS, ENDS = "keys stay out", "verdicts converge", "the run ends"
READABLE = "the journal is readable"
STILL, ARRIVED = "nothing leaves after a stop", "what arrives before the end is kept"

PLANTED = (
    Bug(
        what="nothing is synced",
        breaks=(INTENT,),
        patches=_unsynced,
    ),
    Bug(
        what="the POST leaves while its intent is written",
        breaks=(INTENT,),
        patches=lambda: _in_background(Sent),
    ),
    Bug(
        what="run.json is not written before the first request",
        breaks=(INTENT,),
        patches=_no_header,
    ),
    Bug(
        what="a reply is judged while it is written",
        breaks=(REPLIES,),
        patches=lambda: _in_background(Exchanged),
    ),
    Bug(
        what="replies are written without their answer",
        breaks=(REPLIES,),
        patches=_replies_not_kept,
    ),
    Bug(
        what="the torn end of a journal stays in the way",
        breaks=(READABLE, REPLIES),
        patches=_torn_end_kept,
    ),
    Bug(
        what="outcomes are not written",
        breaks=(CASES,),
        patches=lambda: _without(Ended),
    ),
    Bug(
        what="resuming submits again what was cut off",
        breaks=(ONCE,),
        patches=_submit_repeated,
    ),
    Bug(
        what="resuming forgets what was under way",
        breaks=(ONCE,),
        patches=lambda: _stored_without(unfinished=()),
    ),
    Bug(
        what="resuming forgets what has ended",
        breaks=(ONCE,),
        patches=lambda: _stored_without(records=()),
    ),
    Bug(
        what="resuming forgets the jobs under way",
        breaks=(JOBS,),
        patches=_jobs_forgotten,
    ),
    Bug(
        what="each process has idempotency keys of its own",
        breaks=(ONCE,),
        patches=_fresh_key,
    ),
    Bug(
        what="a lost reply is asked for by another POST",
        breaks=(ONCE,),
        patches=_resubmitted,
    ),
    Bug(
        what="a failure is asked again with the same body",
        breaks=(ONCE,),
        patches=_same_prompt,
    ),
    Bug(
        what="a question that was cut off is not asked again",
        breaks=(VERDICTS,),
        patches=_not_asked_again,
    ),
    Bug(
        what="money is not set aside",
        breaks=(LIMITS,),
        patches=_nothing_reserved,
    ),
    Bug(
        what="a request in doubt is booked as free",
        breaks=(LIMITS,),
        patches=_faults_are_free,
    ),
    Bug(
        what="a worker that waits is not woken",
        breaks=(ENDS,),
        patches=_lost_wake_up,
    ),
    Bug(
        what="a POST that had left is withdrawn when the run is stopped",
        breaks=(ONCE, ARRIVED),
        patches=_withdrawn_all,
    ),
    Bug(
        what="a run that is stopped sends on",
        breaks=(STILL,),
        patches=_sent_on,
    ),
    Bug(
        what="keys in replies are kept",
        breaks=(KEYS,),
        patches=_keys_kept,
    ),
)
