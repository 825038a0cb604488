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

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from .. import pipeline
from ..decision import Decision, Problem
from ..faults.authenticity import drawn_quality
from ..fetch import read_resolved
from ..ledger import Note
from ..pipeline import ProviderServer
from ..rendering import RenderRequest, render, request_of_size, usable_image_count
from ..replies import Json, JsonReply
from ..rules import nanobanana as rules
from ..rules.parameters import word_among
from ..rules.uploads import unreachable_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
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
PROBLEMS: dict[Problem, tuple[int, str]] = {
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

    name = "nanobanana"
    unit = "credit"
    usual_price = 14.0  # size auto, quality auto

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        decode = partial(read_resolved, self.state, rules.edit_references)
        return [
            self.submission(GENERATE_PATH, self._fulfil),
            self.submission("/v1/images/edit", self._fulfil, operation="edit", decode=decode),
            self.submission(OPENAI_PATH, self._fulfil, operation="edit", decode=decode),
        ]

    def problem(self, problem: Problem, path: str) -> JsonReply:
        """Return a failure as {"code": -1, "message"}."""
        del path
        return self._error(*PROBLEMS[problem], self.retry_header(problem))

    def refusal(self, refusal: Refusal, path: str) -> JsonReply:
        """Return a refusal in the same envelope; the message names the parameter."""
        del path
        return self._error(refusal.status, refusal.message, {})

    async def _fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate or edit one image and answer with its address."""
        state = self.state
        if unreachable_address(body) is not None:
            message = "generate failed: reference image could not be downloaded"
            return pipeline.refusal_reply(self, self._error(400, message, {}), "images.reachable")
        render_request = request_of_size(
            body.get("size"),
            encoding="png",  # the format is not documented
            images=usable_image_count(body.get("n")),
            prompt=body.get("prompt"),
        )
        extra_faults = pipeline.content_faults_of(request)
        faults = state.faults.names | extra_faults
        drawn = drawn_quality(faults, body.get("quality"), _quality(body))
        images = render_request.images
        # The document bills auto as high and does not say how long it takes: as long as high.
        wait_s = state.latency.generation_s(
            quality=drawn, pixels=render_request.pixels, images=images
        )
        render_request = dataclasses.replace(render_request, ready_in_s=wait_s)
        pictures = await render(state, render_request, extra_faults)
        is_edit = request.url.path != GENERATE_PATH
        cost = _cost(state.faults, render_request, body, is_edit=is_edit)
        urls = [f"{request.base_url}cdn/{picture.filename}" for picture in pictures]
        reply: Json = {"code": 0, "message": "ok", "data": self._data(urls, cost, request)}
        return Decision(
            answer=JsonReply(status=200, body=reply),
            note=Note(outcome="accepted", images=images, amount=float(cost)),
            wait_s=wait_s,
        )

    def _data(self, urls: list[str], cost: int, request: Request) -> object:
        lacking = "missing_field" in self.state.faults
        if "openai_shape" in self.state.variants and request.url.path == OPENAI_PATH:
            return [{} if lacking else {"url": url} for url in urls]
        # Clients also accept a list as url; it is sent only where an ignored rule accepts n > 1.
        data: Json = {"url": urls[0] if len(urls) == 1 else urls, "costCredits": cost}
        if lacking:
            del data["url"]
        return data

    def _error(self, status: int, message: str, headers: dict[str, str]) -> JsonReply:
        if "errors_in_200" in self.state.variants:
            status = 200
        return JsonReply(status=status, body={"code": -1, "message": message}, headers=headers)


def _quality(body: Mapping[str, object]) -> str:
    return word_among(body.get("quality"), ("low", "medium"), "high")


def _cost(
    faults: ActiveFaults,
    render_request: RenderRequest,
    body: Mapping[str, object],
    *,
    is_edit: bool,
) -> int:
    """Return the credits of a request, under the faults of charging where one is on."""
    longest_px = max(render_request.width_px, render_request.height_px)
    # auto becomes 1024x1024 here and so is in 1K, as the document says.
    tier = "1K" if longest_px <= 1536 else "2K" if longest_px <= 2048 else "4K"
    quality = _quality(body)
    if "charges_at_boundary" in faults and longest_px in (1536, 2048):
        tier = "2K" if tier == "1K" else "4K"
    elif "charges_other_tier" in faults and tier == "2K":
        tier = "4K"
    elif "charges_large_as_small" in faults and tier == "4K":
        tier = "2K"
    if "charges_other_quality" in faults and quality == "medium":
        quality = "high"
    elif "charges_auto_as_medium" in faults and body.get("quality") in (None, "auto"):
        quality = "medium"
    cost = CREDITS[tier][quality] * render_request.images
    if "overcharge" in faults or ("charges_more_on_edit" in faults and is_edit):
        cost *= 2
    return cost + ("charge_off_by_one" in faults)
