"""Recordings as cassettes that stock vcrpy replays: with the images in them, and nothing of ours.

Our own cassettes keep images by digest, beside the file, so that a change can be read and nothing
is stored twice. A file written here is whole instead: base64 where a reply had base64, bytes where
an image was downloaded, `data:` lines where events were streamed. The recorded address is replaced
by that of the provider, so that a client with its usual settings is answered.

What stock vcrpy has no place for is left out: round trips without a reply, and the parts of forms
(it compares methods and addresses, and bodies only if it is told to).
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from harness.core.errors import RecordingError, StoreError
from harness.core.exchange import Exchange, Picture, Reply
from harness.core.jsonvalue import Json, texts, with_texts
from harness.store.disk import write_whole
from harness.transport.bodies.images import file_name
from harness.transport.cassettes.cassette import IMAGES, VCRPY_VERSION, Tape
from harness.transport.cassettes.interaction import joined_headers, listed_headers
from harness.transport.outgoing import uri_of

TELLING_AT_LEAST = 6
"""Characters of a text of a reply by which a later request is known to follow from it."""

FOLLOWING = ("poll", "result", "download")
"""What a request for images leads to, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCassette:
    """A file that stock vcrpy replays: how many round trips and images it holds, and for where.

    `left_out` is the number of recorded round trips that had no reply.
    """

    path: Path
    base_url: str
    round_trips: int
    images: int
    left_out: int


def write_stock(
    source: Path, path: Path, *, base_url: str | None = None, conversations: int | None = 1
) -> StockCassette:
    """Write a cassette of ours as one for stock vcrpy.

    It holds the first so many `conversations` that brought images: a submission with what it sent
    first, its polls and its downloads. None is everything that was recorded, refusals, too.
    `base_url` is where it is replayed, None for where it was recorded.

    Raises RecordingError for a cassette that is not whole, that lacks an image or holds no such
    conversation, StoreError where the file cannot be written.
    """
    tape = Tape.load(source)
    if conversations is None:
        chosen: Sequence[Exchange] = tape.exchanges
    else:
        chosen = _served(tape.exchanges, conversations)
    if not chosen:
        raise RecordingError(f"{source}: no request in it was served with images")
    address = tape.base_url if base_url is None else base_url
    moved = _Moved(tape.base_url.rstrip("/"), address.rstrip("/"))
    written = _Written(source.parent / IMAGES, moved)
    interactions = [
        written.interaction(exchange) for exchange in chosen if isinstance(exchange.answer, Reply)
    ]
    document = {"interactions": interactions, "version": VCRPY_VERSION}
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, width=1_000_000)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    return StockCassette(
        path=path,
        base_url=address,
        round_trips=len(interactions),
        images=written.images,
        left_out=len(chosen) - len(interactions),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """A text with one address in the place of another."""

    recorded: str
    replayed: str

    def __call__(self, text: str) -> str:
        return text.replace(self.recorded, self.replayed) if self.recorded else text


@dataclass(slots=True)
class _Written:
    """Interactions as vcrpy keeps them, with images from a folder."""

    folder: Path
    moved: _Moved
    images: int = 0

    def interaction(self, exchange: Exchange) -> dict[str, object]:
        request, reply = exchange.request, exchange.answer
        assert isinstance(reply, Reply)  # noqa: S101 - the caller chose those
        body = self._body(reply)
        headers = listed_headers(reply.headers, transfer=False)
        headers["content-length"] = [str(len(body))]
        asked = None if request.body is None else with_texts(request.body, self.moved)
        return {
            "request": {
                "method": request.method,
                "uri": uri_of(self.moved(request.target), self.moved.replayed),
                "body": None if asked is None else _compact(asked),
                "headers": {name: [text] for name, text in joined_headers(request.headers).items()},
            },
            "response": {
                "status": {"code": reply.status, "message": ""},
                "headers": {name: [*map(self.moved, each)] for name, each in headers.items()},
                "body": {"string": _readable(body)},
            },
        }

    def _body(self, reply: Reply) -> bytes:
        if isinstance(reply.document, str) and reply.document in reply.pictures:
            return self._raw(reply.pictures[reply.document])
        if reply.events:
            return b"".join(
                f"event: {event.name}\ndata: {self._filled(event.data, reply)}\n\n".encode()
                for event in reply.events
            )
        if reply.document is not None:
            return self._filled(reply.document, reply).encode()
        return self.moved(reply.text or "").encode()

    def _filled(self, document: Json, reply: Reply) -> str:
        """Return JSON with base64 where marks stand for it."""

        def filled(text: str) -> str:
            text = self.moved(text)
            for mark, picture in reply.pictures.items():
                if mark in text:
                    text = text.replace(mark, self._encoded(picture))
            return text

        return _compact(with_texts(document, filled))

    def _encoded(self, picture: Picture) -> str:
        head = f"data:{picture.media_type or f'image/{picture.format}'};base64,"
        text = base64.b64encode(self._raw(picture)).decode("ascii")
        return head + text if "data URL" in picture.encoding else text

    def _raw(self, picture: Picture) -> bytes:
        place = self.folder / file_name(picture)
        try:
            raw = place.read_bytes()
        except OSError:
            raise RecordingError(
                f"the image {place.name} is not in {self.folder}: a recording without its images "
                "cannot be replayed with them"
            ) from None
        self.images += 1
        return raw


def _compact(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))


