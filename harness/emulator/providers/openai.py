"""api.openai.com: POST /v1/images/generations, /v1/images/edits and /v1/responses.

Source: the schema of OpenAI, its measured errors and its recorded exchanges (provider facts, 1).
Errors are pretty-printed with two spaces; where the key is refused, with four, and a character set.
What is not known is invented here: the words of 404, 405, 500 and 503, the status of an exhausted
budget (429 in some reports, 400 in others) and the headers of a rate limit. Retry-After is sent
with it, as with the others here.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import pipeline
from ..decision import Problem
from ..fetch import read_resolved
from ..pipeline import ProviderServer, refusal_reply
from ..received import read_form
from ..replies import Json, JsonReply
from ..rules import edits_api, openai_edits
from ..rules import openai as rules
from .images_api import Task, fulfil_images
from .openai_images import OpenAiImages
from .responses_api import fulfil_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from ..decision import Decision
    from ..rules import Refusal
    from ..state import ProviderState

KEYS_PAGE = "https://platform.openai.com/account/api-keys"
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header"
    " using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank"
    " username) if you're accessing the API from your browser and are prompted for a username and"
    f" password. You can obtain an API key from {KEYS_PAGE}."
)
BAD_KEY = f"Incorrect API key provided: sk-wrong****-key. You can find your API key at {KEYS_PAGE}."
MODERATED = (
    "Your request was rejected by the safety system. If you believe this is an error, contact us at"
    " help.openai.com and include the request ID {request_id}. safety_violations=[sexual]."
)
LIMITED = (
    "Rate limit reached for gpt-image-2 (for limit gpt-image) in organization org-emulated on"
    " input-images per min: Limit 5, Used 5, Requested 1. Please try again in 12s."
)
BUDGET, USER, SERVER = "billing_hard_limit_reached", "image_generation_user_error", "server_error"
# Status, type, message, code.
PROBLEMS: dict[Problem, tuple[int, str, str, str | None]] = {
    Problem.NO_KEY: (401, "invalid_request_error", NO_KEY, None),
    Problem.BAD_KEY: (401, "invalid_request_error", BAD_KEY, "invalid_api_key"),
    Problem.NO_CREDIT: (400, USER, "Billing hard limit has been reached", BUDGET),
    Problem.RATE_LIMITED: (429, "input-images", LIMITED, "rate_limit_exceeded"),
    Problem.MODERATED: (400, USER, MODERATED, "moderation_blocked"),
    Problem.NOT_FOUND: (404, "invalid_request_error", "Invalid URL", None),
    Problem.WRONG_METHOD: (405, "invalid_request_error", "Not allowed", None),
    Problem.CRASHED: (500, SERVER, "The server had an error while processing your request.", None),
    Problem.UNAVAILABLE: (503, SERVER, "The engine is currently overloaded.", None),
}
OF_THE_KEY = (Problem.NO_KEY, Problem.BAD_KEY)


class OpenAi(ProviderServer):
    """The maker of the model."""

    name = "openai"
    unit = "usd"
    usual_price = 229 * 30e-6 + 5e-6  # size and quality auto, a short prompt

    def __init__(self, state: ProviderState) -> None:
        super().__init__(state)
        self._images = OpenAiImages(state)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        edit = partial(_read_edit, self.state)
        return [
            self.submission("/v1/images/generations", self._generate),
            self.submission("/v1/images/edits", self._edit, operation="edit", decode=edit),
            self.submission("/v1/responses", self._respond, operation="respond"),
        ]

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure; one of the key comes from a layer with other headers."""
        del path
        status, kind, message, code = PROBLEMS[problem]
        error: Json = {"message": message, "type": kind, "param": None, "code": code}
        if problem in OF_THE_KEY:
            headers = self._images.edge_headers() | {"vary": "Origin"}
            return JsonReply(
                status=status,
                body={"error": error},
                headers=headers,
                indent=4,
                media_type="application/json; charset=utf-8",
            )
        headers = self._images.headers() | self.retry_header(problem)
        if problem is Problem.MODERATED:
            error["message"] = message.format(request_id=headers["x-request-id"])
            error["moderation_details"] = {"moderation_stage": "output", "categories": ["sexual"]}
        return JsonReply(status=status, body={"error": error}, headers=headers, indent=2)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return the refusal of a parameter."""
        del path
        return self._images.refused(refusal)

    async def _generate(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate, as one JSON reply or as a stream of events."""
        faults = pipeline.content_faults_of(request)
        task = Task(values=body, family="image_generation", extra_faults=faults)
        return self._opaque_only(body, request) or await fulfil_images(self._images, task)

    async def _edit(self, body: Mapping[str, object], request: Request) -> Decision:
        values = edits_api.edit_parameters(body)
        task = Task(
            values=values,
            family="image_edit",
            references=edits_api.image_count(body),
            extra_faults=pipeline.content_faults_of(request),
        )
        return self._opaque_only(values, request) or await fulfil_images(self._images, task)

    async def _respond(self, body: Mapping[str, object], request: Request) -> Decision:
        del request
        return await fulfil_response(self._images, body)

    def _opaque_only(self, values: Mapping[str, object], request: Request) -> Decision | None:
        refusal = rules.opaque_only(values) if "opaque_only" in self.state.variants else None
        if refusal is None:
            return None
        return refusal_reply(self, self.refusal(refusal, request.url.path), refusal.rule)


async def _read_edit(state: ProviderState, request: Request) -> object:
    """Return a form, or JSON with what its addresses serve."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_form(request)
    return await read_resolved(state, openai_edits.references_of, request)
