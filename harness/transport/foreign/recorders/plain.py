"""Requests beside their replies, as many smaller recorders and people's own scripts write them.

Known so: PHP-VCR (a list), ExVCR (a list; `status_code`), `interactions` with a number as status,
and JSON with `request` and `response` alone. Sources: PHP-VCR's `Storage/Yaml.php`; ExVCR's
`json.ex` (bodies of requests in `request_body`, `binary` ones as Erlang terms).
"""

import re
from collections.abc import Iterable

from harness.transport.fields import as_mapping, optional_text, plain_object, text_of
from harness.transport.foreign.document import StreamedList
from harness.transport.foreign.formats import Content, Raw, body_bytes, first, headers_of, rows
from harness.transport.foreign.recorders.recorder import recorder

_ASKED, _ANSWERED = ("request", "req"), ("response", "res")
_ADDRESS = ("url", "uri")
_STATUS = ("status", "status_code", "statusCode", "code")
_NUMBER = re.compile(r"(?:HTTP/[0-9.]+ )?(\d{3})\b")


@recorder(
    "request-response",
    title="requests beside their replies (request.url, response.status)",
    lists=("",),
    rank=9,
)
class RequestResponse:
    """A list of mappings with `request` and `response`, or one such mapping."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the list."""
        if isinstance(source, list | StreamedList):
            return rows(source, "interactions") if _is_pair(first(source)) else None
        return [source] if _is_pair(source) else None

    def raw(self, entry: object) -> Raw:
        """Read one of them."""
        data = as_mapping(entry, "the interaction")
        asked = as_mapping(_of(data, _ASKED), "request")
        answered = as_mapping(_of(data, _ANSWERED), "response")
        if answered.get("binary") is True:
            raise ValueError("its reply's body is an Erlang term, which is not read here")
        body = _body(asked, "body", "request_body")
        if body is None and text_of(asked, "method").upper() in ("POST", "PUT", "PATCH"):
            raise ValueError("it does not say what was sent: its request has no body")
        return Raw(
            method=text_of(asked, "method").upper(),
            uri=str(plain_object(_of(asked, _ADDRESS))),
            request_headers=headers_of(asked.get("headers")),
            request=body or Content(),
            status=_status(answered),
            headers=headers_of(answered.get("headers")),
            response=_body(answered, "body") or Content(),
            recorded=optional_text(data, "recorded_at"),
        )


@recorder(
    "interactions",
    title="interactions whose response.status is a number",
    lists=("interactions",),
)
class Interactions(RequestResponse):
    """JSON or YAML with `interactions`, of neither vcrpy nor go-vcr."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the interactions."""
        if not isinstance(source, dict) or "interactions" not in source:
            return None
        interactions = rows(source["interactions"], "interactions")
        head = first(interactions)
        answered = head.get("response") if isinstance(head, dict) else None
        counted = isinstance(answered, dict) and isinstance(answered.get("status"), int)
        return interactions if counted and _is_pair(head) else None


def _of(data: dict[str, object], names: Iterable[str]) -> object:
    return next((data[name] for name in names if name in data), None)


def _is_pair(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    asked, answered = _of(entry, _ASKED), _of(entry, _ANSWERED)
    return (
        isinstance(asked, dict)
        and isinstance(answered, dict)
        and "method" in asked
        and isinstance(_of(asked, _ADDRESS), str)
        and any(name in answered for name in _STATUS)
    )


def _status(answered: dict[str, object]) -> int:
    status = _of(answered, _STATUS)
    if isinstance(status, dict):
        status = status.get("code")
    match = _NUMBER.match(str(status))
    if match is None:
        raise ValueError("its reply has no status")
    return int(match[1])


def _body(message: dict[str, object], *names: str) -> Content | None:
    """Return a body, None where the message has none; one that is JSON already stands as it is."""
    body = next((message[name] for name in names if message.get(name) not in (None, "")), None)
    if body is None:
        return None
    is_text = isinstance(body, str | bytes) or (
        isinstance(body, dict) and bool({"string", "base64_string"} & body.keys())
    )
    return Content(raw=body_bytes(body)) if is_text else Content(parsed=plain_object(body))
