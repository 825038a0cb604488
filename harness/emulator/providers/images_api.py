"""What APIs of the shape of OpenAI's make of a request: pictures, and a reply or a stream.

Source: the schema of OpenAI (names and fields of the events), which its gateways keep. Where they
differ (what auto picks, prices, tokens, what stands in a reply), each is an ImagesApi of its own.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import dataclasses
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decision import Decision
from ..faults.authenticity import USUAL_TEXT_TOKENS, billed_tokens, drawn_quality
from ..ledger import Note
from ..rendering import (
    RenderRequest,
    render,
    render_drafts,
    request_of_size,
    usable_image_count,
)
from ..replies import Json, JsonReply, Script, partial_indices, staged_events
from ..rules.images_api import FORMATS
from ..rules.parameters import is_integer, word_among
from ..tokens import PARTIAL_TOKENS, REFERENCE_TOKENS, text_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..pictures import RenderedImage
    from ..rules import Refusal
    from ..state import ProviderState


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a request takes: tokens of text, of images read, and of images drawn."""

    text: int
    read: int
    drawn: int

    @property
    def details(self) -> Json:
        """Return the two kinds of input, as a reply lists them."""
        return {"image_tokens": self.read, "text_tokens": self.text}


class ImagesApi(ABC):
    """One API of that shape: what auto picks, what an image costs, its headers.

    `auto_quality` and `auto_size` are what it draws where the client leaves them to it;
    `shows_clear` says that its replies declare a transparent background. They are JSON with
    `indent` spaces, None for none, and `chunked` where they do not say how long they are.
    """

    auto_quality = "medium"
    shows_clear = False
    auto_size = "1024x1024"
    indent: int | None = None
    chunked = False

    def __init__(self, state: ProviderState) -> None:
        self.state = state

    @abstractmethod
    def headers(self, elapsed_s: float = 0.0) -> dict[str, str]:
        """Return the headers of every reply to an accepted key."""

    @abstractmethod
    def price(self, images: int, tokens: Tokens) -> float:
        """Return what images cost that took these tokens, in the provider's unit."""

    @abstractmethod
    def body(
        self,
        values: Mapping[str, object],
        pictures: Sequence[RenderedImage],
        declared: Json,
        usage: Json,
    ) -> Json:
        """Return the JSON of a reply that is no stream."""

    def refused(self, refusal: Refusal) -> JsonReply:
        """Return the refusal of a parameter, in OpenAI's envelope."""
        error: Json = {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.parameter,
            "code": refusal.code,
        }
        return JsonReply(
            status=refusal.status,
            body={"error": error},
            headers=self.headers(),
            indent=self.indent,
        )

    def reply(self, body: Json, elapsed_s: float) -> JsonReply:
        """Return a body as the reply of a request that was served."""
        return JsonReply(
            status=200,
            body=body,
            headers=self.headers(elapsed_s),
            indent=self.indent,
            chunked=self.chunked,
        )

    def is_streamed(self, body: Mapping[str, object]) -> bool:
        """Whether the reply to a body is a stream."""
        return body.get("stream") is True and "stream_ignored" not in self.state.faults

    def render_request(self, values: Mapping[str, object]) -> RenderRequest:
        """Return what to render; without a size, the one that auto picks."""
        size = values.get("size")
        picked = size is None or size == "auto"
        request = request_of_size(
            self.auto_size if picked else size,
            encoding=word_among(values.get("output_format"), FORMATS, "png"),
            images=usable_image_count(values.get("n")),
            background=values.get("background"),
            prompt=values.get("prompt"),
            compression=values.get("output_compression"),
        )
        return request.picked() if picked else request

    def quality(self, values: Mapping[str, object]) -> str:
        """Return the tier to render; the reply declares the one that auto became."""
        return word_among(values.get("quality"), ("low", "medium", "high"), self.auto_quality)

    def drawn_quality(self, values: Mapping[str, object], faults: frozenset[str]) -> str:
        """Return the tier that is drawn: another one than the reply declares, under a fault."""
        return drawn_quality(faults, values.get("quality"), self.quality(values))

    def note(self, images: int, tokens: Tokens, *, streamed: bool = False) -> Note:
        """Return the ledger's note of `images` images; a stream that ends in an error is free."""
        if streamed and "error_event" in self.state.faults:
            return Note(outcome="accepted")
        return Note(outcome="accepted", images=images, amount=self.price(images, tokens))

    def tokens(
        self,
        task: Task,
        render_request: RenderRequest,
        quality: str,
        pictures: Sequence[RenderedImage],
        partials: int,
    ) -> Tokens:
        """Return what pictures of that quality take, and what they were made from."""
        faults = self.state.faults.names | task.extra_faults
        times = 2 if "overcharge" in faults else 1
        text = text_tokens(task.values.get("prompt"))
        if "usage_constant" in faults:
            text, partials = USUAL_TEXT_TOKENS, 0
        if "partials_not_counted" in faults:
            partials = 0
        sizes = [picture.drawn_size for picture in pictures]
        drawn = billed_tokens(faults, quality, render_request.edges, sizes)
        return Tokens(
            text=times * text,
            read=times * REFERENCE_TOKENS * task.references,
            drawn=times * (drawn + PARTIAL_TOKENS * partials),
        )

    def usage(self, tokens: Tokens) -> Json:
        """Return the tokens as a reply tells them."""
        faults = self.state.faults
        input_tokens = tokens.text + tokens.read
        detail = tokens.drawn + (7 if "bad_usage_details" in faults else 0)
        return {
            "input_tokens": input_tokens,
            "input_tokens_details": tokens.details,
            "output_tokens": tokens.drawn,
            "output_tokens_details": {"image_tokens": detail, "text_tokens": 0},
            "total_tokens": input_tokens + tokens.drawn + 7 * ("bad_usage_sum" in faults),
        }

    def declared(self, render_request: RenderRequest, quality: str) -> Json:
        """Return what a reply says about its pictures."""
        faults = self.state.faults
        size = f"{render_request.width_px}x{render_request.height_px}"
        if "wrong_declared_size" in faults:
            size = _other_size(size)
        encoding = render_request.encoding
        if "wrong_declared_format" in faults:
            encoding = "webp" if encoding == "png" else "png"
        if "lower_quality_declared" in faults:
            quality = "low"
        is_clear = render_request.clear and self.shows_clear
        ground = "transparent" if is_clear or "background_declared_other" in faults else "opaque"
        return {"background": ground, "output_format": encoding, "quality": quality, "size": size}


