"""Recordings of the Azure SDK's test proxy.

Source: `RecordEntry.cs` of the Azure SDK tools. A body of text is JSON as it is, a text, or a list
of its lines; any other body is base64. Bodies are unpacked and their header stays.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable

from harness.sensitive.headers import Headers
from harness.transport.fields import as_mapping, integer_of, plain_object, text_of
from harness.transport.foreign.formats import Content, Raw, body_bytes, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder

_TEXT = ("json", "text/", "xml", "x-www-form-urlencoded")


@recorder(
    "azure-test-proxy",
    title="a recording of the Azure SDK's test proxy (Entries)",
    lists=("Entries",),
)
class AzureTestProxy:
    """JSON with `Entries`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the entries."""
        if not isinstance(source, dict) or "Entries" not in source:
            return None
        return rows(source["Entries"], "Entries")

    def raw(self, entry: object) -> Raw:
        """Read an entry."""
        data = as_mapping(entry, "the entry")
        asked = headers_of(data.get("RequestHeaders"))
        answered = headers_of(data.get("ResponseHeaders"))
        return Raw(
            method=text_of(data, "RequestMethod").upper(),
            uri=text_of(data, "RequestUri"),
            request_headers=asked,
            request=_content(data.get("RequestBody"), asked),
            status=integer_of(data, "StatusCode"),
            headers=answered,
            response=_content(data.get("ResponseBody"), answered),
        )


def _content(body: object, headers: Headers) -> Content:
    if body is None or isinstance(body, list):
        return Content(raw=body_bytes(body))
    if not isinstance(body, str):
        return Content(parsed=plain_object(body))
    kind = _header(headers, "content-type").lower()
    if any(word in kind for word in _TEXT) and not _header(headers, "content-encoding"):
        return Content(raw=body.encode("utf-8", "replace"))
    try:
        return Content(raw=b64decode(body, validate=True))
    except (binascii.Error, ValueError):  # text that is not ASCII is no base64, either
        return Content(raw=body.encode("utf-8", "replace"))


def _header(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
