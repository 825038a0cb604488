"""A recorded interaction's request and answer, read from what the recording holds of them.

Nobody can tell from a recording who cut a body: its recorder, its sanitiser or the provider. So
what is not there as a whole is not held against the provider, as a reply that breaks off in live
traffic is not.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from harness.core.elided import SHORT, is_filtered
from harness.core.exchange import Event, Failure, Part, Picture, Reply, Request
from harness.core.jsonvalue import Json, canonical
from harness.sensitive.headers import Headers
from harness.transport.bodies.body import Clean, read_body, read_document
from harness.transport.bodies.images import ImageCollector, mark
from harness.transport.bodies.sse import HeldData, SseError, SseStream, read_events
from harness.transport.fields import plain_object
from harness.transport.foreign.coding import is_text, plain_body
from harness.transport.foreign.cut import BREAKS_OFF, breaks_off
from harness.transport.foreign.formats import MULTIPART, Raw
from harness.transport.foreign.forms import boundary_of, read_multipart, read_urlencoded
from harness.transport.foreign.hidden_state import hidden_state
from harness.transport.foreign.inline_images import without_images
from harness.transport.foreign.shortened import without_shortened

CACHED = "its bytes are in the browser's cache"

PACKED_MORE, PACKED_MORE_BYTES = 1.02, 256
"""How much longer packing makes a body that cannot be packed, at the very most."""

PACKED_NOTHING_BYTES = 32
"""No packing of an empty body is longer (gzip's is 20 bytes)."""

_LOST = "\ufffd".encode()
"""What a recorder writes for bytes that are no text."""

_STATUSES, _INTERIM = range(100, 1_000), range(100, 200)
_OK, _PARTIAL, _NOT_MODIFIED = 200, 206, 304
_RANGE = re.compile(r"bytes\s+(\d{1,12})-(\d{1,12})/(\d{1,12}|\*)", re.ASCII | re.IGNORECASE)
_URLENCODED = "application/x-www-form-urlencoded"
_PAIRS = re.compile(rb"[\w.\[\]%+-]+=[^\s{}\"]*(?:&[\w.\[\]%+-]+=[^\s{}\"]*)*", re.ASCII)
_LAST_EVENT = re.compile(r"(?:^|[._-])(?:completed?|failed|error|incomplete|cancell?ed|done)$")
_STREAM = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:[ \t]*:[^\r\n]*[\r\n]+)*[ \t]*(?:event|data|id|retry):"
)
_IMAGE_PATH = re.compile(r"\.(?:png|jpe?g|webp|gif|avif|heic|svg)$", re.IGNORECASE)


def request_of(raw: Raw) -> Request:
    """Read a request; ValueError where its body cannot be read, or was left out."""
    body, form = _sent(raw)
    return Request(
        method=raw.method,
        target=public(raw.uri),
        headers=raw.request_headers,
        body=body,
        form=form,
    )


def public(uri: str) -> str:
    """Return an address without a user's name and password; ValueError where it is not http."""
    address = urlsplit(uri)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"its address is not http: {uri[:80]!r}")
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()


def _sent(raw: Raw) -> tuple[Json, tuple[Part, ...] | None]:
    content, kind = raw.request, header_of(raw.request_headers, "content-type")
    if content.form is not None or content.parsed is not None:
        return without_images(content.parsed), content.form
    plain = plain_body(content, header_of(raw.request_headers, "content-encoding"), kind)
    if content.cut:
        raise ValueError(f"the request's body is not whole: {content.cut}")
    if not plain.strip():
        if max(_declared(raw.request_headers), content.length) > 0:
            # Taken as no body, an acceptance would be held against the provider.
            raise ValueError("the request's body was left out of the recording")
        return None, None
    if _stands_for_another(plain):
        raise ValueError("a placeholder stands for the request's body")
    return _read_sent(plain, kind)


def _stands_for_another(plain: bytes) -> bool:
    """Tell whether a body is a sanitiser's placeholder, as a text or as JSON of one."""
    text = plain[: SHORT + 2].decode("utf-8", "replace").strip()
    return len(plain) <= SHORT + 2 and is_filtered(text.strip('"'))


def _read_sent(plain: bytes, kind: str) -> tuple[Json, tuple[Part, ...] | None]:
    """Read a body by its media type; where a sanitiser has put something else, by its bytes."""
    word = kind.lower().partition(";")[0].strip()
    known = "/" in word
    if word == MULTIPART or (not known and plain.lstrip().startswith(b"--")):
        if "boundary" not in kind.lower():
            kind = f"{MULTIPART}; boundary={boundary_of(plain)}"
        return None, read_multipart(plain, kind)
    if word == _URLENCODED or (not known and _PAIRS.fullmatch(plain.strip())):
        return None, read_urlencoded(plain)
    try:
        return without_images(plain_object(json.loads(plain.decode("utf-8-sig")))), None
    except ValueError as error:
        if known and "json" not in word:
            return None, None
        raise ValueError(f"the request's body is no JSON: {error}") from None


