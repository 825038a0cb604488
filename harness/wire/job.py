"""A job: it is polled until it ends, its images are downloaded, its follow-ups are sent."""

from dataclasses import replace
from typing import Literal, assert_never

from harness.core.case import FollowUp, PlannedRequest
from harness.core.exchange import Failure, Reply, Request
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, FollowUpResult, Images, Refused
from harness.core.placeholders import INBOX, WEBHOOKS
from harness.spec.expressions import Paths, first_match
from harness.spec.lifecycle import Job, job_id_of, other_job
from harness.spec.provider import Operation, Provider
from harness.spec.reply_places import where
from harness.wire.collect import Origin, collect, send_until_there
from harness.wire.errors import OK, REDIRECT, fault_of, is_error, read_error, refused_or_fault
from harness.wire.images import image_texts, missing_fields
from harness.wire.places import addresses_of_job
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
from harness.wire.ticket import Ticket

NEVER_WAS = "00000000-0000-4000-8000-000000000000"
"""An id that no provider gives out: a version-4 UUID without a random bit set."""

DELIVERY_S = 90.0
"""How long a webhook may take after the job has ended, as the polls see it."""

MISSING = 404

CANCELLED_S = 30.0
"""How long a job is polled that was cancelled, in seconds: it may have been faster."""

REPEATED_S = 5.0
"""How long to listen on for a repetition, once something was delivered."""


@protocol("job")
def submitted_job(provider: Provider, operation: Operation, planned: PlannedRequest) -> Wire:
    """Submit a job and see it through to its images, its failure, or the end of the waiting.

    One that its submission's reply already shows as done, with its images, is not polled.
    """
    answer = yield from submitted(provider, operation, planned)
    if not isinstance(answer, Reply):
        return answer
    ticket = ticket_of(provider, operation, planned, "", answer.document)
    missing = missing_fields(ticket.job.submitted, answer.document)
    if not ticket.id and missing:
        return Images(pictures=(), missing=missing, document=answer.document)
    if not ticket.id:
        return _unaddressed(ticket, "the job's id is", ticket.job.id)
    if planned.request.credential != "own":  # to be accepted is all that it must not be
        return Images(pictures=(), document=answer.document, job=ticket.id)
    at_once = answer if _is_done(ticket, answer) else None
    outcome = yield from attend(ticket, planned, at_once=at_once)
    if not isinstance(outcome, Images):
        return outcome
    return replace(outcome, missing=(*missing, *outcome.missing))


def ticket_of(
    provider: Provider, operation: Operation, planned: PlannedRequest, job_id: str, document: Json
) -> Ticket:
    """Return the job of a submission's reply; ValueError where the operation has no jobs.

    Without an id, it is the one that the reply names: an empty one where it names none.
    """
    job = operation.job
    if job is None:
        raise ValueError(f"{provider.name} has no jobs")
    return Ticket(
        provider=provider,
        operation=operation,
        job=job,
        id=job_id or job_id_of(first_match(job.id, document)),
        submitted=document,
        arguments=planned.case.arguments,
        timeout_s=planned.request.timeout_s,
        asked=planned.request,
    )


def _is_done(ticket: Ticket, reply: Reply) -> bool:
    """Tell whether a submission's reply shows an ended job, and where its images are."""
    if first_match(ticket.job.state, reply.document) not in ticket.job.done:
        return False
    if ticket.job.has_result:
        return ticket.result(reply.document) is not None
    return bool(image_texts(ticket.operation.reply, reply.document))


def attend(ticket: Ticket, planned: PlannedRequest, *, at_once: Reply | None = None) -> Wire:
    """Poll a job until it ends, also one that an earlier run stopped waiting for.

    `at_once` is a reply that shows its end already.
    """
    poll = ticket.poll()
    if at_once is not None:
        outcome = yield from _collected(ticket, at_once, ticket.asked.target)
    elif poll is None:
        outcome = _unaddressed(ticket, "the job is polled", ticket.job.poll_url)
    else:
        outcome = yield from _polled(ticket, poll)
    yield from _deliveries(ticket.operation, planned)
    if not isinstance(outcome, Images):
        return outcome
    after: tuple[FollowUpResult, ...] = ()
    for kind in planned.case.follow_ups:
        after += ((yield from _followed_up(ticket, kind, planned.request)),)
    return replace(outcome, after=after)


def _unaddressed(ticket: Ticket, what: str, places: Paths) -> Fault:
    """Return the fault of a gap: what the TOML reads in a reply is not there."""
    at = where(places)
    why = f"not judged: the TOML reads at {at} where {what}; no reply holds it there"
    return Fault(error_class="protocol", why=why, may_be_paid=True, job=ticket.id or None)


def _polled(ticket: Ticket, poll: Request) -> Wire:
    """Poll at the documented pace, or at the one that Retry-After asks for.

    A job that is not found, or whose poll tells of another job or of no state, is polled again a
    few times: copies of a store may disagree for a while. A state that no document names is
    polled through. What is told of another job is never taken for an answer about this one.
    """
    waited, astray, seen = 0.0, 0, ""
    while True:
        answer = yield from send_until_answered(poll, "poll")
        if isinstance(answer, Failure):
            fault = fault_of(answer, paid=True, job=ticket.id)
            return replace(fault, why=f"{fault.why}; {seen}") if seen else fault
        stage = stage_of(ticket.job, answer, ticket.id)
        seen = _undocumented(ticket, answer) if stage == "undocumented" else ""
        late = waited >= ticket.timeout_s
        if stage == "done" or (late and _has_images(ticket.operation, stage, answer)):
            return (yield from _collected(ticket, answer, poll.target))
        again = stage in ASTRAY and astray < len(MISSING_PAUSES_S)
        if stage in ENDED or ((late or stage in ASTRAY) and not again):
            fault = _fault(ticket, answer, waited)
            cancel = ticket.cancel(answer.document) if stage in GOING_ON else None
            return fault if cancel is None else (yield from _cancelled(ticket, cancel, poll, fault))
        pause = max(ticket.job.interval_s, _asked_s(answer, poll))
        if again:
            pause = MISSING_PAUSES_S[astray]
        astray = astray + 1 if again else 0
        waited += pause
        yield Pause(seconds=pause)


