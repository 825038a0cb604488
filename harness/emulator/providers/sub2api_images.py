"""What sub2api makes of a generation and of an edit: pictures, one JSON reply or a stream, a price.

Source: the seed document, section Response Shape; the names of the events and their fields from the
schema of OpenAI.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decision import Decision
from ..ledger import Note
from ..rendering import (
    RenderRequest,
    render,
    render_drafts,
    request_of_size,
    usable_image_count,
)
from ..replies import Json, JsonReply, Script, partial_indices, staged_events
from ..rules import sub2api as rules
from ..rules.parameters import is_integer, word_among

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..pictures import RenderedImage
    from ..state import ProviderState

# Tokens of one 1024x1024 image, in proportion to pixels: at any size a lower quality takes fewer.
# Medium is the seed's example (196); low makes the recorded 1536x864 come to its 120; high is
# invented: four times medium, as known of gpt-image-1 (272, 1056 and 4160).
OUTPUT_TOKENS = {"low": 95, "medium": 196, "high": 784}
PARTIAL_TOKENS = 100  # per partial image, from OpenAI's guide
REFERENCE_TOKENS = 64  # per image that an edit starts from, from a recording of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A generation or an edit that broke no rule.

    `values` are its parameters, `family` is what the names of its events begin with, `references`
    is the number of images it starts from, `extra_faults` are content faults for it alone.
    """

    values: Mapping[str, object]
    family: str
    references: int = 0
    extra_faults: frozenset[str] = frozenset()


async def fulfil_images(state: ProviderState, task: Task) -> Decision:
    """Render the pictures and answer with one JSON reply or with a stream of events."""
    faults, values = state.faults, task.values
    render_request, quality = render_request_of(values), quality_of(values)
    images = render_request.images
    is_lower = "lower_quality_served" in faults.names | task.extra_faults
    real_quality = "low" if is_lower else quality
    wait_s = state.latency.generation_s(
        quality=real_quality, pixels=render_request.pixels, images=images
    )
    headers = reply_headers(state, wait_s)
    streamed = is_streamed(state, values)
    extra_faults = task.extra_faults | (_stream_faults(state) if streamed else frozenset())
    pictures = await render(state, render_request, extra_faults)
    declared = declared_of(state, render_request, quality)
    requested = partial_count(values.get("partial_images")) if streamed else 0
    usage = _usage(state, task, render_request, real_quality, requested)
    note = note_of(state, images, streamed=streamed)
    if not streamed:
        reply = _reply(state, values, pictures, declared, usage)
        answer = JsonReply(status=200, body=reply, headers=headers)
        return Decision(answer=answer, note=note, wait_s=wait_s)
    del usage["output_tokens_details"]  # a stream's usage has none in the schema of OpenAI
    completed = declared if "missing_field" in faults else {**declared, "usage": usage}
    if "stream_declares_other_size" in faults:
        completed = {**completed, "size": _other_size(str(declared["size"]))}
    indices = partial_indices(faults, requested)
    drafts = await render_drafts(state, render_request, len(indices))
    partials = _events(f"{task.family}.partial_image", drafts, declared)
    script = Script(
        requested=requested,
        partials=tuple(
            {**event, "partial_image_index": index}
            for event, index in zip(partials, indices, strict=True)
        ),
        closing=_events(f"{task.family}.completed", pictures, completed),
    )
    return Decision(answer=staged_events(faults, script, wait_s, headers), note=note)


def is_streamed(state: ProviderState, body: Mapping[str, object]) -> bool:
    """Whether the reply to a body is a stream."""
    return body.get("stream") is True and "stream_ignored" not in state.faults


def reply_headers(state: ProviderState, elapsed_s: float = 0.0) -> dict[str, str]:
    """Return the headers that every reply behind the auth layer carries."""
    return {
        "x-request-id": f"req_{state.new_id('request')}",
        "openai-processing-ms": str(round(elapsed_s * 1000)),
    }


def note_of(state: ProviderState, images: int, *, streamed: bool = False) -> Note:
    """Return the ledger's note of `images` images; a stream that ends in an error is free."""
    if streamed and "error_event" in state.faults:
        return Note(outcome="accepted")
    amount = images * (2.0 if "overcharge" in state.faults else 1.0)
    return Note(outcome="accepted", images=images, amount=amount)


