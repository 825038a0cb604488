"""mitmproxy's flows (`mitmdump -w`): tnetstrings, one behind the other.

Sources: mitmproxy's `io/tnetstring.py` (`LENGTH:PAYLOAD` and a letter for its type) and the states
of `http.py`'s Request and Response. A body stands as it went over the wire.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from harness.sensitive.headers import Headers
from harness.transport.fields import as_list, as_mapping, integer_of, mapping_of, optional_number
from harness.transport.foreign.formats import Content, Raw
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import address

DEPTH_AT_MOST = 50
VALUES_AT_MOST = 1_000_000
_DIGITS_AT_MOST = 12


@recorder(
    "mitmproxy", title="mitmproxy's flows (mitmdump -w)", reads="bytes", begins=rb"\d{1,12}:\d"
)
class Mitmproxy:
    """A file that begins with a tnetstring of a flow."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the HTTP flows."""
        if not isinstance(source, bytes):
            return None
        length, colon, rest = source[:16].partition(b":")
        if not (colon and length.isdigit() and rest[:1].isdigit() and b"}" in source):
            return None
        flows = _FlowFile(source).flows()
        return [flow for flow in flows if isinstance(flow, dict) and flow.get("type") == "http"]

    def raw(self, entry: object) -> Raw:
        """Read a flow."""
        data = as_mapping(entry, "the flow")
        if (why := data.get("unreadable")) is not None:
            raise ValueError(str(why))
        asked = mapping_of(data, "request")
        answered = data.get("response")
        reply = as_mapping(answered or {}, "response")
        return Raw(
            method=_text(asked.get("method")).upper(),
            uri=_address(asked),
            request_headers=_headers(asked.get("headers")),
            request=Content(raw=_content(asked)),
            status=integer_of(reply, "status_code") if answered else 0,
            headers=_headers(reply.get("headers")),
            response=Content(raw=_content(reply)),
            no_reply=None if answered else _why_none(data),
            recorded=_date(asked),
            duration_s=_duration(asked, reply),
        )


_PLAIN: dict[bytes, Callable[[bytes], object]] = {
    b",": bytes,
    b";": lambda payload: payload.decode("utf-8", "replace"),
    b"#": lambda payload: int(payload[:_DIGITS_AT_MOST]),
    b"^": float,
    b"!": lambda payload: payload == b"true",
    b"~": lambda _payload: None,
}
"""What a value is read by, by the letter of its type."""


class _FlowFile:
    """Reads tnetstrings; ValueError where one is damaged or cut off."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._values = 0

    def flows(self) -> list[object]:
        """Return all values of the file; what follows a damaged one cannot be told from it."""
        found: list[object] = []
        place = 0
        while place < len(self._raw):
            try:
                value, place = self._value(place, len(self._raw), 0)
            except ValueError as error:
                if not found:
                    raise
                return [*found, {"type": "http", "unreadable": str(error)}]
            found.append(value)
        return found

    def _value(self, place: int, end: int, depth: int) -> tuple[object, int]:
        self._values += 1
        if depth > DEPTH_AT_MOST or self._values > VALUES_AT_MOST:
            raise ValueError("a flow that is nested too deeply or holds too many values")
        colon = self._raw.find(b":", place, min(end, place + _DIGITS_AT_MOST + 1))
        digits = self._raw[place:colon] if colon >= 0 else b""
        if not digits.isdigit():
            raise ValueError("a damaged flow: a value without its length")
        begin, stop = colon + 1, colon + 1 + int(digits)
        if stop >= end:
            raise ValueError("the flow file breaks off within a flow")
        return self._of_kind(self._raw[stop : stop + 1], begin, stop, depth), stop + 1

    def _of_kind(self, kind: bytes, begin: int, stop: int, depth: int) -> object:
        if kind == b"]":
            return self._list(begin, stop, depth)
        if kind == b"}":
            values = self._list(begin, stop, depth)
            keys = [_text(key) for key in values[::2]]
            return dict(zip(keys, values[1::2], strict=True))
        try:
            return _PLAIN[kind](self._raw[begin:stop])
        except (KeyError, OverflowError):
            raise ValueError("a damaged flow: a value of no known type") from None

    def _list(self, begin: int, stop: int, depth: int) -> list[object]:
        values: list[object] = []
        while begin < stop:
            # A list's last value ends where the list does: its own type stands before that.
            value, begin = self._value(begin, stop + 1, depth + 1)
            values.append(value)
        return values


def _text(content: object) -> str:
    if isinstance(content, bytes):
        return content.decode("utf-8", "replace")
    if not isinstance(content, str):
        raise ValueError("a flow's text is none")  # noqa: TRY004 - about the data
    return content


def _headers(content: object) -> Headers:
    pairs = [as_list(pair, "a header") for pair in as_list(content, "headers")]
    if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a name and a value
        raise ValueError("a flow's header is no pair")
    return tuple(
        (_text(name), _text(value)) for name, value in pairs if not _text(name).startswith(":")
    )


def _address(asked: dict[str, object]) -> str:
    scheme, port = _text(asked.get("scheme")), integer_of(asked, "port")
    named = {name.lower(): value for name, value in _headers(asked.get("headers"))}
    host = _text(asked.get("authority") or b"") or named.get("host") or ""
    host = host or f"{_text(asked.get('host'))}:{port}"
    return address(f"{scheme}://{host}", _text(asked.get("path")))


def _content(message: dict[str, object]) -> bytes:
    content = message.get("content")
    if content is None:
        return b""
    if not isinstance(content, bytes):
        raise ValueError("a flow's content is no bytes")  # noqa: TRY004 - about the data
    return content


def _why_none(data: dict[str, object]) -> str:
    error = data.get("error")
    why = error.get("msg") if isinstance(error, dict) else None
    return why[:200] if isinstance(why, str) and why else "the flow holds no reply"


def _date(asked: dict[str, object]) -> str | None:
    started = optional_number(asked, "timestamp_start")
    if started is None or not 0 < started < 1e11:  # noqa: PLR2004 - before the year 5000
        return None
    return datetime.fromtimestamp(started, UTC).isoformat()


def _duration(asked: dict[str, object], reply: dict[str, object]) -> float | None:
    begun, ended = (
        optional_number(asked, "timestamp_start"),
        optional_number(reply, "timestamp_end"),
    )
    return ended - begun if begun is not None and ended is not None and ended >= begun else None
