"""Buble: POST /api/v1/generations creates a job, GET /api/v1/generations/{id} asks for it.

POST /api/v1/files takes the images that a job starts from.

Source: the seed document (options, pricing); replies, states and error codes from the provider's
pages docs/generations, docs/files, docs/polling-results and docs/errors. Unknown there, and so
chosen here: the status of the create reply (200; the variant `create_202` gives 202), the pixels of
a resolution and ratio, the format of the images (PNG), the codes for credits, rates, moderation and
unknown jobs, what becomes of a job whose image_urls cannot be fetched, and that unfinished jobs say
nothing of Retry-After (the variant `retry_after` does).
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import pipeline
from ..fetch import from_json_with_references
from ..jobs import ENDED, EmulatedJob, Stage, displayed_id, draw_fate, hurried, is_charged, poll_job
from ..pictures import MEDIA_TYPES, RenderedImage
from ..pipeline import Decision, Problem, ProviderServer, RouteSpec
from ..received import File, Form, facts
from ..rendering import RenderRequest, render
from ..replies import Json, JsonReply
from ..rules import buble as rules
from ..rules.uploads import unreachable_address
from ..state import REFUSAL_S, SUBMIT_S, Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..faults.catalogue import ActiveFaults
    from ..rules import Refusal

# Exact ratios in multiples of 16 px; 4K stays within the 3840 px and 8,294,400 px of the model
# itself.
SIZES = {
    ("1K", "1:1"): (1024, 1024),
    ("1K", "16:9"): (1280, 720),
    ("1K", "9:16"): (720, 1280),
    ("1K", "4:3"): (1152, 864),
    ("1K", "3:4"): (864, 1152),
    ("2K", "1:1"): (2048, 2048),
    ("2K", "16:9"): (2048, 1152),
    ("2K", "9:16"): (1152, 2048),
    ("2K", "4:3"): (2048, 1536),
    ("2K", "3:4"): (1536, 2048),
    ("4K", "1:1"): (2880, 2880),
    ("4K", "16:9"): (3840, 2160),
    ("4K", "9:16"): (2160, 3840),
    ("4K", "4:3"): (3264, 2448),
    ("4K", "3:4"): (2448, 3264),
}
STATUS: dict[Stage, str] = {
    "waiting": "pending",
    "working": "processing",
    "done": "success",
    "failed": "failed",
}
WORDS: dict[Problem, tuple[int, str, str]] = {
    Problem.NO_KEY: (401, "missing_api_key", "Missing API key."),
    Problem.BAD_KEY: (401, "invalid_api_key", "Invalid or inactive API key."),
    Problem.NO_CREDIT: (402, "insufficient_credits", "Insufficient credits."),
    Problem.RATE_LIMITED: (429, "rate_limit_exceeded", "Too many requests."),
    Problem.MODERATED: (422, "content_policy_violation", "The prompt was rejected by moderation."),
    Problem.NOT_FOUND: (404, "not_found", "Not found."),
    Problem.WRONG_METHOD: (405, "method_not_allowed", "Method not allowed."),
    Problem.CRASHED: (500, "internal_error", "Internal server error."),
    Problem.UNAVAILABLE: (503, "service_unavailable", "Service temporarily unavailable."),
}


class Buble(ProviderServer):
    """buble.ai."""

    name: ClassVar[str] = "buble"
    unit: ClassVar[str] = "credit"

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route("/api/v1/files", self._file, methods=["POST"]),
            Route("/api/v1/generations", self._generate, methods=["POST"]),
            Route("/api/v1/generations/{id}", self._generation, methods=["GET"]),
            # The page on models names the first, the provider's SDK asks the second.
            Route("/api/v1/models", self._models, methods=["GET"]),
            Route("/api/v1/media_models", self._models, methods=["GET"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the bearer token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure as {"error": {"code", "message"}}."""
        del path
        status, code, message = WORDS[problem]
        headers = {}
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.state.retry_after()
        body: Json = {"error": {"code": code, "message": message}}
        return JsonReply(status=status, body=body, headers=headers)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word a refusal in the same envelope; the message names the parameter."""
        del path
        body: Json = {"error": {"code": refusal.code, "message": refusal.message}}
        return JsonReply(status=refusal.status, body=body)

    def usual_price(self) -> float:
        """Return the credit of an image at 1K."""
        return 1.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Create a job; one whose image_urls cannot be fetched fails and costs nothing."""
        state = self.state
        order, resolution = _order(body)
        duration_s = state.latency.generation_s(quality="medium", pixels=order.pixels, images=1)
        job_id = f"gen_{state.new_id('job')}"
        pictures = await render(state, order, pipeline.spoilt_by(request))
        # The documents are silent on addresses that answer nothing.
        doomed = unreachable_address(body) is not None
        charged = is_charged(state.faults, doomed=doomed)
        mode = body.get("mode")
        price = _price(state.faults, resolution, is_edit=mode == "image_to_image")
        job = EmulatedJob(
            id=job_id,
            start_s=state.now_s(),
            created_at=time.time(),
            duration_s=duration_s,
            price=price if charged else 0.0,
            facts={"mode": mode if mode in rules.MODES else "text_to_image"},
            base_url=str(request.base_url),
            pictures=pictures,
            **draw_fate(state.faults, doomed=doomed),
        )
        state.jobs[job_id] = job
        data = self._shown(job, "waiting")
        if "missing_field" in state.faults:
            del data["id"]
        status = 202 if "create_202" in state.variants else 200
        return Decision(
            answer=JsonReply(status=status, body={"data": data}),
            note=Note(
                status=status,
                outcome="accepted",
                images=1 if charged else 0,
                amount=job.price,
                job=job_id,
            ),
            wait_s=state.latency.fixed_s(SUBMIT_S),
        )

    async def _generate(self, request: Request) -> Response:
        async def decode(request: Request) -> object:
            return await from_json_with_references(self.state, request, rules.image_urls)

        errand = RouteSpec(operation="generate", decode=decode, fulfil=self.fulfil)
        return await pipeline.answer_submission(self, request, errand)

    async def _file(self, request: Request) -> Response:
        errand = RouteSpec(operation="edit", decode=_form, fulfil=self._kept, draws=False)
        return await pipeline.answer_submission(self, request, errand)

    async def _generation(self, request: Request) -> Response:
        return await pipeline.answer_poll(self, request, self._polled)

    async def _models(self, request: Request) -> Response:
        return await pipeline.answer_poll(self, request, lambda _: (_listed_models(), None))

    async def _kept(self, body: Mapping[str, object], request: Request) -> Decision:
        """Keep an uploaded image for download; free of charge."""
        if not isinstance(body, Form):
            raise TypeError("an upload is a form")
        file = body.files("file")[0]
        picture = await asyncio.to_thread(_picture, file)
        self.state.pictures.keep(picture)
        data: Json = {
            "object": "file",
            "provider": "r2",
            "url": f"{request.base_url}cdn/{picture.filename}",
            "key": f"uploads/{picture.filename}",
            "file_type": "image",
            "content_type": MEDIA_TYPES[picture.claimed],
            "size": len(file.data),
            "filename": file.filename,
        }
        return Decision(
            answer=JsonReply(status=200, body={"data": data}),
            note=Note(status=200, outcome="upload"),
            wait_s=self.state.latency.fixed_s(REFUSAL_S),
        )

    def _polled(self, request: Request) -> tuple[JsonReply, str | None]:
        job, stage = poll_job(self.state, request.path_params["id"], str(request.base_url))
        known = job.id if job is not None and job.id in self.state.jobs else None
        if job is None or stage is None:
            return self.problem(Problem.NOT_FOUND, request.url.path), known
        data = self._shown(job, stage) | {"id": displayed_id(self.state.faults, job.id)}
        answer = JsonReply(status=200, body={"data": data})
        return hurried(self.state, answer, stage), known

    def _shown(self, job: EmulatedJob, stage: Stage) -> Json:
        result: Json | None = None
        error: Json | None = None
        if stage == "done" and not job.hollow:
            result = {"images": [{"url": url} for url in job.urls()]}
        if stage == "failed":
            error = {"code": "generation_failed", "message": "Generation failed."}
        return {
            "id": job.id,
            "status": STATUS[stage],
            "model": rules.MODEL,
            "media_type": "image",
            "mode": job.facts.get("mode", "text_to_image"),
            "cost_credits": int(job.price),
            "created_at": _timestamp(job.created_at),
            "updated_at": _timestamp(job.finished_at() if stage in ENDED else job.created_at),
            "result": result,
            "error": error,
        }


