"""Server-sent events out of a byte stream, read by httpx-sse within bounds.

httpx-sse knows the fields of the WHATWG HTML standard (section 9.2) and reads them out of a
response of httpx; what stands in front of it here hands it one whole line at a time, without its
data. So an event is known as soon as its blank line has come (alone, it waits for what follows a
CR), an endless one is refused before it is held, and comments never add up to one. `id` and `retry`
are left out: nobody reconnects to a paid request.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, Protocol, cast

import httpx
from httpx_sse import EventSource, ServerSentEvent

from harness.core.exchange import Event, Picture
from harness.transport.bodies.body import Body, Clean, read_body, read_file
from harness.transport.bodies.bounds import EVENTS_AT_MOST, LINES_AT_MOST, Room
from harness.transport.bodies.images import ImageCollector

EVENT_AT_MOST_BYTES = 128 * 1024 * 1024
"""An image of 8 million pixels in base64, whatever its format, stays below half of it."""

_HELD_BYTES = 4 * 1024
"""Of a line that has not ended, so much is held; more of it goes on at once where it is data."""

_NAME_AT_MOST = 256
"""Characters of an event's name that are kept."""

_BOM = b"\xef\xbb\xbf"
_UNNAMED = "message"
"""How httpx-sse, like a browser, calls an event to which the stream gives no name."""


class SseError(ValueError):
    """An event did not end: within its bound, or before the stream did."""


class Sink(Protocol):
    """Takes the data of a stream's events, one after another."""

    @property
    def size_bytes(self) -> int:
        """How much it has taken."""
        ...

    def add(self, chunk: bytes) -> bool:
        """Take more; true where the caller should wait for `room` before more."""
        ...

    async def room(self) -> None:
        """Wait until more may be added."""
        ...


class HeldData:
    """A sink in memory, for streams that are there as a whole."""

    def __init__(self) -> None:
        self.data = bytearray()

    @property
    def size_bytes(self) -> int:
        """How much there is by now."""
        return len(self.data)

    def add(self, chunk: bytes) -> bool:
        """Take more."""
        self.data += chunk
        return False

    async def room(self) -> None:
        """Return at once."""


Span = tuple[str, int, int]
"""An event: its name, empty where the stream gives none, and where in the sink its data stand."""


