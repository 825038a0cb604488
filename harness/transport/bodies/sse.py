"""Server-sent events out of a byte stream, read by httpx-sse within bounds.

httpx-sse knows the fields of the WHATWG HTML standard (section 9.2) and reads them out of a
response of httpx; what stands in front of it here hands it one whole line at a time. So an event is
known as soon as its blank line has come (alone, it waits for what follows a CR), an endless one is
refused before it is held, and comments never add up to one. `id` and `retry` are left out: nobody
reconnects to a paid request.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import SimpleNamespace
from typing import cast

import httpx
from httpx_sse import EventSource, ServerSentEvent

from harness.core.exchange import Event, Picture
from harness.transport.bodies.body import Clean, read_body
from harness.transport.bodies.images import ImageCollector

EVENT_AT_MOST_BYTES = 64 * 1024 * 1024
"""An image of 8 million pixels in base64 stays below half of it."""

_BOM = b"\xef\xbb\xbf"
_UNNAMED = "message"
"""How httpx-sse, like a browser, calls an event to which the stream gives no name."""


class SseError(ValueError):
    """An event did not end: within its bound, or before the stream did."""


class SseStream:
    """One stream's events, as (name, data); the name is empty where the stream gives none.

    `cut` tells, after the last event, that the stream ended within it; what had come of it was
    that last event.
    """

    def __init__(self, *, event_at_most_bytes: int = EVENT_AT_MOST_BYTES) -> None:
        self.cut = False
        self._at_most = event_at_most_bytes
        self._line: list[bytes] = []  # the pieces of a line that has not ended yet
        self._size = 0
        self._has_data = False
        self._counts = False
        self._after_cr = False
        self._first_line = True

    async def arriving(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, str]]:
        """Yield each event as soon as the chunk with its end has come. Raises SseError."""
        async for event in _source(aiter_text=lambda: self._arriving(chunks)).aiter_sse():
            if self._counts:
                yield _named(event)

    def recorded(self, raw: bytes) -> Iterator[tuple[str, str]]:
        """Yield the whole events of a recorded stream. Raises SseError."""
        for event in _source(iter_text=lambda: self.lines(raw)).iter_sse():
            if self._counts:
                yield _named(event)

    def lines(self, chunk: bytes) -> Iterator[str]:
        """Take the next bytes; yield each line that they complete and that httpx-sse is to see."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        for piece in chunk.splitlines(keepends=True):  # on bytes: LF, CR and CRLF only
            content = piece.rstrip(b"\r\n")
            self._size += len(content)
            if self._size > self._at_most:
                raise SseError(f"an event is larger than {self._at_most:,} bytes")
            self._line.append(content)
            if len(content) < len(piece):
                yield from self._ended()
        self._after_cr = chunk.endswith(b"\r") or (self._after_cr and not chunk)

    def rest(self) -> Iterator[str]:
        """End the stream; an event that had not ended yet ends with it, for it may be paid for."""
        self.cut = bool(self._line or self._has_data)
        if self._line:
            yield from self._ended()
        if self._has_data:
            yield from self._ended()

    async def _arriving(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
        async for chunk in chunks:
            for line in self.lines(chunk):
                yield line
        for line in self.rest():
            yield line

    def _ended(self) -> Iterator[str]:
        line, self._line = b"".join(self._line), []
        size = len(line)
        if self._first_line:
            line = line.removeprefix(_BOM)
            self._first_line = False
        field = line.partition(b":")[0]
        if not line:
            # What has no data is no event; httpx-sse would tell of a name alone, or of an old id.
            self._counts, self._has_data, self._size = self._has_data, False, 0
        elif field in (b"data", b"event"):
            self._has_data |= field == b"data"
        else:
            self._size -= size
            return
        yield line.decode("utf-8", "replace") + "\n"


def _source(**texts: object) -> EventSource:
    """Hand lines to httpx-sse, which uses the headers and one text iterator of a response."""
    headers = httpx.Headers({"Content-Type": "text/event-stream"})
    return EventSource(cast("httpx.Response", SimpleNamespace(headers=headers, **texts)))


def _named(event: ServerSentEvent) -> tuple[str, str]:
    return "" if event.event == _UNNAMED else event.event, event.data


def read_events(
    arrived: Iterable[tuple[str, str, float]], pictures: ImageCollector, *, clean: Clean = str
) -> tuple[tuple[Event, ...], dict[str, Picture]]:
    """Read events (name, data, `at_s`): data as JSON without its images, or the start of a text.

    An event without a name gets the `type` in its data, as OpenAI's are. `clean` takes keys out of
    every text that is kept.
    """
    events: list[Event] = []
    images: dict[str, Picture] = {}
    for name, data, at_s in arrived:
        body = read_body(data.encode("utf-8", "replace"), pictures, clean=clean)
        content = body.document if body.text is None else body.text
        named = name or str(content.get("type", "") if isinstance(content, dict) else "")
        events.append(Event(name=clean(named), at_s=at_s, data=content))
        images |= body.pictures
    return tuple(events), images
