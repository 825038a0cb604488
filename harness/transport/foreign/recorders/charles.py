"""Charles' sessions as JSON (`.chlsj`).

A body stands there as `text`, or as `encoded` in base64 where it is none.
"""

from collections.abc import Iterable

from harness.transport.fields import as_mapping, integer_of, mapping_of, optional_text, text_of
from harness.transport.foreign.document import StreamedList
from harness.transport.foreign.formats import Content, Raw, first, from_base64, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import address


@recorder("charles", title="a Charles session as JSON (.chlsj)", lists=("",))
class Charles:
    """A list whose members have a `scheme`, a `host` and a `request`."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the requests of a session."""
        if not isinstance(source, list | StreamedList):
            return None
        sessions = rows(source, "sessions")
        head = first(sessions)
        known = isinstance(head, dict) and {"scheme", "host", "request"} <= head.keys()
        return sessions if known else None

    def raw(self, entry: object) -> Raw:
        """Read one request of a session."""
        data = as_mapping(entry, "the session")
        if data.get("tunnel") is True:
            raise ValueError(
                "a tunnel: turn SSL proxying on for its host to record what it carries"
            )
        asked, answered = (
            mapping_of(data, "request"),
            as_mapping(data.get("response") or {}, "response"),
        )
        port = integer_of(data, "actualPort") if data.get("actualPort") is not None else None
        host = text_of(data, "host") + (f":{port}" if port else "")
        status = answered.get("status")
        return Raw(
            method=text_of(data, "method").upper(),
            uri=address(
                f"{text_of(data, 'scheme')}://{host}",
                optional_text(data, "path") or "/",
                optional_text(data, "query") or "",
            ),
            request_headers=_headers(asked),
            request=_body(asked),
            status=integer_of(answered, "status") if status is not None else 0,
            headers=_headers(answered),
            response=_body(answered),
            no_reply=None if status else optional_text(data, "status") or "no reply",
            recorded=optional_text(as_mapping(data.get("times") or {}, "times"), "start"),
        )


def _headers(message: dict[str, object]) -> tuple[tuple[str, str], ...]:
    return headers_of(as_mapping(message.get("header") or {}, "header").get("headers"))


def _body(message: dict[str, object]) -> Content:
    body = as_mapping(message.get("body") or {}, "body")
    encoded = optional_text(body, "encoded")
    if encoded is not None:
        return Content(raw=from_base64(encoded))
    return Content(raw=(optional_text(body, "text") or "").encode("utf-8", "replace"))
