"""Requests that the servers send themselves: to loopback only, for there is no internet here."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Whoever hangs is given up, and nobody else: on a busy machine an answer from loopback takes its
# time, and what the emulator makes of a request must not depend on that.
LIMIT_S = 60.0
MOST_BYTES = 60 * 2**20
CHUNK_BYTES = 65_536
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an address answered; `status` is 0 where it gave no complete answer in time."""

    status: int
    data: bytes = b""


def is_loopback(url: object) -> bool:
    """Whether the value is an http or https address on this machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


async def get(
    url: str, *, limit_s: float = LIMIT_S, now_s: Callable[[], float] = time.monotonic
) -> Found:
    """Return what a loopback address answers, up to one byte more than MOST_BYTES.

    It is given up after `limit_s` seconds of silence, or of the clock `now_s` altogether.
    """
    return await _aside(lambda: _opened(url, None, {}, limit_s, now_s))


async def post(url: str, data: bytes, headers: Mapping[str, str]) -> Found:
    """Send bytes to a loopback address; a redirect is not followed."""
    return await _aside(lambda: _opened(url, data, headers, LIMIT_S, time.monotonic))


async def _aside(work: Callable[[], Found]) -> Found:
    """Run work in a thread of its own, which holds up neither other work nor the end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Found] = loop.create_future()

    def settle(found: Found) -> None:
        if not done.done():
            done.set_result(found)

    def run() -> None:
        found = work()
        with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=run, daemon=True).start()
    return await done


class _OnLoopback(HTTPRedirectHandler):
    """Follows a redirect of a GET to loopback; any other redirect is the answer."""

    def redirect_request(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        req: Request,
        fp: object,
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> Request | None:
        if req.data is not None or not is_loopback(newurl):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


_OPENER = build_opener(ProxyHandler({}), _OnLoopback)


def _opened(
    url: str,
    data: bytes | None,
    headers: Mapping[str, str],
    limit_s: float,
    now_s: Callable[[], float],
) -> Found:
    until_s = now_s() + limit_s
    try:
        request = Request(url, data, dict(headers))  # noqa: S310 - the caller has seen the scheme
        with _OPENER.open(request, timeout=limit_s) as answer:
            read = bytearray()
            while chunk := answer.read1(CHUNK_BYTES):
                read += chunk
                if now_s() > until_s:
                    return Found(status=0)
                if len(read) > MOST_BYTES:
                    break
            return Found(status=answer.status, data=bytes(read[: MOST_BYTES + 1]))
    except HTTPError as error:
        with error:
            return Found(status=error.code)
    except (OSError, http.client.HTTPException, ValueError, OverflowError):
        return Found(status=0)  # refused, too late, cut off, or no address after all
