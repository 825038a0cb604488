"""The protocols: images in the reply, a stream of events, or a job that is submitted and polled."""

import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from harness.core.case import Shot
from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.jsontype import Json
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.spec.provider import Job, Operation, Provider, Stream
from harness.spec.source import first
from harness.wire.errors import (
    OK,
    REDIRECT,
    SERVER,
    by_status,
    fault_of,
    is_error,
    read_error,
    refused_or_fault,
)
from harness.wire.reading import (
    image_texts,
    images,
    missing,
    no_picture,
    not_recorded,
    streamed,
    unfetched,
)
from harness.wire.step import Answer, Pause, Talk, Wire, send

TRIES = 4
"""How often a request that costs nothing to repeat (a poll, a download, one that was answered 429)
is made before it counts as failed."""

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
RETRY_AFTER_AT_MOST_S = 120.0
FIRST_RETRY_S = 1.0
DOWNLOAD_S = 120.0
BAD, TOO_MANY = 400, 429
ABOUT_THE_ASKER = frozenset((401, 403, 407, 408))
"""Answers to a download that are about who asks, from where or how slowly, not about the image."""
GET_HEADERS = (("Accept", "application/json"),)


def speak(provider: Provider, operation: Operation, shot: Shot) -> Wire:
    """Send one shot and see it through to its images, its refusal or its fault."""
    answer = yield from _once(shot.request)
    if isinstance(answer, Failure):
        return fault_of(answer, paid=False)
    if is_error(provider.errors, answer):
        return refused_or_fault(provider.errors, answer)
    if answer.events and operation.stream is not None:
        return _events(provider, operation.stream, answer)
    if not isinstance(answer.document, dict | list):
        shown = (answer.text or "an empty body")[:120]
        return Fault(
            error_class="protocol",
            why=f"HTTP {answer.status} without JSON: {shown!r}",
            may_be_paid=True,
            status=answer.status,
        )
    if operation.job is not None:
        return (yield from _follow(provider, operation, operation.job, answer, shot.request))
    return (yield from _collect(operation, answer, job=None))


def _once(request: Request) -> Talk[Answer]:
    """Send a request that may cost money: again only where the provider said it was too early."""
    answer = yield from send(request)
    for attempt in range(TRIES - 1):
        if not isinstance(answer, Reply) or answer.status != TOO_MANY:
            break
        yield Pause(seconds=_retry_after(answer, attempt))
        answer = yield from send(request)
    return answer


def _again(request: Request) -> Talk[Answer]:
    """Send a request that costs nothing to repeat, until it is answered by more than an outage."""
    answer = yield from send(request)
    for attempt in range(TRIES - 1):
        if _settled(answer):
            break
        wait = FIRST_RETRY_S * 2**attempt
        yield Pause(seconds=_retry_after(answer, attempt) if isinstance(answer, Reply) else wait)
        answer = yield from send(request)
    return answer


def _settled(answer: Answer) -> bool:
    """Tell whether asking again would tell no more: a gateway's page in place of JSON is nothing.

    An image is its own document.
    """
    if isinstance(answer, Failure):
        return not answer.sent and answer.kind in ("not_on_tape", "protocol")
    if OK <= answer.status < REDIRECT:
        return answer.document is not None
    return answer.status < SERVER and answer.status != TOO_MANY


def _retry_after(reply: Reply, attempt: int) -> float:
    """Return the pause that the provider asks for, in seconds, or our own doubling one."""
    asked = _asked(reply)
    return FIRST_RETRY_S * 2**attempt if asked is None else min(asked, RETRY_AFTER_AT_MOST_S)


def _asked(reply: Reply) -> float | None:
    """Read Retry-After, as seconds or as a date: that one counts from the reply's own Date."""
    text = (reply.header("retry-after") or "").strip()
    if SECONDS.fullmatch(text):
        return float(text)
    try:
        then, now = (parsedate_to_datetime(one) for one in (text, reply.header("date") or ""))
        return max((then - now).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):  # no date, or half a one
        return None


