"""Apiframe v2: POST /v2/images/generate creates a job, GET /v2/jobs/{id} asks for it.

GET /v2/jobs lists them.

Source: the seed document, section Response & job lifecycle; fields of a job, credits, idempotency
and envelopes from the second source (OpenAPI file of its SDK, pages jobs/get and jobs/list). Chosen
here, as no page says: all error strings but "Insufficient credits", the body of a 409, and the
pixels of a ratio. The result is the newer form {"images": [...]}; the variant `result_string` is
the older page's plain URL.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import front
from ..darkroom import Order, develop, usable_count
from ..desk import Note
from ..front import Decision, Problem, Provider
from ..jobs import Job, Stage, fate, is_charged
from ..latency import SUBMIT_S
from ..replies import Answer, Json
from ..rules import apiframe as rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..pictures import Picture
    from ..rules import Refusal

CREDITS = {"low": 4, "medium": 9, "high": 23, "auto": 23}
SIZES = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
STATUS: dict[Stage, str] = {
    "waiting": "QUEUED",
    "working": "PROCESSING",
    "done": "COMPLETED",
    "failed": "FAILED",
}
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


class Apiframe(Provider):
    """api.apiframe.ai, version 2."""

    name: ClassVar[str] = "apiframe"
    unit: ClassVar[str] = "credit"

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

    def problem(self, problem: Problem, path: str) -> Answer:
        """Word a failure as {"error": text}."""
        del path
        status, message = WORDS[problem]
        body: Json = {"error": message}
        if problem is Problem.NO_CREDIT:
            body |= {"creditsRequired": int(self.usual_price()), "creditsAvailable": 0}
        headers = {}
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.desk.retry_after()
        return Answer(status=status, body=body, headers=headers)

    def refusal(self, refusal: Refusal, path: str) -> Answer:
        """Word a refusal as {"error", "details": {path: [messages]}}."""
        del path
        body: Json = {"error": "Validation failed"}
        if refusal.parameter is not None:
            body["details"] = {refusal.parameter: [refusal.message]}
        return Answer(status=refusal.status, body=body)

    def usual_price(self) -> float:
        """Return the credits of one image at quality auto."""
        return 23.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Create a job, or show again the one created under the same Idempotency-Key."""
        # The only pause comes first: two simultaneous requests with one key create one job.
        pictures = await develop(self.desk, _order(body))
        replays = self.desk.replays
        canonical = json.dumps(body, sort_keys=True)
        idempotency = request.headers.get("idempotency-key", "")
        if len(idempotency) > 255:
            answer = _problem(400, "Idempotency-Key is too long")
            return front.refused(self, answer, "idempotency_key.max_length")
        slot = f"{self.key(request.headers)}\n{idempotency}"
        if idempotency and slot in replays:
            first, job_id = replays[slot]
            if first != canonical:
                message = "Idempotency-Key was already used with a different request body"
                return front.refused(self, _problem(409, message), "idempotency_key.conflict")
            return self._submitted(self.desk.jobs[job_id], paid=False)
        job = self._opened(body, pictures)
        if idempotency:
            replays[slot] = (canonical, job.id)
        return self._submitted(job, paid=True)

    async def _generate(self, request: Request) -> Response:
        return await front.submit(self, request)

    async def _job(self, request: Request) -> Response:
        return await front.ask(self, request, self._polled)

    async def _list(self, request: Request) -> Response:
        return await front.ask(self, request, lambda asked: (self._listed(asked), None))

    def _opened(self, body: Mapping[str, object], pictures: tuple[Picture, ...]) -> Job:
        desk, order, quality = self.desk, _order(body), _quality(body)
        price = float(CREDITS[quality] * order.images)
        if "overcharge" in desk.faults:
            price *= 2
        job = Job(
            id=str(uuid.UUID(desk.new_id("job"), version=4)),
            start_s=desk.now_s(),
            created_at=time.time(),
            duration_s=desk.latency.generation_s(
                quality="medium" if quality == "auto" else quality,
                pixels=order.pixels,
                images=order.images,
            ),
            price=price if is_charged(desk.faults) else 0.0,
            pictures=pictures,
            facts={"images": order.images, "input": dict(body)},
            **fate(desk.faults),
        )
        desk.jobs[job.id] = job
        return job

    def _submitted(self, job: Job, *, paid: bool) -> Decision:
        body: Json = {"jobId": job.id, "status": "QUEUED"}
        if "missing_field" in self.desk.faults:
            del body["jobId"]
        images = job.facts["images"] if paid and is_charged(self.desk.faults) else 0
        return Decision(
            answer=Answer(status=202, body=body),
            note=Note(
                status=202,
                outcome="accepted",
                images=images if isinstance(images, int) else 0,
                amount=job.price if paid else 0.0,
                job=job.id,
            ),
            wait_s=self.desk.latency.fixed_s(SUBMIT_S),
        )

    def _polled(self, request: Request) -> tuple[Answer, str | None]:
        job = self.desk.jobs.get(request.path_params["id"])
        stage = None if job is None else job.poll(self.desk.now_s())
        if job is None or stage is None:
            return _problem(404, "Job not found"), None if job is None else job.id
        return Answer(status=200, body=self._shown(job, stage, request)), job.id

    def _listed(self, request: Request) -> Answer:
        # Newest first; the cursor is the id of the last job shown. Names of the parameters: second
        # source.
        jobs = list(reversed(self.desk.jobs.values()))
        cursor = request.query_params.get("cursor")
        ids = [job.id for job in jobs]
        if cursor in ids:
            jobs = jobs[ids.index(cursor) + 1 :]
        limit = request.query_params.get("limit", "")
        size = max(1, min(int(limit), 100)) if limit.isascii() and limit.isdigit() else 20
        page, more = jobs[:size], len(jobs) > size
        now_s = self.desk.now_s()
        body: Json = {
            "jobs": [self._shown(job, job.stage(now_s), request) for job in page],
            "nextCursor": page[-1].id if more else None,
            "hasMore": more,
        }
        return Answer(status=200, body=body)

    def _shown(self, job: Job, stage: Stage, request: Request) -> Json:
        done, failed = stage == "done", stage == "failed"
        return {
            "id": job.id,
            "status": STATUS[stage],
            "model": rules.MODEL,
            "progress": job.progress(self.desk.now_s()) if stage != "waiting" else 0,
            "result": self._result(job, request) if done else None,
            "error": "Generation failed, credits were refunded" if failed else None,
            "creditCost": int(job.price),
            "webhookStatus": None,
            "createdAt": _timestamp(job.created_at),
            "completedAt": _timestamp(job.finished_at()) if done or failed else None,
            "input": job.facts["input"],
        }

    def _result(self, job: Job, request: Request) -> object:
        urls = [f"{request.base_url}cdn/{picture.filename}" for picture in job.pictures]
        if "result_string" in self.desk.variants and len(urls) == 1:
            return urls[0]
        return {"images": urls}


def _order(body: Mapping[str, object]) -> Order:
    params = _params(body)
    ratio, encoding = params.get("aspect_ratio"), params.get("output_format")
    explicit = ratio in rules.RATIOS
    width_px, height_px = SIZES[str(ratio) if explicit else "1:1"]
    return Order(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding=str(encoding) if encoding in rules.FORMATS else "webp",
        images=usable_count(params.get("number_of_images")),
    )


def _quality(body: Mapping[str, object]) -> str:
    quality = _params(body).get("quality")
    return str(quality) if quality in rules.QUALITIES else "auto"


def _params(body: Mapping[str, object]) -> Mapping[str, object]:
    params = body.get(rules.PARAMS)
    return params if isinstance(params, dict) else {}


def _problem(status: int, message: str) -> Answer:
    return Answer(status=status, body={"error": message})


def _timestamp(unix_s: float) -> str:
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
