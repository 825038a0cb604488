"""A job: polled until it ends, its images fetched, and what may be asked once it has ended."""

from dataclasses import replace
from typing import assert_never
from urllib.parse import quote

from harness.core.case import FollowUp, PlannedRequest
from harness.core.exchange import Failure, Reply, Request
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, FollowUpResult, Images, Outcome
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job
from harness.spec.provider import Operation, Provider
from harness.spec.request import JSON
from harness.wire.errors import OK, REDIRECT, fault_of, read_error
from harness.wire.images import collect, missing_fields
from harness.wire.protocols import protocol
from harness.wire.reply import submitted
from harness.wire.retry import (
    RETRY_AFTER_AT_MOST_S,
    Answer,
    Pause,
    Talk,
    Wire,
    pause_asked,
    send_once,
    send_request,
    send_until_answered,
)

NEVER_WAS = "00000000-0000-4000-8000-000000000000"
"""An id that no provider gives out: a version-4 UUID without a random bit set."""

DELIVERY_S = 90.0
"""How long a webhook may take after the job has ended, as the polls see it."""

REPEATED_S = 5.0
"""How long to listen on for a repetition, once something was delivered."""


@protocol("job")
def submitted_job(provider: Provider, operation: Operation, shot: PlannedRequest) -> Wire:
    """Submit a job and see it through to its images, its failure, or the end of the waiting."""
    job = operation.job
    if job is None:
        raise ValueError(f"{provider.name} has no jobs")
    answer = yield from submitted(provider, operation, shot)
    if not isinstance(answer, Reply):
        return answer
    job_id = job_id_of(first_match(job.id, answer.document))
    lacking = missing_fields(job.submitted, answer.document)
    if not job_id:
        return Images(pictures=(), missing=lacking or ("a job id",), document=answer.document)
    outcome = yield from attend(provider, operation, job, shot, job_id)
    if not isinstance(outcome, Images):
        return outcome
    return replace(outcome, missing=(*lacking, *outcome.missing))


def attend(
    provider: Provider, operation: Operation, job: Job, shot: PlannedRequest, job_id: str
) -> Wire:
    """Poll a job by its id until it ends, also one that an earlier run has given up waiting for."""
    outcome = yield from _polled(provider, operation, job, shot.request, job_id)
    yield from _deliveries(operation, shot)
    if not isinstance(outcome, Images):
        return outcome
    after: tuple[FollowUpResult, ...] = ()
    for kind in shot.case.follow_ups:
        follow_up = yield from _followed_up(job, kind, job_id, shot.request)
        after = (*after, follow_up)
    return replace(outcome, after=after)


def _polled(
    provider: Provider, operation: Operation, job: Job, request: Request, job_id: str
) -> Wire:
    """Poll at the documented pace, or at the one that Retry-After asks for."""
    waited = 0.0
    while True:
        answer = yield from send_until_answered(_poll(job, job_id, request), "poll")
        if isinstance(answer, Failure):
            return fault_of(answer, paid=True, job=job_id)
        fault = _ended_badly(provider, job, answer, job_id)
        if fault is not None:
            return fault
        state = first_match(job.state, answer.document)
        if state in job.done:
            return (yield from collect(operation, answer, job=job_id))
        if waited >= request.timeout_s:
            return _stuck(state, waited, job_id)
        pause = max(job.interval_s, min(pause_asked(answer) or 0.0, RETRY_AFTER_AT_MOST_S))
        waited += pause
        yield Pause(seconds=pause)


def _poll(job: Job, job_id: str, request: Request) -> Request:
    return Request(
        method="GET",
        target=job.poll_path.format(id=_quoted(job_id)),
        headers=(JSON,),
        timeout_s=request.timeout_s,
    )


def _deliveries(operation: Operation, shot: PlannedRequest) -> Talk[None]:
    """Ask our own receiver what was delivered for this request, and listen on for a repetition."""
    webhook = operation.webhook
    given = shot.case.arguments.get(webhook.argument) if webhook else None
    if not isinstance(given, str) or not given.startswith(WEBHOOKS):
        return
    target = INBOX + given.removeprefix(WEBHOOKS)
    wait = Request(method="GET", target=target, timeout_s=DELIVERY_S)
    answer = yield from send_request(wait, "deliveries")
    if _delivered(answer):
        yield Pause(seconds=REPEATED_S)
        yield from send_request(replace(wait, timeout_s=0.0), "deliveries")


def _delivered(answer: Answer) -> bool:
    document = answer.document if isinstance(answer, Reply) else None
    return isinstance(document, dict) and bool(document.get("deliveries"))


def _followed_up(job: Job, kind: FollowUp, job_id: str, request: Request) -> Talk[FollowUpResult]:
    match kind:
        case "poll_again":
            answer = yield from send_until_answered(_poll(job, job_id, request), "follow_up")
        case "unknown_job":
            answer = yield from send_until_answered(_poll(job, NEVER_WAS, request), "follow_up")
        case "same_key":
            answer = yield from send_once(request, "follow_up")
        case _:
            assert_never(kind)
    if isinstance(answer, Failure):
        return FollowUpResult(kind=kind, why=answer.why)
    state = first_match(job.state, answer.document)
    return FollowUpResult(
        kind=kind,
        status=answer.status,
        job=job_id_of(first_match(job.id, answer.document)) or None,
        state=state if isinstance(state, str) else None,
    )


def _ended_badly(provider: Provider, job: Job, reply: Reply, job_id: str) -> Fault | None:
    if not OK <= reply.status < REDIRECT:
        return _lost(provider, reply, job_id)
    state = first_match(job.state, reply.document)
    if state in job.failed:
        return _failed(provider, job, reply, job_id)
    return None if state in (*job.done, *job.pending) else _odd(state, job_id)


def job_id_of(found: Json) -> str:
    """Return a job's id as text: one that came as a number is paid for all the same."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def _quoted(job_id: str) -> str:
    """Return a job's id as one segment of a path, whatever is in it."""
    dots = job_id in (".", "..")  # clients and servers alike would walk up the path
    return "%2E" * len(job_id) if dots else quote(job_id, safe="", errors="replace")


def _lost(provider: Provider, reply: Reply, job_id: str) -> Fault:
    error = read_error(provider.errors, reply)
    return Fault(
        error_class=error.error_class,
        why=f"poll of job {job_id} answered HTTP {reply.status}: {error.message[:200]}",
        may_be_paid=True,
        status=reply.status,
        job=job_id,
    )


def _failed(provider: Provider, job: Job, reply: Reply, job_id: str) -> Fault:
    said = first_match(job.error, reply.document)
    return Fault(
        error_class="job_failed",
        why=f"job {job_id} failed: {str(said)[:300]}",
        may_be_paid=provider.prices.failed_free is None,
        job=job_id,
    )


def _odd(state: object, job_id: str) -> Fault:
    return Fault(
        error_class="protocol",
        why=f"job {job_id} is in a state that no document knows: {str(state)[:60]!r}",
        may_be_paid=True,
        job=job_id,
    )


def _stuck(state: object, waited_s: float, job_id: str) -> Outcome:
    return Fault(
        error_class="timeout",
        why=f"stuck: job {job_id} is still {state} after {waited_s:.0f} s of polling",
        may_be_paid=True,
        job=job_id,
    )