def _follow(
    provider: Provider, operation: Operation, job: Job, submitted: Reply, request: Request
) -> Wire:
    """Poll a submitted job until it ends or the provider's time is up, then fetch its images."""
    job_id = _job_id(first(job.id, submitted.document))
    lacking = missing(job.submitted, submitted.document)
    if not job_id:
        return Images(pictures=(), missing=lacking or ("a job id",), document=submitted.document)
    poll = Request(
        method="GET",
        target=job.poll_path.format(id=_quoted(job_id)),
        headers=GET_HEADERS,
        timeout_s=request.timeout_s,
    )
    waited = 0.0
    while True:
        answer = yield from _again(poll)
        if isinstance(answer, Failure):
            return fault_of(answer, paid=True, job=job_id)
        fault = _ended_badly(provider, job, answer, job_id)
        if fault is not None:
            return fault
        state = first(job.state, answer.document)
        if state in job.done:
            return (yield from _collect(operation, answer, job=job_id, lacking=lacking))
        if waited >= request.timeout_s:
            return _stuck(state, waited, job_id)
        pause = max(job.interval_s, min(_asked(answer) or 0.0, RETRY_AFTER_AT_MOST_S))
        waited += pause
        yield Pause(seconds=pause)


def _ended_badly(provider: Provider, job: Job, reply: Reply, job_id: str) -> Fault | None:
    if not OK <= reply.status < REDIRECT:
        return _lost(provider, reply, job_id)
    state = first(job.state, reply.document)
    if state in job.failed:
        return _failed(provider, job, reply, job_id)
    return None if state in (*job.done, *job.pending) else _odd(state, job_id)


def _job_id(found: Json) -> str:
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
    said = first(job.error, reply.document)
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


def _stuck(state: object, waited_s: float, job_id: str) -> Fault:
    return Fault(
        error_class="timeout",
        why=f"stuck: job {job_id} is still {state} after {waited_s:.0f} s of polling",
        may_be_paid=True,
        job=job_id,
    )


def _events(provider: Provider, stream: Stream, reply: Reply) -> Outcome:
    for event in reply.events:
        if event.name == stream.error:
            data = event.data if isinstance(event.data, dict) else {}
            return _broken_off(provider, replace(reply, document=data))
    return streamed(stream, reply)


def _broken_off(provider: Provider, reply: Reply) -> Refused | Fault:
    """Read an error event, which has no status: only its words can make it a refusal."""
    error = read_error(provider.errors, reply)
    if error.error_class == "unknown":
        return Fault(
            error_class="server",
            why=f"the stream ended with an error: {error.message[:300] or 'no message'}",
            may_be_paid=True,
            status=reply.status,
        )
    return refused_or_fault(provider.errors, replace(reply, status=BAD))


def _collect(
    operation: Operation, reply: Reply, *, job: str | None, lacking: tuple[str, ...] = ()
) -> Wire:
    """Fetch the images that a reply names and return them with all that the reply declares."""
    pictures: list[Picture] = []
    for text in image_texts(operation.reply, reply.document):
        if text in reply.pictures:
            pictures.append(reply.pictures[text])
        elif text.startswith(("http://", "https://")):
            picture = yield from _fetch(text)
            if isinstance(picture, Fault):
                return replace(picture, job=job)
            pictures.append(picture)
        else:
            pictures.append(no_picture(text))
    found = images(operation.reply, reply, tuple(pictures), job=job)
    return replace(found, missing=(*lacking, *found.missing))


def _fetch(address: str) -> Talk[Picture | Fault]:
    """Download one image; a fault where the network failed, a broken picture where it is none."""
    answer = yield from _again(Request(method="GET", target=address, timeout_s=DOWNLOAD_S))
    if isinstance(answer, Failure):
        if answer.kind == "not_on_tape":
            return not_recorded(address)
        return fault_of(answer, paid=True)
    if answer.status >= SERVER or answer.status in ABOUT_THE_ASKER:
        return Fault(
            error_class=by_status(answer.status),
            why=f"{address} answered HTTP {answer.status}",
            may_be_paid=True,
            status=answer.status,
        )
    if answer.status != OK:
        return unfetched(address, f"{address} answered HTTP {answer.status}")
    whole = answer.pictures.get(answer.document) if isinstance(answer.document, str) else None
    return whole or unfetched(address, f"{address} holds no image")
