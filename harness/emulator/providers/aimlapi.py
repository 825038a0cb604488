"""AI/ML API: POST /v1/images/generations and /v1/images/edits, synchronous.

Source: the seed document, sections Generate image and Edit image; reply, envelope and error texts
from the second source (OpenAPI file, example replies, pages errors-and-messages). The price of
medium at 1024x1024 is the example reply's 0.0536705 USD; the others are ours, also for edits.
1 USD is 2,000,000 credits, as in that reply. A recording of another endpoint shows 201: the variant
`created_201`.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import pipeline
from ..pipeline import Decision, Problem, ProviderServer, RouteSpec
from ..rendering import RenderRequest, render, usable_image_count
from ..replies import Json, JsonReply
from ..rules import aimlapi as rules
from ..rules.parameters import parse_size
from ..state import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..rules import Refusal

USD = {
    "1024x1024": {"low": 0.006, "medium": 0.0536705, "high": 0.211},
    "1024x1536": {"low": 0.005, "medium": 0.041, "high": 0.165},
    "1536x1024": {"low": 0.005, "medium": 0.041, "high": 0.165},
}
CREDITS_PER_USD = 2_000_000
# The page shows the first sentence; the second one is ours, as is that of NO_CREDIT.
NO_KEY = "This request requires a valid API key. You can create an API key on the billing page."
WORDS: dict[Problem, tuple[int, str]] = {
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

    name: ClassVar[str] = "aimlapi"
    unit: ClassVar[str] = "usd"

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route("/v1/images/generations", self._generate, methods=["POST"]),
            Route("/v1/images/edits", self._edit, methods=["POST"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the bearer token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure as {"message", "path", "requestId", "statusCode", "timestamp"}."""
        status, message = WORDS[problem]
        headers = {}
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.state.retry_after()
        return self._error(status, message, path, headers)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word a refusal as a body validation error that names the parameter."""
        message = (
            f"{refusal.parameter}: {refusal.message}" if refusal.parameter else refusal.message
        )
        return self._error(refusal.status, f"Body validation error. {message}", path, {})

    def usual_price(self) -> float:
        """Return the price in USD of medium at 1024x1024."""
        return USD["1024x1024"]["medium"]

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate and answer with an address or base64; the other key is there and null."""
        return await self._made(body, request, {})

    async def _edited(self, body: Mapping[str, object], request: Request) -> Decision:
        """Edit; the reply says more about its images than that of a generation."""
        values = rules.edit_parameters(body)
        order = _order(values)
        declared: Json = {
            "created": int(time.time()),
            "background": "transparent" if order.clear else "opaque",
            "output_format": order.encoding,
            "quality": _quality(values),
            "size": f"{order.width_px}x{order.height_px}",
            "usage": None,
        }
        return await self._made(values, request, declared)

    async def _made(
        self, values: Mapping[str, object], request: Request, declared: Json
    ) -> Decision:
        state = self.state
        order, quality = _order(values), _quality(values)
        wait_s = state.latency.generation_s(
            quality=quality, pixels=order.pixels, images=order.images
        )
        pictures = await render(state, order, pipeline.spoilt_by(request))
        usd = _price(order, quality) * (2 if "overcharge" in state.faults else 1)
        if "charges_per_request" in state.faults:
            usd /= order.images
        data: list[Json] = []
        for picture in pictures:
            item: Json = {"b64_json": None, "url": None}
            if values.get("response_format") == "b64_json":
                item["b64_json"] = picture.base64
            else:
                item["url"] = f"{request.base_url}cdn/{picture.filename}"
            if "missing_field" in state.faults:
                del item["url"], item["b64_json"]
            data.append(item)
        usage: Json = {"credits_used": round(usd * CREDITS_PER_USD), "usd_spent": usd}
        status = 201 if "created_201" in state.variants else 200
        body: Json = {**declared, "data": data, "meta": {"usage": usage}}
        return Decision(
            answer=JsonReply(status=status, body=body),
            note=Note(status=status, outcome="accepted", images=order.images, amount=usd),
            wait_s=wait_s,
        )

    async def _generate(self, request: Request) -> Response:
        return await pipeline.answer_submission(self, request)

    async def _edit(self, request: Request) -> Response:
        errand = RouteSpec(operation="edit", decode=pipeline.read_form, fulfil=self._edited)
        return await pipeline.answer_submission(self, request, errand)

    def _error(self, status: int, message: str, path: str, headers: dict[str, str]) -> JsonReply:
        body: Json = {
            "message": message,
            "path": path,
            "requestId": self.state.new_id("request"),
            "statusCode": status,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        return JsonReply(status=status, body=body, headers=headers)


def _order(body: Mapping[str, object]) -> RenderRequest:
    # Under an ignored size rule any WIDTHxHEIGHT in reach is made; the fallback is the documented
    # default.
    edges = parse_size(body.get("size"))
    explicit = edges is not None and max(edges) <= 4096
    width_px, height_px = edges if edges is not None and explicit else (1024, 1024)
    encoding = body.get("output_format")
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding=str(encoding) if encoding in rules.FORMATS else "png",
        images=usable_image_count(body.get("n")),
        clear=body.get("background") == "transparent",
    )


def _quality(body: Mapping[str, object]) -> str:
    quality = body.get("quality")
    return str(quality) if quality in rules.QUALITIES else "medium"


def _price(order: RenderRequest, quality: str) -> float:
    """Return the price in USD; a size that is not for sale is priced by its pixels."""
    listed = USD.get(f"{order.width_px}x{order.height_px}")
    if listed is not None:
        return round(listed[quality] * order.images, 7)
    return round(USD["1024x1024"][quality] * order.pixels / 1_048_576 * order.images, 7)