def _cancelled(ticket: Ticket, cancel: Request, poll: Request, late: Fault) -> Wire:
    """Cancel a job that is late for good, and see for a short while what becomes of it.

    It may have ended before the word reached it: then its images are paid for, and taken.
    """
    answer = yield from send_until_answered(cancel, "cancel")
    said = answer.why if isinstance(answer, Failure) else f"HTTP {answer.status}"
    late = replace(late, why=f"{late.why}; cancelled ({said})")
    waited = 0.0
    while waited < CANCELLED_S:
        waited += ticket.job.interval_s
        yield Pause(seconds=ticket.job.interval_s)
        polled = yield from send_until_answered(poll, "poll")
        stage = "error" if isinstance(polled, Failure) else stage_of(ticket.job, polled, ticket.id)
        if isinstance(polled, Failure) or stage in ("error", "missing"):
            break
        if stage == "done":
            return (yield from _collected(ticket, polled, poll.target))
        if stage == "failed":  # it will bring nothing: nobody has to pick it up
            state = first_match(ticket.job.state, polled.document)
            return replace(late, why=f"{late.why}, it is {state}", job=None)
    return late


def _collected(ticket: Ticket, reply: Reply, target: str) -> Wire:
    """Take a job's images from the reply that shows its end, or from the address of its result.

    `target` is where the reply came from.
    """
    if not ticket.job.has_result:
        origin = _origin(ticket, reply, target)
        return (yield from collect(ticket.operation, reply, origin=origin, job=ticket.id))
    request = ticket.result(reply.document)
    if request is None:
        return _unaddressed(ticket, "the result lies", ticket.job.result_url)
    answer = yield from send_until_there(request, "result")
    if isinstance(answer, Failure):
        return fault_of(answer, paid=True, job=ticket.id)
    if is_error(ticket.provider.errors, answer):
        outcome = refused_or_fault(ticket.provider.errors, answer)
        if isinstance(outcome, Refused):
            return outcome
        return replace(outcome, may_be_paid=True, job=ticket.id)
    if answer.document is None:
        why = f"the result of job {ticket.id} came without JSON (HTTP {answer.status})"
        return Fault(error_class="protocol", why=why, may_be_paid=True, job=ticket.id)
    origin = _origin(ticket, answer, request.target)
    return (
        yield from collect(ticket.operation, answer, origin=origin, job=ticket.id, polled=reply)
    )


def _origin(ticket: Ticket, reply: Reply, target: str) -> Origin:
    """Return where a job's reply came from; the addresses of the job itself are no results."""
    submission = Reply(status=OK, document=ticket.submitted)
    known = (*addresses_of_job(ticket.job, reply), *addresses_of_job(ticket.job, submission))
    return Origin.of(ticket.asked, target=target, besides=known)


def _asked_s(answer: Reply, request: Request) -> float:
    asked_s = min(pause_asked(answer) or 0.0, RETRY_AFTER_AT_MOST_S)
    return jittered(asked_s, request, 0)


PollStage = Literal[
    "done", "pending", "undocumented", "failed", "error", "missing", "stateless", "another"
]
"""What a poll shows of a job: an end, a way to go (in a state that no document names, perhaps), an
error, or nothing of this job (no such job, no state, `another` job)."""

ENDED = ("failed", "error")
GOING_ON = ("pending", "undocumented")
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


def _followed_up(ticket: Ticket, kind: FollowUp, request: Request) -> Talk[FollowUpResult]:
    job = ticket.job
    match kind:
        case "poll_again":
            again = ticket.poll()
        case "unknown_job":
            again = ticket.poll_of(NEVER_WAS)
        case "same_key":
            again = request
        case _:
            assert_never(kind)
    if again is None:
        return FollowUpResult(kind=kind, why="the address of the poll does not name the job")
    send = send_once if kind == "same_key" else send_until_answered
    answer = yield from send(again, "follow_up")
    if isinstance(answer, Failure):
        return FollowUpResult(kind=kind, why=answer.why)
    state = first_match(job.state, answer.document)
    return FollowUpResult(
        kind=kind,
        status=answer.status,
        job=job_id_of(first_match(job.id, answer.document)) or None,
        state=state if isinstance(state, str) else None,
    )


def _fault(ticket: Ticket, reply: Reply, waited_s: float) -> Fault:
    """Return what a job came to that brought no images."""
    provider, job, job_id = ticket.provider, ticket.job, ticket.id
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
    why = _undocumented(ticket, reply)
    if stage == "another":
        other = other_job(job, reply.document, job_id)[:80]
        why = f"polls of job {job_id} tell of another job, {other}: its images are not taken"
    return Fault(error_class="protocol", why=why, may_be_paid=True, job=job_id)


def _undocumented(ticket: Ticket, reply: Reply) -> str:
    state = first_match(ticket.job.state, reply.document)
    return f"job {ticket.id} is in a state that no document knows: {str(state)[:60]!r}"
