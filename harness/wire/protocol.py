"""The protocols: images in the reply, a stream of events, or a job that is submitted and polled."""

from dataclasses import replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Failure, Reply, Request
from harness.core.outcome import Fault, Outcome, Refused
from harness.spec.lifecycle import Stream
from harness.spec.provider import Operation, Provider
from harness.wire.downloads import collect
from harness.wire.errors import fault_of, is_error, read_error, refused_or_fault
from harness.wire.images import read_streamed
from harness.wire.job import attend, follow
from harness.wire.retry import send_once
from harness.wire.steps import Wire
from harness.wire.upload import uploaded

BAD = 400


def speak(provider: Provider, operation: Operation, shot: PlannedRequest) -> Wire:
    """Send one shot and see it through to its images, its refusal or its fault."""
    if operation.upload is not None:
        ready = yield from uploaded(provider, operation.upload, shot.case.arguments, shot.request)
        if not isinstance(ready, Request):
            return ready
        shot = replace(shot, request=ready)  # a repetition names the same addresses
    answer = yield from send_once(shot.request)
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
        return (yield from follow(provider, operation, operation.job, answer, shot))
    return (yield from collect(operation, answer, job=None))


def pick_up(provider: Provider, operation: Operation, shot: PlannedRequest, job_id: str) -> Wire:
    """See a job through whose waiting was given up: it is polled by its id, never submitted.

    Its idempotency key may be forgotten by now, so that a repetition would be paid; and webhooks
    went to where the earlier run listened.
    """
    if operation.job is None:
        raise ValueError(f"{provider.name} has no jobs")
    webhook = operation.webhook.argument if operation.webhook else None
    case = replace(
        shot.case,
        arguments={name: one for name, one in shot.case.arguments.items() if name != webhook},
        follow_ups=tuple(kind for kind in shot.case.follow_ups if kind != "same_key"),
    )
    return (yield from attend(provider, operation, operation.job, replace(shot, case=case), job_id))


def _events(provider: Provider, stream: Stream, reply: Reply) -> Outcome:
    for event in reply.events:
        if event.name == stream.error:
            data = event.data if isinstance(event.data, dict) else {}
            ended = _broken_off(provider, replace(reply, document=data))
            came = any(one.name in (stream.partial, stream.completed) for one in reply.events)
            return replace(ended, may_be_paid=True) if came and ended.kind == "fault" else ended
    return read_streamed(stream, reply)


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
