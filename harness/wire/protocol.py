"""The protocols: images in the reply, a stream of events, or a job that is submitted and polled."""

from dataclasses import replace
from urllib.parse import quote

from harness.core.case import Shot
from harness.core.exchange import Failure, Picture, Reply, Request
from harness.core.outcome import Fault, Images, Outcome
from harness.spec.provider import Job, Operation, Provider, Stream
from harness.spec.source import first
from harness.wire.errors import (
    OK,
    REDIRECT,
    SERVER,
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

RETRY_AFTER_AT_MOST_S = 120.0
FIRST_RETRY_S = 1.0
DOWNLOAD_S = 120.0
BAD, TOO_MANY = 400, 429
GET_HEADERS = (("Accept", "application/json"),)


def speak(provider: Provider, operation: Operation, shot: Shot) -> Wire:
    """Send one shot and see it through to its images, its refusal or its fault."""
    answer = yield from _once(shot.request)
    if isinstance(answer, Failure):
        return fault_of(answer, paid=True)
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
        wait = _retry_after(answer, attempt) if isinstance(answer, Reply) else FIRST_RETRY_S
        yield Pause(seconds=wait)
        answer = yield from send(request)
    return answer


def _settled(answer: Answer) -> bool:
    if isinstance(answer, Failure):
        return answer.kind == "not_on_tape"
    return answer.status < SERVER and answer.status != TOO_MANY


def _retry_after(reply: Reply, attempt: int) -> float:
    """Return the pause that the provider asks for, in seconds, or our own doubling one."""
    asked = reply.header("retry-after") or ""
    own = FIRST_RETRY_S * 2**attempt
    return min(float(asked), RETRY_AFTER_AT_MOST_S) if asked.isascii() and asked.isdigit() else own


def _follow(
    provider: Provider, operation: Operation, job: Job, submitted: Reply, request: Request
) -> Wire:
    """Poll a submitted job until it ends or the provider's time is up, then fetch its images."""
    job_id = first(job.id, submitted.document)
    lacking = missing(job.submitted, submitted.document)
    if not isinstance(job_id, str) or not job_id:
        return Images(pictures=(), missing=lacking or ("a job id",), document=submitted.document)
    poll = Request(
        method="GET",
        target=job.poll_path.format(id=quote(job_id, safe="")),
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
        pause = max(job.interval_s, _asked(answer))
        waited += pause
        yield Pause(seconds=pause)


def _ended_badly(provider: Provider, job: Job, reply: Reply, job_id: str) -> Fault | None:
    if not OK <= reply.status < REDIRECT:
        return _lost(provider, reply, job_id)
    state = first(job.state, reply.document)
    if state in job.failed:
        return _failed(job, reply, job_id)
    return None if state in (*job.done, *job.pending) else _odd(state, job_id)


def _asked(reply: Reply) -> float:
    return _retry_after(reply, 0) if reply.header("retry-after") else 0.0


def _lost(provider: Provider, reply: Reply, job_id: str) -> Fault:
    error = read_error(provider.errors, reply)
    return Fault(
        error_class=error.error_class,
        why=f"poll of job {job_id} answered HTTP {reply.status}: {error.message[:200]}",
        may_be_paid=True,
        status=reply.status,
        job=job_id,
    )


def _failed(job: Job, reply: Reply, job_id: str) -> Fault:
    said = first(job.error, reply.document)
    return Fault(
        error_class="job_failed",
        why=f"job {job_id} failed: {str(said)[:300]}",
        may_be_paid=False,
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
            return refused_or_fault(provider.errors, replace(reply, document=data, status=BAD))
    return streamed(stream, reply)


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
    if answer.status >= SERVER:
        return Fault(
            error_class="server",
            why=f"{address} answered HTTP {answer.status}",
            may_be_paid=True,
            status=answer.status,
        )
    if answer.status != OK:
        return unfetched(address, f"{address} answered HTTP {answer.status}")
    whole = answer.pictures.get(answer.document) if isinstance(answer.document, str) else None
    return whole or unfetched(address, f"{address} holds no image")
