"""A shot in the protocol that its operation names, or a job that an earlier run submitted."""

from dataclasses import replace

from harness.core.case import PlannedRequest
from harness.core.exchange import Request
from harness.spec.provider import Operation, Provider
from harness.wire.job import attend
from harness.wire.protocols import PROTOCOLS
from harness.wire.retry import Wire
from harness.wire.upload import uploaded


def speak(provider: Provider, operation: Operation, shot: PlannedRequest) -> Wire:
    """Send one shot and see it through to its images, its refusal or its fault."""
    if operation.upload is not None:
        ready = yield from uploaded(provider, operation.upload, shot.case.arguments, shot.request)
        if not isinstance(ready, Request):
            return ready
        shot = replace(shot, request=ready)  # a repetition names the same addresses
    return (yield from PROTOCOLS[operation.protocol](provider, operation, shot))


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
