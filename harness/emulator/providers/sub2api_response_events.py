"""The events of a streamed answer of POST /v1/responses, in the order of the recorded stream."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..replies import EventStream, Json

if TYPE_CHECKING:
    from ..pictures import RenderedImage

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
