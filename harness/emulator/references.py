"""Asking for the reference images that a body names, as far as they are on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .fetch import get, is_loopback
from .pipeline import read_json
from .rules import uploads
from .rules.resolved import Reference, ResolvedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from .state import ProviderState

MOST_REFERENCES = 32  # no document allows more than 16


async def from_json_with_references(
    desk: ProviderState, request: Request, named: Callable[[Mapping[str, object]], object]
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
    asking = (_asked(desk, request, url) for url in list(urls)[:MOST_REFERENCES])
    return ResolvedBody(body, tuple(await asyncio.gather(*asking)))


async def _asked(desk: ProviderState, request: Request, url: str) -> Reference:
    parts = urlsplit(url)
    if parts.netloc == request.url.netloc:
        # A request to this very server would stand in its ledger as if a client had sent it.
        name = parts.path.rpartition("/")[2]
        data = desk.pictures.find(name.rpartition(".")[0])
    else:
        answer = await get(url)
        data = answer.data if answer.status == 200 else None
    upload = None if data is None else await asyncio.to_thread(uploads.uploaded_image, data)
    return Reference(url=url, upload=upload)
