"""A request in the protocol that its operation names, or a job that an earlier run submitted."""

from dataclasses import replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Request
from harness.core.jsonvalue import Json
from harness.spec.provider import Operation, Provider
from harness.wire.job import attend, ticket_of
from harness.wire.protocols import PROTOCOLS
from harness.wire.retry import Wire
from harness.wire.upload import uploaded


def speak(provider: Provider, operation: Operation, planned: PlannedRequest) -> Wire:
    """Send one request and go on until it ends in images, a refusal or a fault."""
    if operation.upload is not None:
        arguments = planned.case.arguments
        ready = yield from uploaded(provider, operation.upload, arguments, planned.request)
        if not isinstance(ready, Request):
            return ready
        planned = replace(planned, request=ready)  # a repetition names the same addresses
    return (yield from PROTOCOLS[operation.protocol](provider, operation, planned))


def pick_up(
    provider: Provider,
    operation: Operation,
    planned: PlannedRequest,
    job_id: str,
    *,
    submitted: Json = None,
) -> Wire:
    """Poll a job that an earlier run stopped waiting for until it ends; it is never submitted.

    `submitted` is what its submission was answered: it may hold the address of the poll.

    The provider may have forgotten its idempotency key, so that a repetition would be paid; and
    its webhooks went to where the earlier run listened.
    """
    webhook = operation.webhook.argument if operation.webhook else None
    case = planned.case
    case = replace(
        case,
        arguments={name: case.arguments[name] for name in case.arguments if name != webhook},
        follow_ups=tuple(kind for kind in case.follow_ups if kind != "same_key"),
    )
    planned = replace(planned, case=case)
    return (yield from attend(ticket_of(provider, operation, planned, job_id, submitted), planned))
