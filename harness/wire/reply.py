"""The protocols whose reply holds the images: as JSON, or as a stream of events."""

import re
from dataclasses import replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Failure, Reply
from harness.core.jsonvalue import Json
from harness.core.outcome import Fault, Outcome, Refused
from harness.spec.lifecycle import Stream
from harness.spec.provider import Operation, Provider
from harness.wire.errors import OK, fault_of, is_error, read_error, refused_or_fault
from harness.wire.images import collect, read_streamed
from harness.wire.protocols import protocol
from harness.wire.retry import Talk, Wire, send_once

BAD = 400
FAILED_RESPONSE = "response.failed"
"""The event of the Responses API that ends a stream in place of its completion."""
KEY_STATUSES = (401, 403)
ABOUT_KEY = re.compile(r"api[ _-]?key|authori[sz]|unauthenticated|credential", re.IGNORECASE)


@protocol("reply")
@protocol("responses")
def images_in_reply(provider: Provider, operation: Operation, planned: PlannedRequest) -> Wire:
    """Send one request and take its images from the reply."""
    answer = yield from submitted(provider, operation, planned)
    if not isinstance(answer, Reply):
        return answer
    return (yield from collect(operation, answer, job=None))


def submitted(
    provider: Provider, operation: Operation, planned: PlannedRequest
) -> Talk[Reply | Outcome]:
    """Send one request; return its reply where that holds JSON to go on with, else the outcome."""
    answer = yield from send_once(planned.request)
    if isinstance(answer, Failure):
        return _without_reply(provider, answer)
    if operation.protocol == "responses" and (failed := _failed_response(answer)):
        return _broken_off(provider, replace(answer, document=failed))
    if is_error(provider.errors, answer):
        if planned.request.credential != "own" and (refused := refused_key(provider, answer)):
            return refused
        return refused_or_fault(provider.errors, answer)
    if answer.events and operation.stream is not None:
        return _events(provider, operation, operation.stream, answer)
    whole_image = isinstance(answer.document, str) and answer.document in answer.pictures
    if not isinstance(answer.document, dict | list) and not whole_image:
        shown = (answer.text or "an empty body")[:120]
        return Fault(
            error_class="protocol",
            why=f"HTTP {answer.status} without JSON: {shown!r}",
            may_be_paid=True,
            status=answer.status,
        )
    return answer


def _failed_response(reply: Reply) -> dict[str, Json] | None:
    """Return the response that an agent could not finish, as JSON or as the stream's last word."""
    events = (each.data for each in reply.events if each.name == FAILED_RESPONSE)
    for document in (*events, reply.document) if reply.status == OK else ():
        whole = document.get("response", document) if isinstance(document, dict) else None
        if isinstance(whole, dict) and whole.get("status") == "failed":
            return whole
    return None


def _without_reply(provider: Provider, failure: Failure) -> Outcome:
    """Return what a request came to that has no reply, or was too early for too long."""
    early = failure.partial
    if failure.sent or early is None:
        return fault_of(failure, paid=False)
    outcome = refused_or_fault(provider.errors, early)
    if isinstance(outcome, Fault):
        return replace(outcome, why=f"{outcome.why}; {failure.why}")
    return outcome


def refused_key(provider: Provider, reply: Reply) -> Refused | None:
    """Return the refusal of a request that lacks the user's key, if this error is one.

    An error of 401 or 403 is one in any envelope, one in the provider's words for it with any
    status.
    """
    error = read_error(provider.errors, reply)
    named = error.error_class == "auth" or ABOUT_KEY.search(f"{error.code} {error.message}")
    about_key = error.recognised and named
    return Refused(error=error) if about_key or reply.status in KEY_STATUSES else None


def _events(provider: Provider, operation: Operation, stream: Stream, reply: Reply) -> Outcome:
    for event in reply.events:
        if event.name == stream.error:
            data = event.data if isinstance(event.data, dict) else {}
            ended = _broken_off(provider, replace(reply, document=data))
            names = {event.name for event in reply.events}
            if ended.kind == "fault" and names & {stream.partial, stream.completed}:
                return replace(ended, may_be_paid=True)
            return ended
    return read_streamed(operation, stream, reply)


def _broken_off(provider: Provider, reply: Reply) -> Refused | Fault:
    """Read an error event, which has no status: only its text can make it a refusal."""
    error = read_error(provider.errors, reply)
    if error.error_class == "unknown":
        what = "the stream" if reply.events else "the response"
        return Fault(
            error_class="server",
            why=f"{what} ended with an error: {error.message[:300] or 'no message'}",
            may_be_paid=True,
            status=reply.status,
        )
    return refused_or_fault(provider.errors, replace(reply, status=BAD))
