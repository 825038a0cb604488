"""Real round trips over real sockets, timed inside the transport on the run's monotonic clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from harness.core.errors import UsageError
from harness.core.exchange import Exchange, Failure, Reply, Request
from harness.core.placeholders import INBOX
from harness.sensitive.headers import kept_headers
from harness.spec.auth import Auth
from harness.spec.credentials import key_headers, key_query, with_key
from harness.spec.weight import ReplyBounds, reply_bounds
from harness.transport.base import STOPPED
from harness.transport.bodies.images import ImageCollector
from harness.transport.bodies.reply import Arrival, reply_of
from harness.transport.bodies.sse import SseError, SseStream
from harness.transport.bodies.unpack import unpacked
from harness.transport.callbacks.server import CallbackServer
from harness.transport.failures import UNSENT, kind_of
from harness.transport.http1.pool import PHASES, Proxies, Sockets, trusted
from harness.transport.http1.reach import Reach
from harness.transport.outgoing import (
    LOOPBACK,
    check_origin,
    content_of,
    header_bytes,
    is_followed,
    is_signed,
    sent_parts,
    uri_of,
)
from harness.transport.placeholders import PlaceholderMap, has_images
from harness.transport.redaction import Redactor, sendable

CONNECT_S = 20.0
LEAST_WAIT_S = 10.0
DELIVERY_LEAST_WAIT_S = 1.0
AT_ONCE_S = 0.1
"""With a shorter timeout, only webhooks that are already there are collected."""

WAITED_LEAST_S = 0.001
"""What a reply waits for a thread that is free is no wait."""

REDIRECTS_AT_MOST = 10
USER_AGENT = "image-provider-harness"
CODINGS = "gzip, deflate"
"""The content codings that can be unpacked on every machine."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEndpoint:
    """A provider's address and key; the key is sent to this host only.

    Webhooks are filed under `provider`; a reply beyond `bounds` is broken off. UsageError where the
    key cannot be sent.
    """

    base_url: str
    auth: Auth
    key: str = field(repr=False)
    provider: str = "unnamed"
    bounds: ReplyBounds = field(default_factory=reply_bounds)

    def __post_init__(self) -> None:
        sendable(self.auth.env, self.key)


