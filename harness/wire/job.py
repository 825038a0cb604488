"""A job: it is polled until it ends, its images are downloaded, its follow-ups are sent."""

from dataclasses import replace
from typing import Literal, assert_never
from urllib.parse import quote

from harness.core.case import FollowUp, PlannedRequest
from harness.core.exchange import Failure, Reply, Request
from harness.core.outcome import Fault, FollowUpResult, Images
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.spec.beside import JSON
from harness.spec.expressions import first_match
from harness.spec.lifecycle import Job, job_id_of, other_job
from harness.spec.provider import Operation, Provider
from harness.wire.errors import OK, REDIRECT, fault_of, read_error
from harness.wire.images import collect, image_texts, missing_fields
from harness.wire.protocols import protocol
from harness.wire.reply import submitted
from harness.wire.retry import (
    MISSING_PAUSES_S,
    RETRY_AFTER_AT_MOST_S,
    Pause,
    Talk,
    Wire,
    jittered,
    pause_asked,
    send_once,
    send_request,
    send_until_answered,
)

NEVER_WAS = "00000000-0000-4000-8000-000000000000"
"""An id that no provider gives out: a version-4 UUID without a random bit set."""

DELIVERY_S = 90.0
"""How long a webhook may take after the job has ended, as the polls see it."""

MISSING = 404

REPEATED_S = 5.0
"""How long to listen on for a repetition, once something was delivered."""


@protocol("job")
def submitted_job(provider: Provider, operation: Operation, planned: PlannedRequest) -> Wire:
    """Submit a job and see it through to its images, its failure, or the end of the waiting."""
    job = operation.job
    if job is None:
        raise ValueError(f"{provider.name} has no jobs")
    answer = yield from submitted(provider, operation, planned)
    if not isinstance(answer, Reply):
        return answer
    job_id = job_id_of(first_match(job.id, answer.document))
    missing = missing_fields(job.submitted, answer.document)
    if not job_id:
        return Images(pictures=(), missing=missing or ("a job id",), document=answer.document)
    if planned.request.credential != "own":  # to be accepted is all that it must not be
        return Images(pictures=(), document=answer.document, job=job_id)
    outcome = yield from attend(provider, operation, job, planned, job_id)
    if not isinstance(outcome, Images):
        return outcome
    return replace(outcome, missing=(*missing, *outcome.missing))


def attend(
    provider: Provider, operation: Operation, job: Job, planned: PlannedRequest, job_id: str
) -> Wire:
    """Poll a job by its id until it ends, also one that an earlier run stopped waiting for."""
    outcome = yield from _polled(provider, operation, job, planned.request, job_id)
    yield from _deliveries(operation, planned)
    if not isinstance(outcome, Images):
        return outcome
    after: tuple[FollowUpResult, ...] = ()
    for kind in planned.case.follow_ups:
        after += ((yield from _followed_up(job, kind, job_id, planned.request)),)
    return replace(outcome, after=after)


def _polled(
    provider: Provider, operation: Operation, job: Job, request: Request, job_id: str
) -> Wire:
    """Poll at the documented pace, or at the one that Retry-After asks for.

    A job that is not found, or whose poll tells of another job or of no state, is polled again a
    few times: copies of a store may disagree for a while. A state that no document names is
    polled through. What is told of another job is never taken for an answer about this one.
    """
    waited, astray = 0.0, 0
    while True:
        answer = yield from send_until_answered(_poll(job, job_id, request), "poll")
        if isinstance(answer, Failure):
            return fault_of(answer, paid=True, job=job_id)
        stage = stage_of(job, answer, job_id)
        late = waited >= request.timeout_s
        if stage == "done" or (late and _has_images(operation, stage, answer)):
            return (yield from collect(operation, answer, job=job_id))
        again = stage in ASTRAY and astray < len(MISSING_PAUSES_S)
        if stage in ENDED or ((late or stage in ASTRAY) and not again):
            return _fault(provider, job, answer, job_id, waited)
        pause = max(job.interval_s, _asked_s(answer, request))
        if again:
            pause = MISSING_PAUSES_S[astray]
        astray = astray + 1 if again else 0
        waited += pause
        yield Pause(seconds=pause)


