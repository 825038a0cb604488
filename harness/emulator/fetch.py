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
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener
from urllib.request import Request as OutgoingRequest

from .pipeline import read_json
from .rules import uploads
from .rules.uploads import Reference, ResolvedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from .state import ProviderState


LIMIT_S = 5.0
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


async def get(url: str) -> Found:
    """Return what a loopback address answers, up to one byte more than MOST_BYTES."""
    return await _aside(lambda: _opened(url, None, {}))


async def post(url: str, data: bytes, headers: Mapping[str, str]) -> Found:
    """Send bytes to a loopback address; a redirect is not followed."""
    return await _aside(lambda: _opened(url, data, headers))


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
        req: OutgoingRequest,
        fp: object,
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> OutgoingRequest | None:
        if req.data is not None or not is_loopback(newurl):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


_OPENER = build_opener(ProxyHandler({}), _OnLoopback)


def _opened(url: str, data: bytes | None, headers: Mapping[str, str]) -> Found:
    until_s = time.monotonic() + LIMIT_S
    try:
        request = OutgoingRequest(url, data, dict(headers))  # noqa: S310 - the caller has seen the scheme
        with _OPENER.open(request, timeout=LIMIT_S) as answer:
            read = bytearray()
            while chunk := answer.read1(CHUNK_BYTES):
                read += chunk
                if time.monotonic() > until_s:
                    return Found(status=0)
                if len(read) > MOST_BYTES:
                    break
            return Found(status=answer.status, data=bytes(read[: MOST_BYTES + 1]))
    except HTTPError as error:
        with error:
            return Found(status=error.code)
    except (OSError, http.client.HTTPException, ValueError, OverflowError):
        return Found(status=0)  # refused, too late, cut off, or no address after all


MOST_REFERENCES = 32  # no document allows more than 16


async def from_json_with_references(
    state: ProviderState, request: Request, named: Callable[[Mapping[str, object]], object]
) -> object:
    """Return the JSON value of a body, where it is an object with its references looked at.

    `named` returns the address or the list of addresses in it. They are asked at the same time,
    each once.
    """
    body = await read_json(request)
    if not isinstance(body, dict):
        return body
    addresses = named(body)
    listed = addresses if isinstance(addresses, list) else [addresses]
    urls = dict.fromkeys(url for url in listed if isinstance(url, str) and is_loopback(url))
    asking = (_asked(state, request, url) for url in list(urls)[:MOST_REFERENCES])
    return ResolvedBody(body, tuple(await asyncio.gather(*asking)))


async def _asked(state: ProviderState, request: Request, url: str) -> Reference:
    parts = urlsplit(url)
    if parts.netloc == request.url.netloc:
        # A request to this very server would stand in its ledger as if a client had sent it.
        name = parts.path.rpartition("/")[2]
        data = state.pictures.find(name.rpartition(".")[0])
    else:
        answer = await get(url)
        data = answer.data if answer.status == 200 else None
    upload = None if data is None else await asyncio.to_thread(uploads.uploaded_image, data)
    return Reference(url=url, upload=upload)
