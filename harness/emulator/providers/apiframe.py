"""Apiframe v2: POST /v2/images/generate creates a job, GET /v2/jobs/{id} asks for it.

GET /v2/jobs lists them; a webhook tells of one that ends.

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
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import idempotency, pipeline, webhooks
from ..fetch import from_json_with_references
from ..jobs import (
    ENDED,
    EmulatedJob,
    displayed_id,
    draw_fate,
    hurried,
    invented_job,
    is_charged,
    poll_job,
)
from ..pipeline import Decision, Problem, ProviderServer, RouteSpec
from ..rendering import RenderRequest, render, usable_image_count
from ..replies import Json, JsonReply
from ..rules import apiframe as rules
from ..rules.uploads import unreachable_address
from ..state import SUBMIT_S, Note
from ..webhooks import TOLD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..jobs import Stage
    from ..pictures import RenderedImage
    from ..rules import Refusal
    from ..state import ProviderState
    from ..webhooks import Delivery


CREDITS = {"low": 4, "medium": 9, "high": 23, "auto": 23}
SIZES = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
WORDS: dict[Problem, tuple[int, str]] = {
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


class Apiframe(ProviderServer):
    """api.apiframe.ai, version 2."""

    name: ClassVar[str] = "apiframe"
    unit: ClassVar[str] = "credit"

    def __init__(self, state: ProviderState) -> None:
        super().__init__(state)
        self._telling: set[asyncio.Task[None]] = set()

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route("/v2/images/generate", self._generate, methods=["POST"]),
            Route("/v2/jobs", self._list, methods=["GET"]),
            Route("/v2/jobs/{id}", self._job, methods=["GET"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key of X-API-Key or the bearer token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return headers.get("x-api-key", "").strip() or bearer

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure as {"error": text}."""
        del path
        status, message = WORDS[problem]
        body: Json = {"error": message}
        if problem is Problem.NO_CREDIT:
            body |= {"creditsRequired": int(self.usual_price()), "creditsAvailable": 0}
        headers = {}
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.state.retry_after()
        return JsonReply(status=status, body=body, headers=headers)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word a refusal as {"error", "details": {path: [messages]}}."""
        del path
        body: Json = {"error": "Validation failed"}
        if refusal.parameter is not None:
            body["details"] = {refusal.parameter: [refusal.message]}
        return JsonReply(status=refusal.status, body=body)

    def usual_price(self) -> float:
        """Return the credits of one image at quality auto."""
        return 23.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Create a job, or show again the one created under the same Idempotency-Key."""
        submission = idempotency.Submission(
            api_key=self.key(request.headers),
            key=request.headers.get("idempotency-key", ""),
            body=body,
        )
        if len(submission.key) > idempotency.LONGEST_KEY:
            answer = _problem(400, "Idempotency-Key is too long")
            return pipeline.refusal_reply(self, answer, "idempotency_key.max_length")
        # The only pause comes first: two simultaneous requests with one key create one job.
        pictures = await render(self.state, _order(body), pipeline.spoilt_by(request))
        try:
            job = idempotency.earlier(self.state, submission)
        except idempotency.OtherBodyError:
            message = "Idempotency-Key was already used with a different request body"
            return pipeline.refusal_reply(self, _problem(409, message), "idempotency_key.conflict")
        if job is not None:
            return self._submitted(job, paid=False)
        job = self._opened(submission, pictures, str(request.base_url))
        idempotency.remember(self.state, submission, job)
        return self._submitted(job, paid=True)

    async def _generate(self, request: Request) -> Response:
        async def decode(request: Request) -> object:
            return await from_json_with_references(self.state, request, rules.input_images)

        errand = RouteSpec(operation="generate", decode=decode, fulfil=self.fulfil)
        return await pipeline.answer_submission(self, request, errand)

    async def _job(self, request: Request) -> Response:
        return await pipeline.answer_poll(self, request, self._polled)

    async def _list(self, request: Request) -> Response:
        return await pipeline.answer_poll(self, request, lambda asked: (self._listed(asked), None))

    def _opened(
        self, submission: idempotency.Submission, pictures: tuple[RenderedImage, ...], base_url: str
    ) -> EmulatedJob:
        state, body = self.state, submission.body
        order, quality, missing = _order(body), _quality(body), unreachable_address(body)
        charged = is_charged(state.faults, doomed=missing is not None)
        images = 1 if "charges_per_request" in state.faults else order.images
        price = float(CREDITS[quality] * images)
        if "overcharge" in state.faults:
            price *= 2
        job = EmulatedJob(
            id=str(uuid.UUID(state.new_id("job"), version=4)),
            start_s=state.now_s(),
            created_at=time.time(),
            duration_s=state.latency.generation_s(
                quality="medium" if quality == "auto" else quality,
                pixels=order.pixels,
                images=order.images,
            ),
            price=price if charged else 0.0,
            pictures=pictures,
            facts={"images": order.images if charged else 0, "input": dict(body)},
            base_url=base_url,
            error="" if missing is None else f"Input image could not be downloaded: {missing}",
            **draw_fate(state.faults, doomed=missing is not None),
        )
        state.jobs[job.id] = job
        self._hook(job, submission)
        return job

    def _hook(self, job: EmulatedJob, submission: idempotency.Submission) -> None:
        """Let the job tell of itself in the background, where its client wants that."""
        url, wanted = rules.webhook_url(submission.body), submission.body.get("webhookEvents")
        if not isinstance(url, str):
            return
        events = webhooks.USUAL_EVENTS
        if isinstance(wanted, list):
            events = frozenset(event for event in wanted if event in rules.EVENTS)
        state = self.state
        as_text = "webhook_hex" in state.variants
        job.hook = webhooks.webhook_of(
            url, events, submission.api_key, state.faults, as_text=as_text
        )
        job.early = webhooks.is_early(job.hook) and not job.fails

        task = asyncio.create_task(
            webhooks.deliver(state, job, job.hook, lambda *told: event_body(state, *told))
        )
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _submitted(self, job: EmulatedJob, *, paid: bool) -> Decision:
        body: Json = {"jobId": job.id, "status": "QUEUED"}
        if "missing_field" in self.state.faults:
            del body["jobId"]
        images = job.facts["images"] if paid else 0
        status = 200 if "submitted_with_200" in self.state.faults else 202
        return Decision(
            answer=JsonReply(status=status, body=body),
            note=Note(
                status=status,
                outcome="accepted",
                images=images if isinstance(images, int) else 0,
                amount=job.price if paid else 0.0,
                job=job.id,
            ),
            wait_s=self.state.latency.fixed_s(SUBMIT_S),
        )

    def _polled(self, request: Request) -> tuple[JsonReply, str | None]:
        job, stage = poll_job(self.state, request.path_params["id"], str(request.base_url))
        known = job.id if job is not None and job.id in self.state.jobs else None
        if job is None or stage is None:
            return _problem(404, "Job not found"), known
        body = job_document(self.state, job, stage) | {
            "id": displayed_id(self.state.faults, job.id)
        }
        answer = JsonReply(status=200, body=body)
        return hurried(self.state, answer, stage), known

    def _listed(self, request: Request) -> JsonReply:
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
            "jobs": [job_document(self.state, job, job.stage(now_s)) for job in page],
            "nextCursor": page[-1].id if more else None,
            "hasMore": more,
        }
        return JsonReply(status=200, body=body)