def _asked_s(answer: Reply, request: Request) -> float:
    asked_s = min(pause_asked(answer) or 0.0, RETRY_AFTER_AT_MOST_S)
    return jittered(asked_s, request, 0)


PollStage = Literal[
    "done", "pending", "undocumented", "failed", "error", "missing", "stateless", "another"
]
"""What a poll shows of a job: an end, a way to go (in a state that no document names, perhaps), an
error, or nothing of this job (no such job, no state, `another` job)."""

ENDED = ("failed", "error")
ASTRAY = ("missing", "stateless", "another")


def stage_of(job: Job, reply: Reply, job_id: str) -> PollStage:
    """Return what a reply to the poll of a job shows of it."""
    if not OK <= reply.status < REDIRECT:
        return "missing" if reply.status in (MISSING, job.unknown_status) else "error"
    if not isinstance(
        reply.document, dict | list
    ):  # a page, or half a reply: asked for often enough
        return "error"
    if other_job(job, reply.document, job_id):
        return "another"
    state = first_match(job.state, reply.document)
    if not isinstance(state, str) or not state:
        return "stateless"
    if state in job.done:
        return "done"
    if state in job.failed:
        return "failed"
    return "pending" if state in job.pending else "undocumented"


def _has_images(operation: Operation, stage: PollStage, reply: Reply) -> bool:
    """Tell whether a job that is at an undocumented state to the last shows its images anyway."""
    return stage == "undocumented" and bool(image_texts(operation.reply, reply.document))


def _poll(job: Job, job_id: str, request: Request) -> Request:
    return Request(
        method="GET",
        target=job.poll_path.format(id=_quoted(job_id)),
        headers=(JSON,),
        timeout_s=request.timeout_s,
    )


def _deliveries(operation: Operation, planned: PlannedRequest) -> Talk[None]:
    """Collect the webhooks of this request from our own server; after one, wait for another."""
    webhook = operation.webhook
    address = planned.case.arguments.get(webhook.argument) if webhook else None
    if not isinstance(address, str) or not address.startswith(WEBHOOKS):
        return
    target = INBOX + address.removeprefix(WEBHOOKS)
    wait = Request(method="GET", target=target, timeout_s=DELIVERY_S)
    answer = yield from send_request(wait, "deliveries")
    document = answer.document if isinstance(answer, Reply) else None
    if isinstance(document, dict) and document.get("deliveries"):
        yield Pause(seconds=REPEATED_S)
        yield from send_request(replace(wait, timeout_s=0.0), "deliveries")


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


def _fault(provider: Provider, job: Job, reply: Reply, job_id: str, waited_s: float) -> Fault:
    """Return what a job came to that brought no images."""
    stage, state = stage_of(job, reply, job_id), first_match(job.state, reply.document)
    if stage in ("error", "missing"):
        error = read_error(provider.errors, reply)
        return Fault(
            error_class=error.error_class,
            why=f"poll of job {job_id} answered HTTP {reply.status}: {error.message[:200]}",
            may_be_paid=True,
            status=reply.status,
            job=job_id,
        )
    if stage == "failed":
        return Fault(
            error_class="job_failed",
            why=f"job {job_id} failed: {str(first_match(job.error, reply.document))[:300]}",
            may_be_paid=provider.prices.failed_free is None,
            job=job_id,
        )
    if stage == "pending":
        why = f"stuck: job {job_id} is still {state} after {waited_s:.0f} s of polling"
        return Fault(error_class="timeout", why=why, may_be_paid=True, job=job_id)
    why = f"job {job_id} is in a state that no document knows: {str(state)[:60]!r}"
    if stage == "another":
        other = other_job(job, reply.document, job_id)[:80]
        why = f"polls of job {job_id} tell of another job, {other}: its images are not taken"
    return Fault(error_class="protocol", why=why, may_be_paid=True, job=job_id)


def _quoted(job_id: str) -> str:
    """Return a job's id as one segment of a path, whatever is in it."""
    dots = job_id in (".", "..")  # clients and servers alike would walk up the path
    return "%2E" * len(job_id) if dots else quote(job_id, safe="", errors="replace")