async def _form(request: Request) -> object:
    """Return the parts of a form; a body that is none holds no file either."""
    return await pipeline.read_form(request) or Form()


def _picture(file: File) -> RenderedImage:
    found = facts(file.data)
    # Only a switched-off rule lets another format through; it is served under a false name.
    claimed = found.format if found.format in MEDIA_TYPES else "png"
    picture = RenderedImage(
        file.data, found.width_px, found.height_px, encoding=found.format, claimed=claimed
    )
    _ = picture.digest  # computed here, in a thread
    return picture


def _order(body: Mapping[str, object]) -> tuple[RenderRequest, str]:
    resolution, ratio = body.get("resolution"), body.get("aspect_ratio")
    resolution = resolution if resolution in rules.RESOLUTIONS else "1K"
    ratio = ratio if ratio in rules.RATIOS else "16:9"
    explicit = ratio != "auto"
    size = SIZES[str(resolution), str(ratio) if explicit else "1:1"]
    order = RenderRequest(width_px=size[0], height_px=size[1], explicit=explicit, encoding="png")
    return order, str(resolution)


def _price(faults: ActiveFaults, resolution: str, *, is_edit: bool) -> float:
    """Return the credits of an image, under the faults of charging where one is on."""
    dear = {"4K", "2K"} if "charges_other_tier" in faults else {"4K"}
    if "charges_large_as_small" in faults:
        dear = set()
    price = 2.0 if resolution in dear else 1.0
    if "overcharge" in faults or ("charges_more_on_edit" in faults and is_edit):
        price *= 2
    return price + ("charge_off_by_one" in faults)


def _timestamp(unix_s: float) -> str:
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _listed_models() -> JsonReply:
    # The fields of an entry are not documented; `model` and `operations` are those of the SDK.
    model: Json = {
        "key": rules.MODEL,
        "model": rules.MODEL,
        "name": "GPT Image 2",
        "media_type": "image",
        "modes": list(rules.MODES),
        "operations": [{"mode": mode} for mode in rules.MODES],
    }
    return JsonReply(status=200, body={"data": [model]})
