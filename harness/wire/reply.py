"""The protocols whose reply holds the images: as JSON, or as a stream of events."""

import re
from dataclasses import replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Failure, Reply, Request
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.spec.provider import Operation, Provider
from harness.wire.collect import Origin, collect, collect_streamed
from harness.wire.errors import OK, REDIRECT, fault_of, is_error, read_error, refused_or_fault
from harness.wire.images import image_texts
from harness.wire.places import is_address
from harness.wire.protocols import protocol
from harness.wire.retry import Talk, Wire, send_once

SAID_AT_MOST = 200
"""Characters of a provider's words that a sentence quotes."""

BAD = 400
KEY_STATUSES = (401, 403)
ABOUT_KEY = re.compile(r"api[ _-]?key|authori[sz]|unauthenticated|credential", re.IGNORECASE)


@protocol("reply")
@protocol("responses")
def images_in_reply(provider: Provider, operation: Operation, planned: PlannedRequest) -> Wire:
    """Send one request and take its images from the reply."""
    answer = yield from submitted(provider, operation, planned)
    if not isinstance(answer, Reply):
        return answer
    outcome = yield from collect(operation, answer, origin=Origin.of(planned.request), job=None)
    if isinstance(outcome, Images) and not outcome.pictures:
        return _ended_otherwise(provider, answer) or outcome
    return outcome


def submitted(
    provider: Provider, operation: Operation, planned: PlannedRequest
) -> Talk[Reply | Outcome]:
    """Send one request; return its reply where that holds JSON to go on with, else the outcome."""
    answer = yield from send_once(planned.request)
    if isinstance(answer, Failure):
        return _without_reply(provider, answer)
    if is_error(provider.errors, answer):
        if planned.request.credential != "own" and (refused := refused_key(provider, answer)):
            return refused
        return (yield from _in_spite_of(provider, operation, planned.request, answer))
    if answer.events and operation.stream is not None:
        return (yield from _events(provider, operation, planned.request, answer))
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


def _in_spite_of(provider: Provider, operation: Operation, request: Request, reply: Reply) -> Wire:
    """Return the images that stand in an error where a success has them, else the error.

    Only under a status of success: what such a reply delivers may have been paid for.
    """
    agents = operation.protocol == "responses" and OK <= reply.status < REDIRECT
    ended = _ended_otherwise(provider, reply) if agents else None
    error = ended or refused_or_fault(provider.errors, reply)
    origin = Origin.of(request)
    named = [one for one in image_texts(operation.reply, reply.document) if is_address(one)]
    inline = [one for one in image_texts(operation.reply, reply.document) if one in reply.pictures]
    if not OK <= reply.status < REDIRECT or not {*named, *inline} - origin.besides:
        return error
    outcome = yield from collect(operation, reply, origin=origin, job=None)
    if isinstance(outcome, Fault):
        return outcome
    if not isinstance(outcome, Images) or not any(one.digest for one in outcome.pictures):
        return replace(error, may_be_paid=True) if isinstance(error, Fault) else error
    told = read_error(provider.errors, reply)
    words = ", ".join(filter(None, (told.code and f"code {told.code}", told.message)))
    beside = f"an image stands beside an error: {(words or 'no message')[:SAID_AT_MOST]}"
    return replace(outcome, found_at=(*outcome.found_at, beside))


def _events(provider: Provider, operation: Operation, request: Request, reply: Reply) -> Wire:
    stream = operation.stream
    if stream is None:
        raise ValueError(f"{provider.name} has no streams")
    for event in reply.events:
        if event.name == stream.error:
            data = event.data if isinstance(event.data, dict) else {}
            ended = _broken_off(provider, replace(reply, document=data))
            names = {event.name for event in reply.events}
            if ended.kind == "fault" and names & {stream.partial, stream.completed}:
                return replace(ended, may_be_paid=True)
            return ended
    outcome = yield from collect_streamed(operation, stream, reply, origin=Origin.of(request))
    if isinstance(outcome, Images) and not outcome.pictures:
        for event in reversed(reply.events):
            fault = _ended_otherwise(provider, replace(reply, document=event.data, events=()))
            if fault is not None and ENDED_OTHERWISE.search(event.name):
                return fault
    return outcome


ENDED_OTHERWISE = re.compile(
    r"(^|[._])(failed|incomplete|cancelled|canceled|error)$", re.IGNORECASE
)
"""How events are named that end a stream without its result."""


def _ended_otherwise(provider: Provider, reply: Reply) -> Refused | Fault | None:
    """Return the fault of an agent's response that says that it failed or is incomplete.

    `{"status": "failed"}`, on its own or as the `response` of an event; None for any other.
    """
    content = reply.document if isinstance(reply.document, dict) else {}
    inner = content.get("response")
    response = inner if isinstance(inner, dict) else content
    status, kind = response.get("status"), str(content.get("type", ""))
    ended = kind.rpartition(".")[2] if ENDED_OTHERWISE.search(kind) else status
    if ended not in ("failed", "incomplete", "cancelled", "error") or (
        inner is None and content.get("object") != "response" and not kind
    ):
        return None
    if response.get("error"):
        return _broken_off(provider, replace(reply, document=response))
    details = response.get("incomplete_details")
    reason = str(details.get("reason") or "") if isinstance(details, dict) else ""
    moderated = "content_filter" in reason
    return Fault(
        error_class="moderation" if moderated else "server",
        why=f"the response is {ended}{': ' if reason else ''}{reason[:SAID_AT_MOST]}",
        may_be_paid=True,
        status=reply.status,
    )


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