def render_request_of(values: Mapping[str, object]) -> RenderRequest:
    """Return what to render; without a size 1024x1024, which is also what auto picks here."""
    # A real auto may pick a size that breaks the rules of a named one.
    return request_of_size(
        values.get("size"),
        encoding=word_among(values.get("output_format"), rules.FORMATS, "png"),
        images=usable_image_count(values.get("n")),
        background=values.get("background"),
    )


def quality_of(values: Mapping[str, object]) -> str:
    """Return the tier to render; auto is medium here."""
    # auto becomes a tier that the reply declares; recordings show medium and high, and low once.
    return word_among(values.get("quality"), ("low", "medium", "high"), "medium")


def partial_count(requested: object) -> int:
    """Return how many partial images a request gets."""
    return max(0, min(requested, 10)) if is_integer(requested) else 0


def declared_of(state: ProviderState, render_request: RenderRequest, quality: str) -> Json:
    """Return what a reply says about its pictures."""
    faults = state.faults
    size = f"{render_request.width_px}x{render_request.height_px}"
    if "wrong_declared_size" in faults:
        size = _other_size(size)
    encoding = render_request.encoding
    if "wrong_declared_format" in faults:
        encoding = "webp" if encoding == "png" else "png"
    if "lower_quality_declared" in faults:
        quality = "low"
    ground = "transparent" if "background_declared_other" in faults else "opaque"
    return {"background": ground, "output_format": encoding, "quality": quality, "size": size}


def _other_size(size: str) -> str:
    return "1024x1536" if size == "1536x1024" else "1536x1024"


def _stream_faults(state: ProviderState) -> frozenset[str]:
    """Return the content faults that are on for streams alone."""
    return frozenset(
        name for name in ("wrong_dimensions", "wrong_format") if f"stream_{name}" in state.faults
    )


def _reply(
    state: ProviderState,
    values: Mapping[str, object],
    pictures: tuple[RenderedImage, ...],
    declared: Json,
    usage: Json,
) -> Json:
    as_url = values.get("response_format") == "url"
    data: list[Json] = [
        {"url": f"data:image/{picture.claimed};base64,{picture.base64}"}
        if as_url
        else {"b64_json": picture.base64}
        for picture in pictures
    ]
    reply: Json = {"created": int(time.time()), "data": data, **declared, "usage": usage}
    if "no_model" not in state.variants:
        prompt = values.get("prompt")
        for image in data:
            image["revised_prompt"] = prompt if isinstance(prompt, str) else ""
        reply["model"] = word_among(values.get("model"), rules.MODELS, rules.MODELS[0])
    if "missing_field" in state.faults:
        del reply["usage"]
    return reply


def _usage(
    state: ProviderState, task: Task, render_request: RenderRequest, quality: str, partials: int
) -> Json:
    prompt = task.values.get("prompt")
    text_tokens = max(1, len(prompt) // 4) if isinstance(prompt, str) else 1
    reference_tokens = REFERENCE_TOKENS * task.references
    each = round(OUTPUT_TOKENS[quality] * render_request.pixels / 1_048_576)
    image_tokens = each * render_request.images + PARTIAL_TOKENS * partials
    if "overcharge" in state.faults:
        image_tokens *= 2
    input_tokens = text_tokens + reference_tokens
    detail = image_tokens + (7 if "bad_usage_details" in state.faults else 0)
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"image_tokens": reference_tokens, "text_tokens": text_tokens},
        "output_tokens": image_tokens,
        "output_tokens_details": {"image_tokens": detail, "text_tokens": 0},
        "total_tokens": input_tokens + image_tokens + 7 * ("bad_usage_sum" in state.faults),
    }


def _events(name: str, pictures: Sequence[RenderedImage], declared: Json) -> tuple[Json, ...]:
    """Return an event of that name for each picture, with what it declares."""
    created = int(time.time())
    return tuple(
        {"type": name, "b64_json": picture.base64, "created_at": created, **declared}
        for picture in pictures
    )
