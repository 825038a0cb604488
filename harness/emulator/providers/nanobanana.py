"""nanobananaapi.dev: POST /v1/images/generate and /v1/images/edit, synchronous.

Source: the seed document (pricing matrix, sizes, `result.data.url` in its examples); the envelope
{"code", "message"} and four error messages from the provider's older page. The HTTP status of an
error is unknown: 400 and its relatives here; the variant `errors_in_200` answers 200 and leaves the
judgement to `code`. The shape behind the "OpenAI-compatible" /api/v1/images/edits is unknown: the
same as elsewhere here, a list in the variant `openai_shape`. Unknown, too, is what happens when an
image cannot be fetched: "generate failed", free of charge. The seed speaks of "the displayed
costCredits" without a place: here it is data.costCredits.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import pipeline
from ..fetch import from_json_with_references
from ..pipeline import Decision, Problem, ProviderServer, RouteSpec
from ..rendering import RenderRequest, render, usable_image_count, usable_images
from ..replies import Json, JsonReply
from ..rules import nanobanana as rules
from ..rules.parameters import parse_size
from ..rules.uploads import unreachable_address
from ..state import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..faults.catalogue import ActiveFaults
    from ..rules import Refusal

GENERATE_PATH = "/v1/images/generate"
OPENAI_PATH = "/api/v1/images/edits"
CREDITS = {
    "1K": {"low": 1, "medium": 4, "high": 14},
    "2K": {"low": 2, "medium": 17, "high": 67},
    "4K": {"low": 4, "medium": 34, "high": 133},
}
WORDS: dict[Problem, tuple[int, str]] = {
    Problem.NO_KEY: (401, "invalid api key"),
    Problem.BAD_KEY: (401, "invalid api key"),
    Problem.NO_CREDIT: (402, "insufficient credits"),
    Problem.RATE_LIMITED: (429, "too many requests"),
    Problem.MODERATED: (400, "prompt rejected by content moderation"),
    Problem.NOT_FOUND: (404, "not found"),
    Problem.WRONG_METHOD: (405, "invalid request type"),
    Problem.CRASHED: (500, "generate failed"),
    Problem.UNAVAILABLE: (503, "service unavailable"),
}


class NanoBanana(ProviderServer):
    """api.nanobananaapi.dev."""

    name: ClassVar[str] = "nanobanana"
    unit: ClassVar[str] = "credit"

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route(GENERATE_PATH, self._generate, methods=["POST"]),
            Route("/v1/images/edit", self._edit, methods=["POST"]),
            Route(OPENAI_PATH, self._edit, methods=["POST"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the bearer token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Word a failure as {"code": -1, "message"}."""
        del path
        status, message = WORDS[problem]
        headers = {}
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.state.retry_after()
        return self._error(status, message, headers)

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Word a refusal in the same envelope; the message names the parameter."""
        del path
        return self._error(refusal.status, refusal.message, {})

    def usual_price(self) -> float:
        """Return the credits of size auto, quality auto."""
        return 14.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate or edit one image and answer with its address."""
        state = self.state
        if unreachable_address(body) is not None:
            message = "generate failed: reference image could not be downloaded"
            return pipeline.refusal_reply(self, self._error(400, message, {}), "images.reachable")
        order, quality = _order(body), _quality(body)
        # The document bills auto as high; how long auto takes is not said, so it takes as long as
        # high.
        wait_s = state.latency.generation_s(
            quality=quality, pixels=order.pixels, images=order.images
        )
        pictures = await render(state, order, pipeline.spoilt_by(request))
        cost = _cost(state.faults, order, body, is_edit=request.url.path != GENERATE_PATH)
        urls = [f"{request.base_url}cdn/{picture.filename}" for picture in pictures]
        body_out: Json = {"code": 0, "message": "ok", "data": self._data(urls, cost, request)}
        return Decision(
            answer=JsonReply(status=200, body=body_out),
            note=Note(status=200, outcome="accepted", images=order.images, amount=float(cost)),
            wait_s=wait_s,
        )

    async def _generate(self, request: Request) -> Response:
        return await pipeline.answer_submission(self, request)

    async def _edit(self, request: Request) -> Response:
        async def decode(request: Request) -> object:
            return await from_json_with_references(self.state, request, rules.edit_references)

        errand = RouteSpec(operation="edit", decode=decode, fulfil=self.fulfil)
        return await pipeline.answer_submission(self, request, errand)

    def _data(self, urls: list[str], cost: int, request: Request) -> object:
        lacking = "missing_field" in self.state.faults
        if "openai_shape" in self.state.variants and request.url.path == OPENAI_PATH:
            return [{} if lacking else {"url": url} for url in urls]
        # Clients also know a list in this place; it is used only where an ignored rule lets n > 1
        # through.
        data: Json = {"url": urls[0] if len(urls) == 1 else urls, "costCredits": cost}
        if lacking:
            del data["url"]
        return data

    def _error(self, status: int, message: str, headers: dict[str, str]) -> JsonReply:
        if "errors_in_200" in self.state.variants:
            status = 200
        return JsonReply(status=status, body={"code": -1, "message": message}, headers=headers)


def _order(body: Mapping[str, object]) -> RenderRequest:
    edges = parse_size(body.get("size"))
    explicit = edges is not None and usable_images(*edges)
    width_px, height_px = edges if edges is not None and explicit else (1024, 1024)
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding="png",  # the format is not documented
        images=usable_image_count(body.get("n")),
    )


def _quality(body: Mapping[str, object]) -> str:
    quality = body.get("quality")
    return str(quality) if quality in ("low", "medium") else "high"


def _cost(
    faults: ActiveFaults, order: RenderRequest, body: Mapping[str, object], *, is_edit: bool
) -> int:
    """Return the credits of a request, under the faults of charging where one is on."""
    tier, quality = _tier(order), _quality(body)
    longest = max(order.width_px, order.height_px)
    if "charges_at_boundary" in faults and longest in (1536, 2048):
        tier = "2K" if tier == "1K" else "4K"
    elif "charges_other_tier" in faults and tier == "2K":
        tier = "4K"
    elif "charges_large_as_small" in faults and tier == "4K":
        tier = "2K"
    if "charges_other_quality" in faults and quality == "medium":
        quality = "high"
    elif "charges_auto_as_medium" in faults and body.get("quality") in (None, "auto"):
        quality = "medium"
    cost = CREDITS[tier][quality] * order.images
    if "overcharge" in faults or ("charges_more_on_edit" in faults and is_edit):
        cost *= 2
    return cost + ("charge_off_by_one" in faults)


def _tier(order: RenderRequest) -> str:
    # auto comes out as 1024x1024 here and so falls into 1K, as the document says.
    longest = max(order.width_px, order.height_px)
    if longest <= 1536:
        return "1K"
    return "2K" if longest <= 2048 else "4K"
