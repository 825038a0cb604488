"""A small HTTP server that answers with the bytes a test wants and keeps what it was sent."""

import asyncio
import fcntl
import json
import socket
import struct
import termios
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.ahead import settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """Where it listens, and all that it was asked."""

    url: str
    requests: list[Received] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: Answer | bytes) -> AsyncIterator[Server]:
    """Serve until the block ends; bytes are sent as they are, and the connection is closed."""

    async def written(_request: Received, writer: asyncio.StreamWriter) -> None:
        if isinstance(answer, bytes):
            writer.write(answer)

    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                request = await _read(reader)
                found.requests.append(request)
                await (written if isinstance(answer, bytes) else answer)(request, writer)
                await writer.drain()
            finally:
                writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**26)
    found = Server(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            with suppress(AttributeError):  # asyncio's, where it was closed with bytes to send
                writer.transport.abort()  # what a client would not read is dropped with its socket
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, target=target, headers=headers, body=body)


async def taken(writer: asyncio.StreamWriter) -> None:
    """Wait until the client's side has all that was written, so that it reads it next."""
    sock = writer.get_extra_info("socket")
    await settled()
    while any(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4))):
        await settled()


def http(
    body: bytes | str | object = b"",
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = ("Content-Type: application/json",),
    length: int | None = None,
) -> bytes:
    """A reply with its length and `Connection: close`; an object is sent as JSON."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    lines = (
        f"HTTP/1.1 {status}",
        *headers,
        f"Content-Length: {len(raw) if length is None else length}",
        "Connection: close",
    )
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw


def chunked(*chunks: bytes, headers: tuple[str, ...] = (), end: bool = True) -> bytes:
    """A chunked reply; without its `end` it is cut off."""
    lines = ("HTTP/1.1 200 OK", *headers, "Transfer-Encoding: chunked", "Connection: close")
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return (
        "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body + (b"0\r\n\r\n" if end else b"")
    )


def reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection as a crash does: with a RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
