"""Traffic recorded elsewhere - by vcrpy, Ruby's VCR or a browser - as exchanges to be judged.

A file may come from anybody: nothing in it is run, its size, nesting and repetitions are bounded,
and one interaction that cannot be read does not lose the others.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from harness.core.errors import RecordingError
from harness.core.exchange import Exchange, Failure, Part, Picture, Reply, Request, Times
from harness.core.jsonvalue import Json, canonical
from harness.sensitive.headers import Headers
from harness.sensitive.image_bytes import secret_in_image
from harness.sensitive.recorded import keys_in
from harness.transport.bodies.body import Clean, read_body, read_document
from harness.transport.bodies.images import ImageCollector, file_name
from harness.transport.bodies.sse import HeldData, SseStream, read_events
from harness.transport.cassettes.interaction import from_interaction, is_ours
from harness.transport.fields import as_mapping, plain_object, text_of
from harness.transport.foreign.formats import MULTIPART, Content, Raw
from harness.transport.foreign.forms import read_multipart, read_urlencoded, unpacked
from harness.transport.foreign.inline_images import without_images
from harness.transport.foreign.recorders.recorder import Format, Reads, recognised, titles
from harness.transport.redaction import Redactor
from harness.transport.safe_yaml import load_yaml

FILE_AT_MOST_BYTES = 512 * 1024 * 1024

LISTS_AT_MOST = 8_000_000
"""Lists of a file in JSON, about: they are read without a pause, so many in a second or two."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One exchange of a recording; `index` is its place in the file, from 0.

    `recorded` is a date in ISO 8601 and UTC, where one is known; `duration_s` is how long the
    round trip took, where somebody measured it (then `exchange.times` ends there, else at 0).
    """

    index: int
    exchange: Exchange
    recorded: str | None
    duration_s: float | None
    path: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a file held; `unreadable` names each interaction that was left out, and why."""

    path: Path
    format: str
    exchanges: tuple[Foreign, ...]
    unreadable: tuple[str, ...] = ()


def read_recording(
    path: Path,
    pictures: ImageCollector,
    *,
    keys: Mapping[str, str] | None = None,
    headers: Collection[str] = (),
) -> Recording:
    """Read a recording; the images in its replies go to `pictures`, those in requests nowhere.

    Requests come without credentials and with their whole address as target; the `keys` by name,
    those that the recording itself holds, and personal data are cut out of everything. Of their
    headers only harmless ones are kept, and `headers`: those that arguments travel in. Raises
    RecordingError with one line for a file that is none of the formats.
    """
    try:
        document, kind, entries = _source(path)
    except OSError as error:
        raise _no_recording(path, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise _no_recording(path, _line(error)) from error
    readable: list[Foreign] = []
    unreadable: list[str] = []
    redactor = Redactor({**keys_in(document), **(keys or {})})
    wanted = frozenset(name.lower() for name in headers)
    pictures = pictures.inspecting(lambda image: secret_in_image(image, redactor.search))
    for index, entry in enumerate(entries):
        try:
            foreign = _foreign(
                index,
                entry,
                kind=kind,
                folder=path.parent,
                into=pictures,
                redactor=redactor,
                headers=wanted,
            )
            readable.append(foreign)
        except (ValueError, RecursionError) as error:
            unreadable.append(f"interaction {index}: {redactor.known(_line(error))}")
    return Recording(
        path=path, format=kind.name, exchanges=tuple(readable), unreadable=tuple(unreadable)
    )


def _source(path: Path) -> tuple[object, Format, Iterable[object]]:
    """Return what the file holds, its format, and its interactions. Raises ValueError."""
    text = "" if path.is_dir() else _text(path)
    sources: tuple[tuple[Reads, Callable[[], object]], ...] = (
        ("text", lambda: text),
        ("document", lambda: _document(text)),
    )
    for reads, source in (("folder", lambda: path),) if path.is_dir() else sources:
        held = source()
        if found := recognised(held, reads):
            return (None if reads == "folder" else held), *found
    raise ValueError(
        "a folder that holds none of the formats that are read"
        if path.is_dir()
        else "what it holds is none of the formats that are read"
    )


def _text(path: Path) -> str:
    size = path.stat().st_size
    if not path.is_file() or size > FILE_AT_MOST_BYTES:
        raise ValueError(f"no plain file of at most {FILE_AT_MOST_BYTES:,} bytes")
    return path.read_bytes().decode("utf-8-sig")


def _document(text: str) -> object:
    if text.lstrip()[:1] not in ("{", "["):
        return load_yaml(text)
    if text.count("[") > LISTS_AT_MOST:
        raise ValueError(f"it holds more than {LISTS_AT_MOST:,} lists")
    try:
        return _json(text)
    except ValueError as as_json:
        try:
            return load_yaml(text)  # YAML's flow style starts like JSON
        except ValueError:
            raise ValueError(f"truncated or invalid JSON: {as_json}") from None


def _json(text: str) -> object:
    """Read JSON of any size; a signal interrupts it.

    Python takes a signal only between its own steps, and what reads JSON is not written in Python:
    so it calls back for every object and number. Strings and constants are read at a gigabyte in
    some seconds; the lists are few enough.
    """
    return json.loads(text, object_hook=_same, parse_int=_whole, parse_float=_fraction)


def _same(content: _T) -> _T:
    return content


def _whole(digits: str) -> int:
    return int(digits)


def _fraction(digits: str) -> float:
    return float(digits)


def _no_recording(path: Path, why: str) -> RecordingError:
    return RecordingError(
        f"{path}: no recording: {why}",
        hint=f"what is read: {titles()}",
    )


def _line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return " ".join(str(error).split())[:300]


def _foreign(  # noqa: PLR0913 - an entry, and what it is read with
    index: int,
    entry: object,
    *,
    kind: Format,
    folder: Path,
    into: ImageCollector,
    redactor: Redactor,
    headers: Collection[str],
) -> Foreign:
    if kind.name == "vcrpy" and is_ours(entry):
        return _ours(index, entry, folder=folder, into=into, redactor=redactor, headers=headers)
    raw = kind.recorder.raw(entry)
    request = _request(raw)
    answer: Reply | Failure
    if raw.no_reply is None:
        answer = _reply(raw, into, redactor.known)
    else:
        answer = Failure(kind="network", why=raw.no_reply, sent=True)
    times = Times(due_s=0.0, sent_s=0.0, end_s=raw.duration_s or 0.0)
    exchange = Exchange(request=request, answer=answer, times=times)
    exchange = redactor.exchange(exchange, headers=headers)
    return _placed(index, exchange, recorded=raw.recorded, duration_s=raw.duration_s)


def _placed(
    index: int, exchange: Exchange, *, recorded: str | None, duration_s: float | None
) -> Foreign:
    address = urlsplit(exchange.request.target)
    dated = exchange.answer.header("date") if isinstance(exchange.answer, Reply) else None
    return Foreign(
        index=index,
        exchange=exchange,
        recorded=_iso(recorded) or _iso(dated),
        duration_s=duration_s,
        path=address.path,
        host=address.hostname or "",
    )


def _ours(  # noqa: PLR0913 - an entry, and what it is read with
    index: int,
    entry: object,
    *,
    folder: Path,
    into: ImageCollector,
    redactor: Redactor,
    headers: Collection[str],
) -> Foreign:
    exchange = from_interaction(entry)
    uri = text_of(as_mapping(as_mapping(entry, "").get("request"), "request"), "uri")
    answer, times = exchange.answer, exchange.times
    reply = answer.partial if isinstance(answer, Failure) else answer
    for picture in reply.pictures.values() if reply else ():
        _keep(picture, folder / "images", into)
    exchange = replace(exchange, request=replace(exchange.request, target=_public(uri)))
    exchange = redactor.exchange(exchange, cleaned=False, headers=headers)
    return _placed(index, exchange, recorded=None, duration_s=times.end_s - times.sent_s)


def _keep(picture: Picture, folder: Path, into: ImageCollector) -> None:
    """Keep a picture of one of our cassettes; without its file, what the cassette says counts."""
    place = folder / file_name(picture)
    if picture.state == "absent" or not place.is_file():
        return
    raw = place.read_bytes()
    if hashlib.sha256(raw).hexdigest() != picture.digest:
        raise ValueError(f"the image {place.name} was altered: its digest differs")
    into.from_bytes(raw)


def _public(uri: str) -> str:
    """Return an address without a user's name and password."""
    address = urlsplit(uri)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"its address is not http: {uri[:80]!r}")
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()


