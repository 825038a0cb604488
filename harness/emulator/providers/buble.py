"""Buble: POST /api/v1/generations creates a job, GET /api/v1/generations/{id} polls it.

POST /api/v1/files receives the images that a job starts from.

Source: the seed document (options, pricing); replies, states and error codes from the provider's
pages docs/generations, docs/files, docs/polling-results and docs/errors. Unknown there, and so
chosen here: the status of the create reply (200; the variant `create_202` gives 202), the pixels of
a resolution and ratio, the format of the images (PNG), the codes for credits, rates, moderation and
unknown jobs, that a job whose image_urls cannot be fetched fails free of charge, and that polls of
unfinished jobs carry no Retry-After (in the variant `retry_after` they do).
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import asyncio
import dataclasses
import time
from functools import partial
from typing import TYPE_CHECKING

from .. import pipeline
from ..decision import Decision, Problem
from ..fetch import read_resolved
from ..jobs import ENDED, EmulatedJob, Stage, timestamp
from ..ledger import Note
from ..pictures import MEDIA_TYPES, RenderedImage
from ..pipeline import ProviderServer
from ..received import File, Form, facts, read_form
from ..rendering import RenderRequest, render
from ..replies import Json, JsonReply
from ..rules import buble as rules
from ..rules.parameters import word_among
from ..rules.uploads import unreachable_address
from ..state import REFUSAL_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
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
PROBLEMS: dict[Problem, tuple[int, str, str]] = {
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

    name = "buble"
    unit = "credit"
    usual_price = 1.0  # an image at 1K

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        path = "/api/v1/generations"
        return [
            self.submission(
                "/api/v1/files", self._upload, operation="edit", decode=_form, draws=False
            ),
            self.submission(
                path, self._generate, decode=partial(read_resolved, self.state, rules.image_urls)
            ),
            self.job_query(f"{path}/{{id}}", _polled, self._unknown),
            # The page on models names the first, the provider's SDK requests the second.
            self.query("/api/v1/models", _models),
            self.query("/api/v1/media_models", _models),
        ]

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure as {"error": {"code", "message"}}."""
        del path
        status, code, message = PROBLEMS[problem]
        body: Json = {"error": {"code": code, "message": message}}
        return JsonReply(status=status, body=body, headers=self.retry_header(problem))

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return a refusal in the same envelope; the message names the parameter."""
        del path
        body: Json = {"error": {"code": refusal.code, "message": refusal.message}}
        return JsonReply(status=refusal.status, body=body)

    async def _generate(self, body: Mapping[str, object], request: Request) -> Decision:
        """Create a job; one whose image_urls cannot be fetched fails and costs nothing."""
        state = self.state
        resolution = word_among(body.get("resolution"), rules.RESOLUTIONS, "1K")
        render_request = _render_request(resolution, body)
        duration_s = state.latency.generation_s(
            quality="medium", pixels=render_request.pixels, images=1
        )
        render_request = dataclasses.replace(render_request, ready_in_s=duration_s)
        job_id = f"gen_{state.new_id('job')}"
        pictures = await render(state, render_request, pipeline.content_faults_of(request))
        is_edit = body.get("mode") == "image_to_image"
        job = EmulatedJob(
            id=job_id,
            start_s=state.now_s(),
            created_at=time.time(),
            duration_s=duration_s,
            price=_price(state.faults, resolution, is_edit=is_edit),
            base_url=str(request.base_url),
            body=body,
            pictures=pictures,
            unreachable=unreachable_address(body),
            faults=state.faults.also(pipeline.content_faults_of(request)),
        )
        state.jobs[job_id] = job
        data = _document(job, "waiting", job_id)
        if "missing_field" in state.faults:
            del data["id"]
        return self.job_reply(job, 202 if "create_202" in state.variants else 200, {"data": data})

    async def _upload(self, body: Mapping[str, object], request: Request) -> Decision:
        """Make an uploaded image available for download; free of charge."""
        if not isinstance(body, Form):
            raise TypeError("an upload is a form")
        file = body.files("file")[0]
        picture = await asyncio.to_thread(_picture, file)
        self.state.pictures.keep(picture)
        self.state.downloaded.add(picture.digest)  # no result, so that it is there at once
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
            note=Note(outcome="upload"),
            wait_s=self.state.latency.fixed_s(REFUSAL_S),
        )

    def _unknown(self, request: Request) -> JsonReply:
        return self.problem(Problem.NOT_FOUND, request.url.path)


async def _form(request: Request) -> Form:
    """Return the parts of a form; a body that is none holds no file either."""
    return await read_form(request) or Form()


def _picture(file: File) -> RenderedImage:
    image = facts(file.data)
    # Another format gets here only under a switched-off rule; it is served under a false name.
    claimed = word_among(image.format, tuple(MEDIA_TYPES), "png")
    picture = RenderedImage(file.data, *image.size, encoding=image.format, claimed=claimed)
    _ = picture.digest  # computed here, in a thread
    return picture


def _render_request(resolution: str, body: Mapping[str, object]) -> RenderRequest:
    ratio = word_among(body.get("aspect_ratio"), rules.RATIOS, "16:9")
    explicit = ratio != "auto"
    width_px, height_px = SIZES[resolution, ratio if explicit else "1:1"]
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding="png",
        prompt=body.get("prompt"),
    )


def _price(faults: ActiveFaults, resolution: str, *, is_edit: bool) -> float:
    """Return the credits of an image, under the faults of charging where one is on."""
    double = {"4K", "2K"} if "charges_other_tier" in faults else {"4K"}
    if "charges_large_as_small" in faults:
        double = set()
    price = 2.0 if resolution in double else 1.0
    if "overcharge" in faults or ("charges_more_on_edit" in faults and is_edit):
        price *= 2
    return price + ("charge_off_by_one" in faults)


def _polled(job: EmulatedJob, stage: Stage, shown_id: str) -> Json:
    return {"data": _document(job, stage, shown_id)}


def _document(job: EmulatedJob, stage: Stage, shown_id: str) -> Json:
    result: Json | None = None
    error: Json | None = None
    if stage == "done" and "completed_without_result" not in job.faults:
        result = {"images": [{"url": url} for url in job.urls()]}
    if stage == "failed":
        error = {"code": "generation_failed", "message": "Generation failed."}
    return {
        "id": shown_id,
        "status": STATUS[stage],
        "model": rules.MODEL,
        "media_type": "image",
        "mode": word_among((job.body or {}).get("mode"), rules.MODES, "text_to_image"),
        "cost_credits": int(job.cost),
        "created_at": timestamp(job.created_at),
        "updated_at": timestamp(job.finished_at if stage in ENDED else job.created_at),
        "result": result,
        "error": error,
    }


def _models(request: Request) -> JsonReply:
    # The fields of an entry are not documented; `model` and `operations` are those of the SDK.
    del request
    model: Json = {
        "key": rules.MODEL,
        "model": rules.MODEL,
        "name": "GPT Image 2",
        "media_type": "image",
        "modes": list(rules.MODES),
        "operations": [{"mode": mode} for mode in rules.MODES],
    }
    return JsonReply(status=200, body={"data": [model]})
