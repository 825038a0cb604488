"""Asking for the reference images that a body names, as far as they are on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .fetch import get, is_loopback
from .front import from_json
from .rules import uploads
from .rules.looked import Looked, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from .desk import Desk

MOST_REFERENCES = 32  # no document allows more than 16


async def from_json_with_references(
    desk: Desk, request: Request, named: Callable[[Mapping[str, object]], object]
) -> object:
    """Return the JSON value of a body, where it is an object with its references looked at.

    `named` returns the address or the list of addresses in it. They are asked at the same time,
    each once.
    """
    body = await from_json(request)
    if not isinstance(body, dict):
        return body
    addresses = named(body)
    listed = addresses if isinstance(addresses, list) else [addresses]
    urls = dict.fromkeys(url for url in listed if isinstance(url, str) and is_loopback(url))
    asking = (_asked(desk, request, url) for url in list(urls)[:MOST_REFERENCES])
    return Looked(body, tuple(await asyncio.gather(*asking)))


async def _asked(desk: Desk, request: Request, url: str) -> Reference:
    parts = urlsplit(url)
    if parts.netloc == request.url.netloc:
        # A request to this very server would stand in its ledger as if a client had sent it.
        name = parts.path.rpartition("/")[2]
        data = desk.pictures.find(name.rpartition(".")[0])
    else:
        answer = await get(url)
        data = answer.data if answer.status == 200 else None
    upload = None if data is None else await asyncio.to_thread(uploads.seen, data)
    return Reference(url=url, upload=upload)