class SseStream:
    """One stream's events; their data go to a sink as they come, however long they are.

    `cut` tells, after the last event, that the stream ended within it; what had come of it was
    that last event.
    """

    def __init__(self, sink: Sink, *, event_at_most_bytes: int = EVENT_AT_MOST_BYTES) -> None:
        self.cut = False
        self._sink = sink
        self._at_most = event_at_most_bytes
        self._line = b""  # the start of a line that has not ended yet
        self._as: Literal["held", "data", "left out"] = "held"
        self._behind = False
        self._lines = self._events = 0
        self._size = 0
        self._start: int | None = None
        self._span: tuple[int, int] | None = None
        self._after_cr = False
        self._first_line = True

    async def arriving(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[Span]:
        """Yield each event as soon as the chunk with its end has come. Raises SseError."""
        async for event in _source(aiter_text=lambda: self._arriving(chunks)).aiter_sse():
            if self._span is not None:
                yield _named(event), *self._span

    def recorded(self, raw: bytes, *, to_end: bool = False) -> Iterator[Span]:
        """Yield the whole events of a recorded stream; then, `to_end`, one that its end cuts.

        Raises SseError.
        """
        lines = chain(self.lines(raw), self.rest()) if to_end else self.lines(raw)
        for event in _source(iter_text=lambda: lines).iter_sse():
            if self._span is not None:
                yield _named(event), *self._span

    def lines(self, chunk: bytes) -> Iterator[str]:
        """Take the next bytes; yield each line that they complete and that httpx-sse is to see.

        A line with data is yielded without them: they are in the sink.
        """
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._lines += max(chunk.count(b"\n"), chunk.count(b"\r"))
        if self._lines > LINES_AT_MOST:
            raise SseError(f"the stream has more than {LINES_AT_MOST:,} lines")
        for piece in chunk.splitlines(keepends=True):  # on bytes: LF, CR and CRLF only
            content = piece.rstrip(b"\r\n")
            self._take(content)
            if len(content) < len(piece):
                yield from self._ended()
        self._after_cr = chunk.endswith(b"\r") or (self._after_cr and not chunk)

    def rest(self) -> Iterator[str]:
        """End the stream; an event that had not ended yet ends with it, for it may be paid for."""
        open_line = bool(self._line) or self._as != "held"
        self.cut = open_line or self._start is not None
        if open_line:
            yield from self._ended()
        if self._start is not None:
            yield from self._ended()

    async def _arriving(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
        async for chunk in chunks:
            for line in self.lines(chunk):
                yield line
            if self._behind:
                self._behind = False
                await self._sink.room()
        for line in self.rest():
            yield line

    def _take(self, content: bytes) -> None:
        if self._as == "data":
            self._add(content)
            return
        if self._as == "left out":
            return
        self._line += content
        if len(self._line) <= _HELD_BYTES:
            self._count(0, held=len(self._line))
            return
        line = self._begun()
        if line.startswith(b"data:"):
            self._as = "data"
            self._begin(line)
        elif line.startswith(b"event:"):
            raise SseError(f"the name of an event is longer than {_HELD_BYTES:,} bytes")
        else:
            self._as = "left out"
        self._line = b""

    def _begun(self) -> bytes:
        if self._first_line:
            self._first_line = False
            return self._line.removeprefix(_BOM)
        return self._line

    def _begin(self, line: bytes) -> None:
        """Take the start of a line with data; lines of one event are joined by a line's end."""
        if self._start is None:
            self._start = self._sink.size_bytes
        else:
            self._add(b"\n")
        self._add(line.partition(b":")[2].removeprefix(b" "))

    def _add(self, content: bytes) -> None:
        self._count(len(content))
        if content:
            self._behind |= self._sink.add(content)

    def _count(self, size: int, *, held: int = 0) -> None:
        self._size += size
        if self._size + held > self._at_most:
            raise SseError(f"an event is larger than {self._at_most:,} bytes")

    def _ended(self) -> Iterator[str]:
        kind, self._as = self._as, "held"
        if kind == "data":
            yield "data\n"
            return
        if kind == "left out":
            return
        line, self._line = self._begun(), b""
        field = line.partition(b":")[0]
        if not line:
            # What has no data is no event; httpx-sse would tell of a name alone, or of an old id.
            self._span = None if self._start is None else (self._start, self._sink.size_bytes)
            self._events += self._start is not None
            if self._events > EVENTS_AT_MOST:
                raise SseError(f"the stream has more than {EVENTS_AT_MOST:,} events")
            self._start, self._size = None, 0
            yield "\n"
        elif field == b"data":
            self._begin(line)
            yield "data\n"
        elif field == b"event":
            self._count(len(line))
            yield line.decode("utf-8", "replace") + "\n"


def _source(**texts: object) -> EventSource:
    """Hand lines to httpx-sse, which uses the headers and one text iterator of a response."""
    headers = httpx.Headers({"Content-Type": "text/event-stream"})
    return EventSource(cast("httpx.Response", SimpleNamespace(headers=headers, **texts)))


def _named(event: ServerSentEvent) -> str:
    return "" if event.event == _UNNAMED else event.event


def read_events(
    arrived: Iterable[tuple[str, bytes | Path, float]],
    pictures: ImageCollector,
    *,
    clean: Clean = str,
) -> tuple[tuple[Event, ...], dict[str, Picture]]:
    """Read events (name, data, `at_s`): data as JSON without its images, or the start of a text.

    An event without a name gets the `type` in its data, as OpenAI's are. `clean` takes keys out of
    every text that is kept. Raises BoundError where the events together hold more than a reply may,
    OSError where a file of data cannot be read.
    """
    events: list[Event] = []
    images: dict[str, Picture] = {}
    room = Room(pictures.pool)
    for name, data, at_s in arrived:
        body = _read(data, pictures, clean, room)
        content = body.document if body.text is None else body.text
        named = name or str(content.get("type", "") if isinstance(content, dict) else "")
        events.append(Event(name=clean(named)[:_NAME_AT_MOST], at_s=at_s, data=content))
        images |= body.pictures
    return tuple(events), images


def _read(data: bytes | Path, pictures: ImageCollector, clean: Clean, room: Room) -> Body:
    if isinstance(data, bytes):
        return read_body(data, pictures, clean=clean, room=room)
    try:
        return read_file(data, pictures, clean=clean, room=room)
    except OSError:  # the disk has no room for its images
        return read_body(data.read_bytes(), pictures, clean=clean, room=room)
