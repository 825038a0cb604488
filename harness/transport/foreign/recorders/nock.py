"""nock's definitions: what its recorder writes with `output_objects`, and what `nock.back` saves.

Source: nock's `lib/recorder.js`. Bodies that are JSON stand there as JSON, packed ones as a list of
chunks in hexadecimal, others that are no UTF-8 as one hexadecimal text. Headers are a flat list of
names and values (nock 13) or a mapping (nock 14); without `enable_reqheaders_recording`, those of
requests are missing.
"""

import re
from collections.abc import Iterable

from harness.sensitive.headers import Headers
from harness.transport.bodies.decode import looks_like_image
from harness.transport.fields import (
    as_mapping,
    integer_of,
    optional_text,
    plain_object,
    text_of,
)
from harness.transport.foreign.document import StreamedList
from harness.transport.foreign.formats import Content, Raw, first, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import address, known_body

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


@recorder("nock", title="nock's definitions (a list of scope, path and response)", lists=("",))
class Nock:
    """A list whose members have a `scope`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the definitions."""
        if not isinstance(source, list | StreamedList):
            return None
        interactions = rows(source, "definitions")
        head = first(interactions)
        known = isinstance(head, dict) and "scope" in head and "path" in head
        return interactions if known else None

    def raw(self, entry: object) -> Raw:
        """Read a definition."""
        data = as_mapping(entry, "the definition")
        method = (optional_text(data, "method") or "GET").upper()
        request = _request(method, data)
        return Raw(
            method=method,
            uri=address(text_of(data, "scope"), text_of(data, "path")),
            request_headers=_headers(data.get("reqheaders")),
            request=request,
            status=integer_of(data, "status") if "status" in data else 200,
            headers=_headers(data.get("rawHeaders", data.get("headers"))),
            response=_response(data),
        )


def _headers(content: object) -> Headers:
    if isinstance(content, list) and not any(isinstance(item, dict) for item in content):
        if len(content) % 2:
            raise ValueError("rawHeaders has a name without a value")
        pairs = zip(content[::2], content[1::2], strict=True)
        return headers_of([{"name": name, "value": value} for name, value in pairs])
    return headers_of(content)


def _request(method: str, data: dict[str, object]) -> Content:
    body = data.get("body")
    if body == "*":
        raise ValueError("it does not say what was sent: its body is the wildcard *")
    if isinstance(body, dict | list):
        return Content(parsed=plain_object(body))
    text = None if body is None else text_of(data, "body")
    if text and _HEX.fullmatch(text):
        held = bytes.fromhex(text)
        return Content(raw=held if held.startswith(b"--") or not _is_utf8(held) else text.encode())
    return Content(
        raw=known_body(method, None if text is None else text.encode("utf-8", "replace"))
    )


def _response(data: dict[str, object]) -> Content:
    body = data.get("response")
    if not isinstance(body, str):
        return Content(parsed=plain_object(body))  # a list of chunks is joined where it is read
    image = _HEX.fullmatch(body) and looks_like_image(bytes.fromhex(body))
    if (data.get("responseIsBinary") is True or image) and _HEX.fullmatch(body):
        return Content(raw=bytes.fromhex(body))
    return Content(raw=body.encode("utf-8", "replace"))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