def answer_of(raw: Raw, pictures: ImageCollector, clean: Clean) -> Reply | Failure:
    """Read the answer; a Failure where there is none, or not the whole of it.

    ValueError where the recording holds a body that cannot be read.
    """
    answer = _answer_of(raw, pictures, clean)
    if isinstance(answer, Reply):
        answer = without_shortened(answer, declared=_length(raw, answer.size_bytes))
    if isinstance(answer, Failure):
        return answer
    if _AN_IMAGE_AS_TEXT.match(answer.text or ""):
        return _absent(answer, AS_TEXT)
    held = [answer.document, *(event.data for event in answer.events)]
    hidden = next(filter(None, map(hidden_state, held)), "")
    return _not_whole(f"a placeholder stands for {hidden}" if hidden else "", answer) or answer


def _answer_of(raw: Raw, pictures: ImageCollector, clean: Clean) -> Reply | Failure:
    if (none := _no_reply(raw)) is not None:
        return none
    if why := _left_out(raw):
        return _not_held(raw, why)
    # A browser may show what it had kept as the body of a 304.
    status = _OK if raw.status == _NOT_MODIFIED else raw.status
    reply = Reply(status=status, headers=raw.headers)
    kind = header_of(raw.headers, "content-type")
    if raw.response.parsed is not None and not _perhaps_chunks(raw):
        body = read_document(raw.response.parsed, pictures, clean=clean)
        size = len(canonical(raw.response.parsed).encode())
        reply = replace(reply, document=body.document, pictures=body.pictures, size_bytes=size)
        return _not_whole(raw.response.cut, reply) or reply
    plain = plain_body(raw.response, header_of(raw.headers, "content-encoding"), kind)
    if _stands_for_another(plain):
        return Failure(kind="not_on_tape", why="a placeholder stands for the reply", sent=True)
    if _is_stream(plain, kind):
        return _streamed(plain, replace(reply, size_bytes=len(plain)), pictures, clean)
    body = read_body(plain, pictures, clean=clean)
    reply = replace(
        reply,
        document=body.document,
        text=body.text,
        pictures=body.pictures,
        size_bytes=len(plain),
    )
    why = breaks_off(plain, body, declared=_length(raw, len(plain)), cut=raw.response.cut)
    if why and isinstance(body.document, str) and body.document in body.pictures:
        absent = replace(body.pictures[body.document], state="absent", why=why)
        return replace(reply, pictures={body.document: absent})
    return _not_whole(why, reply) or reply


def _no_reply(raw: Raw) -> Failure | None:
    """Return why there is no answer: none came, or none was recorded."""
    if raw.no_reply is not None:
        return Failure(kind="network", why=raw.no_reply, sent=True)
    if raw.status not in _STATUSES:
        why = f"no reply was recorded: its status is {raw.status}"
        return Failure(kind="network", why=why, sent=True)
    if raw.status in _INTERIM:
        return Failure(kind="not_on_tape", why=f"only HTTP {raw.status} was recorded", sent=True)
    return None


def _length(raw: Raw, size: int) -> int:
    """Return how long the recording says that the reply's body is; 0 where it does not.

    `size` is that of the plain body. The length beside a Content-Encoding is that of the packed
    body: it tells something where it is the plain one's, or far more than packing could add. A
    recorder's own count tells something where it is more than there is, or where no header can
    (chunks): else it may count what was kept.
    """
    declared, counted = _declared(raw.headers), raw.response.length
    chunked = "chunked" in header_of(raw.headers, "transfer-encoding").lower()
    kept = counted if counted > size or chunked else 0
    packed = header_of(raw.headers, "content-encoding").strip().lower() not in ("", "identity")
    if not packed or declared in (0, size):
        return max(declared, kept)
    more = PACKED_MORE_BYTES if size else PACKED_NOTHING_BYTES
    beyond = declared > size * PACKED_MORE + more
    return max(declared if beyond else 0, kept)


def _perhaps_chunks(raw: Raw) -> bool:
    """Tell whether a list or a text that a recorder parsed may be the chunks of a packed body.

    So may an empty list, of which a recorder has kept none.
    """
    parsed = raw.response.parsed
    if parsed == []:
        return bool(header_of(raw.headers, "content-encoding"))
    texts = parsed if isinstance(parsed, list) else [parsed]
    return bool(parsed) and all(isinstance(text, str) for text in texts)


def _not_whole(why: str, reply: Reply) -> Failure | None:
    if not why:
        return None
    return Failure(kind="not_on_tape", why=why, sent=True, partial=reply)


def _left_out(raw: Raw) -> str:
    """Say why a recording does not hold a reply's bytes; nothing where it may."""
    if (raw.cached or raw.status == _NOT_MODIFIED) and not raw.response.raw:
        return CACHED
    is_part = raw.status == _PARTIAL and _is_a_part(raw)
    return "only a part of its bytes was recorded" if is_part else ""


