"""HTTP messages as text: what `curl -i` and `curl -v` print, a request as a file, a curl command.

Sources: RFC 9112 (messages); curl's manual page; the HTTP request format of REST clients (`.http`).
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from harness.sensitive.headers import Headers
from harness.transport.fields import optional_text, plain_object
from harness.transport.foreign.formats import from_base64, headers_of

_STATUS = re.compile(rb"HTTP/[0-9.]+ (\d{3})[^\r\n]*\r?\n")
_NEXT_REPLY = re.compile(rb"\n(?=HTTP/[0-9.]+ \d{3})")
_FIELD = re.compile(rb"(?:event|data|id|retry)?:")
_LINES_LOOKED_AT = 20
_COMMENTS = re.compile(rb"(?:[ \t]*(?:#|//)[^\n]*\n|\s*\n)*")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r\n")
_BLANK = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(
    rb"([A-Z]{3,10})[ \t]+((?:https?://|/)\S*)(?:[ \t]+HTTP/[0-9.]+)?[ \t]*(?:\r?\n|\Z)"
)
_EVENT = re.compile(rb'\{.{0,4096}"type"\s*:\s*"(?:response|image_|error)')
_COMMAND = re.compile(rb"\s*(?:\$\s+)?curl\s")
_VERBOSE = re.compile(rb"^(?:[*<>{}](?: |\r?$)|  % Total|\s+Dload|[ 0-9.:k-]{60,}$)")
_SENT = re.compile(rb"^> ([A-Z]{3,10}) (\S+) HTTP/[0-9.]+\r?$", re.MULTILINE)

_WITH_VALUE = "AbceEFHTuUxXdomwCKyYzrtQ"
"""curl's short options that take a value."""
_WITHOUT_VALUE = frozenset(
    ("compressed", "silent", "show-error", "include", "verbose", "location", "insecure", "fail",
     "no-buffer", "globoff", "http1.1", "http2", "fail-with-body", "get")
)  # fmt: skip
_BODY = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as far as somebody wrote it down: `uri` and `body` are None where they are not."""

    method: str | None = None
    uri: str | None = None
    headers: Headers = ()
    body: bytes | None = None
    why: str = ""

    def __or__(self, other: "Sent") -> "Sent":
        """Return this request, completed by another description of it."""
        return Sent(
            method=self.method or other.method,
            uri=self.uri or other.uri,
            headers=self.headers or other.headers,
            body=other.body if self.body is None else self.body,
            why=self.why or other.why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A reply; `status` is missing where somebody kept its body alone."""

    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    sent: Sent = field(default_factory=Sent)


def is_stream(raw: bytes) -> bool:
    """Tell whether a text is server-sent events and nothing else, by its first lines."""
    lines = [line for line in raw[:65_536].splitlines()[:_LINES_LOOKED_AT] if line.strip()]
    return b"data:" in raw and bool(lines) and all(_FIELD.match(line) for line in lines)


def in_two(raw: bytes) -> tuple[bytes, bytes] | None:
    """Split a request that its reply follows (as `http -v` prints them); None where it is none."""
    if not is_request(raw):
        return None
    start = _NEXT_REPLY.search(raw)
    return (raw[: start.end()].rstrip() + b"\n", raw[start.end() :]) if start else None


def is_reply(raw: bytes) -> bool:
    """Tell whether a file begins as `curl -i` or `curl -v` writes one."""
    return bool(_STATUS.match(raw) or _SENT.search(raw[:65_536]))


def is_request(raw: bytes) -> bool:
    """Tell whether a file begins with a request's first line or is a curl command."""
    raw = _uncommented(raw)
    return bool(_LINE.match(raw) or _COMMAND.match(raw))


def _uncommented(raw: bytes) -> bytes:
    """Leave out the comments that stand before a request."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    comments = _COMMENTS.match(raw)
    return raw[comments.end() :] if comments else raw


def as_stream(raw: bytes) -> bytes:
    """Return a transcript of events, one as JSON in a line, as a stream; all else as it is.

    Some keep the data of each event so, without `data:` and the blank lines.
    """
    lines = [line.strip() for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines()]
    events = [line for line in lines if line and line != b"[DONE]"]
    if not events or not all(_is_event(event) for event in events):
        return raw
    return b"".join(b"data: " + event + b"\n\n" for event in events)


def _is_event(line: bytes) -> bool:
    if not _EVENT.match(line):
        return False
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return False
    kind = event.get("type") if isinstance(event, dict) else None
    return isinstance(kind, str) and kind.startswith(("response.", "image_", "error"))


def read_reply(raw: bytes) -> Answered:
    """Read what curl printed: the last of its heads, and the body behind it.

    Heads of interim replies (100), of a proxy's tunnel and of redirects stand before it.
    """
    sent = Sent()
    if _SENT.search(raw[:65_536]) and not _STATUS.match(raw):
        sent, raw = _verbose(raw)
    answered = Answered(body=raw, sent=sent)
    while match := _STATUS.match(raw):
        end = _BLANK.search(raw, match.end() - 2)
        head = raw[match.end() : end.start() if end else len(raw)]
        raw = raw[end.end() :] if end else b""
        answered = Answered(status=int(match[1]), headers=_headers(head), body=raw, sent=sent)
    chunked = any(
        name.lower() == "transfer-encoding" and "chunked" in value.lower()
        for name, value in answered.headers
    )
    return replace(answered, body=_unchunked(answered.body)) if chunked else answered


def _unchunked(raw: bytes) -> bytes:
    """Join the chunks of a body (RFC 9112, 7.1), which `curl --raw` and Fiddler leave in it."""
    pieces, place = [], 0
    while match := _CHUNK.match(raw, place):
        size = int(match[1], 16)
        pieces.append(raw[match.end() : match.end() + size])
        place = match.end() + size + 2
        if size == 0 or place > len(raw):
            return b"".join(pieces)
    return b"".join(pieces) if pieces and place >= len(raw) else raw  # it was joined already


def _verbose(raw: bytes) -> tuple[Sent, bytes]:
    """Split what `curl -v` printed into the request's head, and the replies with their bodies."""
    lines = raw.split(b"\n")
    asked = [line[2:].strip() for line in lines if line.startswith(b"> ")]
    heads = [line[2:].rstrip(b"\r") for line in lines if line.startswith(b"<")]
    rest = b"\n".join(line for line in lines if not _VERBOSE.match(line))
    request = read_request(b"\n".join(asked) + b"\n\n")
    if _STATUS.match(rest.lstrip()):  # -i as well: the heads stand there twice
        return replace(request, body=None), rest.lstrip()
    head = b"\n".join(heads).strip()
    return replace(request, body=None), head + b"\n\n" + rest


