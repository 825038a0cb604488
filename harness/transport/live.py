"""Real round trips over real sockets, timed inside the transport on the run's monotonic clock."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from harness.core.exchange import Event, Exchange, Failure, Picture, Reply, Request, Times
from harness.core.jsontype import canonical
from harness.spec.provider import Auth
from harness.transport.address import uri_of
from harness.transport.body import read_body
from harness.transport.pictures import Pictures
from harness.transport.secrets import Redactor, sendable
from harness.transport.sse import SseDecoder, SseError, read_event

CONNECT_S = 20.0
LEAST_WAIT_S = 10.0
BODY_AT_MOST = 512 * 1024 * 1024
UNKEPT = frozenset(("set-cookie", "set-cookie2", "authorization", "proxy-authorization"))
USER_AGENT = "image-provider-harness"
CODINGS = "gzip, deflate"
"""What is asked for and can be unpacked on every machine."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider is reached and with which key; the key goes to this host only.

    UsageError where the key cannot be sent.
    """

    base_url: str
    auth: Auth
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        sendable(self.auth.env, self.key)


@dataclass(slots=True)
class _Arrival:
    """What has come of a reply so far; `sent` once the request has begun to leave."""

    sent: bool = False
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    headers_s: float | None = None
    first_byte_s: float | None = None
    size_bytes: int = 0
    raw: bytearray = field(default_factory=bytearray)
    events: list[tuple[str, str, float]] = field(default_factory=list)


class Live:
    """One worker's connection: a client of its own, so that no pool is shared (httpx#3215)."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        pictures: Pictures,
        redactor: Redactor,
        now_s: Callable[[], float],
        time_scale: float = 1.0,
    ) -> None:
        self.body_at_most = BODY_AT_MOST
        self._endpoint = endpoint
        self._pictures = pictures
        self._redactor = redactor
        self._now_s = now_s
        self._time_scale = time_scale
        local = urlsplit(endpoint.base_url).hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            follow_redirects=False,
            trust_env=not local,  # a proxy of the environment has no business on loopback
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": CODINGS},
        )

    async def pause(self, seconds: float) -> None:
        """Sleep; against the emulator in its scaled time."""
        await asyncio.sleep(seconds * self._time_scale)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Make one round trip; a reply cut off on its way is kept as far as it came.

        A run that is stopped meanwhile still gets its exchange, and is cancelled right after it.
        """
        arrival = _Arrival()
        sent_s = self._now_s()
        try:
            failure, stopped = await self._attempt(request, arrival), False
        except asyncio.CancelledError:
            why = f"the run was stopped while this was under way ({_progress(arrival)})"
            failure, stopped = Failure(kind="network", why=why, sent=arrival.sent), True
        times = Times(
            due_s=due_s,
            sent_s=sent_s,
            headers_s=arrival.headers_s,
            first_byte_s=arrival.first_byte_s,
            end_s=self._now_s(),
        )
        answer = await _undisturbed(self._answer(arrival, failure), stopped=stopped)
        return Exchange(request=request, answer=answer, times=times)

    async def _attempt(self, request: Request, arrival: _Arrival) -> Failure | None:
        """Send and receive; return why no whole reply came, or None."""
        if self._redactor.stands_in(request.target):
            why = f"{request.target}: the provider put our key into this address"
            return Failure(kind="protocol", why=why, sent=False)
        limit_s = self._limit_s(request)
        try:
            async with asyncio.timeout(limit_s):
                await self._receive(request, arrival)
        except TimeoutError:
            why = f"no whole reply within {limit_s:g} s ({_progress(arrival)})"
            return Failure(kind="timeout", why=why, sent=arrival.sent)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SseError) as error:
            return self._failure(error, request, arrival)
        return None

    async def _answer(self, arrival: _Arrival, failure: Failure | None) -> Reply | Failure:
        reply = await asyncio.to_thread(self._reply, arrival) if arrival.status else None
        if failure is not None:
            return replace(failure, partial=reply)
        return reply or Failure(kind="protocol", why="the reply had no status", sent=True)

    def _limit_s(self, request: Request) -> float:
        """Return how long to wait; in scaled time no less than what a busy machine needs."""
        if self._time_scale >= 1:
            return request.timeout_s
        return max(request.timeout_s * self._time_scale, LEAST_WAIT_S)

    async def _receive(self, request: Request, arrival: _Arrival) -> None:
        absolute = request.target.startswith(("http://", "https://"))

        async def trace(event: str, _told: object) -> None:
            arrival.sent |= event.endswith("send_request_headers.started")

        async with self._client.stream(
            request.method,
            request.target if absolute else uri_of(request.target, self._endpoint.base_url),
            headers=self._headers(request, own_host=not absolute),
            content=_content(request),
            follow_redirects=absolute,
            extensions={"trace": trace},
        ) as response:
            arrival.headers_s = self._now_s()
            arrival.status = response.status_code
            arrival.headers = tuple(_kept(response.headers.multi_items()))
            if "," in response.headers.get("content-encoding", ""):
                raise httpx.DecodingError("the body is packed more than once")  # bombs are
            decoder = SseDecoder() if _is_stream(response.headers) else None
            async for chunk in response.aiter_bytes():
                self._take(chunk, arrival, decoder)
            if decoder is not None and decoder.unfinished:
                self._take(b"\n\n", arrival, decoder)  # kept, but nobody else would see it
                raise SseError("the stream ended within an event")

    def _take(self, chunk: bytes, arrival: _Arrival, decoder: SseDecoder | None) -> None:
        at_s = self._now_s()
        if arrival.first_byte_s is None and chunk.strip():
            arrival.first_byte_s = at_s
        arrival.size_bytes += len(chunk)
        if arrival.size_bytes > self.body_at_most:
            raise httpx.StreamError(f"the body is longer than {self.body_at_most} bytes")
        if decoder is None:
            arrival.raw += chunk
        else:
            arrival.events += [(name, data, at_s) for name, data in decoder.feed(chunk)]

    def _headers(self, request: Request, *, own_host: bool) -> dict[str, str]:
        headers = dict(request.headers)
        if own_host:
            auth = self._endpoint.auth
            headers[auth.header] = auth.prefix + self._endpoint.key
        return headers

    def _reply(self, arrival: _Arrival) -> Reply:
        """Take the body apart, off the event loop: decoding must not delay anyone's clock."""
        body = read_body(bytes(arrival.raw), self._pictures, clean=self._redactor.known)
        events, from_events = self._events(arrival.events)
        clean = self._redactor.text
        return Reply(
            status=arrival.status,
            headers=tuple((clean(name), clean(value)) for name, value in arrival.headers),
            document=body.document,
            text=None if body.text is None else clean(body.text),
            pictures={**body.pictures, **from_events},
            events=events,
            size_bytes=arrival.size_bytes,
        )

    def _events(
        self, arrived: list[tuple[str, str, float]]
    ) -> tuple[tuple[Event, ...], dict[str, Picture]]:
        events: list[Event] = []
        pictures: dict[str, Picture] = {}
        for name, data, at_s in arrived:
            event, found = read_event(
                name, data, at_s=at_s, pictures=self._pictures, clean=self._redactor.known
            )
            events.append(event)
            pictures |= found
        return tuple(events), pictures

    def _failure(self, error: Exception, request: Request, arrival: _Arrival) -> Failure:
        protocol = isinstance(
            error,
            httpx.ProtocolError | httpx.DecodingError | httpx.TooManyRedirects | httpx.InvalidURL
            | httpx.UnsupportedProtocol | httpx.StreamError | SseError,
        )  # fmt: skip
        said = self._redactor.text(str(error)) or type(error).__name__
        kind = "timeout" if isinstance(error, httpx.TimeoutException) else "network"
        where = request.target if request.target.startswith("http") else self._endpoint.base_url
        return Failure(
            kind="protocol" if protocol else kind,  # type: ignore[arg-type]  # one of two words
            why=f"{where}: {said} ({_progress(arrival)})",
            sent=arrival.sent and not isinstance(error, httpx.LocalProtocolError),
        )


async def _undisturbed(work: Coroutine[Any, Any, T], *, stopped: bool) -> T:
    """Do what must be done although the run is being stopped: what has come is paid for.

    A cancellation, one of now or one that was `stopped` before, goes on at the next await.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            stopped = True
    myself = asyncio.current_task()
    if stopped and myself is not None:
        myself.cancel()
    return task.result()


def _progress(arrival: _Arrival) -> str:
    if not arrival.status:
        return "nothing had arrived"
    if arrival.events:
        return f"after HTTP {arrival.status} and {len(arrival.events)} events"
    return f"after HTTP {arrival.status} and {arrival.size_bytes} bytes"


def _is_stream(headers: httpx.Headers) -> bool:
    return str(headers.get("content-type", "")).lower().startswith("text/event-stream")


def _kept(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in headers if name.lower() not in UNKEPT)


def _content(request: Request) -> bytes | None:
    if request.method == "GET":
        return None
    return canonical(request.body).encode("utf-8", "surrogatepass")