class Live:
    """One worker's connection: a client over sockets of its own, which time each request.

    A request that the environment sends through a proxy has no phases but the reply's.
    With `outside`, placeholders leave as real addresses, and webhooks can be collected. `reach`,
    which the workers of a provider share, says which addresses are connected to; without it, those
    in public and where the base address is.
    """

    def __init__(  # noqa: PLR0913 - the endpoint's surroundings, which all workers share
        self,
        endpoint: LiveEndpoint,
        *,
        pictures: ImageCollector,
        redactor: Redactor,
        now_s: Callable[[], float],
        time_scale: float = 1.0,
        outside: CallbackServer | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._pictures = pictures
        self._redactor = redactor
        self._now_s = now_s
        self._time_scale = time_scale
        self._outside = outside
        self._sending: tuple[asyncio.Task[Any], Arrival] | None = None
        self._withdrawn = False
        local = urlsplit(endpoint.base_url).hostname in LOOPBACK
        reach = reach or Reach(endpoint.base_url)
        sockets = Sockets(trusted=trusted(), now_s=now_s, reach=reach)
        # loopback is never reached through a proxy of the environment
        self._transport = sockets if local else Proxies(sockets, trusted=trusted(), reach=reach)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            follow_redirects=False,
            transport=self._transport,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": CODINGS},
        )

    async def pause(self, seconds: float) -> None:
        """Sleep; against the emulator in its scaled time."""
        await asyncio.sleep(seconds * self._time_scale)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def send(self, request: Request, *, due_s: float) -> Exchange:
        """Make one round trip; of a reply that is cut off, what had arrived is recorded.

        A run that is stopped meanwhile still gets its exchange, and is cancelled right after it.
        """
        arrival = Arrival(sent_s=self._now_s(), body=self._pictures.decoder.spool.body())
        task, self._withdrawn = asyncio.current_task(), False
        self._sending = None if task is None else (task, arrival)
        try:
            failure, stopped = await self._attempt(request, arrival), False
        except asyncio.CancelledError:
            why = f"{STOPPED} ({arrival.progress})"
            failure = Failure(kind="network", why=why, sent=arrival.sent)
            # what `withdraw` has cancelled goes on, unless somebody else cancelled it as well
            stopped = task is None or not self._withdrawn or task.uncancel() > 0
        finally:
            self._sending = None
        times = arrival.times(due_s, self._now_s(), whole=failure is None)
        answer = await _undisturbed(self._answer(arrival, failure), stopped=stopped)
        times = replace(times, decode_s=arrival.decode_s, waited_s=arrival.waited_s)
        return Exchange(request=request, answer=answer, times=times)

    def withdraw(self) -> None:
        """Break off a round trip of which nothing has left; `send` returns a failure for it.

        A webhook that is waited for is broken off, too. What has left is still waited for.
        """
        if self._sending is None:
            return
        task, arrival = self._sending
        if not arrival.sent and not self._withdrawn:
            self._withdrawn = True
            task.cancel()

    async def _attempt(self, request: Request, arrival: Arrival) -> Failure | None:
        """Send and receive; return why no whole reply came, or None."""
        if self._redactor.redacted(request.target):
            why = f"{request.target}: the provider put our key into this address"
            return Failure(kind="protocol", why=why, sent=False)
        if self._redactor.lost(request.target):
            why = (
                f"{request.target}: its signature is not recorded, and the run that had it is over"
            )
            return Failure(kind="network", why=why, sent=False)
        limit_s = self._limit_s(request)
        try:
            if request.target.startswith(INBOX):
                await self._collect(request, arrival)
                return None
            leaving = await self._built(request, arrival)
            arrival.sent_s = self._now_s()
            async with asyncio.timeout(limit_s):
                await self._receive(leaving, arrival, absolute=is_followed(request))
        except TimeoutError:
            if arrival.body.crowded_out:
                why = f"our disk had no room for its reply beside others ({arrival.progress})"
                return Failure(kind="network", why=why, sent=True)
            why = f"no whole reply within {limit_s:g} s ({arrival.progress})"
            return Failure(kind="timeout", why=why, sent=arrival.sent)
        except (UsageError, UnicodeEncodeError) as error:
            return Failure(kind="protocol", why=f"not sent: {error}", sent=False)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SseError) as error:
            return self._failure(error, request, arrival)
        return None

    async def _answer(self, arrival: Arrival, failure: Failure | None) -> Reply | Failure:
        reply: Reply | None = None
        if arrival.status and not arrival.body.is_large and arrival.is_brief:
            reply = self._reply(arrival)
        elif arrival.status or arrival.body.is_large:
            decoder = self._pictures.decoder
            reply, waited_s = await decoder.queue.through(
                decoder.thread if arrival.body.is_large else None, lambda: self._reply(arrival)
            )
            arrival.waited_s = waited_s if waited_s >= WAITED_LEAST_S else None
        if failure is None and arrival.excess.startswith(STOPPED):
            failure = Failure(kind="network", why=arrival.excess, sent=True)
        elif failure is None and arrival.excess:
            why = f"{self._endpoint.base_url}: {arrival.excess} ({arrival.progress})"
            failure = Failure(kind="protocol", why=why, sent=True)
        if failure is not None:
            return replace(failure, partial=reply)
        return reply or Failure(kind="protocol", why="the reply had no status", sent=True)

    def _reply(self, arrival: Arrival) -> Reply:
        restored, redactor = self._placeholders().restored, self._redactor
        reply = reply_of(
            arrival,
            self._pictures,
            clean=lambda text: redactor.known(restored(text)),
        )
        return redactor.reply(reply)

    def _placeholders(self) -> PlaceholderMap:
        outside = self._outside
        return outside.placeholders(self._endpoint.provider) if outside else PlaceholderMap()

    def _limit_s(self, request: Request) -> float:
        """Return how long to wait; in scaled time no less than what a busy machine needs."""
        if self._time_scale >= 1:
            return request.timeout_s
        return max(request.timeout_s * self._time_scale, LEAST_WAIT_S)

    async def _collect(self, request: Request, arrival: Arrival) -> None:
        """Take the webhooks that our own server received."""
        if self._outside is None:
            raise UsageError("no webhook can arrive", hint="give an address with --webhook-url")
        wait_s = max(request.timeout_s * self._time_scale, DELIVERY_LEAST_WAIT_S)
        arrival.deliveries = await self._outside.delivered(
            self._endpoint.provider,
            request.target.removeprefix(INBOX),
            wait_s=wait_s if request.timeout_s > AT_ONCE_S else 0.0,
        )
        arrival.signature = self._outside.webhook_of(self._endpoint.provider)
        arrival.status = 200
        arrival.headers_s = arrival.first_byte_s = self._now_s()

    async def _built(self, request: Request, arrival: Arrival) -> httpx.Request:
        """Return the request as it leaves. Raises UsageError, UnicodeEncodeError, InvalidURL."""
        known = replace(request, target=self._redactor.real(request.target))
        places, heavy = self._placeholders(), request.form is not None or has_images(request)
        real = await asyncio.to_thread(places.real, known) if heavy else places.real(known)
        own = request.credential == "own"
        if not own and urlsplit(self._endpoint.base_url).username is not None:
            raise UsageError("the address itself holds a password, which would be sent as a key")

        async def trace(event: str, _details: object) -> None:  # called behind a proxy only
            arrival.phases.left |= event.endswith("send_request_headers.started")

        address, signed = self._address(real), is_signed(real)

        def built() -> httpx.Request:
            leaving = self._client.build_request(
                real.method,
                address,
                headers=self._headers(real, signed=signed),
                content=content_of(real),
                files=None if real.form is None else sent_parts(real.form),
                extensions={"trace": trace, PHASES: arrival.phases},
            )
            if signed:
                check_origin(leaving.url, self._endpoint.base_url, request)
            if not own:  # a cookie of an earlier reply may stand for the user's key
                leaving.headers.pop("Cookie", None)
            return leaving

        if not heavy:
            return built()
        if real.form is not None and real.method != "POST":
            raise UsageError(f"a form is sent with POST, not with {real.method}")
        return await asyncio.to_thread(built)  # files are drawn first, long texts written

    def _address(self, real: Request) -> str:
        endpoint = self._endpoint
        address = uri_of(real.target, endpoint.base_url)
        if not is_signed(real):
            return address
        return with_key(address, key_query(endpoint.auth, real.credential, endpoint.key))

    async def _receive(self, leaving: httpx.Request, arrival: Arrival, *, absolute: bool) -> None:
        if absolute:
            response = await self._followed(leaving)
        else:
            response = await self._send_to_provider(leaving)
        try:
            headers_s = arrival.phases.headers_s
            arrival.headers_s = self._now_s() if headers_s is None else headers_s
            arrival.status = response.status_code
            headers = response.headers
            arrival.headers = kept_headers(tuple(headers.multi_items()))
            if "," in headers.get("content-encoding", ""):
                raise httpx.DecodingError("the body is packed more than once")  # bombs are
            bounds = self._endpoint.bounds
            at_most = bounds.download_bytes if absolute else bounds.reply_bytes
            chunks = self._chunks(response, arrival, at_most)
            framed = not FRAMING.isdisjoint(headers.keys())
            if headers.get("content-type", "").lower().startswith("text/event-stream"):
                await _take_events(chunks, arrival, framed=framed)
            else:
                await _take_body(chunks, arrival, framed=framed)
        finally:
            await response.aclose()

    async def _followed(self, leaving: httpx.Request) -> httpx.Response:
        """Send, and follow redirects; what stands in their bodies is not read."""
        response = await self._client.send(leaving, stream=True)
        for _ in range(REDIRECTS_AT_MOST):
            if response.next_request is None:
                return response
            await response.aclose()
            response = await self._client.send(response.next_request, stream=True)
        if response.next_request is not None:
            await response.aclose()
            raise httpx.TooManyRedirects(f"more than {REDIRECTS_AT_MOST} redirects")
        return response

    async def _send_to_provider(self, leaving: httpx.Request) -> httpx.Response:
        """Send without httpx's client, which takes a fifth of a short round trip."""
        if leaving.url.userinfo:  # which httpx makes a header of
            return await self._client.send(leaving, stream=True)
        response = await self._transport.handle_async_request(leaving)
        response.request = leaving
        if "set-cookie" in response.headers:
            self._client.cookies.extract_cookies(response)
        return response

    async def _chunks(
        self, response: httpx.Response, arrival: Arrival, at_most: int
    ) -> AsyncIterator[bytes]:
        coding = response.headers.get("content-encoding", "").strip().lower()
        async for chunk in unpacked(response.aiter_raw(), coding):
            latest_s = arrival.phases.latest_s
            arrival.latest_s = self._now_s() if latest_s is None else latest_s
            if arrival.first_byte_s is None and chunk.strip():
                arrival.first_byte_s = arrival.latest_s
            arrival.size_bytes += len(chunk)
            if arrival.size_bytes > at_most:
                arrival.excess = f"the body is longer than {at_most:,} bytes"
                raise httpx.StreamError(arrival.excess)
            yield chunk

    def _headers(self, request: Request, *, signed: bool) -> dict[bytes, bytes]:
        headers = dict(request.headers)
        if request.form is not None:  # the type of a form names its boundary, which httpx draws
            headers = {key: headers[key] for key in headers if key.lower() != "content-type"}
        if signed:
            endpoint = self._endpoint
            headers |= dict(key_headers(endpoint.auth, request.credential, endpoint.key))
        return header_bytes(headers)

    def _failure(self, error: Exception, request: Request, arrival: Arrival) -> Failure:
        text = self._redactor.known(self._placeholders().restored(str(error)))
        where = request.target if request.target.startswith("http") else self._endpoint.base_url
        return Failure(
            kind=kind_of(error),
            why=f"{where}: {text or type(error).__name__} ({arrival.progress})",
            sent=arrival.sent and not isinstance(error, UNSENT),
        )


