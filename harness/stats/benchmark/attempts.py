"""One record of a benchmark, read as one attempt: how it ended, when, and what it cost."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from harness.core.exchange import Exchange, Failure, Reply, Times, delayed_by_us, submission
from harness.core.outcome import ErrorClass, Fault, Images, Refused, error_of
from harness.core.record import Record
from harness.spec.price import listed_by_request, worked_out
from harness.spec.provider import Provider
from harness.stats.benchmark.model import Attempt, End, EndBounds
from harness.stats.conformance.completion import End as JobEnd
from harness.stats.conformance.completion import completion_end as job_end
from harness.stats.conformance.time_to_images import NEEDED


def phase_durations(record: Record, provider: Provider, job: JobEnd | None) -> dict[str, float]:
    """Return what was measured of `measured.PHASES`; what was not is left out.

    `dns`, `connect` and `tls` are sums over all connections that the images needed; `upload` is the
    sending of files first and of the request's own body; `download` that of the results'
    addresses. `completion` is a point only where the reply itself brings the images; a job's is
    an interval (`Attempt.completion`), or the moment of a `webhook`.
    """
    sent = submission(record.exchanges)
    if sent is None:
        return {}
    needed = _needed(record)
    start_s = record.exchanges[0].times.due_s
    delivered_at_s = None
    if job is not None and job.delivered_s is not None:
        delivered_at_s = job.delivered_s + sent.times.sent_s

    def since_start(at_s: float | None) -> float | None:
        return None if at_s is None else at_s - start_s

    durations = {
        "late": needed[0].times.sent_s - start_s,
        "dns": _sum(exchange.times.dns_s for exchange in needed),
        "connect": _sum(exchange.times.connect_s for exchange in needed),
        "tls": _sum(exchange.times.tls_s for exchange in needed),
        "upload": _upload_s(needed, sent.times),
        "headers": since_start(sent.times.headers_s),
        "first_byte": since_start(sent.times.first_byte_s),
        "first_partial": since_start(_first_partial_at_s(record, provider, sent)),
        "completion": None if job else sent.times.end_s - start_s,
        "webhook": since_start(delivered_at_s),
        "download": _sum(
            exchange.times.end_s - exchange.times.sent_s
            for exchange in needed
            if exchange.step == "download"
        ),
        "decode": _sum(exchange.times.decode_s for exchange in needed),
        "pixels": max(times.pixels_s - delay_s for times, delay_s in delayed_by_us(needed))
        - start_s,
    }
    return {name: max(seconds, 0.0) for name, seconds in durations.items() if seconds is not None}


def _sum(parts: Iterable[float | None]) -> float | None:
    measured = [part for part in parts if part is not None]
    return sum(measured) if measured else None


def _upload_s(needed: Sequence[Exchange], sent: Times) -> float | None:
    files = [
        exchange.times.end_s - exchange.times.sent_s
        for exchange in needed
        if exchange.step == "upload"
    ]
    if sent.written_s is None:
        return _sum(files)
    setting_up = sum(part or 0.0 for part in (sent.dns_s, sent.connect_s, sent.tls_s))
    return _sum([*files, sent.written_s - sent.sent_s - setting_up])


def _first_partial_at_s(record: Record, provider: Provider, sent: Exchange) -> float | None:
    stream = provider.operation(record.shot.case.operation).stream
    if stream is None or not isinstance(sent.answer, Reply):
        return None
    return next((event.at_s for event in sent.answer.events if event.name == stream.partial), None)


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
    at_one_go = [exchange for exchange in needed if exchange.times.due_s == needed[0].times.due_s]
    due_s = needed[0].times.due_s if needed else record.shot.due_s
    # What a later run went on with has another intended start: we cut it off between the two.
    end: End = "cut_off" if len(at_one_go) < len(needed) else end_of(record)
    job = _job_end(record, provider)
    sent = submission(record.exchanges)
    lead_s = sent.times.sent_s - due_s if sent else 0.0
    replies = [
        exchange.answer for exchange in record.exchanges if isinstance(exchange.answer, Reply)
    ]
    done_s = _done_s(at_one_go, due_s, end)
    delivered = len(outcome.pictures) if isinstance(outcome, Images) and end == "served" else 0
    listed, bounded = listed_for(record, provider, delivered)
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
        completion=EndBounds(after_s=job.after_s + lead_s, before_s=job.before_s + lead_s)
        if job
        else None,
        server_s=_server_clocks(replies),
        error_class=_error_class(record, end),
        images=delivered,
        body_bytes=sum(reply.size_bytes for reply in replies),
        unit=price.unit,
        listed=listed,
        bounded=bounded,
        vantage=record.evidence.vantage,
        charged=outcome.charged if isinstance(outcome, Images) else None,
        may_be_paid=isinstance(outcome, Fault) and outcome.may_be_paid,
        usable=usable and end == "served",
        rate_limited=sum(reply.status == TOO_MANY for reply in replies),
        waited_s=_waited_s(record.exchanges),
        limit_s=sent.request.timeout_s if sent else None,
    )


CLOSE = Decimal("0.95")
"""How near the least must be to the most that an attempt may have cost, for the most to be it."""


def listed_for(record: Record, provider: Provider, delivered: int) -> tuple[Decimal, bool]:
    """Return what the price list says of the images delivered, and whether that is only a bound."""
    case, price, outcome = record.shot.case, record.shot.price, record.outcome
    if price.at_most and isinstance(outcome, Images) and outcome.pictures:
        operation = provider.operation(case.operation)
        if worked := worked_out(provider, operation, case.arguments, outcome):
            return worked.high, worked.low < worked.high * CLOSE
    part = 0 < delivered < price.images and not listed_by_request(
        provider, provider.operation(case.operation), case.arguments
    )
    return (price.amount * delivered / price.images if part else price.amount), price.at_most


def _has_times(record: Record) -> bool:
    """Tell whether the round trips follow each other in time; one that never began has no need."""
    if not record.exchanges:
        return isinstance(record.outcome, Fault) and record.outcome.may_be_paid
    times = [exchange.times for exchange in record.exchanges]
    backwards = any(later.sent_s < earlier.sent_s for earlier, later in pairwise(times))
    timed = any(time.end_s > time.sent_s for time in times)
    never_left = all(
        isinstance(exchange.answer, Failure) and not exchange.answer.sent
        for exchange in record.exchanges
    )
    return not backwards and (timed or never_left)


def _needed(record: Record) -> list[Exchange]:
    return [exchange for exchange in record.exchanges if exchange.step in (*NEEDED, "upload")]


def end_of(record: Record) -> End:
    """Return how a request that was sent came to its end."""
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
    ends = [
        (times.pixels_s if end == "served" else times.end_s) - delay_s
        for times, delay_s in delayed_by_us(needed)
    ]
    return max(ends, default=due_s)


def _job_end(record: Record, provider: Provider) -> JobEnd | None:
    operation = provider.operation(record.shot.case.operation)
    if operation.job is None or not isinstance(record.outcome, Images):
        return None
    return job_end(operation, operation.job, record)


def _error_class(record: Record, end: End) -> ErrorClass | None:
    error = error_of(record.outcome)
    if error is None:  # a reply that should hold images, and holds none
        return "content" if end == "failed" else None
    return error[0] if end != "cut_off" or isinstance(record.outcome, Refused) else None


def _waited_s(exchanges: Sequence[Exchange]) -> float:
    """Return the seconds between a reply that told us to slow down and what left next."""
    return sum(
        max(later.times.sent_s - exchange.times.end_s, 0.0)
        for exchange, later in pairwise(exchanges)
        if isinstance(exchange.answer, Reply) and exchange.answer.status == TOO_MANY
    )


def _server_clocks(replies: Sequence[Reply]) -> dict[str, float]:
    """Return durations by the server's own clocks, in seconds; no clock of ours is in them."""
    clocks: dict[str, float] = {}
    for reply in replies:
        milliseconds = (reply.header(PROCESSING) or "").strip()
        if re.fullmatch(r"[0-9]{1,9}", milliseconds):
            clocks[PROCESSING] = int(milliseconds) / 1000
        document = reply.document
        began, ended = (
            _instant(document.get(key)) if isinstance(document, dict) else None for key in LIFE
        )
        if began is not None and ended is not None and ended >= began:
            clocks[f"{LIFE[1]} - {LIFE[0]}"] = (ended - began).total_seconds()
    return clocks


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None
