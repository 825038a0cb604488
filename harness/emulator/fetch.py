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

from .received import read_json
from .rules import uploads
from .rules.uploads import Reference, ResolvedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette import requests

    from .state import ProviderState

# Only a server that hangs is given up: on a busy machine a reply from loopback takes its time, and
# what the emulator makes of a request must not depend on that.
LIMIT_S = 60.0
MOST_BYTES = 60 * 2**20
CHUNK_BYTES = 65_536
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_REFERENCES = 32  # no document allows more than 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedReply:
    """What an address replied; `status` is 0 where it gave no complete reply in time."""

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
) -> FetchedReply:
    """Return the reply of a loopback address, up to one byte more than MOST_BYTES.

    It is given up after `limit_s` seconds of silence, or after as many of the clock `now_s` in all.
    """
    return await _in_thread(lambda: _sent(url, None, {}, limit_s, now_s))


async def post(url: str, data: bytes, headers: Mapping[str, str]) -> FetchedReply:
    """Send bytes to a loopback address; a redirect is not followed."""
    return await _in_thread(lambda: _sent(url, data, headers, LIMIT_S, time.monotonic))


async def _in_thread(work: Callable[[], FetchedReply]) -> FetchedReply:
    """Run work in a thread of its own, which delays neither other work nor the server's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[FetchedReply] = loop.create_future()

    def settle(reply: FetchedReply) -> None:
        if not done.done():
            done.set_result(reply)

    def run() -> None:
        reply = work()
        with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(settle, reply)

    threading.Thread(target=run, daemon=True).start()
    return await done


class _OnLoopback(HTTPRedirectHandler):
    """Follows a redirect of a GET to loopback; any other redirect is the reply."""

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


def _sent(
    url: str,
    data: bytes | None,
    headers: Mapping[str, str],
    limit_s: float,
    now_s: Callable[[], float],
) -> FetchedReply:
    until_s = now_s() + limit_s
    try:
        request = Request(url, data, dict(headers))  # noqa: S310 - the caller checked the scheme
        with _OPENER.open(request, timeout=limit_s) as reply:
            received = bytearray()
            while chunk := reply.read1(CHUNK_BYTES):
                received += chunk
                if now_s() > until_s:
                    return FetchedReply(status=0)
                if len(received) > MOST_BYTES:
                    break
            return FetchedReply(status=reply.status, data=bytes(received[: MOST_BYTES + 1]))
    except HTTPError as error:
        with error:
            return FetchedReply(status=error.code)
    except (OSError, http.client.HTTPException, ValueError, OverflowError):
        return FetchedReply(status=0)  # refused, too late, cut off, or no address after all


async def read_resolved(
    state: ProviderState,
    references: Callable[[Mapping[str, object]], object],
    request: requests.Request,
) -> object:
    """Return the JSON value of a body; an object is returned with what its references serve.

    `references` returns the address or the list of addresses that a body names. Those on loopback
    are fetched at the same time, each once.
    """
    body = await read_json(request)
    if not isinstance(body, dict):
        return body
    addresses = references(body)
    listed = addresses if isinstance(addresses, list) else [addresses]
    urls = dict.fromkeys(url for url in listed if isinstance(url, str) and is_loopback(url))
    fetches = (_reference(state, request, url) for url in list(urls)[:MOST_REFERENCES])
    return ResolvedBody(body, tuple(await asyncio.gather(*fetches)))


async def _reference(state: ProviderState, request: requests.Request, url: str) -> Reference:
    parts = urlsplit(url)
    if parts.netloc == request.url.netloc:
        # A request to this very server would be in its ledger as if a client had sent it.
        name = parts.path.rpartition("/")[2]
        data = state.pictures.find(name.rpartition(".")[0])
        status = 404 if data is None else 200
    else:
        reply = await get(url)
        data, status = (reply.data if reply.status == 200 else None), reply.status
    upload = None if data is None else await asyncio.to_thread(uploads.uploaded_image, data)
    return Reference(url=url, upload=upload, status=status)
