"""One connection: it sends a request, receives its reply and times both."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from math import inf

import httpx

from harness.transport.http1.message import Message
from harness.transport.http1.socket import Phases, StampedSocket

READ_AT_MOST = 256 * 1024
HELD_AT_MOST = 256 * 1024
"""Bytes of a body that wait for their reader; the peer must wait for the rest."""

TLS_AT_MOST = 640 * 1024
"""More than what asyncio holds of TLS (two reads, a record): it drops what it cannot hand over."""

AT_ONCE = 32 * 1024
"""Bytes of a request that are handed over at once: what any socket's buffer takes."""

REFUSED = 400
"""From this status on a server does not want the rest of a request (RFC 9112, section 9.5)."""


class _Room(threading.local):
    """The buffer into which all sockets of a thread read: nothing stays in it."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(TLS_AT_MOST))


_room = _Room()


class Connection(asyncio.BufferedProtocol):
    """An open connection for one request at a time; `lost` is called once when it is gone.

    While bytes of a body wait for their reader nothing more is read. A caller that is cancelled
    before the reply is whole must `abort`.
    """

    def __init__(self, sock: StampedSocket, *, lost: Callable[["Connection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._sock = sock
        self._lost = lost
        self._raw: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self._message: Message | None = None
        self._phases = Phases()
        self._floor_s = 0.0
        self._given = False
        self._writing: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._full: asyncio.Future[None] | None = None
        self._waits = False

    async def secure(self, trusted: ssl.SSLContext, name: str) -> None:
        """Speak TLS from now on. Raises OSError, of which ssl.SSLError is one."""
        if self._raw is None or self._raw.is_closing():
            raise ConnectionResetError("the peer hung up before the TLS handshake")
        self._transport = await self._loop.start_tls(self._raw, self, trusted, server_hostname=name)
        if self._transport is None:
            raise ConnectionResetError("the peer hung up during the TLS handshake")

    async def send(self, request: httpx.Request, phases: Phases) -> Message:
        """Send a request and return its reply once the head has come.

        A request that is refused before it has left whole is not sent to its end.
        Raises httpx.TransportError; LocalProtocolError where nothing has left.
        """
        if self._raw is None or self._raw.is_closing():
            raise httpx.ConnectError("the peer hung up before it was asked anything")
        message = Message(request)
        opening = message.opening()
        self._message, self._phases, self._given = message, phases, False
        self._floor_s = self._sock.given_s
        phases.left = True
        if _size(request) <= AT_ONCE:
            await self._write(request, message, opening)
        else:
            self._writing = asyncio.create_task(self._write(request, message, opening))
            self._writing.add_done_callback(self._written)
        while message.head is None:
            if message.error is not None:
                raise message.error
            await self._progress()
        phases.headers_s = message.headers_s
        if message.head.status_code >= REFUSED:
            self._stop_writing()
        return message

    async def chunks(self, message: Message) -> AsyncIterator[tuple[bytes, float]]:
        """Yield the reply's body and when each piece arrived. Raises httpx.TransportError."""
        while True:
            while (chunk := message.taken()) is not None:
                self._read_on(message)
                yield chunk
            if message.error is not None:
                raise message.error
            if message.whole:
                return
            await self._progress()

    def rest(self) -> bool:
        """End a request; tell whether the connection may serve another one."""
        message, self._message = self._message, None
        open_still = self._transport is not None and not self._transport.is_closing()
        return open_still and self._given and message is not None and message.reusable

    def idle(self) -> bool:
        """Tell whether nothing has arrived since, not even an end that the loop has yet to read."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and self._sock.idle()

    def abort(self) -> None:
        """Close the connection now."""
        self._stop_writing()
        if self._raw is None or self._transport is None:
            return
        if not self._raw.is_closing():
            self._note_written()
        self._transport.abort()
        self._raw.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over TCP."""
        if isinstance(transport, asyncio.Transport):
            self._raw = self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend room to read into; TLS says how much it has, TCP does not know."""
        return _room.view[: READ_AT_MOST if sizehint < 0 else TLS_AT_MOST]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        message = self._message
        if message is None:  # no request was sent
            self.abort()
            return
        if message.head is None:
            self._note_written()
        self._floor_s = max(self._floor_s, self._sock.arrived_s)
        message.feed(_room.view[:nbytes], self._floor_s)
        if message.held_bytes > HELD_AT_MOST and not self._waits and self._transport is not None:
            self._waits = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Take the end of what the peer sends; asyncio closes the connection then."""
        message = self._message
        if message is None:
            return
        self._note_written()
        broken = self._sock.broken
        if broken is not None and message.head is None:
            message.fail(httpx.WriteError(str(broken)))
        self._floor_s = max(self._floor_s, self._sock.arrived_s)
        message.hung_up(self._floor_s)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        if self._message is not None:
            why = str(exc or self._sock.broken or "the connection was closed")
            self._message.fail(httpx.ReadError(why))
        self._stop_writing()
        self._wake()
        if not self.gone.done():
            self.gone.set_result(None)
        self._lost(self)

    def pause_writing(self) -> None:
        """Let the request wait."""
        self._full = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let the request go on."""
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        self._full = None

    async def _write(self, request: httpx.Request, message: Message, pending: bytes) -> None:
        stream = request.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise httpx.LocalProtocolError("a body that cannot be sent asynchronously")
        async for piece in stream:
            pending += message.piece(piece)
            if len(pending) > AT_ONCE:
                await self._hand_over(pending)
                pending = b""
                if self._sock.broken is not None:
                    return
        await self._hand_over(pending + message.closing())
        self._given = True
        self._note_written()

    async def _hand_over(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
        if self._full is not None:
            await self._full

    def _written(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._message is None:
            return
        error = task.exception()
        if isinstance(error, Exception):
            self._message.fail(error)
            self._wake()

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _note_written(self) -> None:
        """Note when the whole request was handed to the system, if no head has arrived before."""
        raw, transport, message = self._raw, self._transport, self._message
        if raw is None or transport is None or message is None:
            return
        waiting = raw.get_write_buffer_size() + transport.get_write_buffer_size()
        unknown = self._phases.written_s is None and message.head is None
        if unknown and self._given and not waiting and self._sock.broken is None:
            self._phases.written_s = self._floor_s = self._sock.given_s

    def _read_on(self, message: Message) -> None:
        if self._waits and message.held_bytes <= HELD_AT_MOST // 2 and self._transport is not None:
            self._waits = False
            self._transport.resume_reading()

    async def _progress(self) -> None:
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def _size(request: httpx.Request) -> float:
    """Return how many bytes its body has; infinitely many where no header says."""
    for name, value in request.headers.raw:
        if name.lower() == b"content-length":
            return int(value)
        if name.lower() == b"transfer-encoding":
            return inf
    return 0
