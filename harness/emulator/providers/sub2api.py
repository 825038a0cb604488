"""sub2api: POST /v1/images/generations, synchronous or as server-sent events, and GET /v1/models.

Source: the seed document, section Response Shape; envelopes, streaming and headers from the second
source (source of the gateway, schema of OpenAI). It is self-hosted: this one behaves like a
deployment on OAuth accounts, whose replies carry `model` and `revised_prompt`; the variant
`no_model` is one on API-key accounts, whose replies do not.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from starlette.routing import Route

from .. import front
from ..darkroom import Order, develop, usable, usable_count
from ..desk import Note
from ..front import Decision, Problem, Provider
from ..replies import Answer, EventStream, Json
from ..rules import sub2api as rules
from ..rules.lattice import parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from ..pictures import Picture
    from ..rules import Refusal

# Tokens of one 1024x1024 image, in proportion to pixels. Medium is the seed's example (196); low
# makes the recorded 1536x864 come to its 120; high is invented.
OUTPUT_TOKENS = {"low": 95, "medium": 196, "high": 784}
PARTIAL_TOKENS = 100  # per partial image, from OpenAI's guide
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


class Sub2Api(Provider):
    """The gateway sub2api in front of OpenAI's Images API."""

    name: ClassVar[str] = "sub2api"
    unit: ClassVar[str] = "image"  # no price is documented: images are counted

    def routes(self) -> Sequence[BaseRoute]:
        """Return the documented paths."""
        return [
            Route("/v1/images/generations", self._generate, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
        ]

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the key of any of the three headers."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        return headers.get("x-api-key", "").strip() or headers.get("x-goog-api-key", "").strip()

    def problem(self, problem: Problem, path: str) -> Answer:
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
        headers = self._headers()
        if problem is Problem.RATE_LIMITED:
            headers["retry-after"] = self.desk.retry_after()
        return Answer(status=status, body={"error": error}, headers=headers)

    def refusal(self, refusal: Refusal, path: str) -> Answer:
        """Word a refusal as OpenAI does."""
        del path
        error: Json = {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.parameter,
            "code": refusal.code,
        }
        return Answer(status=refusal.status, body={"error": error}, headers=self._headers())

    def usual_price(self) -> float:
        """Return one image."""
        return 1.0

    async def fulfil(self, body: Mapping[str, object], request: Request) -> Decision:
        """Generate, as one JSON reply or as a stream of events."""
        del request
        order, quality = _order(body), _quality(body)
        wait_s = self.desk.latency.generation_s(
            quality=quality, pixels=order.pixels, images=order.images
        )
        headers = self._headers(wait_s)
        pictures = await develop(self.desk, order)
        streamed = body.get("stream") is True
        partials = _partials(body) if streamed else 0
        declared = self._declared(order, quality)
        usage = self._usage(body, order, quality, partials)
        answer: Answer | EventStream
        if streamed:
            answer = EventStream(
                events=_events(pictures, declared, usage, partials, wait_s), headers=headers
            )
            if "missing_field" in self.desk.faults:
                del answer.events[-1][2]["usage"]
        else:
            reply = self._reply(body, pictures, declared, usage)
            answer = Answer(status=200, body=reply, headers=headers)
        amount = order.images * (2.0 if "overcharge" in self.desk.faults else 1.0)
        note = Note(status=200, outcome="accepted", images=order.images, amount=amount)
        return Decision(answer=answer, note=note, wait_s=0.0 if streamed else wait_s)

    async def _generate(self, request: Request) -> Response:
        return await front.submit(self, request)

    async def _models(self, request: Request) -> Response:
        return await front.ask(self, request, lambda _: (self._listed_models(), None))

    def _listed_models(self) -> Answer:
        # The seed: /v1/models may list text models only and the Images API works all the same.
        models = [{"id": "gpt-5.4", "object": "model", "owned_by": "openai"}]
        return Answer(status=200, body={"object": "list", "data": models}, headers=self._headers())

    def _reply(
        self,
        body: Mapping[str, object],
        pictures: tuple[Picture, ...],
        declared: Json,
        usage: Json,
    ) -> Json:
        with_model = "no_model" not in self.desk.variants
        data: list[Json] = []
        for picture in pictures:
            item: Json = {}
            if body.get("response_format") == "url":
                item["url"] = f"data:image/{picture.claimed};base64,{picture.base64}"
            else:
                item["b64_json"] = picture.base64
            if with_model:
                prompt = body.get("prompt")
                item["revised_prompt"] = prompt if isinstance(prompt, str) else ""
            data.append(item)
        reply: Json = {"created": int(time.time()), "data": data, **declared, "usage": usage}
        if with_model:
            model = body.get("model")
            reply["model"] = model if model in rules.MODELS else rules.MODELS[0]
        if "missing_field" in self.desk.faults:
            del reply["usage"]
        return reply

    def _declared(self, order: Order, quality: str) -> Json:
        faults = self.desk.faults
        size = f"{order.width_px}x{order.height_px}"
        if "wrong_declared_size" in faults:
            size = "1024x1536" if size == "1536x1024" else "1536x1024"
        encoding = order.encoding
        if "wrong_declared_format" in faults:
            encoding = "webp" if encoding == "png" else "png"
        if "lower_quality_declared" in faults:
            quality = "low"
        return {
            "background": "opaque",
            "output_format": encoding,
            "quality": quality,
            "size": size,
        }

    def _usage(self, body: Mapping[str, object], order: Order, quality: str, partials: int) -> Json:
        prompt = body.get("prompt")
        words = max(1, len(prompt) // 4) if isinstance(prompt, str) else 1
        each = round(OUTPUT_TOKENS[quality] * order.pixels / 1_048_576)
        images = each * order.images + PARTIAL_TOKENS * partials
        if "overcharge" in self.desk.faults:
            images *= 2
        total = words + images + (7 if "bad_usage_sum" in self.desk.faults else 0)
        return {
            "input_tokens": words,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": words},
            "output_tokens": images,
            "output_tokens_details": {"image_tokens": images, "text_tokens": 0},
            "total_tokens": total,
        }

    def _headers(self, elapsed_s: float = 0.0) -> dict[str, str]:
        return {
            "x-request-id": f"req_{self.desk.new_id('request')}",
            "openai-processing-ms": str(round(elapsed_s * 1000)),
        }

    def _turned_away(self, status: int, code: str, message: str) -> Answer:
        return Answer(status=status, body={"code": code, "message": message})


def _order(body: Mapping[str, object]) -> Order:
    edges = parse_size(body.get("size"))
    explicit = edges is not None and usable(*edges)
    # auto is free to break the lattice; 1024x1024 is what it picks here.
    width_px, height_px = edges if edges is not None and explicit else (1024, 1024)
    encoding = body.get("output_format")
    return Order(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding=str(encoding) if encoding in rules.FORMATS else "png",
        images=usable_count(body.get("n")),
    )


def _quality(body: Mapping[str, object]) -> str:
    # auto resolves to a tier that the reply declares; medium and high have been seen, and low once.
    quality = body.get("quality")
    return str(quality) if quality in ("low", "medium", "high") else "medium"


def _partials(body: Mapping[str, object]) -> int:
    partials = body.get("partial_images")
    if not isinstance(partials, int) or isinstance(partials, bool):
        return 0
    return max(0, min(partials, 10))


def _events(
    pictures: tuple[Picture, ...], declared: Json, usage: Json, partials: int, wait_s: float
) -> tuple[tuple[float, str, Json], ...]:
    """Spread the partial images evenly over the duration; each image's completed event ends it."""
    step_s = wait_s / (partials + 1)
    created = int(time.time())
    events: list[tuple[float, str, Json]] = []
    for index in range(partials):
        name = "image_generation.partial_image"
        data: Json = {
            "type": name,
            "b64_json": pictures[0].base64,
            "created_at": created,
            **declared,
            "partial_image_index": index,
        }
        events.append((step_s, name, data))
    for number, picture in enumerate(pictures):
        name = "image_generation.completed"
        data = {"type": name, "b64_json": picture.base64, "created_at": created, **declared}
        data["usage"] = {
            key: value for key, value in usage.items() if key != "output_tokens_details"
        }
        events.append((step_s if number == 0 else 0.0, name, data))
    return tuple(events)