def _readable(body: bytes) -> str | bytes:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


def _served(exchanges: Sequence[Exchange], most: int) -> list[Exchange]:
    """Return the round trips of the first conversations that brought images, as recorded."""
    found: set[int] = set()
    served = 0
    for place, exchange in enumerate(exchanges):
        if served == most:
            break
        if exchange.step != "submit" or exchange.request.credential != "own":
            continue
        conversation = _conversation(exchanges, place)
        if _brings_images([exchanges[each] for each in conversation]):
            found |= conversation
            served += 1
    return [exchange for place, exchange in enumerate(exchanges) if place in found]


def _brings_images(conversation: Sequence[Exchange]) -> bool:
    replies = [each.answer for each in conversation]
    whole = all(isinstance(reply, Reply) and reply.status < 400 for reply in replies)  # noqa: PLR2004 - HTTP's own line
    return whole and any(isinstance(reply, Reply) and reply.pictures for reply in replies)


def _conversation(exchanges: Sequence[Exchange], start: int) -> set[int]:
    """Return the places of a submission, of what it sent first, and of all that follows from it."""
    first = exchanges[start]
    sent = set(texts(first.request.body))
    own = set(_words(first.request.target))
    members = {start}
    for place, exchange in enumerate(exchanges[:start]):
        if exchange.step == "upload" and sent & _told(exchange):
            members.add(place)
            sent -= _told(exchange)  # each address once: others asked for the same
    told = _told(first)
    fetched: set[str] = set()
    for place in range(start + 1, len(exchanges)):
        exchange = exchanges[place]
        if exchange.step not in (("download",) if fetched else FOLLOWING):
            continue  # a job is polled no more once its images are fetched
        target = exchange.request.target
        follows = any(word in told for word in _words(target) if word not in own)
        if not follows or target in fetched:
            continue  # another conversation may have come to the same image
        members.add(place)
        told |= _told(exchange)
        if exchange.step == "download":
            fetched.add(target)
    return members


def _told(exchange: Exchange) -> set[str]:
    """Return what a reply says that is long enough to be known again."""
    if not isinstance(exchange.answer, Reply):
        return set()
    return {text for text in texts(exchange.answer.document) if len(text) >= TELLING_AT_LEAST}


def _words(target: str) -> Iterator[str]:
    parts = urlsplit(target)
    yield target
    yield from parts.path.split("/")
    for pair in parts.query.split("&"):
        yield pair.partition("=")[2]
