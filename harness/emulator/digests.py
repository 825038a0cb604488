"""Knowing a request again: a digest of the bytes sent, and one of what was asked.

Two requests ask the same where method, path and body are equal: JSON as a value, whatever the order
of its keys; a form by the names, media types and contents of its parts, whatever its boundary, the
order of other names and the names of its files; any other body by its bytes. Headers say nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .received import Form

if TYPE_CHECKING:
    from starlette.requests import Request

    from .received import File

LARGE_BYTES = 1_000_000  # more is decoded and digested in a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """SHA-256 in hexadecimal of a body's bytes, and of what a request asks."""

    body: str
    request: str


async def digests(request: Request, body: object = None) -> Digests:
    """Return the digests of a request; `body` is what it was decoded to, None where it was not."""
    raw = await request.body()
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_digests, request.method, request.url.path, raw, body)
    return _digests(request.method, request.url.path, raw, body)


def _digests(method: str, path: str, raw: bytes, body: object) -> Digests:
    whole = _sha256(raw)
    asked = json.dumps([method, path, whole if body is None else _asked(body)], sort_keys=True)
    return Digests(body=whole, request=_sha256(asked.encode()))


def _asked(body: object) -> object:
    if not isinstance(body, Form):
        return {"json": body}
    return {"form": {name: [_content(part) for part in parts] for name, parts in body.items()}}


def _content(part: str | File) -> object:
    return part if isinstance(part, str) else [part.media_type, _sha256(part.data)]


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
