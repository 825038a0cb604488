"""The application of our own small web server: it serves reference images and receives webhooks.

Anybody may send to it, so the size and time of every request and all that is kept are bounded, and
only addresses that a provider was given exist.
"""

import asyncio
import hmac
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from harness import reference_images
from harness.core.recipe import parse_recipe

DELIVERY_AT_MOST_BYTES = 1024 * 1024
DELIVERIES_AT_MOST = 1_000
KEPT_AT_MOST_BYTES = 64 * 1024 * 1024
ARRIVING_AT_MOST = 256
"""Deliveries whose bodies are still arriving."""

DELIVERY_WITHIN_S = 20.0
DRAWING_AT_MOST = 2
"""Reference images drawn at a time: the run's replies need the threads, too."""

PIECE_BYTES = 256 * 1024

_TOKEN = re.compile(r"[A-Za-z0-9-]{1,200}")

Message = MutableMapping[str, Any]
"""What ASGI 3.0 calls scopes and messages."""

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedWebhook:
    """One webhook as it arrived; `at_s` is when its body was complete, on the run's clock."""

    at_s: float
    headers: tuple[tuple[str, str], ...]
    raw: bytes


class CallbackApp:
    """An ASGI application; only an address with the `secret` in it receives webhooks.

    `strangers` counts deliveries without it, `dropped` those with it that were too large, too slow
    or too many to keep.
    """

    def __init__(self, *, secret: str, now_s: Callable[[], float]) -> None:
        self.strangers = 0
        self.dropped = 0
        self._secret = secret.encode()
        self._now_s = now_s
        self._names: set[str] = set()
        self._deliveries: defaultdict[tuple[str, str], list[ReceivedWebhook]] = defaultdict(list)
        self._count = 0
        self._size_bytes = 0
        self._arriving = 0
        self._bells: dict[tuple[str, str], asyncio.Event] = {}
        self._closed = False
        self._drawing = asyncio.Semaphore(DRAWING_AT_MOST)

    def serve_assets(self, names: Iterable[str]) -> None:
        """Serve these reference images; a name that is no reference image stays a 404."""
        self._names.update(name for name in names if parse_recipe(name))

    async def delivered(
        self, provider: str, token: str, *, wait_s: float
    ) -> tuple[ReceivedWebhook, ...]:
        """Return the webhooks of a token in order; wait for the first while there is none."""
        place = (provider, token)
        if wait_s > 0 and place not in self._deliveries and not self._closed:
            bell = self._bells.setdefault(place, asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await bell.wait()
        return tuple(self._deliveries.get(place, ()))

    def close(self) -> None:
        """End every wait: nothing more will arrive."""
        self._closed = True
        for bell in self._bells.values():
            bell.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = str(scope["method"]), str(scope["path"])
        *_, before, provider, last = ["", "", *path.split("/")]
        if last in self._names:
            await self._asset(last, method, send)
        elif not hmac.compare_digest(before.encode("utf-8", "replace"), self._secret):
            self.strangers += method == "POST"
            await _answer(send, HTTPStatus.NOT_FOUND)
        elif method != "POST":
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"POST"))
        elif not (_TOKEN.fullmatch(last) and _TOKEN.fullmatch(provider)):
            await _answer(send, HTTPStatus.NOT_FOUND)
        else:
            await _answer(send, await self._received((provider, last), scope, receive))

    async def _asset(self, name: str, method: str, send: Send) -> None:
        if method not in ("GET", "HEAD"):
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD"))
            return
        async with self._drawing:
            raw = await asyncio.to_thread(reference_images.reference_bytes, name)
        kind = name.rpartition(".")[2]
        headers = [
            (b"content-type", f"image/{kind}".encode()),
            (b"content-length", str(len(raw)).encode()),
        ]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
        for place in range(0, len(raw) if method == "GET" else 0, PIECE_BYTES):
            piece = raw[place : place + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _received(
        self, place: tuple[str, str], scope: Message, receive: Receive
    ) -> HTTPStatus | None:
        """Keep one delivery; return the status to answer with, None where the sender hung up."""
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        )
        if self._arriving >= ARRIVING_AT_MOST:
            self.dropped += 1
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._arriving += 1
        try:
            async with asyncio.timeout(DELIVERY_WITHIN_S):
                raw = await _body(dict(headers).get("content-length", ""), receive)
        except TimeoutError:
            self.dropped += 1
            return HTTPStatus.REQUEST_TIMEOUT
        except _TooLargeError:
            self.dropped += 1
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        finally:
            self._arriving -= 1
        if raw is None:
            return None
        return self._keep(place, ReceivedWebhook(at_s=self._now_s(), headers=headers, raw=raw))

    def _keep(self, place: tuple[str, str], delivery: ReceivedWebhook) -> HTTPStatus:
        weight = len(delivery.raw) + sum(len(name) + len(value) for name, value in delivery.headers)
        if self._count >= DELIVERIES_AT_MOST or self._size_bytes + weight > KEPT_AT_MOST_BYTES:
            self.dropped += 1
            return HTTPStatus.INSUFFICIENT_STORAGE
        self._count += 1
        self._size_bytes += weight
        self._deliveries[place].append(delivery)
        if bell := self._bells.pop(place, None):
            bell.set()
        return HTTPStatus.OK


class _TooLargeError(Exception):
    """A delivery is larger than any that is kept."""


async def _body(length: str, receive: Receive) -> bytes | None:
    """Return a whole body, or None where its sender hung up before its end."""
    if length.isdecimal() and int(length[:20]) > DELIVERY_AT_MOST_BYTES:
        raise _TooLargeError
    raw = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        raw += message.get("body", b"")
        if len(raw) > DELIVERY_AT_MOST_BYTES:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(raw)


async def _answer(send: Send, status: HTTPStatus | None, *headers: tuple[bytes, bytes]) -> None:
    """Answer without a body; the connection of a refused sender is closed."""
    if status is None:
        return
    close = [] if status is HTTPStatus.OK else [(b"connection", b"close")]
    lines = [(b"content-length", b"0"), *headers, *close]
    await send({"type": "http.response.start", "status": int(status), "headers": lines})
    await send({"type": "http.response.body", "body": b""})
