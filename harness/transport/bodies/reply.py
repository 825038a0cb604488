"""What has arrived of a reply, and the reply that is read from it."""

import errno
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from harness.core.exchange import Picture, Reply, Times
from harness.core.jsonvalue import Json
from harness.spec.lifecycle import Webhook
from harness.transport.base import STOPPED
from harness.transport.bodies.base64text import OFTEN
from harness.transport.bodies.body import Body, Clean, body_start, read_body, read_file
from harness.transport.bodies.bounds import SHOWN_BYTES, BoundError
from harness.transport.bodies.decode import looks_like_image
from harness.transport.bodies.images import ImageCollector
from harness.transport.bodies.spool import IN_MEMORY_BYTES, Incoming
from harness.transport.bodies.sse import read_events
from harness.transport.callbacks.app import ReceivedWebhook
from harness.transport.http1.socket import Phases

BRIEF_BYTES = 4 * 1024


@dataclass(slots=True)
class Arrival:
    """What has arrived so far, and through which phases; `latest_s` is when the last bytes did.

    `events` are those of a stream, as names, places of their data in the body, and when each was
    complete; None where the reply is no stream. `deliveries` are the webhooks that our own server
    received: such a reply has nothing else. `decode_s` and `waited_s` are set once the body was
    read. `excess` says which bound the reply passes; then no more is read of it than its start.
    """

    sent_s: float
    body: Incoming
    phases: Phases = field(default_factory=Phases)
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    headers_s: float | None = None
    first_byte_s: float | None = None
    latest_s: float = 0.0
    size_bytes: int = 0
    decode_s: float | None = None
    waited_s: float | None = None
    excess: str = ""
    events: list[tuple[str, int, int, float]] | None = None
    deliveries: tuple[ReceivedWebhook, ...] | None = None
    signature: tuple[Webhook, str] | None = None

    @property
    def sent(self) -> bool:
        """Whether anything of the request may have left."""
        return self.phases.left

    def times(self, due_s: float, now_s: float, *, whole: bool) -> Times:
        """Return the times of all phases; a reply that broke off ends at `now_s`."""
        phases = self.phases
        return Times(
            due_s=due_s,
            sent_s=self.sent_s,
            dns_s=phases.dns_s,
            connect_s=phases.connect_s,
            tls_s=phases.tls_s,
            written_s=phases.written_s,
            headers_s=self.headers_s,
            first_byte_s=self.first_byte_s,
            end_s=phases.latest_s if whole and phases.latest_s is not None else now_s,
        )

    @property
    def is_brief(self) -> bool:
        """Whether reading it takes less time than starting a thread: hardly an image is in it."""
        if self.deliveries is not None or self.events or self.body.size_bytes > BRIEF_BYTES:
            return False
        raw = self.body.whole()
        return not looks_like_image(raw) and not any(start in raw for start in OFTEN)

    @property
    def progress(self) -> str:
        """How far it got, in words."""
        if not self.status:
            return "nothing had arrived"
        if self.events:
            return f"after HTTP {self.status} and {len(self.events)} events"
        return f"after HTTP {self.status} and {self.size_bytes} bytes"


def reply_of(arrival: Arrival, pictures: ImageCollector, *, clean: Clean) -> Reply:
    """Read the body; call it outside the event loop, where decoding would delay other requests.

    `clean` cleans texts. Where the reply holds more than any may, it is only what it begins with,
    and `arrival.excess` says so. Raises what `pictures` raises on a
    full disk, and StoreError where a body cannot be read back from it.
    """
    pictures = pictures.counting()
    try:
        if not arrival.excess:
            return _reply(arrival, pictures, clean=clean)
    except BoundError as error:
        arrival.excess = str(error)
    finally:
        arrival.decode_s = pictures.decode_s
        if not arrival.excess:
            arrival.body.discard()
    return _beginning(arrival, clean)


def _reply(arrival: Arrival, pictures: ImageCollector, *, clean: Clean) -> Reply:
    if arrival.deliveries is not None:
        return inbox_reply(arrival.deliveries, arrival.signature, pictures=pictures, clean=clean)
    reply = _without_body(arrival, clean)
    if arrival.events is not None:
        arrived = _data(arrival.body, arrival.events)
        events, images = read_events(arrived, pictures, clean=clean)
        return replace(reply, events=events, pictures=images)
    body = _read(arrival.body, pictures, clean)
    return replace(
        reply,
        document=body.document,
        text=None if body.text is None else clean(body.text),
        pictures=body.pictures,
    )


