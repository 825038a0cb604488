"""One request and its reply as bytes: h11 reads heads and chunks, lengths are counted here."""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import h11
import httpx

HEAD_AT_MOST = 100 * 1024
"""Bytes of a reply's head, or of a chunk's."""

INTERIM_AT_MOST = 64
"""Interim replies (1xx) before the one that counts; more have no end."""
HEADERS_AT_MOST = 256
CHUNKS_AT_MOST, CHUNK_LEAST_BYTES = 20_000, 32
"""So many chunks may be of any size; of more, the average must be at least that."""

BODILESS = (204, 304)
START = b"HTTP/1."

T = TypeVar("T")


class Message:
    """A request on its way out and its reply on its way in; opens no socket, reads no clock.

    h11 reads the head only: a body with a length, or one that ends with the connection, is counted
    here. So 25 MB cost 1.7 ms of a processor (h11: 3.7, httptools: 1.3), and a reply of 200
    bytes 41 us (38, 2): not worth one more library to keep.

    `error` is why the reply broke off: what had come before is kept. `surplus` says that more came
    than was announced.
    """

    def __init__(self, request: httpx.Request) -> None:
        self.head: h11.Response | None = None
        self.headers_s: float | None = None
        self.latest_s = 0.0
        self.whole = False
        self.surplus = False
        self.error: Exception | None = None
        self.held_bytes = 0
        self._request = request
        self._chunks: deque[tuple[bytes, float]] = deque()
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_AT_MOST)
        self._take: Callable[[memoryview], None] = self._take_head
        self._length: int | None = None
        self._missing = 0
        self._begun = b""
        self._interim = 0
        self._chunk_count = self._chunk_bytes = 0

    def opening(self) -> bytes:
        """Return the request's head. Raises httpx.LocalProtocolError, as the next two do."""
        request = self._request
        return self._framed(
            lambda: h11.Request(
                method=request.method.encode("ascii"),
                target=request.url.raw_path,
                headers=request.headers.raw,
            )
        )

    def piece(self, data: bytes) -> bytes:
        """Return a piece of the request's body as it leaves."""
        return self._framed(lambda: h11.Data(data=data))

    def closing(self) -> bytes:
        """Return what ends the request."""
        return self._framed(h11.EndOfMessage)

    def _framed(self, event: Callable[[], h11.Event]) -> bytes:
        try:
            return self._h11.send(event()) or b""
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error

    def feed(self, data: memoryview, at_s: float) -> None:
        """Take bytes that arrived at `at_s`."""
        self.latest_s = at_s
        if self.ended:
            self.surplus = True
            return
        try:
            self._take(data)
        except h11.RemoteProtocolError as error:
            self.error = httpx.RemoteProtocolError(str(error))

    def hung_up(self, at_s: float) -> None:
        """Take the end of the connection, which ends the reply only where its head says so.

        Elsewhere that is a ReadError, as a reset is; a RemoteProtocolError where what came before
        it is no beginning of HTTP.
        """
        if self.ended:
            return
        self.latest_s = at_s
        if self.head is None and not (START.startswith(self._begun) or self._begun == START):
            self.error = httpx.RemoteProtocolError(f"no HTTP: it begins with {self._begun!r}")
            return
        if self.head is None:
            why = "the peer closed the connection without a reply"
            if self._begun or self._interim:
                why = "the peer closed the connection within the head of its reply"
        elif self._take == self._take_rest:
            self.whole = True
            return
        else:
            progress = "incomplete chunked read"
            if self._length is not None:
                progress = f"received {self._length - self._missing} bytes, expected {self._length}"
            why = f"peer closed connection without sending complete message body ({progress})"
        self.error = httpx.ReadError(why)

    def fail(self, error: Exception) -> None:
        """Take the reason why no more will arrive."""
        if not self.ended:
            self.error = error

    @property
    def ended(self) -> bool:
        """Whether there is no more to come."""
        return self.whole or self.error is not None

    def taken(self) -> tuple[bytes, float] | None:
        """Hand over the oldest bytes of the body and when they arrived."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self.held_bytes -= len(chunk[0])
        return chunk

    @property
    def reusable(self) -> bool:
        """Whether the connection may serve another request, as far as this reply says."""
        head = self.head
        if head is None or not self.whole or self.surplus or self._take == self._take_rest:
            return False  # we never ask for an end ourselves
        options = [value for name, value in head.headers if name == b"connection"]
        return head.http_version >= b"1.1" and b"close" not in b",".join(options).lower()

    def _take_head(self, data: memoryview) -> None:
        self._begun += bytes(data[: len(START) - len(self._begun)])
        self._h11.receive_data(data)  # type: ignore[arg-type]  # it extends a bytearray
        event = self._h11.next_event()
        while isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > INTERIM_AT_MOST:
                raise h11.RemoteProtocolError(f"more than {INTERIM_AT_MOST} interim replies")
            event = self._h11.next_event()
        if isinstance(event, h11.Response):
            if len(event.headers) > HEADERS_AT_MOST:
                raise h11.RemoteProtocolError(f"the reply has more than {HEADERS_AT_MOST} headers")
            self.head, self.headers_s = event, self.latest_s
            self._begin_body(event)

    def _begin_body(self, head: h11.Response) -> None:
        headers = dict(head.headers)
        if self._request.method == "HEAD" or head.status_code in BODILESS:
            self._count(0)
        elif b"transfer-encoding" in headers:
            self._take = self._take_chunks
            self._take(memoryview(b""))
            return
        elif (length := headers.get(b"content-length")) is not None:
            self._count(int(length))
        else:
            self._take = self._take_rest
        begun = self._h11.trailing_data[0]
        if begun:
            self.feed(memoryview(begun), self.latest_s)

    def _count(self, length: int) -> None:
        self._length = self._missing = length
        self._take = self._take_length
        self.whole = not length

    def _take_length(self, data: memoryview) -> None:
        self._keep(bytes(data[: self._missing]))
        self.surplus = len(data) > self._missing
        self._missing -= min(len(data), self._missing)
        self.whole = not self._missing

    def _take_rest(self, data: memoryview) -> None:
        self._keep(bytes(data))

    def _take_chunks(self, data: memoryview) -> None:
        if data:  # h11 takes nothing for an end
            self._h11.receive_data(data)  # type: ignore[arg-type]  # it extends a bytearray
        taken = bytearray()
        event = self._h11.next_event()
        while isinstance(event, h11.Data):
            taken += event.data
            self._count_chunk(len(event.data))
            event = self._h11.next_event()
        if taken:
            self._keep(bytes(taken))
        if isinstance(event, h11.EndOfMessage):
            self.whole = True
            self.surplus = bool(self._h11.trailing_data[0])

    def _count_chunk(self, size: int) -> None:
        self._chunk_count += 1
        self._chunk_bytes += size
        many = self._chunk_count > CHUNKS_AT_MOST
        if many and self._chunk_bytes < self._chunk_count * CHUNK_LEAST_BYTES:
            raise h11.RemoteProtocolError(
                f"more than {CHUNKS_AT_MOST:,} chunks of less than {CHUNK_LEAST_BYTES} bytes"
            )

    def _keep(self, data: bytes) -> None:
        self._chunks.append((data, self.latest_s))
        self.held_bytes += len(data)
