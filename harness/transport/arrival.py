"""What has come of a reply, and the reply that is made of it."""

from dataclasses import dataclass, field

from harness.core.exchange import Event, Picture, Reply
from harness.spec.lifecycle import Webhook
from harness.transport.body import Clean, read_body
from harness.transport.inbox import inbox_reply
from harness.transport.pictures import Pictures
from harness.transport.receiver import Delivery
from harness.transport.sse import read_event


@dataclass(slots=True)
class Arrival:
    """What has come so far; `sent` once the request has begun to leave, `latest_s` the last bytes.

    `deliveries` are what our own receiver was asked for, and there is no more to such a reply.
    """

    sent_s: float
    sent: bool = False
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    headers_s: float | None = None
    first_byte_s: float | None = None
    latest_s: float = 0.0
    size_bytes: int = 0
    raw: bytearray = field(default_factory=bytearray)
    events: list[tuple[str, str, float]] = field(default_factory=list)
    deliveries: tuple[Delivery, ...] | None = None
    signed: tuple[Webhook, str] | None = None

    @property
    def progress(self) -> str:
        """How far it came, in words."""
        if not self.status:
            return "nothing had arrived"
        if self.events:
            return f"after HTTP {self.status} and {len(self.events)} events"
        return f"after HTTP {self.status} and {self.size_bytes} bytes"


def reply_of(arrival: Arrival, pictures: Pictures, *, known: Clean, text: Clean) -> Reply:
    """Take the body apart; no work for an event loop, for decoding would delay anyone's clock.

    `known` cleans texts of any length, `text` short ones.
    """
    if arrival.deliveries is not None:
        return inbox_reply(
            arrival.deliveries, arrival.signed, pictures=pictures, known=known, text=text
        )
    body = read_body(bytes(arrival.raw), pictures, clean=known)
    events, from_events = _events(arrival.events, pictures, known)
    return Reply(
        status=arrival.status,
        headers=tuple((text(name), text(value)) for name, value in arrival.headers),
        document=body.document,
        text=None if body.text is None else text(body.text),
        pictures={**body.pictures, **from_events},
        events=events,
        size_bytes=arrival.size_bytes,
    )


def _events(
    arrived: list[tuple[str, str, float]], pictures: Pictures, known: Clean
) -> tuple[tuple[Event, ...], dict[str, Picture]]:
    events: list[Event] = []
    found: dict[str, Picture] = {}
    for name, data, at_s in arrived:
        event, images = read_event(name, data, at_s=at_s, pictures=pictures, clean=known)
        events.append(event)
        found |= images
    return tuple(events), found