def _beginning(arrival: Arrival, clean: Clean) -> Reply:
    try:
        begun = body_start(arrival.body.start(SHOWN_BYTES), clean)
    finally:
        arrival.body.discard()
    return replace(_without_body(arrival, clean), text=begun.text or None)


def _without_body(arrival: Arrival, clean: Clean) -> Reply:
    return Reply(
        status=arrival.status,
        headers=tuple((clean(name), clean(value)) for name, value in arrival.headers),
        size_bytes=arrival.size_bytes,
    )


def _data(
    body: Incoming, events: Sequence[tuple[str, int, int, float]]
) -> Iterator[tuple[str, bytes | Path, float]]:
    """Yield the events with their data: large ones in files, beside the body and removed with it.

    Raises StoreError or OSError where the body cannot be read back.
    """
    path = body.path()
    if path is None:
        raw = body.whole()
        for name, start, end, at_s in events:
            yield name, raw[start:end], at_s
        return
    with path.open("rb") as file:
        for number, (name, start, end, at_s) in enumerate(events):
            file.seek(start)
            if end - start <= IN_MEMORY_BYTES:
                yield name, file.read(end - start), at_s
                continue
            place = path.with_name(f"{path.name}.event-{number}")
            try:
                with place.open("wb") as event:
                    _copy(file, event, end - start)
            except OSError:  # the disk is full, and this is paid for
                file.seek(start)
                yield name, file.read(end - start), at_s
            else:
                yield name, place, at_s


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size and (piece := source.read(min(size, IN_MEMORY_BYTES))):
        target.write(piece)
        size -= len(piece)


def _read(body: Incoming, pictures: ImageCollector, clean: Clean) -> Body:
    path = body.path()
    if path is not None:
        try:
            return read_file(path, pictures, clean=clean)
        except OSError as error:
            if error.errno == errno.ECANCELED:  # by the decoder, for the run ends
                raise BoundError(f"{STOPPED}: its reply had not been read") from None
    raw = body.whole()
    body.discard()  # where a disk was full, that makes room for the images
    return read_body(raw, pictures, clean=clean)


def inbox_reply(
    deliveries: Sequence[ReceivedWebhook],
    signed: tuple[Webhook, str] | None,
    *,
    pictures: ImageCollector,
    clean: Clean,
) -> Reply:
    """Return the deliveries in the order of their arrival.

    `signed` is what the documents say of the signature, and the API key. Only headers about the
    body or about webhooks are recorded: others hold addresses. `clean` cleans texts.
    """
    entries: list[Json] = []
    images: dict[str, Picture] = {}
    for delivery in deliveries:
        body = read_body(delivery.raw, pictures, clean=clean)
        images |= body.pictures
        signature, key = _verified(delivery, signed)
        entries.append(
            {
                "at_s": delivery.at_s,
                "signature": signature,
                "key": key,
                "headers": {
                    name: clean(value) for name, value in _webhook_headers(delivery, signed)
                },
                "body": body.document,
                "text": None if body.text is None else clean(body.text),
                "sha256": hashlib.sha256(delivery.raw).hexdigest(),
            }
        )
    return Reply(
        status=200,
        document={"deliveries": entries},
        pictures=images,
        size_bytes=sum(len(delivery.raw) for delivery in deliveries),
    )


def _verified(
    delivery: ReceivedWebhook, signed: tuple[Webhook, str] | None
) -> tuple[str, str | None]:
    """Return `valid` with the reading of the key that fits, `forged` or `missing`."""
    if signed is None:
        return "missing", None
    webhook, api_key = signed
    name = webhook.signature.lower()
    signatures = [value for key, value in delivery.headers if key == name]
    if not signatures:
        return "missing", None
    hashed = hashlib.sha256(api_key.encode("utf-8", "surrogatepass"))
    readings = {"sha256": hashed.digest(), "sha256_hex": hashed.hexdigest().encode()}
    for reading in webhook.keys:
        expected = webhook.prefix + hmac.new(readings[reading], delivery.raw, "sha256").hexdigest()
        if hmac.compare_digest(", ".join(signatures).encode(), expected.encode()):
            return "valid", reading
    return "forged", None


def _webhook_headers(
    delivery: ReceivedWebhook, signed: tuple[Webhook, str] | None
) -> Sequence[tuple[str, str]]:
    signature = signed[0].signature.lower() if signed else ""
    return [
        (name, value)
        for name, value in delivery.headers
        if name != signature and (name == "content-type" or "webhook" in name)
    ]