def read_request(raw: bytes, folder: Mapping[str, bytes] | None = None) -> Sent:
    """Read a request: a message, a curl command, JSON with a `url`, or a body alone.

    `folder` holds the files that a command may name (`-d @body.json`). Raises ValueError.
    """
    raw = _uncommented(raw)
    if _COMMAND.match(raw):
        return _command(raw.decode("utf-8", "replace"), folder or {})
    if match := _LINE.match(raw):
        end = _BLANK.search(raw, match.end() - 2)
        headers = _headers(raw[match.end() : end.start() if end else len(raw)])
        body = raw[end.end() :] if end else b""
        method = match[1].decode()
        return Sent(method=method, uri=_uri(match[2].decode(), headers), headers=headers, body=body)
    try:
        held = json.loads(raw)
    except ValueError:
        return Sent(body=raw)
    return _described(held) if isinstance(held, dict) and "url" in held else Sent(body=raw)


def _described(held: dict[str, object]) -> Sent:
    body = next(
        (held[name] for name in ("body", "json", "data") if held.get(name) is not None), None
    )
    text = body if isinstance(body, str | None) else json.dumps(plain_object(body))
    raw = None if text is None else text.encode("utf-8", "replace")
    if held.get("encoding") == "base64" and isinstance(body, str):
        raw = from_base64(body)
    return Sent(
        method=(optional_text(held, "method") or "POST").upper(),
        uri=optional_text(held, "url"),
        headers=headers_of(held.get("headers")),
        body=raw or b"",
    )


def _uri(target: str, headers: Headers) -> str:
    if not target.startswith("/"):
        return target
    host = next((value for name, value in headers if name.lower() == "host"), "")
    if not host:
        raise ValueError(f"its request names no host: {target[:80]!r} and no Host header")
    parts = urlsplit(f"//{host}")
    plain = parts.port not in (None, 443) or parts.hostname == "localhost"
    return f"{'http' if plain else 'https'}://{host}{target}"


def _headers(head: bytes) -> Headers:
    pairs = []
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip():
            pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _command(text: str, folder: Mapping[str, bytes]) -> Sent:
    """Read a curl command; what it takes from elsewhere (`@-`, a form's files) is not known."""
    words = shlex.split(text.replace("\\\r\n", " ").replace("\\\n", " "), comments=True)
    words = words[words.index("curl") + 1 :]
    method, uri, why = None, None, ""
    headers: list[tuple[str, str]] = []
    pieces: list[bytes] = []
    while words:
        option, value = _option(words)
        if option in ("-X", "--request"):
            method = value.upper()
        elif option in ("-H", "--header"):
            name, _, content = value.partition(":")
            headers.append((name.strip(), content.strip()))
        elif option in _BODY:
            if option == "--json":
                headers.append(("Content-Type", "application/json"))
            pieces.append(_data(option, value, folder))
        elif option in ("-F", "--form", "--form-string", "-T", "--upload-file"):
            why = "its curl command sends files: it does not hold what was sent"
        elif option in ("", "--url") and "://" in value:
            uri = value
    body = b"&".join(pieces) if pieces else b""
    return Sent(
        method=method or ("POST" if pieces or why else "GET"),
        uri=uri,
        headers=tuple(headers),
        body=body,
        why=why,
    )


def _option(words: list[str]) -> tuple[str, str]:
    """Take the next option and its value from a command's words; "" is the option of a word."""
    word = words.pop(0)
    if word.startswith("--"):
        name, _, value = word.partition("=")
        if name[2:] in _WITHOUT_VALUE or name.startswith("--no-"):
            return name, ""
        return name, value or (words.pop(0) if words else "")
    if not word.startswith("-") or word == "-":
        return "", word
    for place, letter in enumerate(word[1:], 1):
        if letter in _WITH_VALUE:  # -sSXPOST: what follows the letter is its value
            return f"-{letter}", word[place + 1 :] or (words.pop(0) if words else "")
    return word, ""


def _data(option: str, value: str, folder: Mapping[str, bytes]) -> bytes:
    if option == "--data-raw" or not value.startswith("@"):
        return value.encode("utf-8", "replace")
    name = value[1:].rpartition("/")[2]
    if name not in folder:
        raise ValueError(f"its curl command sends the file {value[:80]!r}, which is not beside it")
    return folder[name]