FRAMING = frozenset(("content-length", "transfer-encoding"))
"""The headers that say where a body ends; without them its connection does, whoever closed it."""
CLOSING = {b"{": b"}", b"[": b"]"}


async def _take_body(chunks: AsyncIterator[bytes], arrival: Arrival, *, framed: bool) -> None:
    first = last = b""
    async for chunk in chunks:
        if arrival.body.add(chunk):
            await arrival.body.room()
        if not framed and (content := chunk.strip()):
            first, last = first or content[:1], content[-1:]
    if CLOSING.get(first, last) != last:
        raise httpx.ReadError("the connection was closed within the JSON of the reply")


async def _take_events(chunks: AsyncIterator[bytes], arrival: Arrival, *, framed: bool) -> None:
    stream = SseStream(arrival.body)
    arrival.events = []
    async for name, start, end in stream.arriving(chunks):
        arrival.events.append((name, start, end, arrival.latest_s))
    if stream.cut:  # its last event is recorded, but nobody else would see that it was cut
        why = "the stream ended within an event"
        raise SseError(why) if framed else httpx.ReadError(why)


async def _undisturbed(work: Coroutine[Any, Any, T], *, stopped: bool) -> T:
    """Finish `work` although the run is being stopped: the reply is paid for.

    A cancellation, from now or (`stopped`) from before, takes effect at the next await.
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