def _is_a_part(raw: Raw) -> bool:
    """Tell whether a reply to a request for a range holds less than the whole (RFC 9110, 14.4)."""
    spans = _RANGE.search(header_of(raw.headers, "content-range"))
    return spans is None or spans[1] != "0" or spans[3] == "*" or int(spans[2]) + 1 < int(spans[3])


def _not_held(raw: Raw, why: str) -> Reply | Failure:
    """Answer for what a browser took out of its cache, or in part: an absent image, or nothing."""
    kind = header_of(raw.headers, "content-type").lower()
    image = kind.startswith("image/") or (
        raw.method == "GET"
        and (
            _IMAGE_PATH.search(urlsplit(raw.uri).path) is not None
            or header_of(raw.request_headers, "accept").lower().startswith("image/")
        )
    )
    if not image:
        return Failure(kind="not_on_tape", why=why, sent=True)
    return _absent(Reply(status=200, headers=raw.headers), why)


def _absent(reply: Reply, why: str) -> Reply:
    """Return a reply that is an image whose bytes the recording lacks."""
    picture = Picture(digest="", format="unknown", size_bytes=0, state="absent", why=why)
    return replace(reply, document=mark(picture), text=None, pictures={mark(picture): picture})


AS_TEXT = "its bytes were recorded as text, and are damaged"
_AN_IMAGE_AS_TEXT = re.compile(
    r"[\ufffd\x89]PNG\r?\n|[\ufffd]{1,4}[^\ufffd]{0,4}(JFIF|Exif)|RIFF.{1,4}WEBP"
    r"|.{1,4}ftyp(avif|avis|heic|heix|mif1)",
    re.DOTALL,
)
"""How an image begins whose bytes were read as UTF-8: what is no character of it was replaced."""


def _streamed(
    plain: bytes, reply: Reply, pictures: ImageCollector, clean: Clean
) -> Reply | Failure:
    """Read a stream; its last event counts where it is whole, with or without its blank line."""
    data = HeldData()
    stream = SseStream(data)
    try:
        spans = [(*span, stream.cut) for span in stream.recorded(plain, to_end=True)]
    except SseError as error:
        raise ValueError(str(error)) from None
    events = [(name, bytes(data.data[start:end])) for name, start, end, _ in spans]
    cut = _stops_early(plain)
    # Editors end a file that a recorder's limit has cut with lines of their own.
    unsure = spans and (spans[-1][-1] or _begins_json(events[-1][1], reply, len(plain)))
    if unsure and not all(_whole(line) for _, line in _separated(*events[-1])):
        cut = bool(events.pop())
    separate = [each for name, content in events for each in _separated(name, content)]
    arrived = ((name, content, 0.0) for name, content in separate)
    read, images = read_events(arrived, pictures, clean=clean)
    reply = replace(reply, events=read, pictures=images)
    spoilt = _LOST in plain and not all(_whole(content) for _, content in separate)
    if spoilt or not is_text(plain):
        return _not_whole("bytes that are no text stand in its stream", reply) or reply
    cut = cut or (bool(read) and _declared(reply.headers) != len(plain) and not _ended(read))
    return _not_whole(BREAKS_OFF if cut else "", reply) or reply


def _begins_json(content: bytes, reply: Reply, size: int) -> bool:
    """Tell whether an event's data begin as JSON in a stream that no length says to be whole."""
    return content.lstrip().startswith((b"{", b"[")) and _declared(reply.headers) != size


def _ended(events: tuple[Event, ...]) -> bool:
    """Tell whether a stream comes to an end by its own words, with a result or with an error."""
    last = events[-1]
    return last.data == "[DONE]" or any(_LAST_EVENT.search(event.name) for event in events)


def _stops_early(plain: bytes) -> bool:
    """Tell whether a stream's last line begins an event and holds nothing of its data."""
    last = plain.rstrip().rpartition(b"\n")[2].rpartition(b"\r")[2]
    begins = any(field.startswith(last) for field in (b"data:", b"event:"))
    return bool(last) and (begins or last.startswith(b"event:"))


def _whole(content: bytes) -> bool:
    """Tell whether an event's data are there as a whole: JSON, or a short word like `[DONE]`."""
    if content.strip() == b"[DONE]":
        return True
    try:
        return isinstance(json.loads(content), dict | list)
    except (ValueError, RecursionError):
        return False


def _separated(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield an event, or several ones whose blank lines a recorder has taken out."""
    lines = content.split(b"\n")
    if len(lines) > 1 and not _whole(content) and all(_whole(line) for line in lines):
        yield from (("", line) for line in lines)
    else:
        yield name, content


def _is_stream(plain: bytes, content_type: str) -> bool:
    declared = content_type.lower().startswith("text/event-stream")
    return (declared and bool(plain.strip())) or _STREAM.match(plain) is not None


def _declared(headers: Headers) -> int:
    """Return the length that a message declares, 0 where it declares none."""
    text = header_of(headers, "content-length").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0  # noqa: PLR2004


def header_of(headers: Headers, name: str) -> str:
    """Return the first header of that name in lower case, empty where there is none."""
    return next((value for key, value in headers if key.lower() == name), "")
