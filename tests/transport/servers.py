"""Servers that talk to one connection as a test wants, and certificates that nobody vouches for."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(slots=True)
class Talking:
    """Where a server listens, how many connections it had, and the bodies of its requests."""

    port: int
    connections: int = 0
    first_line: bytes = b""
    requests: list[bytes] = field(default_factory=list)

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Its address."""
        return f"{scheme}://{host}:{self.port}"

    async def head(self, reader: asyncio.StreamReader) -> int:
        """Read the head of a request, and tell how long its body is."""
        self.first_line, *more = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        lines = (line.lower().partition(b":") for line in more)
        return next((int(value) for name, _, value in lines if name == b"content-length"), 0)

    async def asked(self, reader: asyncio.StreamReader) -> None:
        """Read one request to its end, and keep its body."""
        self.requests.append(await reader.readexactly(await self.head(reader)))


@asynccontextmanager
async def talking(
    talk: Callable[[Talking, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    secured: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Talking]:
    """Serve until the block ends; a connection is closed when its `talk` is over."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        writers.append(writer)
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                await talk(found, reader, writer)
                await writer.drain()
            finally:
                writer.close()

    server = await asyncio.start_server(connected, host, 0, ssl=secured, limit=2**26)
    found = Talking(port=server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        for _ in range(3):  # TLS closes in turns of the loop
            await asyncio.sleep(0)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for loopback that vouches for itself, and a server's context with it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command, which makes the certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=loopback",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout", str(key), "-out", str(cert),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
