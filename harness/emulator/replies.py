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

    from .faults import ActiveFaults

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
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
    """Server-sent events, each as (seconds to wait before it, name, data)."""

    events: tuple[tuple[float, str, Json], ...]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the stream as a Starlette response."""
        return StreamingResponse(
            self._written(), self.status, self.headers, "text/event-stream; charset=utf-8"
        )

    async def _written(self) -> AsyncIterator[str]:
        for wait_s, name, data in self.events:
            await asyncio.sleep(wait_s)
            yield f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


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


def deliver(answer: Answer | EventStream, faults: ActiveFaults) -> Response:
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


def _flattened(answer: Answer | EventStream) -> tuple[bytes, str]:
    if isinstance(answer, Answer):
        response = answer.response()
        return bytes(response.body), response.media_type or "application/json"
    text = "".join(
        f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
        for _, name, data in answer.events
    )
    return text.encode(), "text/event-stream; charset=utf-8"
