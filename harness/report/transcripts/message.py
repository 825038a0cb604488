"""One request or one reply as text that a page can hold, whatever a provider sent."""

import json
import re
from itertools import islice

from harness.core.exchange import Failure, Part, Reply, Request
from harness.core.jsonvalue import Json
from harness.report.text import one_line, shortened
from harness.report.transcripts.bounded import bounded_plain, bounded_text
from harness.report.transcripts.model import Message

_MOST_HEADERS = 12
_LONGEST_NAME = 60
_LONGEST_HEADER = 160
_LONGEST_TARGET = 300
_MOST_PARTS = 24
_MOST_EVENTS = 8

_TELLING = re.compile(
    r"content-type|content-length|date|location|retry-after|server|www-authenticate|allow"
    r"|x-webhook-event|idempotency-key|idempotent-replayed|accept|cf-ray"
    r"|.{0,20}(request|correlation|trace)-?id|.{0,9}rate-?limit.*|.{0,20}processing-ms",
    re.IGNORECASE,
)
"""Headers that tell a reader something; of the others their number is enough."""

_SECRET = re.compile(r"authori[sz]ation|cookie|secret|password|api-?key|token$", re.IGNORECASE)
"""Names of headers whose values a page never shows, though records hold no key."""


def request_message(request: Request, headers: tuple[tuple[str, str], ...]) -> Message:
    """Return a request with those of its headers that say nothing secret."""
    body, cut = "", ""
    if request.form is not None:
        lines = "\n".join(part_text(part) for part in request.form[:_MOST_PARTS])
        body, whole = bounded_plain(lines)
        whole = whole and len(request.form) <= _MOST_PARTS
        cut = "" if whole else f"shortened: {len(request.form):,} parts in all"
    elif request.body is not None:
        body, whole = bounded_text(request.body)
        cut = "" if whole else _in_all(len(_written(request.body)))
    shown = tuple(pair for pair in headers if not _is_secret(pair[0]))[:_MOST_HEADERS]
    return Message(
        first_line=one_line(f"{request.method} {request.target}", _LONGEST_TARGET),
        headers=_cleaned(shown),
        more_headers=len(headers) - len(shown),
        body=body,
        cut=cut,
    )


def reply_message(answer: Reply | Failure) -> Message | None:
    """Return what came; None where not even the beginning of a reply did."""
    reply = answer.partial if isinstance(answer, Failure) else answer
    if reply is None:
        return None
    body, whole = _body(reply)
    telling = (pair for pair in reply.headers if _tells(pair[0]) and not _is_secret(pair[0]))
    shown = tuple(islice(telling, _MOST_HEADERS))
    return Message(
        first_line=f"HTTP {reply.status}",
        headers=_cleaned(shown),
        more_headers=len(reply.headers) - len(shown),
        body=body,
        cut="" if whole else _in_all(reply.size_bytes),
    )


def failure_words(answer: Reply | Failure) -> str:
    """Say why no whole reply came; empty where one did."""
    return one_line(f"{answer.kind}: {answer.why}", 300) if isinstance(answer, Failure) else ""


def _tells(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _TELLING.fullmatch(name) is not None


def _is_secret(name: str) -> bool:
    return len(name) > _LONGEST_NAME or _SECRET.search(name) is not None


def _body(reply: Reply) -> tuple[str, bool]:
    if reply.events:
        shown: list[Json] = [
            {"event": event.name, "data": event.data} for event in reply.events[:_MOST_EVENTS]
        ]
        if more := len(reply.events) - len(shown):
            shown.append(f"… and {more:,} more events")
        text, whole = bounded_text(shown)
        return text, whole and not more
    if reply.document is not None:
        return bounded_text(reply.document)
    if reply.text is not None:
        text, whole = bounded_plain(reply.text)
        return text, whole and reply.size_bytes <= len(reply.text.encode("utf-8", "replace"))
    return "", True


def _in_all(size: int) -> str:
    return f"shortened: {size:,} bytes in all" if size else "shortened"


def _written(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _cleaned(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one_line(name), one_line(value, _LONGEST_HEADER)) for name, value in headers)


def part_text(part: Part) -> str:
    """Return a part of a form on one line: its text, or its file by name, kind, size and pixels."""
    name = one_line(part.name, 80)
    if part.value is not None:
        return f"{name} = {shortened(part.value, 160)}"
    details = [one_line(part.media_type or "no media type", 80)]
    if part.size_bytes is not None:
        details.append(f"{part.size_bytes:,} bytes")
    if part.width_px is not None and part.height_px is not None:
        details.append(f"{part.width_px}x{part.height_px}")
    return f"{name} = @{one_line(part.filename or 'image', 80)} ({', '.join(details)})"
