"""POST /v1/responses: a text model that calls the tool image_generation, or just answers.

Source: two real exchanges with OpenAI, one at once (jpeg, 1536x1024) and one streamed (webp); the
shapes and the order of the events are theirs, down to the reasoning before the image and the empty
message after it. The tokens of the image stand in `tool_usage.image_gen` of the completed response
(reported of gateways and their users: Wei-Shaw/sub2api, issue 4644), `usage` counts those of the
text; neither recording shows it. Chosen here: the text of an answer without the tool, and that such
an answer is free.
"""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..decision import Decision
from ..ledger import Note
from ..rendering import render, render_drafts
from ..replies import EventStream, Json, Script, partial_indices, staged_events
from ..rules import responses_api as rules
from ..state import SUBMIT_S
from .images_api import Task, partial_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..pictures import RenderedImage
    from ..state import ProviderState
    from .images_api import ImagesApi

ONLY_TEXT = "There is no tool to make an image with."
TEXT_TOKENS, REASONING_TOKENS = 154, 1280  # of the answer and its reasoning, from the recording

# What a response counts beside its image: the schema has both.
NO_SEARCH: Json = {"web_search": {"num_requests": 0}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseParts:
    """One answer: what all its response objects share, its items of output, its usage.

    `usage` counts the tokens of its text, `tool_usage` those of its image, where there is one.
    """

    common: Json
    items: tuple[Json, ...]
    usage: Json | None
    tool_usage: Json | None = None

    def response(self, status: str) -> Json:
        """Return the response object; before it is completed, it holds neither items nor usage."""
        done = status == "completed"
        response: Json = {**self.common, "status": status}
        response["output"] = list(self.items) if done else []
        if not done or self.usage is not None:
            response["usage"] = self.usage if done else None
        if done and self.tool_usage is not None:
            response["tool_usage"] = self.tool_usage
        return response

    def event(self, name: str, status: str) -> Json:
        """Return an event that holds the response object."""
        return {"type": name, "response": self.response(status)}

    def opening(self) -> tuple[Json, ...]:
        """Return what every stream begins with."""
        return (
            self.event("response.created", "in_progress"),
            self.event("response.in_progress", "in_progress"),
        )

    def completed(self) -> Json:
        """Return the last event of a stream."""
        return self.event("response.completed", "completed")


async def fulfil_response(api: ImagesApi, body: Mapping[str, object]) -> Decision:
    """Answer with an image where the tool is there to be called, else with a text."""
    indexed = rules.tool_of(body)
    if indexed is None or body.get("tool_choice") == "none":
        return _text_decision(api, body)
    return await _image_decision(api, body, indexed[1])


async def _image_decision(
    api: ImagesApi, body: Mapping[str, object], tool: Mapping[str, object]
) -> Decision:
    state, streamed = api.state, api.is_streamed(body)
    quality, real_quality = api.quality(tool), api.drawn_quality(tool, state.faults.names)
    asked = dataclasses.replace(api.render_request(tool), images=1, prompt=prompt_of(body))
    wait_s = state.latency.generation_s(quality=real_quality, pixels=asked.pixels, images=1)
    render_request = dataclasses.replace(asked, ready_in_s=wait_s)
    pictures = await render(state, render_request)
    declared = api.declared(render_request, quality)
    call = _call(state, body, tool, pictures[0], declared)
    requested = partial_count(tool.get("partial_images")) if streamed else 0
    task = Task(values={"prompt": prompt_of(body)}, family="")
    tokens = api.tokens(task, render_request, real_quality, pictures, requested)
    items = (_reasoning(state), call, _message(state, ""))
    parts = _parts(state, body, items, api.usage(tokens))
    note = api.note(1, tokens, streamed=streamed)
    if not streamed:
        answer = api.reply(parts.response("completed"), wait_s)
        return Decision(answer=answer, note=note, wait_s=wait_s)
    indices = partial_indices(state.faults, requested)
    drafts = await render_drafts(state, render_request, len(indices))
    script = Script(
        requested=requested,
        opening=_before_image(parts),
        partials=tuple(
            {
                **_call_event("partial_image", call),
                "partial_image_index": index,
                "partial_image_b64": draft.base64,
                **declared,
            }
            for draft, index in zip(drafts, indices, strict=True)
        ),
        closing=_from_image(parts),
    )
    stream = staged_events(state.faults, script, wait_s, api.headers(wait_s))
    return Decision(answer=_numbered(stream), note=note)


def _text_decision(api: ImagesApi, body: Mapping[str, object]) -> Decision:
    state = api.state
    wait_s = state.latency.fixed_s(SUBMIT_S)
    parts = _parts(state, body, (_message(state, ONLY_TEXT),))
    note = Note(outcome="accepted")
    if not api.is_streamed(body):
        answer = api.reply(parts.response("completed"), wait_s)
        return Decision(answer=answer, note=note, wait_s=wait_s)
    closing = (*_message_events(parts.items[0], 0), parts.completed())
    script = Script(opening=parts.opening(), closing=closing)
    stream = staged_events(state.faults, script, wait_s, api.headers(wait_s))
    return Decision(answer=_numbered(stream), note=note)


def _parts(
    state: ProviderState,
    body: Mapping[str, object],
    items: tuple[Json, ...],
    drawn: Json | None = None,
) -> ResponseParts:
    """Return the parts of a response; `drawn` is the usage of an image that it made."""
    input_tokens = max(1, len(prompt_of(body)) // 4)
    output_tokens = TEXT_TOKENS + REASONING_TOKENS
    usage: Json = {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": REASONING_TOKENS},
        "total_tokens": input_tokens + output_tokens + 7 * ("bad_usage_sum" in state.faults),
    }
    tools = body.get("tools")
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
        "tools": [_listed(tool) for tool in tools] if isinstance(tools, list) else [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": body.get("user"),
    }
    lacking = "missing_field" in state.faults
    return ResponseParts(
        common=common,
        items=items,
        usage=None if lacking else usage,
        tool_usage=None if lacking or drawn is None else {"image_gen": drawn, **NO_SEARCH},
    )


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
    text = body.get("input")
    if isinstance(text, str):
        return text
    texts = (part.get("text") for part in _input_parts(text))
    return "\n".join(text for text in texts if isinstance(text, str))


def _input_parts(messages: object) -> list[Json]:
    parts: list[Json] = []
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            parts.append({"type": "input_text", "text": content})
        elif isinstance(content, list):
            parts += [part for part in content if isinstance(part, dict)]
    return parts


def _reasoning(state: ProviderState) -> Json:
    return {"id": f"rs_{state.new_id('reasoning')}", "type": "reasoning", "summary": []}


def _message(state: ProviderState, text: str) -> Json:
    part: Json = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {
        "id": f"msg_{state.new_id('message')}",
        "type": "message",
        "status": "completed",
        "content": [part],
        "role": "assistant",
    }


def _call(
    state: ProviderState,
    body: Mapping[str, object],
    tool: Mapping[str, object],
    picture: RenderedImage,
    declared: Json,
) -> Json:
    action = tool.get("action")
    if action not in ("generate", "edit"):
        parts = _input_parts(body.get("input"))
        has_image = any(part.get("type") == "input_image" for part in parts)
        action = "edit" if has_image else "generate"
    return {
        "id": f"ig_{state.new_id('call')}",
        "type": "image_generation_call",
        "status": "completed",
        "action": action,
        **declared,
        "result": picture.base64,
        "revised_prompt": prompt_of(body),
    }


def _before_image(parts: ResponseParts) -> tuple[Json, ...]:
    """Return the events before the first partial image; the items are reasoning, call, message."""
    reasoning, call, _ = parts.items
    empty: Json = {"id": call["id"], "type": call["type"], "status": "in_progress"}
    return (
        *parts.opening(),
        _item_event("added", 0, reasoning),
        _item_event("done", 0, reasoning),
        _item_event("added", 1, empty),
        _call_event("in_progress", call),
        _call_event("generating", call),
    )


def _from_image(parts: ResponseParts) -> tuple[Json, ...]:
    """Return the events after the last partial image."""
    _, call, message = parts.items
    return (
        _call_event("completed", call),
        _item_event("done", 1, call),
        *_message_events(message, 2),
        parts.completed(),
    )


def _message_events(message: Json, index: int) -> tuple[Json, ...]:
    """Return the events of a message with one text, the item of output at `index`."""
    content = message["content"]
    part: Json = content[0] if isinstance(content, list) else {}
    place: Json = {"item_id": message["id"], "output_index": index, "content_index": 0}
    delta: Json = {"type": "response.output_text.delta", **place, "delta": part["text"]}
    return (
        _item_event("added", index, {**message, "status": "in_progress", "content": []}),
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *([delta | {"logprobs": []}] if part["text"] else []),
        {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
        _item_event("done", index, message),
    )


def _item_event(stage: str, index: int, output_item: Json) -> Json:
    return {
        "type": f"response.output_item.{stage}", "output_index": index, "item": output_item,
    }  # fmt: skip


def _call_event(stage: str, call: Json) -> Json:
    name = f"response.image_generation_call.{stage}"
    return {"type": name, "output_index": 1, "item_id": call["id"]}


def _numbered(stream: EventStream) -> EventStream:
    """Return the stream with the place of each event in it."""
    events = tuple(
        (wait_s, {"type": data["type"], "sequence_number": number} | data)
        for number, (wait_s, data) in enumerate(stream.events)
    )
    return dataclasses.replace(stream, events=events)
