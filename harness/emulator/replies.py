"""What a server sends: a JSON reply or a stream of events, whole or as the faults have it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive, Scope, Send

    from .faults.catalogue import ActiveFaults

Json = dict[str, object]
EVENT_STREAM = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReply:
    """A complete reply; a `body` that is a string is sent as HTML.

    With `indent`, its JSON is laid out in lines that are indented by so many spaces; `chunked`, it
    does not say how long it is.
    """

    status: int
    body: Json | str
    headers: dict[str, str] = field(default_factory=dict)
    indent: int | None = None
    media_type: str = "application/json"
    chunked: bool = False

    def response(self) -> Response:
        """Return the reply as a Starlette response; as ASCII, so that lone surrogates survive."""
        if isinstance(self.body, str):
            return Response(self.body, self.status, self.headers, "text/html")
        if self.indent is None:
            text = json.dumps(self.body, separators=(",", ":"))
        else:
            text = json.dumps(self.body, indent=self.indent)
        response = Response(text, self.status, self.headers, self.media_type)
        if self.chunked:
            del response.headers["content-length"]
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """Server-sent events, each as (seconds to wait before it, data); `type` of the data names it.

    Where it is `cut`, the connection closes in the middle of the last one; with `silence_s`, it
    closes that many seconds after the last one, and the stream has no end.
    """

    events: tuple[tuple[float, Json], ...]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silence_s: float | None = None

    def response(self) -> Response:
        """Return the stream as a Starlette response."""
        endless = self.cut or self.silence_s is not None
        kind = CutStreamingResponse if endless else StreamingResponse
        return kind(self._texts(), self.status, self.headers, EVENT_STREAM)

    async def _texts(self) -> AsyncIterator[str]:
        for number, (wait_s, data) in enumerate(self.events, 1):
            await asyncio.sleep(wait_s)
            text = _event_text(data)
            yield text[: len(text) // 2] if self.cut and number == len(self.events) else text
        await asyncio.sleep(self.silence_s or 0.0)

    def unfinished(self, silence_s: float) -> EventStream:
        """Return the stream without its completed event and all after it, silent before its end."""
        last = next(
            (
                place
                for place, (_, data) in enumerate(self.events)
                if str(data["type"]).endswith((".completed", ".done"))
            ),
            len(self.events),
        )
        return dataclasses.replace(self, events=self.events[:last], silence_s=silence_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """The connection closes without a reply, `after_s` seconds after the request was read."""

    after_s: float = 0.0
    status: int = 0

    def response(self) -> Response:
        """Return what closes the connection."""
        return UnansweredResponse(self.after_s)


class UnansweredResponse(Response):
    """Sends nothing and closes the connection."""

    def __init__(self, after_s: float) -> None:
        super().__init__()
        self._after_s = after_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait and close.

        ASGI has no message for that, and uvicorn answers 500 for an application that returns
        without a reply: `receive` is a method of its cycle, which holds the connection.
        """
        del scope, send
        await asyncio.sleep(self._after_s)
        cycle = getattr(receive, "__self__", None)
        if cycle is None:
            raise RuntimeError("only uvicorn lets an application close a connection unanswered")
        cycle.transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


class CutResponse(Response):
    """Announces the whole length, sends half of it and ends; uvicorn then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half."""
        del scope, receive
        await send(_start(self))
        half = bytes(self.body)[: max(1, len(self.body) // 2)]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class CutStreamingResponse(StreamingResponse):
    """Sends all its chunks but no end of the body; uvicorn then closes the connection."""

    async def stream_response(self, send: Send) -> None:
        """Send without the end."""
        await send(_start(self))
        async for chunk in self.body_iterator:
            data = chunk.encode() if isinstance(chunk, str) else bytes(chunk)
            await send({"type": "http.response.body", "body": data, "more_body": True})


class StalledResponse(Response):
    """Sends its headers and then nothing until the client gives up or the server stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and wait for the client to leave."""
        del scope
        await send(_start(self))
        while (await receive())["type"] != "http.disconnect":
            pass


def _start(response: Response) -> Message:
    status, headers = response.status_code, response.raw_headers
    return {"type": "http.response.start", "status": status, "headers": headers}


def deliver(answer: JsonReply | EventStream | NoReply, faults: ActiveFaults) -> Response:
    """Return the response that sends an answer under the active transport faults.

    A damaged stream is sent as one body.
    """
    damage = next((name for name in ("stall", "reset", "half_json") if name in faults), None)
    if damage is None or isinstance(answer, NoReply):
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
    return "".join(_event_text(data) for _, data in answer.events).encode(), EVENT_STREAM


def _event_text(data: Json) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The events of a stream: an opening, partial images, and a closing from the image on.

    The last one of `closing` is the completed event. `requested` is how many partial images the
    client requested; `partials` holds as many as partial_indices returns.
    """

    requested: int = 0
    opening: tuple[Json, ...] = ()
    partials: tuple[Json, ...] = ()
    closing: tuple[Json, ...] = ()


def partial_indices(faults: ActiveFaults, requested: int) -> tuple[int, ...]:
    """Return the index of each partial image that has to be made: from 0 upwards.

    Under faults there is one more than requested, or at least the one that is sent late.
    """
    late = 1 if "partial_after_completion" in faults else 0
    count = max(requested + ("more_partials" in faults), late)
    if "partial_index_wrong" in faults:
        return (1,) if count == 1 else (0,) * count
    indices = tuple(range(count))
    return indices[::-1] if "partials_reversed" in faults else indices


def staged_events(
    faults: ActiveFaults, script: Script, wait_s: float, headers: dict[str, str]
) -> EventStream:
    """Return the stream; partial images are spread evenly over `wait_s`, the closing ends it."""
    shown = script.partials[: script.requested + ("more_partials" in faults)]
    step_s = wait_s / (len(shown) + 1)
    partials = [(step_s, data) for data in shown]
    closing = script.closing
    if "error_event" in faults:
        closing = (_error_event(),)
    elif "missing_completion" in faults:
        closing = ()
    ending = [(0.0 if number else step_s, data) for number, data in enumerate(closing)]
    ordered = ending + partials if "completion_first" in faults else partials + ending
    events = [*((0.0, data) for data in script.opening), *ordered]
    if script.partials and "partial_after_completion" in faults:
        events.append((0.0, script.partials[-1]))
    return EventStream(events=tuple(events), headers=headers, cut="cut_stream" in faults)


def _error_event() -> Json:
    # The shape is the gateway's, the words are invented.
    message = "The server had an error while processing your request."
    return {
        "type": "error",
        "error": {"type": "server_error", "message": message, "code": "server_error"},
    }
