"""What sub2api makes of a generation and of an edit: pictures, one JSON reply or a stream, a price.

Source: the seed document, section Response Shape; the names of the events and their fields from the
schema of OpenAI.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..pipeline import Decision
from ..rendering import RenderRequest, render, render_drafts, usable_image_count, usable_images
from ..replies import (
    EventStream,
    Json,
    JsonReply,
    Script,
    needed_count,
    partial_indices,
    shown_count,
    staged_events,
)
from ..rules import sub2api as rules
from ..rules.parameters import parse_size
from ..state import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    is the number of images it starts from, `spoilt` are content faults that are on for it alone.
    """

    values: Mapping[str, object]
    family: str
    references: int = 0
    spoilt: frozenset[str] = frozenset()

    @property
    def partials(self) -> int:
        """How many partial images it asks for."""
        return partial_count(self.values.get("partial_images"))


async def fulfil_images(state: ProviderState, task: Task) -> Decision:
    """Make the pictures and answer with one JSON reply or with a stream of events."""
    faults = state.faults
    order, quality = order_of(task.values), quality_of(task.values)
    made = "low" if "lower_quality_served" in faults else quality
    wait_s = state.latency.generation_s(quality=made, pixels=order.pixels, images=order.images)
    out = reply_headers(state, wait_s)
    streamed = task.values.get("stream") is True and "stream_ignored" not in faults
    spoilt = task.spoilt | (_in_stream(state) if streamed else frozenset())
    pictures = await render(state, order, spoilt)
    declared = declared_of(state, order, quality)
    usage = _usage(state, task, order, made, task.partials if streamed else 0)
    if not streamed:
        reply = _reply(state, task.values, pictures, declared, usage)
        answer: JsonReply | EventStream = JsonReply(status=200, body=reply, headers=out)
        return Decision(answer=answer, note=note_of(state, order.images), wait_s=wait_s)
    shown = await render_drafts(state, order, needed_count(faults, task.partials))
    del usage["output_tokens_details"]  # a stream's usage has none in the schema of OpenAI
    last = declared if "missing_field" in faults else {**declared, "usage": usage}
    if "stream_declares_other_size" in faults:
        last = {**last, "size": _another(str(declared["size"]))}
    script = _script(state, task, shown, (declared, last), pictures)
    answer = staged_events(faults, script, wait_s, out)
    return Decision(answer=answer, note=note_of(state, order.images, streamed=True))


def reply_headers(state: ProviderState, elapsed_s: float = 0.0) -> dict[str, str]:
    """Return the headers that every reply behind the auth layer carries."""
    return {
        "x-request-id": f"req_{state.new_id('request')}",
        "openai-processing-ms": str(round(elapsed_s * 1000)),
    }


def note_of(state: ProviderState, images: int, *, streamed: bool = False) -> Note:
    """Return the ledger's note of `images` images; a stream that ends in an error is free."""
    if streamed and "error_event" in state.faults:
        return Note(status=200, outcome="accepted")
    amount = images * (2.0 if "overcharge" in state.faults else 1.0)
    return Note(status=200, outcome="accepted", images=images, amount=amount)


def order_of(values: Mapping[str, object]) -> RenderRequest:
    """Return what to make; without a size 1024x1024, which is also what auto picks here."""
    edges = parse_size(values.get("size"))
    explicit = edges is not None and usable_images(*edges)
    # auto is free to break the lattice.
    width_px, height_px = edges if edges is not None and explicit else (1024, 1024)
    encoding = values.get("output_format")
    return RenderRequest(
        width_px=width_px,
        height_px=height_px,
        explicit=explicit,
        encoding=str(encoding) if encoding in rules.FORMATS else "png",
        images=usable_image_count(values.get("n")),
    )


def quality_of(values: Mapping[str, object]) -> str:
    """Return the tier to make; auto is medium here."""
    # auto resolves to a tier that the reply declares; medium and high have been seen, and low once.
    quality = values.get("quality")
    return str(quality) if quality in ("low", "medium", "high") else "medium"


def partial_count(value: object) -> int:
    """Return how many partial images a request asks for."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return max(0, min(value, 10))


def declared_of(state: ProviderState, order: RenderRequest, quality: str) -> Json:
    """Return what a reply says about its pictures."""
    faults = state.faults
    size = f"{order.width_px}x{order.height_px}"
    if "wrong_declared_size" in faults:
        size = _another(size)
    encoding = order.encoding
    if "wrong_declared_format" in faults:
        encoding = "webp" if encoding == "png" else "png"
    if "lower_quality_declared" in faults:
        quality = "low"
    return {"background": "opaque", "output_format": encoding, "quality": quality, "size": size}


def _another(size: str) -> str:
    return "1024x1536" if size == "1536x1024" else "1536x1024"


def _in_stream(state: ProviderState) -> frozenset[str]:
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
    with_model = "no_model" not in state.variants
    data: list[Json] = []
    for picture in pictures:
        item: Json = {}
        if values.get("response_format") == "url":
            item["url"] = f"data:image/{picture.claimed};base64,{picture.base64}"
        else:
            item["b64_json"] = picture.base64
        if with_model:
            prompt = values.get("prompt")
            item["revised_prompt"] = prompt if isinstance(prompt, str) else ""
        data.append(item)
    reply: Json = {"created": int(time.time()), "data": data, **declared, "usage": usage}
    if with_model:
        model = values.get("model")
        reply["model"] = model if model in rules.MODELS else rules.MODELS[0]
    if "missing_field" in state.faults:
        del reply["usage"]
    return reply


def _usage(
    state: ProviderState, task: Task, order: RenderRequest, quality: str, partials: int
) -> Json:
    prompt = task.values.get("prompt")
    words = max(1, len(prompt) // 4) if isinstance(prompt, str) else 1
    seen = REFERENCE_TOKENS * task.references
    each = round(OUTPUT_TOKENS[quality] * order.pixels / 1_048_576)
    images = each * order.images + PARTIAL_TOKENS * partials
    if "overcharge" in state.faults:
        images *= 2
    total = words + seen + images + (7 if "bad_usage_sum" in state.faults else 0)
    detail = images + (7 if "bad_usage_details" in state.faults else 0)
    return {
        "input_tokens": words + seen,
        "input_tokens_details": {"image_tokens": seen, "text_tokens": words},
        "output_tokens": images,
        "output_tokens_details": {"image_tokens": detail, "text_tokens": 0},
        "total_tokens": total,
    }


def _script(
    state: ProviderState,
    task: Task,
    made: tuple[RenderedImage, ...],
    told: tuple[Json, Json],
    pictures: tuple[RenderedImage, ...],
) -> Script:
    """Return the partial images and each finished one's completed event, with what each tells."""
    faults, created = state.faults, int(time.time())
    partials: list[Json] = [
        {
            "type": f"{task.family}.partial_image",
            "b64_json": picture.base64,
            "created_at": created,
            **told[0],
            "partial_image_index": index,
        }
        for picture, index in zip(made, partial_indices(faults, len(made)), strict=True)
    ]
    completed: list[Json] = [
        {
            "type": f"{task.family}.completed",
            "b64_json": picture.base64,
            "created_at": created,
            **told[1],
        }
        for picture in pictures
    ]
    return Script(
        partials=tuple(partials[: shown_count(faults, task.partials)]),
        closing=tuple(completed),
        late=partials[-1] if "partial_after_completion" in faults else None,
    )
