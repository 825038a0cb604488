"""sub2api: POST /v1/images/generations, /v1/images/edits and /v1/responses, and GET /v1/models.

Each POST answers at once or as server-sent events. Source: the seed document, section Endpoints;
envelopes and headers from the second source (source of the gateway, schema of OpenAI). It is
self-hosted: this one behaves like a deployment on OAuth accounts, whose replies carry `model` and
`revised_prompt`; the variant `no_model` is one on API-key accounts, whose replies do not.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import pipeline
from ..pipeline import Decision, Problem, ProviderServer, RouteSpec
from ..replies import Json, JsonReply
from ..rules import sub2api_edits
from . import sub2api_images as images
from . import sub2api_responses as responses
from .sub2api_images import Task, reply_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..rules import Refusal

NO_KEY = (
    "API key is required in Authorization header (Bearer scheme), x-api-key header,"
    " or x-goog-api-key header"
)
# Status, type, message, code. The types of 404, 405, 500 and 503 are not documented.
WORDS: dict[Problem, tuple[int, str, str, str | None]] = {
    Problem.RATE_LIMITED: (
        429,
        "rate_limit_exceeded",
        "Rate limit exceeded",
        "rate_limit_exceeded",
    ),
    Problem.MODERATED: (
        400,
        "image_generation_user_error",
        "Your request was rejected by the safety system. safety_violations=[sexual].",
        "moderation_blocked",
    ),
    Problem.NOT_FOUND: (404, "invalid_request_error", "Not found", None),
    Problem.WRONG_METHOD: (405, "invalid_request_error", "Method not allowed", None),
    Problem.CRASHED: (500, "api_error", "Internal server error", None),
    Problem.UNAVAILABLE: (503, "api_error", "No available compatible accounts", None),
}


class Sub2Api(ProviderServer):
    """The gateway sub2api in front of OpenAI's Images API."""

    name: ClassVar[str] = "sub2api"
    unit: ClassVar[str] = "image"  # no price is documented: images are counted

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route("/v1/images/generations", self._generate, methods=["POST"]),
            Route("/v1/images/edits", self._edit, methods=["POST"]),
            Route("/v1/responses", self._respond, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key of any of the three headers."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        return headers.get("x-api-key", "").strip() or headers.get("x-goog-api-key", "").strip()

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure: keys and balance as the auth layer does, the rest as the handler."""
        del path
        if problem is Problem.NO_KEY:
            return self._turned_away(401, "API_KEY_REQUIRED", NO_KEY)
        if problem is Problem.BAD_KEY:
            return self._turned_away(401, "INVALID_API_KEY", "Invalid API key")
        if problem is Problem.NO_CREDIT:
            return self._turned_away(403, "INSUFFICIENT_BALANCE", "Insufficient account balance")
        status, kind, message, code = WORDS[problem]
        error: Json = {"message": message, "type": kind, "param": None, "code": code}
        if problem is Problem.MODERATED:
            error["moderation_details"] = {"moderation_stage": "input", "categories": ["sexual"]}
        sent = reply_headers(self.state)
        if problem is Problem.RATE_LIMITED:
            sent["retry-after"] = self.state.retry_after()
        return JsonReply(status=status, body={"error": error}, headers=sent)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word a refusal as OpenAI does."""
        del path
        error: Json = {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.parameter,
            "code": refusal.code,
        }
        return JsonReply(
            status=refusal.status, body={"error": error}, headers=reply_headers(self.state)
        )

    def usual_price(self) -> float:
        """Return one image."""
        return 1.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate, as one JSON reply or as a stream of events."""
        task = Task(values=body, family="image_generation", spoilt=pipeline.spoilt_by(request))
        return await images.fulfil_images(self.state, task)

    async def _edited(self, body: Mapping[str, object], request: Request) -> Decision:
        task = Task(
            values=sub2api_edits.sub2api_edit_parameters(body),
            spoilt=pipeline.spoilt_by(request),
            family="image_edit",
            references=sub2api_edits.image_count(body),
        )
        return await images.fulfil_images(self.state, task)

    async def _responded(self, body: Mapping[str, object], request: Request) -> Decision:
        del request
        return await responses.fulfil_response(self.state, body)

    async def _generate(self, request: Request) -> Response:
        return await pipeline.answer_submission(self, request)

    async def _edit(self, request: Request) -> Response:
        is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
        decode = pipeline.read_form if is_form else pipeline.read_json
        errand = RouteSpec(operation="edit", decode=decode, fulfil=self._edited)
        return await pipeline.answer_submission(self, request, errand)

    async def _respond(self, request: Request) -> Response:
        errand = RouteSpec(operation="respond", decode=pipeline.read_json, fulfil=self._responded)
        return await pipeline.answer_submission(self, request, errand)

    async def _models(self, request: Request) -> Response:
        return await pipeline.answer_poll(self, request, lambda _: (self._listed_models(), None))

    def _listed_models(self) -> JsonReply:
        # The seed: /v1/models may list text models only and the Images API works all the same.
        listed: Json = {"id": "gpt-5.4", "object": "model", "created": 1767225600}
        models = [{**listed, "owned_by": "openai"}]
        return JsonReply(
            status=200, body={"object": "list", "data": models}, headers=reply_headers(self.state)
        )

    def _turned_away(self, status: int, code: str, message: str) -> JsonReply:
        return JsonReply(status=status, body={"code": code, "message": message})
