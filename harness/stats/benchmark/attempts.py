"""One record of a benchmark, read as one attempt: how it ended, when, and what it cost."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from harness.core.exchange import Exchange, Failure, Reply, submission
from harness.core.outcome import ErrorClass, Fault, Images, Refused
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.benchmark.model import Attempt, End, EndBounds
from harness.stats.benchmark.phases import phase_durations
from harness.stats.conformance.completion import End as JobEnd
from harness.stats.conformance.completion import completion_end as job_end
from harness.stats.conformance.latency import NEEDED

TOO_MANY = 429

ABOUT_CONTENT: frozenset[ErrorClass] = frozenset(("moderation", "content", "validation"))
"""Refusals of what was asked for; what a provider says of keys, money or load is a failure."""

PROCESSING = "openai-processing-ms"
LIFE = ("createdAt", "completedAt")
"""The two server clocks that documents name (sub2api's recorded headers; Apiframe's `Job` and its
webhook). Buble's `updated_at` is not said to be a job's end, so that it is not read."""


def attempt_of(record: Record, provider: Provider, *, usable: bool) -> Attempt | None:
    """Return a record as one attempt, in seconds from the intended start of its conversation.

    Time to pixels runs to the moment when the last image that was asked for could be in hand,
    decoded. None where the record has no slot, nothing was sent, or where a recording kept no
    times, or times that run backwards. `usable` says that all checks of the images passed.
    """
    slot, price, outcome = record.shot.slot, record.shot.price, record.outcome
    if slot is None or outcome is None or not _has_times(record):
        return None
    needed = _needed(record)
    at_one_go = [one for one in needed if one.times.due_s == needed[0].times.due_s]
    due_s = needed[0].times.due_s if needed else record.shot.due_s
    # What a later run went on with has another intended start: we cut it off between the two.
    end: End = "cut_off" if len(at_one_go) < len(needed) else _end(record)
    job = _job_end(record, provider)
    origin_s = sent.times.sent_s if (sent := submission(record.exchanges)) else due_s
    replies = [one.answer for one in record.exchanges if isinstance(one.answer, Reply)]
    done_s = _done_s(at_one_go, due_s, end)
    delivered = len(outcome.pictures) if isinstance(outcome, Images) else 0
    part = end == "served" and 0 < delivered < price.images
    return Attempt(
        provider=record.shot.case.provider,
        basis=record.evidence.words,
        emulated=record.evidence.emulated,
        workload=slot.workload,
        fit=slot.fit,
        stage=slot.stage,
        block=slot.block,
        warm_up=slot.warm_up,
        case=record.shot.case.id,
        due_s=due_s,
        end_s=done_s,
        end=end,
        seconds=max(done_s - due_s, 0.0),
        phases=phase_durations(record, provider, job) if end == "served" else {},
        completion=None if job is None else _since(job, origin_s - due_s),
        server_s=_server_clocks(replies),
        error_class=_error_class(record, end),
        images=delivered if end == "served" else 0,
        body_bytes=sum(one.size_bytes for one in replies),
        unit=price.unit,
        listed=price.amount * delivered / price.images if part else price.amount,
        charged=outcome.charged if isinstance(outcome, Images) else None,
        may_be_paid=isinstance(outcome, Fault) and outcome.may_be_paid,
        usable=usable and end == "served",
        rate_limited=sum(one.status == TOO_MANY for one in replies),
        waited_s=_waited_s(record.exchanges),
        limit_s=sent.request.timeout_s if sent else None,
    )


def _has_times(record: Record) -> bool:
    """Tell whether the round trips follow each other in time; one that never began has no need."""
    made = record.exchanges
    if not made:
        return isinstance(record.outcome, Fault) and record.outcome.may_be_paid
    backwards = any(later.times.sent_s < one.times.sent_s for one, later in pairwise(made))
    timed = any(one.times.end_s > one.times.sent_s for one in made)
    never_left = all(isinstance(one.answer, Failure) and not one.answer.sent for one in made)
    return not backwards and (timed or never_left)


def _needed(record: Record) -> list[Exchange]:
    """Return the round trips that lie between the intended start and the images."""
    return [one for one in record.exchanges if one.step in (*NEEDED, "upload")]


def _end(record: Record) -> End:
    match record.outcome:
        case Images(pictures=pictures):
            return "served" if pictures else "failed"
        case Refused(error=error) if error.error_class in ABOUT_CONTENT:
            return "refused"
        case Fault(error_class="timeout", status=None) if _was_waited_for(record):
            return "timeout"
        # What the runner says of a request that was under way when it was stopped.
        case Fault(error_class="unknown", status=None, job=None, may_be_paid=True):
            return "cut_off"
        case _:
            return "failed"


def _was_waited_for(record: Record) -> bool:
    """Tell a reply that did not come in time from a connection that was never made."""
    needed = _needed(record)
    last = needed[-1].answer if needed else None
    return not isinstance(last, Failure) or last.sent


def _done_s(needed: Sequence[Exchange], due_s: float, end: End) -> float:
    times = [one.times for one in needed]
    ends = [one.pixels_s if end == "served" else one.end_s for one in times]
    return max(ends, default=due_s)


def _job_end(record: Record, provider: Provider) -> JobEnd | None:
    operation = provider.operation(record.shot.case.operation)
    if operation.job is None or not isinstance(record.outcome, Images):
        return None
    return job_end(operation, operation.job, record)


def _since(job: JobEnd, lead_s: float) -> EndBounds:
    """Return the bounds of a job's end, counted from the intended start."""
    return EndBounds(after_s=job.after_s + lead_s, before_s=job.before_s + lead_s)


def _error_class(record: Record, end: End) -> ErrorClass | None:
    match record.outcome:
        case Refused(error=error):
            return error.error_class
        case Fault(error_class=error_class) if end != "cut_off":
            return error_class
        case Images() if end == "failed":  # a reply that should hold images, and holds none
            return "content"
        case _:
            return None


def _waited_s(exchanges: Sequence[Exchange]) -> float:
    """Return the seconds between a reply that told us to slow down and what left next."""
    return sum(
        max(later.times.sent_s - one.times.end_s, 0.0)
        for one, later in pairwise(exchanges)
        if isinstance(one.answer, Reply) and one.answer.status == TOO_MANY
    )


def _server_clocks(replies: Sequence[Reply]) -> dict[str, float]:
    """Return durations by the server's own clocks, in seconds; no clock of ours is in them."""
    found: dict[str, float] = {}
    for reply in replies:
        said = reply.header(PROCESSING)
        if said is not None and said.strip().isdecimal():
            found[PROCESSING] = int(said) / 1000
        document = reply.document
        began, ended = (
            _instant(document.get(key)) if isinstance(document, dict) else None for key in LIFE
        )
        if began is not None and ended is not None and ended >= began:
            found[f"{LIFE[1]} - {LIFE[0]}"] = (ended - began).total_seconds()
    return found


def _instant(value: object) -> datetime | None:
    """Read an ISO 8601 time with its zone; anything else is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
