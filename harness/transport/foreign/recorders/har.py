"""HAR 1.2, which browsers, proxies and Polly.JS write.

Source: the specification's sections entries, postData and content.
"""

import re
from collections.abc import Iterable

from harness.core.exchange import Part
from harness.transport.fields import (
    as_list,
    as_mapping,
    integer_of,
    mapping_of,
    optional_number,
    optional_text,
    text_of,
)
from harness.transport.foreign.formats import Content, Raw, headers_of, rows, text_bytes
from harness.transport.foreign.forms import PARTS_AT_MOST, file_part
from harness.transport.foreign.recorders.recorder import recorder

_OK = 200
_CACHE = re.compile(r"from cache|(?:disk|memory|service ?worker) cache", re.IGNORECASE)
_TRUNCATED = re.compile(r"truncated|too large|cut", re.IGNORECASE)


@recorder("har", title="a HAR 1.2 file (log.entries)", lists=("log.entries",))
class Har:
    """JSON with `log.entries`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the entries of a HAR."""
        log = source.get("log") if isinstance(source, dict) else None
        if not isinstance(log, dict) or "entries" not in log:
            return None
        return rows(log["entries"], "entries")

    def raw(self, entry: object) -> Raw:
        """Read an entry."""
        data = as_mapping(entry, "the entry")
        request = mapping_of(data, "request")
        response = mapping_of(data, "response")
        status = integer_of(response, "status")
        time_ms = optional_number(data, "time")
        cached = _from_cache(data, response)
        return Raw(
            method=text_of(request, "method").upper(),
            uri=text_of(request, "url"),
            request_headers=headers_of(request.get("headers")),
            request=_posted(request.get("postData"), _size(request, "bodySize")),
            status=status,
            headers=headers_of(response.get("headers")),
            response=Content() if cached or not status else _content(response),
            no_reply=None if status else _why_none(response),
            recorded=optional_text(data, "startedDateTime"),
            duration_s=None if time_ms is None else time_ms / 1000,
            cached=cached,
        )


def _size(holder: dict[str, object], key: str) -> int:
    """Return a size in bytes, 0 where it is not known (-1) or no number."""
    size = holder.get(key)
    return size if isinstance(size, int) and size > 0 else 0


def _from_cache(entry: dict[str, object], response: dict[str, object]) -> bool:
    """Tell whether a browser took the reply out of its cache, and wrote no body.

    Chrome writes `_fromCache`, or a `_transferSize` of 0, Safari `_fetchType`, others "(from disk
    cache)" as status text; HAR itself has `cache`.
    """
    content = response.get("content")
    if isinstance(content, dict) and content.get("text"):
        return False
    cache = entry.get("cache")
    marks = (
        *(holder.get(key) for holder in (entry, response) for key in ("_fromCache", "fromCache")),
        *(cache.values() if isinstance(cache, dict) else ()),
        _CACHE.search(f"{response.get('statusText')} {response.get('_fetchType')}"),
        response.get("status") == _OK and response.get("_transferSize") == 0,
        response.get("status") == _OK and _is_bare_image(content),
    )
    return any(marks)


def _is_bare_image(content: object) -> bool:
    kind = content.get("mimeType") if isinstance(content, dict) else None
    size = content.get("size") if isinstance(content, dict) else None
    return isinstance(kind, str) and kind.lower().startswith("image/") and size in (0, None)


def _posted(data: object, size_bytes: int) -> Content:
    if data is None:
        return Content(length=size_bytes)
    posted = as_mapping(data, "postData")
    params = as_list(posted.get("params"), "params")
    if len(params) > PARTS_AT_MOST:
        raise ValueError(f"the form has more than {PARTS_AT_MOST:,} parts")
    if params:
        return Content(form=tuple(_param(as_mapping(param, "a param")) for param in params))
    return Content(raw=_encoded(posted), length=size_bytes)


def _param(param: dict[str, object]) -> Part:
    name, value = text_of(param, "name"), optional_text(param, "value")
    filename = optional_text(param, "fileName")
    media_type = optional_text(param, "contentType")
    if filename is None:
        return Part(name=name, value=value or "")
    if value is None:  # most browsers leave a file's content out
        return Part(name=name, filename=filename, media_type=media_type)
    raw = value.encode("utf-8", "replace")
    return file_part(name, raw, filename=filename, media_type=media_type)


def _content(response: dict[str, object]) -> Content:
    content = as_mapping(response.get("content"), "content")
    size = _size(content, "size")
    sent = size or _size(response, "bodySize")
    if content.get("text") is None and sent:
        # Judged as an empty body, it would be held against the provider.
        raise ValueError(f"the reply's body of {sent:,} bytes was left out of the recording")
    comment = content.get("comment")
    said = isinstance(comment, str) and _TRUNCATED.search(comment) is not None
    marked = any(content.get(key) for key in ("_truncated", "truncated", "_isTruncated"))
    return Content(
        raw=_encoded(content),
        binary=content.get("_isBinary") is True or _is_list(content),
        cut="its recorder kept a part of it" if said or marked else "",
        length=size,
    )


def _is_list(content: dict[str, object]) -> bool:
    """Tell whether a text in base64 is a list of such texts, as Polly.JS writes chunks."""
    text = content.get("text")
    return content.get("encoding") == "base64" and isinstance(text, str) and "[" in text[:9]


def _encoded(content: dict[str, object]) -> bytes:
    text = optional_text(content, "text") or ""
    return text_bytes(text, base64=content.get("encoding") == "base64" and not _is_list(content))


def _why_none(response: dict[str, object]) -> str:
    for key in ("_error", "statusText"):
        reason = response.get(key)
        if isinstance(reason, str) and reason:
            return reason[:200]
    return "the recording holds no reply"
