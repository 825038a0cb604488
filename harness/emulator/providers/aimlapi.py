"""AI/ML API: POST /v1/images/generations and /v1/images/edits, synchronous.

Source: the seed document, sections Generate image and Edit image; reply, envelope and error texts
from the second source (OpenAPI file, example replies, pages errors-and-messages). The price is the
maker's for the tokens of a request: the example reply's 0.0536705 USD is 0.05268 for a 1024x1024
image in medium, and 0.00099 for what was read. 1 USD is 2,000,000 credits, as in that reply. A
recording of another endpoint shows 201: the variant `created_201`.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .. import pipeline, tokens
from ..decision import Decision, Problem
from ..faults.authenticity import USUAL_TEXT_TOKENS, billed_tokens, drawn_quality
from ..ledger import Note
from ..pipeline import ProviderServer
from ..received import read_form
from ..rendering import RenderRequest, render, request_of_size, usable_image_count
from ..replies import Json, JsonReply
from ..rules import aimlapi as rules
from ..rules import edits_api
from ..rules.parameters import word_among

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from ..pictures import RenderedImage
    from ..rules import Refusal

CREDITS_PER_USD = 2_000_000
# The page shows the first sentence; the second one is ours, as is that of NO_CREDIT.
NO_KEY = "This request requires a valid API key. You can create an API key on the billing page."
PROBLEMS: dict[Problem, tuple[int, str]] = {
    Problem.NO_KEY: (401, NO_KEY),
    Problem.BAD_KEY: (401, NO_KEY),
    Problem.NO_CREDIT: (403, "You've run out of credits. Please top up your balance."),
    Problem.RATE_LIMITED: (429, "Too Many Requests"),
    Problem.MODERATED: (400, "Your request was rejected by the safety system."),
    Problem.NOT_FOUND: (404, "Not Found"),
    Problem.WRONG_METHOD: (405, "Method Not Allowed"),
    Problem.CRASHED: (500, "Internal Server Error"),
    Problem.UNAVAILABLE: (503, "Service Unavailable"),
}


class AimlApi(ProviderServer):
    """api.aimlapi.com."""

    name = "aimlapi"
    unit = "usd"
    usual_price = 0.0536705  # of the example reply

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        edit = self.submission("/v1/images/edits", self._edit, operation="edit", decode=read_form)
        return [self.submission("/v1/images/generations", self._generate), edit]

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure as {"message", "path", "requestId", "statusCode", "timestamp"}."""
        status, message = PROBLEMS[problem]
        return self._error(status, message, path, self.retry_header(problem))

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return a refusal as a body validation error that names the parameter."""
        named = f"{refusal.parameter}: " if refusal.parameter else ""
        message = f"Body validation error. {named}{refusal.message}"
        return self._error(refusal.status, message, path, {})

    async def _generate(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate and answer with an address or base64; the other key is there and null."""
        return await self._render(body, request, {}, references=0)

    async def _edit(self, body: Mapping[str, object], request: Request) -> Decision:
        """Edit; the reply declares more about its images than that of a generation."""
        values = rules.edit_parameters(body)
        render_request = _render_request(values)
        declared: Json = {
            "created": int(time.time()),
            "background": "transparent" if render_request.clear else "opaque",
            "output_format": render_request.encoding,
            "quality": _quality(values),
            "size": f"{render_request.width_px}x{render_request.height_px}",
            "usage": None,
        }
        references = edits_api.image_count(body)
        return await self._render(values, request, declared, references=references)

    async def _render(
        self, values: Mapping[str, object], request: Request, declared: Json, *, references: int
    ) -> Decision:
        state = self.state
        render_request, extra_faults = _render_request(values), pipeline.content_faults_of(request)
        faults = state.faults.names | extra_faults
        quality = drawn_quality(faults, values.get("quality"), _quality(values))
        images = render_request.images
        wait_s = state.latency.generation_s(
            quality=quality, pixels=render_request.pixels, images=images
        )
        render_request = dataclasses.replace(render_request, ready_in_s=wait_s)
        pictures = await render(state, render_request, extra_faults)
        usd = _price(faults, render_request, quality, pictures, references)
        data: list[Json] = []
        for picture in pictures:
            as_base64 = values.get("response_format") == "b64_json"
            url = None if as_base64 else f"{request.base_url}cdn/{picture.filename}"
            data.append({"b64_json": picture.base64 if as_base64 else None, "url": url})
        if "missing_field" in state.faults:
            data = [{} for _ in data]
        usage: Json = {"credits_used": round(usd * CREDITS_PER_USD), "usd_spent": usd}
        status = 201 if "created_201" in state.variants else 200
        reply: Json = {**declared, "data": data, "meta": {"usage": usage}}
        return Decision(
            answer=JsonReply(status=status, body=reply),
            note=Note(outcome="accepted", images=images, amount=usd),
            wait_s=wait_s,
        )

    def _error(self, status: int, message: str, path: str, headers: dict[str, str]) -> JsonReply:
        body: Json = {
            "message": message,
            "path": path,
            "requestId": self.state.new_id("request"),
            "statusCode": status,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        return JsonReply(status=status, body=body, headers=headers)


def _render_request(body: Mapping[str, object]) -> RenderRequest:
    # Under an ignored size rule any WIDTHxHEIGHT in reach is made; the fallback is the documented
    # default.
    return request_of_size(
        body.get("size"),
        longest_px=4096,
        encoding=word_among(body.get("output_format"), rules.FORMATS, "png"),
        images=usable_image_count(body.get("n")),
        background=body.get("background"),
        prompt=body.get("prompt"),
        compression=body.get("output_compression"),
    )


def _quality(body: Mapping[str, object]) -> str:
    return word_among(body.get("quality"), rules.QUALITIES, "medium")


def _price(
    faults: frozenset[str],
    render_request: RenderRequest,
    quality: str,
    pictures: Sequence[RenderedImage],
    references: int,
) -> float:
    """Return the price in USD of pictures that were drawn in that quality."""
    sizes = [picture.drawn_size for picture in pictures]
    if "charges_per_request" in faults:
        sizes = sizes[:1]
    constant = "usage_constant" in faults
    usd = tokens.usd(
        text=USUAL_TEXT_TOKENS if constant else tokens.text_tokens(render_request.prompt),
        read=tokens.REFERENCE_TOKENS * references,
        drawn=billed_tokens(faults, quality, render_request.edges, sizes),
    )
    return round(usd * (2 if "overcharge" in faults else 1), 7)
