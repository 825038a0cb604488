"""A folder of requests and replies, each a file, as `curl -i` and `curl -v` write them.

A file is known by its content (a reply begins with `HTTP/`, a request with its method or `curl`),
and otherwise by its name; the two of a pair share their names but for the words that say which is
which: `01.req` and `01.res`, `edit.request.json` and `edit.response.txt`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.sensitive.headers import Headers
from harness.transport.fields import as_mapping, integer_of, optional_text, text_of
from harness.transport.foreign.folder import plain_files
from harness.transport.foreign.formats import Content, Raw, headers_of
from harness.transport.foreign.http_text import (
    Answered,
    Sent,
    as_stream,
    in_two,
    is_reply,
    is_request,
    is_stream,
    read_reply,
    read_request,
)
from harness.transport.foreign.recorders.recorder import recorder
from harness.transport.foreign.stubs import NO_ADDRESS

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".heic")
"""Files of a folder that are neither side of a pair."""

_ASKED = "req|request|curl|cmd|http|rest|sh"
_ANSWERED = "res|resp|response|reply|answer|out|sse|stream|events|chunks|headers?|body"
_ENDING = re.compile(r"\.(?:txt|json|http|log|bin|dat|raw)$", re.IGNORECASE)
_ROLE = re.compile(
    rf"(?:^|[/._ -])(?:(?P<asked>{_ASKED})|(?P<answered>{_ANSWERED}))(?:[._ -](?:headers?|body))?$"
    r"|(?<=\d)_(?:c|s)$"  # Fiddler's archives: 12_c.txt and 12_s.txt
    rf"|(?:^|(?<=/))(?:(?P<asks>{_ASKED})|(?P<answers>{_ANSWERED}))[._ -]",
    re.IGNORECASE,
)
"""The word that says which file of a pair one is, at the end of its name or at the start."""


@dataclass(slots=True)
class Pair:
    """The files of one name."""

    asked: bytes | None = None
    answered: bytes | None = None
    folder: str = ""


@recorder(
    "curl",
    title="a folder of requests and replies (NAME.req and NAME.res, of curl -i)",
    reads="folder",
    rank=5,
)
class Pairs:
    """A folder in which some file is a reply, or called one."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return a mapping for each pair, in the order of their names."""
        if not isinstance(source, Path):
            return None
        files = plain_files(source, without=IMAGES)
        pairs: dict[str, Pair] = {}
        for name, raw in files.items():
            _sort_in(pairs, name, raw)
        if not any(pair.answered is not None for pair in pairs.values()):
            return None
        folders: dict[str, dict[str, bytes]] = {}
        for name, raw in files.items():
            folder, _, own = name.rpartition("/")
            folders.setdefault(folder, {})[own] = raw
        return [
            _entry(name, pairs[name], folders.get(pairs[name].folder, {}))
            for name in sorted(pairs, key=_natural)
        ]

    def raw(self, entry: object) -> Raw:
        """Read a pair."""
        return raw_of(entry)


@recorder(
    "curl-output",
    title="what curl -i printed, or a stream of events",
    reads="text",
    rank=5,
)
class Output:
    """A text that begins as curl prints a reply, or is the events of a stream alone."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the one pair of a file."""
        if not isinstance(source, str):
            return None
        raw = source.encode("utf-8", "replace")
        if (both := in_two(raw)) is not None:
            return [_entry("", Pair(*both), {})]
        if is_reply(raw) or is_stream(raw) or as_stream(raw) != raw:
            return [_entry("", Pair(answered=raw), {})]
        return None

    def raw(self, entry: object) -> Raw:
        """Read it."""
        return raw_of(entry)


def raw_of(entry: object) -> Raw:
    """Return an entry of `_entry` as an interaction; ValueError where it is none."""
    data = as_mapping(entry, "the pair")
    why = optional_text(data, "unreadable")
    if why is not None:
        raise ValueError(why)
    asked, answered = as_mapping(data["request"], "request"), as_mapping(data["reply"], "reply")
    body, content = asked.get("body"), answered.get("body")
    sent = body if isinstance(body, bytes) else b""
    return Raw(
        method=text_of(asked, "method"),
        uri=text_of(asked, "uri"),
        request_headers=headers_of(asked.get("headers")),
        request=Content(raw=sent),
        status=integer_of(answered, "status"),
        headers=headers_of(answered.get("headers")),
        response=Content(raw=content if isinstance(content, bytes) else b""),
    )


def _sort_in(pairs: dict[str, Pair], name: str, raw: bytes) -> None:
    stem = _ENDING.sub("", name)
    role = _ROLE.search(stem)
    words = role.groupdict() if role else {}
    pair = pairs.setdefault(_ROLE.sub("", stem), Pair(folder=name.rpartition("/")[0]))
    if (both := in_two(raw)) is not None:
        pair.asked, pair.answered = both
    elif is_reply(raw) or is_stream(raw) or words.get("answered") or words.get("answers"):
        pair.answered = raw if pair.answered is None else _joined(pair.answered, raw)
    elif is_request(raw) or words.get("asked") or words.get("asks"):
        pair.asked = raw if pair.asked is None else pair.asked
    elif pair.asked is None and pair.answered is None:
        del pairs[_ROLE.sub("", stem)]  # neither: a note, a reference image


def _joined(one: bytes, other: bytes) -> bytes:
    """Join a reply whose head and body are two files (`curl -D`)."""
    head, body = (one, other) if is_reply(one) else (other, one)
    return head if is_reply(body) else head.rstrip() + b"\r\n\r\n" + body


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(digits), "") if digits else (-1, text)
        for digits, text in re.findall(r"(\d{1,12})|(\D+|\d+)", name)
    ]


def _entry(name: str, pair: Pair, files: Mapping[str, bytes]) -> dict[str, object]:
    """Return a pair as plain values, so that the keys in it are found; or why it is unreadable."""
    try:
        return {"name": name, **_both(pair, files)}
    except ValueError as error:
        return {"name": name, "unreadable": f"{name}: {error}" if name else str(error)}


def _both(pair: Pair, files: Mapping[str, bytes]) -> dict[str, object]:
    if pair.answered is None:
        raise ValueError("it holds no reply: write one beside it with curl -i")
    answered = read_reply(as_stream(pair.answered))
    sent = Sent() if pair.asked is None else read_request(pair.asked, files)
    sent = sent | answered.sent
    if sent.why:
        raise ValueError(sent.why)
    if pair.asked is None and sent.uri is None:
        raise ValueError(
            "it holds no request: put the request beside it, as NAME.request.json or NAME.req for"
            " NAME.response.txt, and give the folder"
        )
    if sent.body is None and (sent.method or "POST") not in ("GET", "HEAD", "DELETE"):
        raise ValueError(
            "it does not hold the body of its request: put it beside it as NAME.request.json"
        )
    return {
        "request": {
            "method": sent.method or "POST",
            "uri": sent.uri or NO_ADDRESS,
            "headers": _rows(sent.headers),
            "body": sent.body,
        },
        "reply": {
            "status": _status(answered),
            "headers": _rows(answered.headers),
            "body": answered.body,
        },
    }


def _status(answered: Answered) -> int:
    """Return a reply's status; a stream that was kept without its head was served."""
    if answered.status is not None:
        return answered.status
    if is_stream(answered.body):
        return 200
    raise ValueError("it does not hold the status of its reply: write it with curl -i")


def _rows(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
