"""The events that report a job to its client's server: when, signed how, how often, with faults.

Events, body and signature are those of Apiframe's page on webhooks. Ours: the 50 ms between the end
of a job and its event, the moments of progress events, and the pauses between attempts.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import fetch
from .jobs import WAITING_SHARE, WebhookTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults.catalogue import ActiveFaults
    from .jobs import EmulatedJob, Stage
    from .replies import Json
    from .state import ProviderState

Event = Literal["progress", "completed", "failed"]
REPORTED_STAGE: dict[Event, Stage] = {
    "progress": "working",
    "completed": "done",
    "failed": "failed",
}
USUAL_EVENTS: frozenset[str] = frozenset({"completed", "failed"})
AFTER_END_S = 0.05
LATE_S = 60.0
PROGRESS_SHARES = (WAITING_SHARE, 0.5)
PAUSES_S = (0.0, 1.0, 2.0)  # before each attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event, when it is due on the server's monotonic clock, and the finished share then."""

    due_s: float
    event: Event
    percent: int


def webhook_of(
    url: str, events: frozenset[str], api_key: str, faults: ActiveFaults, *, as_text: bool
) -> WebhookTarget:
    """Return where the events of a job submitted now go.

    The key of their signatures is the SHA-256 digest of the API key: its 32 bytes, or as text its
    64 hexadecimal digits.
    """
    if "webhook_forged" in faults:
        api_key = f"not {api_key}"
    digest = hashlib.sha256(api_key.encode())
    secret = digest.hexdigest().encode() if as_text else digest.digest()
    if "webhook_unsigned" in faults:
        secret = b""
    return WebhookTarget(url=url, events=events, secret=secret)


async def deliver(
    state: ProviderState,
    job: EmulatedJob,
    webhook: WebhookTarget,
    event_body: Callable[[EmulatedJob, Delivery], Json],
) -> None:
    """Send the events of a job when they are due, until a reset has forgotten the job."""
    for delivery in planned(state, job, webhook):
        await asyncio.sleep(max(0.0, delivery.due_s - state.now_s()))
        if state.jobs.get(job.id) is not job:
            return
        raw = json.dumps(event_body(job, delivery), separators=(",", ":")).encode()
        arrived = await _delivered(state, webhook, delivery.event, raw)
        if delivery.event != "progress":
            webhook.status = "delivered" if arrived else "failed"
        if "webhook_repeated" in job.faults:
            await asyncio.sleep(state.latency.fixed_s(AFTER_END_S))
            await _delivered(state, webhook, delivery.event, raw)


def planned(state: ProviderState, job: EmulatedJob, webhook: WebhookTarget) -> list[Delivery]:
    """Return the events of a job in the order in which they are due."""
    if "webhook_missing" in job.faults:
        return []
    deliveries = [
        Delivery(
            due_s=job.start_s + share * job.duration_s, event="progress", percent=int(100 * share)
        )
        for share in PROGRESS_SHARES
    ]
    if "stuck_job" not in job.faults:
        share = WAITING_SHARE if job.completed_early else 1
        due_s = job.start_s + job.duration_s * share + state.latency.fixed_s(AFTER_END_S)
        if "webhook_late" in job.faults:
            due_s += state.latency.fixed_s(LATE_S)
        event: Event = "failed" if job.fails else "completed"
        deliveries.append(Delivery(due_s=due_s, event=event, percent=99 if job.fails else 100))
    wanted = [delivery for delivery in deliveries if delivery.event in webhook.events]
    return sorted(wanted, key=lambda delivery: delivery.due_s)


async def _delivered(
    state: ProviderState, webhook: WebhookTarget, event: Event, raw: bytes
) -> bool:
    """Send an event until it is received, three times at most; only to this machine."""
    if not fetch.is_loopback(webhook.url):
        return False
    headers = {"Content-Type": "application/json", "X-Webhook-Event": event}
    if webhook.secret:
        signature = hmac.new(webhook.secret, raw, hashlib.sha256).hexdigest()
        headers["X-Webhook-Signature"] = f"sha256={signature}"
    for pause_s in PAUSES_S:
        await asyncio.sleep(state.latency.fixed_s(pause_s))
        reply = await fetch.post(webhook.url, raw, headers)
        if 200 <= reply.status < 300:
            return True
    return False
