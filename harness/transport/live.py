"""Real round trips over real sockets, timed inside the transport on the run's monotonic clock."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import httpx

from harness.core.exchange import Event, Exchange, Failure, Picture, Reply, Request, Times
from harness.core.jsontype import canonical
from harness.spec.provider import Auth
from harness.transport.body import read_body
from harness.transport.pictures import Pictures
from harness.transport.secrets import Redactor
from harness.transport.sse import SseDecoder, SseError, read_event

CONNECT_S = 20.0
LEAST_WAIT_S = 10.0
BODY_AT_MOST = 512 * 1024 * 1024
UNKEPT = frozenset(("set-cookie", "set-cookie2", "authorization", "proxy-authorization"))
USER_AGENT = "image-provider-harness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider is reached and with which key; the key goes to this host only."""

    base_url: str
    auth: Auth
    key: str


@dataclass(slots=True)
class _Arrival:
    """What has come of a reply so far."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    headers_s: float | None = None
    first_byte_s: float | None = None
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
            headers={"User-Agent": USER_AGENT},
        )

    async def pause(self, seconds: float) -> None:
        """Sleep; against the emulator in its scaled time."""
        await asyncio.sleep(seconds * self._time_scale)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Make one round trip; a reply cut off on its way is kept as far as it came."""
        arrival = _Arrival()
        limit_s = self._limit_s(request)
        sent_s = self._now_s()
        failure: Failure | None = None
        try:
            async with asyncio.timeout(limit_s):
                await self._receive(request, arrival)
        except TimeoutError:
            failure = Failure(
                kind="timeout",
                why=f"no whole reply within {limit_s:g} s ({_progress(arrival)})",
                sent=True,
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SseError) as error:
            failure = self._failure(error, request, arrival)
        end_s = self._now_s()
        times = Times(
            due_s=due_s,
            sent_s=sent_s,
            headers_s=arrival.headers_s,
            first_byte_s=arrival.first_byte_s,
            end_s=end_s,
        )
        reply = await asyncio.to_thread(self._reply, arrival) if arrival.status else None
        if failure is not None:
            return Exchange(request=request, answer=replace(failure, partial=reply), times=times)
        if reply is None:
            failure = Failure(kind="protocol", why="the reply had no status", sent=True)
            return Exchange(request=request, answer=failure, times=times)
        return Exchange(request=request, answer=reply, times=times)

    def _limit_s(self, request: Request) -> float:
        """Return how long to wait; in scaled time no less than what a busy machine needs."""
        if self._time_scale >= 1:
            return request.timeout_s
        return max(request.timeout_s * self._time_scale, LEAST_WAIT_S)

    async def _receive(self, request: Request, arrival: _Arrival) -> None:
        absolute = request.target.startswith(("http://", "https://"))
        async with self._client.stream(
            request.method,
            request.target if absolute else self._url(request.target),
            headers=self._headers(request, own_host=not absolute),
            content=_content(request),
            follow_redirects=absolute,
        ) as response:
            arrival.headers_s = self._now_s()
            arrival.status = response.status_code
            arrival.headers = tuple(_kept(response.headers.multi_items()))
            decoder = SseDecoder() if _is_stream(response.headers) else None
            async for chunk in response.aiter_bytes():
                at_s = self._now_s()
                if arrival.first_byte_s is None and chunk.strip():
                    arrival.first_byte_s = at_s
                if decoder is not None:
                    arrival.events += [(name, data, at_s) for name, data in decoder.feed(chunk)]
                    continue
                arrival.raw += chunk
                if len(arrival.raw) > BODY_AT_MOST:
                    raise httpx.StreamError(f"the body is longer than {BODY_AT_MOST} bytes")

    def _url(self, path: str) -> str:
        """Join the base URL and a documented path; a version that both name counts once."""
        base = self._endpoint.base_url.rstrip("/")
        first = path.split("/")[1]
        if base.endswith(f"/{first}"):
            base = base[: -len(first) - 1]
        return base + path

    def _headers(self, request: Request, *, own_host: bool) -> dict[str, str]:
        headers = dict(request.headers)
        if own_host:
            auth = self._endpoint.auth
            headers[auth.header] = auth.prefix + self._endpoint.key
        return headers

    def _reply(self, arrival: _Arrival) -> Reply:
        """Take the body apart, off the event loop: decoding must not delay anyone's clock."""
        raw = self._redactor.body(bytes(arrival.raw))
        body = read_body(raw, self._pictures)
        events, from_events = self._events(arrival.events)
        return Reply(
            status=arrival.status,
            headers=tuple((k, self._redactor.text(v)) for k, v in arrival.headers),
            document=body.document,
            text=None if body.text is None else self._redactor.text(body.text),
            pictures={**body.pictures, **from_events},
            events=events,
            size_bytes=len(arrival.raw) or sum(len(data) for _, data, _ in arrival.events),
        )

    def _events(
        self, arrived: list[tuple[str, str, float]]
    ) -> tuple[tuple[Event, ...], dict[str, Picture]]:
        events: list[Event] = []
        pictures: dict[str, Picture] = {}
        for name, data, at_s in arrived:
            clean = self._redactor.text(data)
            event, found = read_event(name, clean, at_s=at_s, pictures=self._pictures)
            events.append(event)
            pictures |= found
        return tuple(events), pictures

    def _failure(self, error: Exception, request: Request, arrival: _Arrival) -> Failure:
        before = isinstance(
            error,
            httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.InvalidURL
            | httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.ProxyError,
        )  # fmt: skip
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
            sent=not before,
        )


def _progress(arrival: _Arrival) -> str:
    if not arrival.status:
        return "nothing had arrived"
    if arrival.events:
        return f"after HTTP {arrival.status} and {len(arrival.events)} events"
    return f"after HTTP {arrival.status} and {len(arrival.raw)} bytes"


def _is_stream(headers: httpx.Headers) -> bool:
    return str(headers.get("content-type", "")).lower().startswith("text/event-stream")


def _kept(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in headers if name.lower() not in UNKEPT)


def _content(request: Request) -> bytes | None:
    if request.method == "GET":
        return None
    return canonical(request.body).encode("utf-8", "surrogatepass")
