"""How Apiframe words a job, in a poll, in a list and in the body of a webhook.

Source: the OpenAPI file of its SDK and its pages jobs/get and webhooks.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..jobs import ENDED, invented_job
from ..rules import apiframe as rules
from ..webhooks import TOLD

if TYPE_CHECKING:
    from ..jobs import EmulatedJob, Stage
    from ..replies import Json
    from ..state import ProviderState
    from ..webhooks import Delivery

STATUS: dict[Stage, str] = {
    "waiting": "QUEUED",
    "working": "PROCESSING",
    "done": "COMPLETED",
    "failed": "FAILED",
}
FAILED = "Generation failed, credits were refunded"


def job_document(desk: ProviderState, job: EmulatedJob, stage: Stage) -> Json:
    """Return a job as a poll shows it."""
    return {
        "id": job.id,
        "status": STATUS[stage],
        "model": rules.MODEL,
        "progress": _percent(job, stage, desk.now_s()),
        "result": _result(desk, job.urls()) if stage == "done" and not job.hollow else None,
        "error": (job.error or FAILED) if stage == "failed" else None,
        "creditCost": int(job.price),
        "webhookStatus": None if job.hook is None else job.hook.status,
        "createdAt": _timestamp(job.created_at),
        "completedAt": _timestamp(job.finished_at()) if stage in ENDED else None,
        "input": job.facts.get("input"),
    }


def event_body(desk: ProviderState, job: EmulatedJob, delivery: Delivery) -> Json:
    """Return the body of a webhook; under one fault it is about a job that nobody submitted."""
    stage = TOLD[delivery.event]
    ended_at = job.finished_at()
    if job.early:  # of the time at which it is due, however long it is held up
        ended_at = job.created_at + delivery.due_s - job.start_s
    job_id, urls = job.id, job.urls()
    if job.hook is not None and "webhook_wrong_job" in job.hook.spoilt:
        job_id = str(uuid.uuid5(uuid.NAMESPACE_URL, job.id))
        names = [picture.filename for picture in job.pictures]
        urls = [f"{job.base_url}cdn/{invented_job(job_id, name)}" for name in names]
    return {
        "event": delivery.event,
        "jobId": job_id,
        "status": STATUS[stage],
        "progress": delivery.percent,
        "result": _result(desk, urls) if stage == "done" else None,
        "model": rules.MODEL,
        "creditCost": int(job.price),
        "completedAt": _timestamp(ended_at) if stage in ENDED else None,
    }


def _percent(job: EmulatedJob, stage: Stage, now_s: float) -> int:
    if stage == "waiting":
        return 0
    percent = job.progress(now_s)
    return min(percent, 99) if stage == "working" else percent


def _result(desk: ProviderState, urls: list[str]) -> object:
    if "result_string" in desk.variants and len(urls) == 1:
        return urls[0]
    return {"images": urls}


def _timestamp(unix_s: float) -> str:
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
