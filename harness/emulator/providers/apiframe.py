"""Apiframe v2: POST /v2/images/generate creates a job, GET /v2/jobs/{id} polls it.

GET /v2/jobs lists them; a webhook reports one that ends.

Source: the seed document, section Response & job lifecycle; fields of a job, credits, idempotency,
webhooks and envelopes from the second source (OpenAPI file of its SDK, pages jobs/get, jobs/list
and webhooks). Chosen here, as no page says: all error strings but "Insufficient credits", the body
of a 409, the pixels of a ratio, and that a job fails whose input_images cannot be fetched. The
result is the newer form {"images": [...]}; the variant `result_string` is the older page's plain
URL. The key of a webhook's signature, "SHA-256 hash of your API key", is the raw digest; the
variant `webhook_hex` takes its hexadecimal text.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import asyncio
import dataclasses
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING

from .. import idempotency, pipeline, webhooks
from ..decision import Decision, Problem
from ..faults.authenticity import drawn_quality
from ..fetch import read_resolved
from ..jobs import ENDED, EmulatedJob, invented_name, timestamp
from ..pipeline import ProviderServer
from ..rendering import RenderRequest, render, usable_image_count
from ..replies import Json, JsonReply
from ..rules import apiframe as rules
from ..rules.parameters import word_among
from ..rules.uploads import unreachable_address
from ..webhooks import REPORTED_STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from ..faults.catalogue import ActiveFaults
    from ..jobs import Stage
    from ..pictures import RenderedImage
    from ..rules import Refusal
    from ..state import ProviderState
    from ..webhooks import Delivery

CREDITS = {"low": 4, "medium": 9, "high": 23, "auto": 23}
SIZES = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
PROBLEMS: dict[Problem, tuple[int, str]] = {
    Problem.NO_KEY: (401, "Missing API key"),
    Problem.BAD_KEY: (401, "Invalid API key"),
    Problem.NO_CREDIT: (402, "Insufficient credits"),
    Problem.RATE_LIMITED: (429, "Too many requests"),
    Problem.MODERATED: (400, "Content policy violation: the prompt was rejected by moderation"),
    Problem.NOT_FOUND: (404, "Not found"),
    Problem.WRONG_METHOD: (405, "Method not allowed"),
    Problem.CRASHED: (500, "Internal server error"),
    Problem.UNAVAILABLE: (503, "Service unavailable"),
}
STATUS: dict[Stage, str] = {
    "waiting": "QUEUED",
    "working": "PROCESSING",
    "done": "COMPLETED",
    "failed": "FAILED",
}
FAILED = "Generation failed, credits were refunded"


class Apiframe(ProviderServer):
    """api.apiframe.ai, version 2."""

    name = "apiframe"
    unit = "credit"
    usual_price = float(CREDITS["auto"])

    def __init__(self, state: ProviderState) -> None:
        super().__init__(state)
        self._deliveries: set[asyncio.Task[None]] = set()

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        decode = partial(read_resolved, self.state, rules.input_images)
        return [
            self.submission("/v2/images/generate", self._generate, decode=decode),
            self.query("/v2/jobs", self._list),
            self.job_query("/v2/jobs/{id}", self._document, lambda _: _error(404, "Job not found")),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key of X-API-Key or the bearer token."""
        return headers.get("x-api-key", "").strip() or super().key(headers)

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure as {"error": text}."""
        del path
        status, message = PROBLEMS[problem]
        body: Json = {"error": message}
        if problem is Problem.NO_CREDIT:
            body |= {"creditsRequired": int(self.usual_price), "creditsAvailable": 0}
        return JsonReply(status=status, body=body, headers=self.retry_header(problem))

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return a refusal as {"error", "details": {path: [messages]}}."""
        del path
        body: Json = {"error": "Validation failed"}
        if refusal.parameter is not None:
            body["details"] = {refusal.parameter: [refusal.message]}
        return JsonReply(status=refusal.status, body=body)

    async def _generate(self, body: Mapping[str, object], request: Request) -> Decision:
        """Create a job, or show again the one created under the same Idempotency-Key."""
        submission = idempotency.Submission(
            api_key=self.key(request.headers),
            key=request.headers.get("idempotency-key", ""),
            body=body,
        )
        if len(submission.key) > idempotency.LONGEST_KEY:
            answer = _error(400, "Idempotency-Key is too long")
            return pipeline.refusal_reply(self, answer, "idempotency_key.max_length")
        # The only pause comes first: two simultaneous requests with one key create one job.
        render_request, duration_s = self._drawn(body, request)
        extra_faults = pipeline.content_faults_of(request)
        pictures = await render(self.state, render_request, extra_faults)
        try:
            job = idempotency.earlier(self.state, submission)
        except idempotency.OtherBodyError:
            answer = _error(409, "Idempotency-Key was already used with a different request body")
            return pipeline.refusal_reply(self, answer, "idempotency_key.conflict")
        repeated = job is not None
        if job is None:
            job = self._created(submission, pictures, duration_s, request)
            idempotency.remember(self.state, submission, job)
        elif "charged_for_retry" in self.state.faults:
            job.price += _price(self.state.faults, body)
        reply: Json = {"jobId": job.id, "status": "QUEUED"}
        if "missing_field" in self.state.faults:
            del reply["jobId"]
        status = 200 if "submitted_with_200" in self.state.faults else 202
        decision = self.job_reply(job, status, reply, repeated=repeated)
        if repeated and "charged_for_retry" in self.state.faults:
            amount = _price(self.state.faults, body)
            note = dataclasses.replace(decision.note, amount=amount)
            return dataclasses.replace(decision, note=note)
        return decision

    def _drawn(self, body: Mapping[str, object], request: Request) -> tuple[RenderRequest, float]:
        """Return what to render for a job, and how many seconds it takes."""
        state, render_request = self.state, _render_request(body)
        asked = _params(body).get("quality")
        quality = word_among(asked, ("low", "medium", "high"), "medium")
        faults = state.faults.names | pipeline.content_faults_of(request)
        duration_s = state.latency.generation_s(
            quality=drawn_quality(faults, asked, quality),
            pixels=render_request.pixels,
            images=render_request.images,
        )
        return dataclasses.replace(render_request, ready_in_s=duration_s), duration_s

    def _created(
        self,
        submission: idempotency.Submission,
        pictures: tuple[RenderedImage, ...],
        duration_s: float,
        request: Request,
    ) -> EmulatedJob:
        state, body = self.state, submission.body
        job = EmulatedJob(
            id=str(uuid.UUID(state.new_id("job"), version=4)),
            start_s=state.now_s(),
            created_at=time.time(),
            duration_s=duration_s,
            price=_price(state.faults, body),
            base_url=str(request.base_url),
            images=_render_request(body).images,
            body=body,
            pictures=pictures,
            unreachable=unreachable_address(body),
            faults=state.faults.also(pipeline.content_faults_of(request)),
        )
        state.jobs[job.id] = job
        self._send_events(job, submission.api_key)
        return job

    def _send_events(self, job: EmulatedJob, api_key: str) -> None:
        """Send the events of a job in the background, where its client wants them."""
        body, state = job.body or {}, self.state
        url, wanted = rules.webhook_url(body), body.get("webhookEvents")
        if not isinstance(url, str):
            return
        events = webhooks.USUAL_EVENTS
        if isinstance(wanted, list):
            events = frozenset(event for event in wanted if event in rules.EVENTS)
        as_text = "webhook_hex" in state.variants
        job.webhook = webhooks.webhook_of(url, events, api_key, state.faults, as_text=as_text)
        delivery = webhooks.deliver(state, job, job.webhook, self.event_body)
        task = asyncio.create_task(delivery)
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    def _list(self, request: Request) -> JsonReply:
        # Newest first; the cursor is the id of the last job shown. Names of the parameters: second
        # source.
        jobs = list(reversed(self.state.jobs.values()))
        cursor = request.query_params.get("cursor")
        ids = [job.id for job in jobs]
        if cursor in ids:
            jobs = jobs[ids.index(cursor) + 1 :]
        limit = request.query_params.get("limit", "")
        size = max(1, min(int(limit), 100)) if limit.isascii() and limit.isdigit() else 20
        page, more = jobs[:size], len(jobs) > size
        now_s = self.state.now_s()
        body: Json = {
            "jobs": [self._document(job, job.stage(now_s), job.id) for job in page],
            "nextCursor": page[-1].id if more else None,
            "hasMore": more,
        }
        return JsonReply(status=200, body=body)

    def _document(self, job: EmulatedJob, stage: Stage, shown_id: str) -> Json:
        """Return a job as a poll and a list show it."""
        has_result = stage == "done" and "completed_without_result" not in job.faults
        percent = 0 if stage == "waiting" else job.progress(self.state.now_s())
        error = FAILED
        if job.unreachable is not None:
            error = f"Input image could not be downloaded: {job.unreachable}"
        return {
            "id": shown_id,
            "status": STATUS[stage],
            "model": rules.MODEL,
            "progress": min(percent, 99) if stage == "working" else percent,
            "result": self._result(job.urls()) if has_result else None,
            "error": error if stage == "failed" else None,
            "creditCost": int(job.cost),
            "webhookStatus": None if job.webhook is None else job.webhook.status,
            "createdAt": timestamp(job.created_at),
            "completedAt": timestamp(job.finished_at) if stage in ENDED else None,
            "input": job.body,
        }

    def event_body(self, job: EmulatedJob, delivery: Delivery) -> Json:
        """Return the body of a webhook; under one fault it is about a job that nobody submitted."""
        stage = REPORTED_STAGE[delivery.event]
        ended_at = job.finished_at
        if job.completed_early:  # the time at which the event is due, however late it is sent
            ended_at = job.created_at + delivery.due_s - job.start_s
        job_id, urls = job.id, job.urls()
        if "webhook_wrong_job" in job.faults:
            job_id = str(uuid.uuid5(uuid.NAMESPACE_URL, job.id))
            names = [picture.filename for picture in job.pictures]
            urls = [f"{job.base_url}cdn/{invented_name(job_id, name)}" for name in names]
        return {
            "event": delivery.event,
            "jobId": job_id,
            "status": STATUS[stage],
            "progress": delivery.percent,
            "result": self._result(urls) if stage == "done" else None,
            "model": rules.MODEL,
            "creditCost": int(job.cost),
            "completedAt": timestamp(ended_at) if stage in ENDED else None,
        }

    def _result(self, urls: list[str]) -> object:
        is_string = "result_string" in self.state.variants and len(urls) == 1
        return urls[0] if is_string else {"images": urls}


def _render_request(body: Mapping[str, object]) -> RenderRequest:
    params = _params(body)
    ratio = params.get("aspect_ratio")
    width_px, height_px = SIZES[word_among(ratio, rules.RATIOS, "1:1")]
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=ratio in rules.RATIOS,
        encoding=word_among(params.get("output_format"), rules.FORMATS, "webp"),
        images=usable_image_count(params.get("number_of_images")),
        opaque=params.get("background") == "opaque",
        prompt=body.get("prompt"),
    )


def _price(faults: ActiveFaults, body: Mapping[str, object]) -> float:
    """Return the credits of a job, under the faults of charging where one is on."""
    quality = word_among(_params(body).get("quality"), rules.QUALITIES, "auto")
    images = 1 if "charges_per_request" in faults else _render_request(body).images
    return float(CREDITS[quality] * images * (2 if "overcharge" in faults else 1))


def _params(body: Mapping[str, object]) -> Mapping[str, object]:
    params = body.get(rules.PARAMS)
    return params if isinstance(params, dict) else {}


def _error(status: int, message: str) -> JsonReply:
    return JsonReply(status=status, body={"error": message})
