"""What leaves a server: a JSON answer, a stream of events, and their damaged forms."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from .faults.catalogue import ActiveFaults


Json = dict[str, object]
Event = tuple[float, str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReply:
    """A complete reply; a `body` that is a string is sent as HTML."""

    status: int
    body: Json | str
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the reply as a Starlette response; as ASCII, so that lone surrogates survive."""
        if isinstance(self.body, str):
            return Response(self.body, self.status, self.headers, "text/html")
        text = json.dumps(self.body, separators=(",", ":"))
        return Response(text, self.status, self.headers, "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """Server-sent events, each as (seconds to wait before it, name, data).

    Where it is `cut`, the connection closes in the middle of the last one.
    """

    events: tuple[Event, ...]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    def response(self) -> Response:
        """Return the stream as a Starlette response."""
        kind = CutStreamingResponse if self.cut else StreamingResponse
        return kind(self._written(), self.status, self.headers, "text/event-stream; charset=utf-8")

    async def _written(self) -> AsyncIterator[str]:
        for number, (wait_s, name, data) in enumerate(self.events, 1):
            await asyncio.sleep(wait_s)
            text = _line(name, data)
            yield text[: len(text) // 2] if self.cut and number == len(self.events) else text


class CutResponse(Response):
    """Announces the whole length, sends half of it and ends; uvicorn then hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half."""
        del scope, receive
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: max(1, len(self.body) // 2)]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class CutStreamingResponse(StreamingResponse):
    """Sends all it has and does not say that this was all; uvicorn then hangs up."""

    async def stream_response(self, send: Send) -> None:
        """Send without the end."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        async for chunk in self.body_iterator:
            data = chunk.encode() if isinstance(chunk, str) else bytes(chunk)
            await send({"type": "http.response.body", "body": data, "more_body": True})


class StalledResponse(Response):
    """Sends its headers and then nothing until the client gives up or the server stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and wait for the client to leave."""
        del scope
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        while (await receive())["type"] != "http.disconnect":
            pass


def deliver(answer: JsonReply | EventStream, faults: ActiveFaults) -> Response:
    """Turn an answer into what is sent under the active transport faults.

    A damaged stream is sent as one body.
    """
    damage = next((name for name in ("stall", "reset", "half_json") if name in faults), None)
    if damage is None:
        return answer.response()
    whole, media_type = _flattened(answer)
    if damage == "half_json":
        half = whole[: max(1, len(whole) // 2)]
        return Response(half, answer.status, answer.headers, media_type)
    kind = StalledResponse if damage == "stall" else CutResponse
    return kind(whole, answer.status, answer.headers, media_type)


def _flattened(answer: JsonReply | EventStream) -> tuple[bytes, str]:
    if isinstance(answer, JsonReply):
        response = answer.response()
        return bytes(response.body), response.media_type or "application/json"
    text = "".join(_line(name, data) for _, name, data in answer.events)
    return text.encode(), "text/event-stream; charset=utf-8"


def _line(name: str, data: Json) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a stream tells: an opening, partial images, and from the finished image on the closing.

    Events are data whose `type` is their name; the last one of `closing` is the completed event.
    `late` is the partial image that follows it under the fault of that name.
    """

    opening: tuple[Json, ...] = ()
    partials: tuple[Json, ...] = ()
    closing: tuple[Json, ...] = ()
    late: Json | None = None


def shown_count(faults: ActiveFaults, asked: int) -> int:
    """Return how many partial images a stream shows before the finished one."""
    return asked + 1 if "more_partials" in faults else asked


def needed_count(faults: ActiveFaults, asked: int) -> int:
    """Return how many partial images have to be made: one that comes late is one of them."""
    late = 1 if "partial_after_completion" in faults else 0
    return max(shown_count(faults, asked), late)


def partial_indices(faults: ActiveFaults, count: int) -> tuple[int, ...]:
    """Return the index that each partial image gets: from 0 upwards."""
    if "partial_index_wrong" in faults:
        return (1,) if count == 1 else (0,) * count
    places = tuple(range(count))
    return places[::-1] if "partials_reversed" in faults else places


def staged_events(
    faults: ActiveFaults, script: Script, wait_s: float, headers: dict[str, str]
) -> EventStream:
    """Return the stream; partial images are spread evenly over `wait_s`, the closing ends it."""
    step_s = wait_s / (len(script.partials) + 1)
    opening = [_event(0.0, data) for data in script.opening]
    partials = [_event(step_s, data) for data in script.partials]
    closing = script.closing
    if "error_event" in faults:
        closing = (_broken_off(),)
    elif "missing_completion" in faults:
        closing = ()
    ending = [_event(0.0 if number else step_s, data) for number, data in enumerate(closing)]
    first = "completion_first" in faults
    events: list[Event] = [*opening, *(ending + partials if first else partials + ending)]
    if script.late is not None:
        events.append(_event(0.0, script.late))
    return EventStream(events=tuple(events), headers=headers, cut="cut_stream" in faults)


def _event(wait_s: float, data: Json) -> Event:
    return wait_s, str(data["type"]), data


def _broken_off() -> Json:
    # The shape is the gateway's, the words are invented.
    message = "The server had an error while processing your request."
    return {
        "type": "error",
        "error": {"type": "server_error", "message": message, "code": "server_error"},
    }
