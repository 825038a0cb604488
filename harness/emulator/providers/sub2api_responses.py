"""sub2api's POST /v1/responses: a text model that calls the tool image_generation, or just answers.

Source: two real exchanges with OpenAI, one at once (jpeg, 1536x1024) and one streamed (webp); the
shapes are theirs, down to the reasoning before the image and the empty message after it. Chosen
here: the text of an answer without the tool, and that such an answer is free.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..pipeline import Decision
from ..rendering import render, render_drafts
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
from ..rules import sub2api_responses as rules
from ..state import SUBMIT_S
from .sub2api_images import declared_of, note_of, order_of, partial_count, quality_of, reply_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..pictures import RenderedImage
    from ..state import ProviderState


ONLY_TEXT = "There is no tool to make an image with."
TEXT_TOKENS, REASONING_TOKENS = 154, 1280  # of the answer and its reasoning, from the recording


async def fulfil_response(state: ProviderState, body: Mapping[str, object]) -> Decision:
    """Answer with an image where the tool is there to be called, else with a text."""
    streamed = body.get("stream") is True and "stream_ignored" not in state.faults
    found = rules.tool_of(body)
    if found is None or body.get("tool_choice") == "none":
        return _written(state, body, streamed=streamed)
    return await _painted(state, body, found[1], streamed=streamed)


async def _painted(
    state: ProviderState, body: Mapping[str, object], tool: Mapping[str, object], *, streamed: bool
) -> Decision:
    faults, order = state.faults, dataclasses.replace(order_of(tool), images=1)
    quality = quality_of(tool)
    wait_s = state.latency.generation_s(quality=quality, pixels=order.pixels, images=1)
    out = reply_headers(state, wait_s)
    pictures = await render(state, order)
    declared = declared_of(state, order, quality)
    call = _call(state, body, tool, pictures[0], declared)
    items = (_reasoning(state), call, _message(state, ""))
    reply = _reply(state, body, items)
    note = note_of(state, 1, streamed=streamed)
    if not streamed:
        answer: JsonReply | EventStream = JsonReply(
            status=200, body=reply.response("completed"), headers=out
        )
        return Decision(answer=answer, note=note, wait_s=wait_s)
    asked = partial_count(tool.get("partial_images"))
    made = await render_drafts(state, order, needed_count(faults, asked))
    shown = [
        partial_event(call, picture, declared, index)
        for picture, index in zip(made, partial_indices(faults, len(made)), strict=True)
    ]
    script = Script(
        opening=before_the_image(reply),
        partials=tuple(shown[: shown_count(faults, asked)]),
        closing=from_the_image_on(reply),
        late=shown[-1] if "partial_after_completion" in faults else None,
    )
    return Decision(answer=numbered_events(staged_events(faults, script, wait_s, out)), note=note)


def _written(state: ProviderState, body: Mapping[str, object], *, streamed: bool) -> Decision:
    wait_s = state.latency.fixed_s(SUBMIT_S)
    out = reply_headers(state, wait_s)
    reply = _reply(state, body, (_message(state, ONLY_TEXT),))
    note = note_of(state, 0)
    if not streamed:
        answer = JsonReply(status=200, body=reply.response("completed"), headers=out)
        return Decision(answer=answer, note=note, wait_s=wait_s)
    closing = (*spoken_events(reply.items[0], 0), completed_event(reply))
    script = Script(opening=begin_reply(reply), closing=closing)
    return Decision(
        answer=numbered_events(staged_events(state.faults, script, wait_s, out)),
        note=note,
    )


def _reply(
    state: ProviderState, body: Mapping[str, object], items: tuple[Json, ...]
) -> SpokenReply:
    said = prompt_of(body)
    asked = max(1, len(said) // 4)
    usage: Json = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": TEXT_TOKENS + REASONING_TOKENS,
        "output_tokens_details": {"reasoning_tokens": REASONING_TOKENS},
        "total_tokens": asked
        + TEXT_TOKENS
        + REASONING_TOKENS
        + (7 if "bad_usage_sum" in state.faults else 0),
    }
    common: Json = {
        "id": f"resp_{state.new_id('response')}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {},
        "model": body.get("model"),
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": "medium", "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [_listed(tool) for tool in _tools(body)],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": body.get("user"),
    }
    kept = None if "missing_field" in state.faults else usage
    return SpokenReply(common=common, items=items, usage=kept)


def _tools(body: Mapping[str, object]) -> list[object]:
    tools = body.get("tools")
    return tools if isinstance(tools, list) else []


def _listed(tool: object) -> object:
    """Return a tool as a response lists it: with its defaults."""
    if not isinstance(tool, dict) or tool.get("type") != rules.TOOL:
        return tool
    defaults: Json = {
        "background": "auto", "moderation": "auto", "n": 1, "output_compression": 100,
        "output_format": "png", "quality": "auto", "size": "auto",
    }  # fmt: skip
    return {**defaults, **{key: value for key, value in tool.items() if value is not None}}


def prompt_of(body: Mapping[str, object]) -> str:
    """Return all text of the input, its parts one below the other."""
    said = body.get("input")
    if isinstance(said, str):
        return said
    return "\n".join(text for part in _parts(said) if isinstance(text := part.get("text"), str))


def _parts(said: object) -> list[Json]:
    parts: list[Json] = []
    for message in said if isinstance(said, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            parts.append({"type": "input_text", "text": content})
        elif isinstance(content, list):
            parts += [part for part in content if isinstance(part, dict)]
    return parts


def _reasoning(state: ProviderState) -> Json:
    return {"id": f"rs_{state.new_id('reasoning')}", "type": "reasoning", "summary": []}


def _message(state: ProviderState, text: str) -> Json:
    return {
        "id": f"msg_{state.new_id('message')}",
        "type": "message",
        "status": "completed",
        "content": [_text_part(text)],
        "role": "assistant",
    }


def _text_part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _call(
    state: ProviderState,
    body: Mapping[str, object],
    tool: Mapping[str, object],
    picture: RenderedImage,
    declared: Json,
) -> Json:
    action = tool.get("action")
    if action not in ("generate", "edit"):
        shown = any(part.get("type") == "input_image" for part in _parts(body.get("input")))
        action = "edit" if shown else "generate"
    return {
        "id": f"ig_{state.new_id('call')}",
        "type": "image_generation_call",
        "status": "completed",
        "action": action,
        **declared,
        "result": picture.base64,
        "revised_prompt": prompt_of(body),
    }


CALL = "response.image_generation_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenReply:
    """One answer: what is the same in all its response objects, its items of output, its usage."""

    common: Json
    items: tuple[Json, ...]
    usage: Json | None

    def response(self, status: str) -> Json:
        """Return the response object; before it is completed, it holds neither items nor usage."""
        done = status == "completed"
        whole: Json = {**self.common, "status": status, "output": list(self.items) if done else []}
        if not done:
            whole["usage"] = None
        elif self.usage is not None:
            whole["usage"] = self.usage
        return whole

    def told(self, name: str, status: str) -> Json:
        """Return an event that holds the response object."""
        return {"type": name, "response": self.response(status)}


def begin_reply(reply: SpokenReply) -> tuple[Json, ...]:
    """Return what every stream begins with."""
    return (
        reply.told("response.created", "in_progress"),
        reply.told("response.in_progress", "in_progress"),
    )


def spoken_events(message: Json, place: int) -> tuple[Json, ...]:
    """Return the events of a message with one text."""
    content = message["content"]
    part: Json = content[0] if isinstance(content, list) else {}
    where: Json = {"item_id": message["id"], "output_index": place, "content_index": 0}
    delta: Json = {"type": "response.output_text.delta", **where, "delta": part["text"]}
    return (
        _item("added", place, {**message, "status": "in_progress", "content": []}),
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
        *([delta | {"logprobs": []}] if part["text"] else []),
        {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
        _item("done", place, message),
    )


def before_the_image(reply: SpokenReply) -> tuple[Json, ...]:
    """Return what comes before the first partial image; the items are reasoning, call, message."""
    reasoning, call = reply.items[0], reply.items[1]
    empty: Json = {"id": call["id"], "type": call["type"], "status": "in_progress"}
    return (
        *begin_reply(reply),
        _item("added", 0, reasoning),
        _item("done", 0, reasoning),
        _item("added", 1, empty),
        _called("in_progress", call),
        _called("generating", call),
    )


def partial_event(call: Json, picture: RenderedImage, declared: Json, index: int) -> Json:
    """Return the event of a partial image."""
    return {
        **_called("partial_image", call),
        "partial_image_index": index,
        "partial_image_b64": picture.base64,
        **declared,
    }


def from_the_image_on(reply: SpokenReply) -> tuple[Json, ...]:
    """Return what comes after the last partial image."""
    call, message = reply.items[1], reply.items[2]
    return (
        _called("completed", call),
        _item("done", 1, call),
        *spoken_events(message, 2),
        completed_event(reply),
    )


def completed_event(reply: SpokenReply) -> Json:
    """Return the last event of a stream."""
    return reply.told("response.completed", "completed")


def numbered_events(stream: EventStream) -> EventStream:
    """Give each event its place in the stream."""
    events = tuple(
        (wait_s, name, {"type": name, "sequence_number": number} | data)
        for number, (wait_s, name, data) in enumerate(stream.events)
    )
    return dataclasses.replace(stream, events=events)


def _item(stage: str, place: int, item: Json) -> Json:
    return {"type": f"response.output_item.{stage}", "output_index": place, "item": item}


def _called(stage: str, call: Json) -> Json:
    return {"type": f"{CALL}.{stage}", "output_index": 1, "item_id": call["id"]}
