"""sub2api: POST /v1/images/generations, /v1/images/edits and /v1/responses, and GET /v1/models.

Each POST replies at once or as server-sent events. Source: the seed document, section Endpoints;
envelopes and headers from the second source (source of the gateway, schema of OpenAI). It is
self-hosted: this one behaves like a deployment on OAuth accounts, whose replies carry `model` and
`revised_prompt`; the variant `no_model` is one on API-key accounts, whose replies do not.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import pipeline
from ..decision import Decision, Problem
from ..pipeline import ProviderServer
from ..received import read_form, read_json
from ..replies import Json, JsonReply
from ..rules import edits_api
from .images_api import Task, fulfil_images
from .responses_api import fulfil_response
from .sub2api_images import Sub2ApiImages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from ..rules import Refusal
    from ..state import ProviderState

NO_KEY = (
    "API key is required in Authorization header (Bearer scheme), x-api-key header,"
    " or x-goog-api-key header"
)
# The problems that the auth layer answers: status, code, message.
AUTH_PROBLEMS: dict[Problem, tuple[int, str, str]] = {
    Problem.NO_KEY: (401, "API_KEY_REQUIRED", NO_KEY),
    Problem.BAD_KEY: (401, "INVALID_API_KEY", "Invalid API key"),
    Problem.NO_CREDIT: (403, "INSUFFICIENT_BALANCE", "Insufficient account balance"),
}
MODERATED = "Your request was rejected by the safety system. safety_violations=[sexual]."
LIMITED = "rate_limit_exceeded"
# Status, type, message, code. The types of 404, 405, 500 and 503 are not documented.
PROBLEMS: dict[Problem, tuple[int, str, str, str | None]] = {
    Problem.RATE_LIMITED: (429, LIMITED, "Rate limit exceeded", LIMITED),
    Problem.MODERATED: (400, "image_generation_user_error", MODERATED, "moderation_blocked"),
    Problem.NOT_FOUND: (404, "invalid_request_error", "Not found", None),
    Problem.WRONG_METHOD: (405, "invalid_request_error", "Method not allowed", None),
    Problem.CRASHED: (500, "api_error", "Internal server error", None),
    Problem.UNAVAILABLE: (503, "api_error", "No available compatible accounts", None),
}


class Sub2Api(ProviderServer):
    """The gateway sub2api in front of OpenAI's Images API."""

    name = "sub2api"
    unit = "image"  # no price is documented: images are counted
    usual_price = 1.0

    def __init__(self, state: ProviderState) -> None:
        super().__init__(state)
        self._images = Sub2ApiImages(state)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            self.submission("/v1/images/generations", self._generate),
            self.submission(
                "/v1/images/edits", self._edit, operation="edit", decode=_read_form_or_json
            ),
            self.submission("/v1/responses", self._respond, operation="respond"),
            self.query("/v1/models", self._models),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key of any of the three headers."""
        return (
            super().key(headers)
            or headers.get("x-api-key", "").strip()
            or headers.get("x-goog-api-key", "").strip()
        )

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure: keys and balance as the auth layer does, the others as the handler."""
        del path
        if problem in AUTH_PROBLEMS:
            status, auth_code, message = AUTH_PROBLEMS[problem]
            return JsonReply(status=status, body={"code": auth_code, "message": message})
        status, kind, message, code = PROBLEMS[problem]
        error: Json = {"message": message, "type": kind, "param": None, "code": code}
        if problem is Problem.MODERATED:
            error["moderation_details"] = {"moderation_stage": "input", "categories": ["sexual"]}
        headers = self._images.headers() | self.retry_header(problem)
        return JsonReply(status=status, body={"error": error}, headers=headers)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return a refusal in OpenAI's envelope."""
        del path
        return self._images.refused(refusal)

    async def _generate(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate, as one JSON reply or as a stream of events."""
        faults = pipeline.content_faults_of(request)
        task = Task(values=body, family="image_generation", extra_faults=faults)
        return await fulfil_images(self._images, task)

    async def _edit(self, body: Mapping[str, object], request: Request) -> Decision:
        task = Task(
            values=edits_api.edit_parameters(body),
            family="image_edit",
            references=edits_api.image_count(body),
            extra_faults=pipeline.content_faults_of(request),
        )
        return await fulfil_images(self._images, task)

    async def _respond(self, body: Mapping[str, object], request: Request) -> Decision:
        del request
        return await fulfil_response(self._images, body)

    def _models(self, request: Request) -> JsonReply:
        # The seed: /v1/models may list text models only and the Images API works all the same.
        del request
        model: Json = {
            "id": "gpt-5.4", "object": "model", "created": 1767225600, "owned_by": "openai",
        }  # fmt: skip
        body: Json = {"object": "list", "data": [model]}
        return JsonReply(status=200, body=body, headers=self._images.headers())


async def _read_form_or_json(request: Request) -> object:
    is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
    return await (read_form if is_form else read_json)(request)
