"""Traffic recorded elsewhere - by vcrpy, Ruby's VCR or a browser - as exchanges to be judged.

A file may come from anybody: nothing in it is run, its size, nesting and repetitions are bounded,
and one interaction that cannot be read does not lose the others.
"""

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from harness.core.errors import RecordingError
from harness.core.exchange import Exchange, Failure, Picture, Reply, Times
from harness.sensitive.image_bytes import secret_in_image
from harness.sensitive.recorded import keys_in
from harness.transport.bodies.images import ImageCollector, file_name
from harness.transport.cassettes.interaction import from_interaction, is_ours
from harness.transport.ending import EndsEarlyError
from harness.transport.fields import as_mapping, text_of
from harness.transport.foreign.detours import Foreign, leads_to, without_detours
from harness.transport.foreign.document import (
    TEXT_AT_MOST_BYTES,
    Document,
    Watch,
    text_of_file,
    unwatched,
)
from harness.transport.foreign.formats import Raw
from harness.transport.foreign.messages import answer_of, header_of, public, request_of
from harness.transport.foreign.recorders.recorder import (
    RECORDERS,
    Format,
    may_be_binary,
    places,
    recognised,
    titles,
)
from harness.transport.redaction import Redactor

HEAD_BYTES = 16

__all__ = ["Foreign", "Recording", "read_recording"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a file held: so many `entries`; `unreadable` says what of them was left out, and why."""

    path: Path
    format: str
    exchanges: tuple[Foreign, ...]
    unreadable: tuple[str, ...] = ()
    entries: int = 0


def read_recording(
    path: Path,
    pictures: ImageCollector,
    *,
    keys: Mapping[str, str] | None = None,
    headers: Collection[str] = (),
    watch: Watch = unwatched,
) -> Recording:
    """Read a recording; the images in its replies go to `pictures`, those in requests nowhere.

    Requests come without credentials and with their whole address as target; the `keys` by name,
    those that the recording itself holds, and personal data are cut out of everything. Of their
    headers only harmless ones are kept, and `headers`: those that arguments travel in. The file is
    read twice, interaction by interaction: `watch` receives how many bytes of it, and how many
    interactions, have been read. Raises RecordingError with one line for a file that is none of the
    formats.
    """
    named = Keys(keys or {})
    try:
        document = Document(path, places(), watch)
        kind, entries = _source(document, named.add)
        recording = _recording(
            path, kind, entries, pictures, redactor=Redactor(named.by_name), headers=headers
        )
        return _with_its_end(recording) if document.broken_off else recording
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RecordingError(f"{path}: no recording: {why}") from error
    except (ValueError, RecursionError) as error:
        raise _no_recording(path, _line(error)) from error


def _recording(  # noqa: PLR0913 - what is read, and what it is read with
    path: Path,
    kind: Format,
    entries: Iterable[object],
    pictures: ImageCollector,
    *,
    redactor: Redactor,
    headers: Collection[str],
) -> Recording:
    readable: list[Foreign] = []
    unreadable: list[str] = []
    index = -1
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
        path=path,
        format=kind.name,
        exchanges=tuple(without_detours(readable)),
        unreadable=tuple(unreadable),
        entries=index + 1,
    )


class Keys:
    """The keys of a recording and of its reader, each under a name of its own."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.by_name = dict(keys)
        self._known = set(self.by_name.values())

    def add(self, held: object) -> None:
        """Take the keys of one interaction, or of what stands around them."""
        for name, text in keys_in(held).items():
            if text not in self._known:
                self._known.add(text)
                place = len(self.by_name)
                self.by_name[f"{name} {place}" if name in self.by_name else name] = text


def _with_its_end(recording: Recording) -> Recording:
    whole = recording.entries
    words = f"the file breaks off after {whole} {'interaction' if whole == 1 else 'interactions'}"
    return replace(recording, unreadable=(*recording.unreadable, words))


def _source(document: Document, each: Callable[[object], None]) -> tuple[Format, Iterable[object]]:
    """Return the format of a file and its interactions, all of which were handed to `each`.

    Raises ValueError where it is no recording.
    """
    path = document.path
    if path.is_dir():
        return _searched(recognised(path, "folder"), each, what="a folder that holds")
    if (found := _in_bytes(path) or _in_text(path)) is not None:
        return _searched(found, each)
    held = document.value(each)
    each(held)
    if found := recognised(held, "document"):
        return found
    raise ValueError(f"what it holds is {_NONE}")


def _in_bytes(path: Path) -> tuple[Format, Iterable[object]] | None:
    """Return the format that knows a file by its bytes: such a file is held whole."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not may_be_binary(head):
            return None
        raw = head + file.read(TEXT_AT_MOST_BYTES)
    return recognised(raw, "bytes") if len(raw) <= TEXT_AT_MOST_BYTES else None


def _in_text(path: Path) -> tuple[Format, Iterable[object]] | None:
    """Return the format that knows a file by its text: such a file is held whole."""
    if all(kind.reads != "text" for kind in RECORDERS.values()):
        return None
    try:
        text = text_of_file(path)
    except EndsEarlyError:  # a document is read to there
        return None
    return None if text is None else recognised(text, "text")


_NONE = "none of the formats that are read"


def _searched(
    found: tuple[Format, Iterable[object]] | None,
    each: Callable[[object], None],
    *,
    what: str = "what it holds is",
) -> tuple[Format, Iterable[object]]:
    if found is None:
        raise ValueError(f"{what} {_NONE}")
    kind, entries = found[0], list(found[1])
    for entry in entries:
        each(entry)
    return kind, entries


def _no_recording(path: Path, why: str) -> RecordingError:
    return RecordingError(
        f"{path}: no recording: {why}",
        hint=f"what is read, packed or not: {titles()}",
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
    request = request_of(raw)
    answer = answer_of(raw, into, redactor.known)
    duration_s = _measured(raw)
    times = Times(due_s=0.0, sent_s=0.0, end_s=duration_s or 0.0)
    exchange = Exchange(request=request, answer=answer, times=times)
    exchange = redactor.exchange(exchange, headers=headers)
    location = redactor.known(leads_to(public(raw.uri), header_of(raw.headers, "location")))
    placed = _placed(index, exchange, recorded=raw.recorded, duration_s=duration_s)
    return replace(placed, location=location)


def _measured(raw: Raw) -> float | None:
    """Return how long it took; what is no time (0, -1) or a cache's was not measured."""
    seconds = raw.duration_s
    if seconds is None or raw.cached or not math.isfinite(seconds) or seconds <= 0:
        return None
    return seconds


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
    exchange = replace(exchange, request=replace(exchange.request, target=public(uri)))
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
