"""Telling a client's server how a job goes: when, signed how, how often, and which faults spoil it.

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
from .jobs import WAITING_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults.catalogue import ActiveFaults
    from .jobs import EmulatedJob, Stage
    from .replies import Json
    from .state import ProviderState

Event = Literal["progress", "completed", "failed"]
TOLD: dict[Event, Stage] = {"progress": "working", "completed": "done", "failed": "failed"}
USUAL_EVENTS: frozenset[str] = frozenset({"completed", "failed"})
AFTER_END_S = 0.05
LATE_S = 60.0
PROGRESS_SHARES = (WAITING_SHARE, 0.5)
PAUSES_S = (1.0, 2.0)  # before the second and the third attempt


@dataclass(slots=True, kw_only=True)
class WebhookTarget:
    """Where a job's events go.

    `secret` is the key of the signatures, empty for none. `spoilt` holds the webhook faults that
    were on when the job was submitted. `status` is about the event that ends the job.
    """

    url: str
    events: frozenset[str]
    secret: bytes
    spoilt: frozenset[str] = frozenset()
    status: Literal["pending", "delivered", "failed"] = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event, when it is due on the server's monotonic clock, and the finished share then."""

    due_s: float
    event: Event
    percent: int


def webhook_of(
    url: str, events: frozenset[str], api_key: str, faults: ActiveFaults, *, as_text: bool
) -> WebhookTarget:
    """Return the hook of a job submitted now.

    The key of its signatures is the SHA-256 digest of the API key: its 32 bytes, or as text its 64
    hexadecimal digits.
    """
    spoilt = frozenset(name for name in faults.names if name.startswith("webhook_"))
    if "webhook_forged" in spoilt:
        api_key = f"not {api_key}"
    digest = hashlib.sha256(api_key.encode())
    secret = digest.hexdigest().encode() if as_text else digest.digest()
    if "webhook_unsigned" in spoilt:
        secret = b""
    return WebhookTarget(url=url, events=events, secret=secret, spoilt=spoilt)


def is_early(hook: WebhookTarget | None) -> bool:
    """Whether the job is said to be completed before it is."""
    return hook is not None and "webhook_before_end" in hook.spoilt


async def deliver(
    state: ProviderState,
    job: EmulatedJob,
    hook: WebhookTarget,
    worded: Callable[[EmulatedJob, Delivery], Json],
) -> None:
    """Send the events of a job as they come due; a job that a reset has forgotten says no more."""
    for delivery in _planned(state, job, hook):
        await asyncio.sleep(max(0.0, delivery.due_s - state.now_s()))
        if state.jobs.get(job.id) is not job:
            return
        raw = json.dumps(worded(job, delivery), separators=(",", ":")).encode()
        arrived = await _delivered(state, hook, delivery.event, raw)
        if delivery.event != "progress":
            hook.status = "delivered" if arrived else "failed"
        if "webhook_repeated" in hook.spoilt:
            await asyncio.sleep(state.latency.fixed_s(AFTER_END_S))
            await _delivered(state, hook, delivery.event, raw)


def _planned(state: ProviderState, job: EmulatedJob, hook: WebhookTarget) -> list[Delivery]:
    if "webhook_missing" in hook.spoilt:
        return []
    pause_s = state.latency.fixed_s(AFTER_END_S)
    deliveries = [
        Delivery(
            due_s=job.start_s + share * job.duration_s, event="progress", percent=int(100 * share)
        )
        for share in PROGRESS_SHARES
    ]
    if not job.stuck:
        due_s = job.start_s + job.duration_s + pause_s
        if job.early:
            due_s = job.start_s + job.duration_s * WAITING_SHARE + pause_s
        if "webhook_late" in hook.spoilt:
            due_s += state.latency.fixed_s(LATE_S)
        event: Event = "failed" if job.fails else "completed"
        deliveries.append(Delivery(due_s=due_s, event=event, percent=99 if job.fails else 100))
    wanted = [delivery for delivery in deliveries if delivery.event in hook.events]
    return sorted(wanted, key=lambda delivery: delivery.due_s)


async def _delivered(state: ProviderState, hook: WebhookTarget, event: Event, raw: bytes) -> bool:
    """Send one event until it is received, three times at most; hosts elsewhere are not called."""
    if not fetch.is_loopback(hook.url):
        return False
    headers = {"Content-Type": "application/json", "X-Webhook-Event": event}
    if hook.secret:
        signature = hmac.new(hook.secret, raw, hashlib.sha256).hexdigest()
        headers["X-Webhook-Signature"] = f"sha256={signature}"
    for pause_s in (0.0, *PAUSES_S):
        await asyncio.sleep(state.latency.fixed_s(pause_s))
        found = await fetch.post(hook.url, raw, headers)
        if 200 <= found.status < 300:
            return True
    return False
