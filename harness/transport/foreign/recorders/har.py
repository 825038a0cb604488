"""HAR 1.2, which browsers, proxies and Polly.JS write.

Source: the specification's sections entries, postData and content.
"""

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
        return Raw(
            method=text_of(request, "method").upper(),
            uri=text_of(request, "url"),
            request_headers=headers_of(request.get("headers")),
            request=_posted(request.get("postData")),
            status=status,
            headers=headers_of(response.get("headers")),
            response=_content(response.get("content")) if status else Content(),
            no_reply=None if status else _why_none(response),
            recorded=optional_text(data, "startedDateTime"),
            duration_s=time_ms / 1000 if time_ms is not None and time_ms >= 0 else None,
        )


def _posted(data: object) -> Content:
    if data is None:
        return Content()
    posted = as_mapping(data, "postData")
    params = as_list(posted.get("params"), "params")
    if len(params) > PARTS_AT_MOST:
        raise ValueError(f"the form has more than {PARTS_AT_MOST:,} parts")
    if params:
        return Content(form=tuple(_param(as_mapping(param, "a param")) for param in params))
    return Content(raw=_encoded(posted))


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


def _content(data: object) -> Content:
    content = as_mapping(data, "content")
    size = optional_number(content, "size") or 0
    if content.get("text") is None and size > 0:
        # Judged as an empty body, it would be held against the provider.
        raise ValueError(f"the reply's body of {size:,.0f} bytes was left out of the recording")
    return Content(raw=_encoded(content))


def _encoded(content: dict[str, object]) -> bytes:
    text = optional_text(content, "text") or ""
    return text_bytes(text, base64=content.get("encoding") == "base64")


def _why_none(response: dict[str, object]) -> str:
    for key in ("_error", "statusText"):
        reason = response.get(key)
        if isinstance(reason, str) and reason:
            return reason[:200]
    return "the recording holds no reply"