async def fulfil_images(api: ImagesApi, task: Task) -> Decision:
    """Render the pictures and answer with one JSON reply or with a stream of events."""
    state, values = api.state, task.values
    faults = state.faults
    render_request, quality = api.render_request(values), api.quality(values)
    images = render_request.images
    real_quality = api.drawn_quality(values, faults.names | task.extra_faults)
    wait_s = state.latency.generation_s(
        quality=real_quality, pixels=render_request.pixels, images=images
    )
    streamed = api.is_streamed(values)
    extra_faults = task.extra_faults | (_stream_faults(state) if streamed else frozenset())
    render_request = dataclasses.replace(render_request, ready_in_s=wait_s)
    pictures = await render(state, render_request, extra_faults)
    declared = api.declared(render_request, quality)
    requested = partial_count(values.get("partial_images")) if streamed else 0
    tokens = api.tokens(task, render_request, real_quality, pictures, requested)
    usage, note = api.usage(tokens), api.note(images, tokens, streamed=streamed)
    if not streamed:
        body = api.body(values, pictures, declared, usage)
        return Decision(answer=api.reply(body, wait_s), note=note, wait_s=wait_s)
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
    return Decision(answer=staged_events(faults, script, wait_s, api.headers(wait_s)), note=note)


def partial_count(requested: object) -> int:
    """Return how many partial images a request gets."""
    return max(0, min(requested, 10)) if is_integer(requested) else 0


def _other_size(size: str) -> str:
    return "1024x1536" if size == "1536x1024" else "1536x1024"


def _stream_faults(state: ProviderState) -> frozenset[str]:
    """Return the content faults that are on for streams alone."""
    return frozenset(
        name for name in ("wrong_dimensions", "wrong_format") if f"stream_{name}" in state.faults
    )


def _events(name: str, pictures: Sequence[RenderedImage], declared: Json) -> tuple[Json, ...]:
    """Return an event of that name for each picture, with what it declares."""
    created = int(time.time())
    return tuple(
        {"type": name, "b64_json": picture.base64, "created_at": created, **declared}
        for picture in pictures
    )
