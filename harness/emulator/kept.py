"""What a request held, as the ledger keeps it on request: everything but keys and files' bytes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from typing import TYPE_CHECKING

from .received import BadFormError, File, Form, parse_form

if TYPE_CHECKING:
    from starlette.requests import Request

Kept = dict[str, object]

SECRET = ("authorization", "cookie", "proxy-authorization", "x-api-key", "api-key")
KEY_IN_QUERY = re.compile(r"((?:^|(?<=&))(?:api_?)?key)=[^&]*")
REDACTED = "***"
TEXT_AT_MOST = 100_000  # characters of a body that is neither JSON nor a form


async def kept_content(request: Request) -> Kept:
    """Return what a request held.

    `headers` are by name in lower case, `query` is as sent, without its question mark. Of a body,
    one of three is there: `json`, its value; `form`, the parts by name, each a text or what is
    known of a file; `text`, what is neither. Of the value of a header that carries a key, the
    scheme is left.
    """
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    content = await asyncio.to_thread(_content, kind, raw) if raw else {}
    headers = {name: _shown(name, value) for name, value in request.headers.items()}
    query = KEY_IN_QUERY.sub(rf"\1={REDACTED}", request.url.query)
    return {"headers": headers, "query": query, **content}


def _shown(name: str, value: str) -> str:
    if name not in SECRET:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {REDACTED}" if space else REDACTED


def _content(kind: str, raw: bytes) -> Kept:
    if kind.startswith("multipart/form-data"):
        try:
            return {"form": _parts(parse_form(kind, raw))}
        except BadFormError:
            return {"text": raw.decode("utf-8", "replace")[:TEXT_AT_MOST]}
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()  # as the ledger is read
    except (ValueError, RecursionError):
        return {"text": raw.decode("utf-8", "replace")[:TEXT_AT_MOST]}
    return {"json": value}


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def _parts(form: Form) -> Kept:
    return {name: [_part(part) for part in parts] for name, parts in form.items()}


def _part(part: str | File) -> object:
    if isinstance(part, str):
        return part
    return {
        "filename": part.filename,
        "media_type": part.media_type,
        "size_bytes": len(part.data),
        "sha256": hashlib.sha256(part.data).hexdigest(),
    }
