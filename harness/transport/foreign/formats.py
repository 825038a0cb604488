"""Interactions as vcrpy, Ruby's VCR and HAR files hold them, converted to one shape.

Sources: vcrpy's `serialize.py`; VCR's `http_interaction.rb` (`body` is `encoding` with `string` or
`base64_string`, methods are in lower case); HAR 1.2, sections entries, postData and content;
pydantic-ai's `json_body_serializer.py` (`parsed_body` in place of `body`).
"""

import base64
from dataclasses import dataclass

from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.sensitive.headers import Headers
from harness.transport.fields import (
    as_list,
    as_mapping,
    integer_of,
    mapping_of,
    optional_number,
    optional_text,
    plain_object,
    text_of,
)
from harness.transport.foreign.forms import PARTS_AT_MOST, file_part

MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body as a recording holds it: bytes, a value somebody parsed already, or a form's parts."""

    raw: bytes = b""
    parsed: Json = None
    form: tuple[Part, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One interaction before its bodies are read.

    `no_reply` tells why there is no answer; then `status` is 0. `recorded` is a date as the
    recording writes it.
    """

    method: str
    uri: str
    request_headers: Headers
    request: Content
    status: int
    headers: Headers
    response: Content
    no_reply: str | None = None
    recorded: str | None = None
    duration_s: float | None = None


def from_vcr(entry: object) -> Raw:
    """Read an interaction of vcrpy or of Ruby's VCR; ValueError where it cannot be."""
    interaction = as_mapping(entry, "the interaction")
    request = mapping_of(interaction, "request")
    response = mapping_of(interaction, "response")
    if "status_code" in response:  # vcrpy before version 6 wrote httpx replies so
        status = integer_of(response, "status_code")
    else:
        status = integer_of(mapping_of(response, "status"), "code")
    return Raw(
        method=text_of(request, "method").upper(),
        uri=text_of(request, "uri"),
        request_headers=_headers(request.get("headers")),
        request=_vcr_content(request),
        status=status,
        headers=_headers(response.get("headers")),
        response=_vcr_content(response),
        recorded=optional_text(interaction, "recorded_at"),
    )


def from_har(entry: object) -> Raw:
    """Read an entry of a HAR file; ValueError where it cannot be."""
    data = as_mapping(entry, "the entry")
    request = mapping_of(data, "request")
    response = mapping_of(data, "response")
    status = integer_of(response, "status")
    time_ms = optional_number(data, "time")
    return Raw(
        method=text_of(request, "method").upper(),
        uri=text_of(request, "url"),
        request_headers=_headers(request.get("headers")),
        request=_posted(request.get("postData")),
        status=status,
        headers=_headers(response.get("headers")),
        response=_har_content(response.get("content")) if status else Content(),
        no_reply=None if status else _why_none(response),
        recorded=optional_text(data, "startedDateTime"),
        duration_s=time_ms / 1000 if time_ms is not None and time_ms >= 0 else None,
    )


def _headers(content: object) -> Headers:
    pairs: list[tuple[str, str]] = []
    if isinstance(content, dict):
        for name, values in content.items():
            lines = values if isinstance(values, list) else [values]
            pairs += [(str(name), _line(line)) for line in lines]
    else:
        for row in as_list(content, "headers"):
            header = as_mapping(row, "a header")
            pairs.append((text_of(header, "name"), _line(header.get("value"))))
    # Names with a colon first are HTTP/2's own (`:authority`), which browsers write into HAR files.
    return tuple(pair for pair in pairs if not pair[0].startswith(":"))


def _line(content: object) -> str:
    plain = plain_object(content)
    if isinstance(plain, list | dict):
        raise ValueError("a header's value is no text")  # noqa: TRY004 - about the data
    return "" if plain is None else str(plain)


def _vcr_content(message: dict[str, object]) -> Content:
    if "parsed_body" in message:
        return Content(parsed=plain_object(message["parsed_body"]))
    return Content(raw=_bytes(message["body"] if "body" in message else message.get("content")))


def _bytes(body: object) -> bytes:
    match body:
        case None:
            return b""
        case bytes():
            return body
        case str():
            return body.encode("utf-8", "replace")
        case list():
            return b"".join(_bytes(piece) for piece in body if not isinstance(piece, list | dict))
        case dict():
            if body.get("base64_string") is not None:
                return base64.b64decode(text_of(body, "base64_string"))
            text = body.get("string")
            return b"" if isinstance(text, list | dict) else _bytes(text)
        case _:
            plain_object(body)  # names a refused tag
            raise ValueError("a body is neither text nor bytes")


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


def _har_content(data: object) -> Content:
    content = as_mapping(data, "content")
    size = optional_number(content, "size") or 0
    if content.get("text") is None and size > 0:
        # Judged as an empty body, it would be held against the provider.
        raise ValueError(f"the reply's body of {size:,.0f} bytes was left out of the recording")
    return Content(raw=_encoded(content))


def _encoded(content: dict[str, object]) -> bytes:
    text = optional_text(content, "text") or ""
    if content.get("encoding") == "base64":
        return base64.b64decode(text)
    return text.encode("utf-8", "replace")


def _why_none(response: dict[str, object]) -> str:
    for key in ("_error", "statusText"):
        reason = response.get(key)
        if isinstance(reason, str) and reason:
            return reason[:200]
    return "the recording holds no reply"