def _order(body: Mapping[str, object]) -> RenderRequest:
    params = _params(body)
    ratio, encoding = params.get("aspect_ratio"), params.get("output_format")
    explicit = ratio in rules.RATIOS
    width_px, height_px = SIZES[str(ratio) if explicit else "1:1"]
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding=str(encoding) if encoding in rules.FORMATS else "webp",
        images=usable_image_count(params.get("number_of_images")),
    )


def _quality(body: Mapping[str, object]) -> str:
    quality = _params(body).get("quality")
    return str(quality) if quality in rules.QUALITIES else "auto"


def _params(body: Mapping[str, object]) -> Mapping[str, object]:
    params = body.get(rules.PARAMS)
    return params if isinstance(params, dict) else {}


def _problem(status: int, message: str) -> JsonReply:
    return JsonReply(status=status, body={"error": message})


STATUS: dict[Stage, str] = {
    "waiting": "QUEUED",
    "working": "PROCESSING",
    "done": "COMPLETED",
    "failed": "FAILED",
}
FAILED = "Generation failed, credits were refunded"


def job_document(state: ProviderState, job: EmulatedJob, stage: Stage) -> Json:
    """Return a job as a poll shows it."""
    return {
        "id": job.id,
        "status": STATUS[stage],
        "model": rules.MODEL,
        "progress": _percent(job, stage, state.now_s()),
        "result": _result(state, job.urls()) if stage == "done" and not job.hollow else None,
        "error": (job.error or FAILED) if stage == "failed" else None,
        "creditCost": int(job.price),
        "webhookStatus": None if job.hook is None else job.hook.status,
        "createdAt": _timestamp(job.created_at),
        "completedAt": _timestamp(job.finished_at()) if stage in ENDED else None,
        "input": job.facts.get("input"),
    }


def event_body(state: ProviderState, job: EmulatedJob, delivery: Delivery) -> Json:
    """Return the body of a webhook; under one fault it is about a job that nobody submitted."""
    stage = TOLD[delivery.event]
    # An event that comes too early is of its own time.
    ended_at = time.time() if job.early else job.finished_at()
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
        "result": _result(state, urls) if stage == "done" else None,
        "model": rules.MODEL,
        "creditCost": int(job.price),
        "completedAt": _timestamp(ended_at) if stage in ENDED else None,
    }


def _percent(job: EmulatedJob, stage: Stage, now_s: float) -> int:
    if stage == "waiting":
        return 0
    percent = job.progress(now_s)
    return min(percent, 99) if stage == "working" else percent


def _result(state: ProviderState, urls: list[str]) -> object:
    if "result_string" in state.variants and len(urls) == 1:
        return urls[0]
    return {"images": urls}


def _timestamp(unix_s: float) -> str:
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
