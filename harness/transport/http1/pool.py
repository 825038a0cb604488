"""Requests of httpx over our own sockets, with the phases of each."""

import ssl
import time
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from urllib.request import getproxies, proxy_bypass

import httpx

from harness.transport.http1.connect import Dialler
from harness.transport.http1.connection import Connection
from harness.transport.http1.message import Message
from harness.transport.http1.reach import Reach
from harness.transport.http1.socket import Phases


class Proxies(httpx.AsyncBaseTransport):
    """Sends requests as the environment wants (HTTPS_PROXY, NO_PROXY), the others `directly`.

    Behind a proxy, httpx's own transport is used and no phases are known: what connects to the
    provider is the proxy. So only what can be seen from here is refused (see `Reach`).
    """

    def __init__(
        self, directly: httpx.AsyncBaseTransport, *, trusted: ssl.SSLContext, reach: Reach
    ) -> None:
        self._directly = directly
        self._reach = reach
        self._trusted = trusted
        self._addresses = getproxies()
        self._through: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises httpx.UnsupportedProtocol for a proxy that cannot be used, and AddressRefusedError.
        """
        transport = self._proxy(request.url)
        if transport is None:
            return await self._directly.handle_async_request(request)
        await self._reach.check(request.url.raw_host.decode("ascii"), request.url.port or 0)
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._directly.aclose()
        for transport in self._through.values():
            await transport.aclose()

    def _proxy(self, url: httpx.URL) -> httpx.AsyncHTTPTransport | None:
        address = self._addresses.get(url.scheme) or self._addresses.get("all")
        if not address or proxy_bypass(url.host):
            return None
        if address not in self._through:
            try:
                proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
                self._through[address] = httpx.AsyncHTTPTransport(
                    verify=self._trusted,
                    proxy=proxy,
                    limits=httpx.Limits(keepalive_expiry=IDLE_AT_MOST_S),
                )
            except (ImportError, ValueError, httpx.InvalidURL) as error:  # it may hold a password
                why = f"the proxy that the environment names for {url.scheme} cannot be used"
                raise httpx.UnsupportedProtocol(why) from error
        return self._through[address]


PHASES = "harness.phases"
"""The extension of a request under which its `Phases` are."""

IDLE_AT_MOST_S = 4.0
"""Servers of Node and uvicorn hang up after 5 s, and a request that meets that may be lost."""

PACKED_PIECE = 16 * 1024
"""Bytes of a packed body that are unpacked at once: a bomb makes a thousand of each."""

Origin = tuple[str, str, int | None]


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Read the trusted certificates once: that takes longer than many a request."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Sockets(httpx.AsyncBaseTransport):
    """HTTP/1.1 over asyncio, for the requests of one worker.

    httpcore's pool assigns connections in a time that grows with the square of the requests
    (encode/httpx#3215), and times no phases. Fills the `Phases` that a request has in its extension
    `PHASES`. A connection whose reply was whole is kept for the next request to the same origin.
    A request goes over an old connection only where that is not known to be closed, and never
    leaves twice: where the peer hangs up on it, it may have arrived, and been paid.

    Raises httpx's own exceptions: ConnectError (name, connection, TLS), ConnectTimeout, ReadError
    (also where the peer closes too early), WriteError, RemoteProtocolError for what is no HTTP, and
    LocalProtocolError where nothing has left; AddressRefusedError where `reach` forbids to connect.
    """

    def __init__(
        self, *, trusted: ssl.SSLContext, now_s: Callable[[], float], reach: Reach
    ) -> None:
        self._dialler = Dialler(now_s=now_s, trusted=trusted, lost=self._forget, reach=reach)
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[tuple[Connection, float]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its reply as soon as the head has come."""
        phases = request.extensions.get(PHASES) or Phases()
        phases.again()
        origin = _origin(request.url)
        connection = self._kept(origin)
        if connection is None:
            within_s = request.extensions.get("timeout", {}).get("connect")
            connection = await self._dialler.dial(request.url, phases, within_s=within_s)
            self._open.add(connection)
        try:
            message = await connection.send(request, phases)
        except BaseException:
            connection.abort()
            raise
        assert message.head is not None  # noqa: S101 - promised by `send`
        return httpx.Response(
            status_code=message.head.status_code,
            headers=message.head.headers.raw_items(),
            stream=_Body(connection, message, phases, lambda: self._keep(origin, connection)),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": message.head.reason},
        )

    async def aclose(self) -> None:
        """Close all connections, and wait until they are."""
        closing = list(self._open)
        self._idle.clear()
        for connection in closing:
            connection.abort()
        for connection in closing:
            await connection.gone

    def _kept(self, origin: Origin) -> Connection | None:
        """Return an idle connection that is not known to be closed."""
        since_s = time.monotonic() - IDLE_AT_MOST_S
        for place, waiting in list(self._idle.items()):
            for connection, idle_s in waiting:
                if idle_s < since_s:
                    connection.abort()
            self._idle[place] = [(conn, idle_s) for conn, idle_s in waiting if idle_s >= since_s]
        waiting = self._idle.get(origin, [])
        while waiting:
            connection, _ = waiting.pop()
            if connection.idle():
                return connection
            connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        self._idle.setdefault(origin, []).append((connection, time.monotonic()))

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        for origin, waiting in list(self._idle.items()):
            self._idle[origin] = [(conn, at_s) for conn, at_s in waiting if conn is not connection]
            if not self._idle[origin]:
                del self._idle[origin]


class _Body(httpx.AsyncByteStream):
    """A reply's body as it arrives; closing it ends the request."""

    def __init__(
        self,
        connection: Connection,
        message: Message,
        phases: Phases,
        keep: Callable[[], None],
    ) -> None:
        self._connection: Connection | None = connection
        self._message = message
        self._phases = phases
        self._keep = keep
        head = message.head
        packed = head is not None and any(name == b"content-encoding" for name, _ in head.headers)
        self._piece = PACKED_PIECE if packed else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's bytes as they were sent. Raises httpx.TransportError."""
        if self._connection is None:
            return
        async for chunk, at_s in self._connection.chunks(self._message):
            self._phases.latest_s = at_s
            size = self._piece or len(chunk)
            for place in range(0, len(chunk), size):
                yield chunk if size == len(chunk) else chunk[place : place + size]
        self._phases.latest_s = self._message.latest_s

    async def aclose(self) -> None:
        """Give the connection back, or close it where the reply was not read to its end."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.rest():
            self._keep()
        else:
            connection.abort()


def _origin(url: httpx.URL) -> Origin:
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol(f"{url.scheme or 'no scheme'}: only http and https are")
    return url.scheme, url.host, url.port