def _request(raw: Raw) -> Request:
    content_type = _header(raw.request_headers, "content-type")
    body, form = _sent(raw.request, content_type, _header(raw.request_headers, "content-encoding"))
    return Request(
        method=raw.method,
        target=_public(raw.uri),
        headers=raw.request_headers,
        body=body,
        form=form,
    )


def _sent(content: Content, kind: str, coding: str) -> tuple[Json, tuple[Part, ...] | None]:
    if content.form is not None or content.parsed is not None:
        return without_images(content.parsed), content.form
    raw = unpacked(content.raw, coding)
    if not raw.strip():
        return None, None
    if kind.lower().startswith(MULTIPART):
        return None, read_multipart(raw, kind)
    if kind.lower().startswith("application/x-www-form-urlencoded"):
        return None, read_urlencoded(raw)
    try:
        return without_images(plain_object(json.loads(raw.decode("utf-8-sig")))), None
    except ValueError as error:
        if "json" not in kind.lower():
            return None, None
        # Taken as no body, an acceptance would be held against the provider.
        raise ValueError(f"the request's body is no JSON: {error}") from None


def _reply(raw: Raw, pictures: ImageCollector, clean: Clean) -> Reply:
    reply = Reply(status=raw.status, headers=raw.headers)
    if raw.response.parsed is not None:
        body = read_document(raw.response.parsed, pictures, clean=clean)
        size = len(canonical(raw.response.parsed).encode())
    else:
        plain = unpacked(raw.response.raw, _header(raw.headers, "content-encoding"))
        size = len(plain)
        if _is_stream(plain, _header(raw.headers, "content-type")):
            data = HeldData()
            spans = SseStream(data).recorded(plain)
            arrived = ((name, bytes(data.data[start:end]), 0.0) for name, start, end in spans)
            events, images = read_events(arrived, pictures, clean=clean)
            return replace(reply, events=events, pictures=images, size_bytes=size)
        body = read_body(plain, pictures, clean=clean)
    return replace(
        reply, document=body.document, text=body.text, pictures=body.pictures, size_bytes=size
    )


def _is_stream(plain: bytes, content_type: str) -> bool:
    declared = content_type.lower().startswith("text/event-stream")
    return (declared and bool(plain.strip())) or plain.startswith((b"event:", b"data:"))


def _header(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


_READERS: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, parsedate_to_datetime)


def _iso(date: str | None) -> str | None:
    for reader in _READERS:
        try:
            read_date = reader(date or "")
            dated = read_date if read_date.tzinfo else read_date.replace(tzinfo=UTC)
            return dated.astimezone(UTC).isoformat(timespec="seconds")
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
