"""One round trip: what was sent, what came back, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.core.formats import NOT_DECODED
from harness.core.jsonvalue import Json, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart form: a plain `value`, or a file known by its `digest`."""

    name: str
    value: str | None = None
    filename: str | None = None
    media_type: str | None = None
    digest: str | None = None
    size_bytes: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    alpha: bool | None = None


Credential = Literal["own", "none", "empty", "wrong", "other_scheme", "other_header", "foreign"]
"""The key that a request carries: the user's own one; none; an empty one; a made-up one as the
documents say, under another scheme, in another header, or in another provider's format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What goes on the wire, the key excepted.

    `target` is a path that the transport joins to the provider's base URL and signs as `credential`
    says, or an absolute URL (a result's address), which is fetched without the key. One that is
    `signed` is an address of the provider's own API, out of a reply: it carries the key where its
    scheme, host and port are those of the base URL, and anywhere else it is not sent at all.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: Json = None
    form: tuple[Part, ...] | None = None
    timeout_s: Seconds = 300.0
    credential: Credential = "own"
    signed: bool = False


PictureState = Literal["decoded", "undecodable", "absent"]

Alpha = Literal["none", "opaque", "partial", "full"]
"""An image's alpha: no channel at all, one that hides nothing, one with pixels that are not opaque,
one with no opaque pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What decoding an image's bytes showed.

    `state` is `absent` where a recording holds no bytes (then nothing can be judged) and
    `undecodable` where the bytes are there and are no whole image; `why` says which.
    `format` is `png`, `jpeg`, `webp`, another decoder's name in lower case, or `unknown`. `alpha`
    says whether there is an alpha channel (or clear colours), `translucent_share` which share of
    the pixels is not opaque: 0 for an alpha that hides nothing, 1 where every pixel is at least
    partly clear. It is missing where there is no alpha, where it cannot be told, and in records of
    before it was counted: then nothing may be concluded from it. `withheld` says that the bytes
    hold a secret (what kind, and where in them), so that no file was written of them.

    `width_px` and `height_px` are those that a viewer shows: turned as EXIF says. `mode` is
    Pillow's word for the channels (`RGB`, `RGBA`, `CMYK`, `I;16`), `bit_depth` the bits of each in
    the file, `frames` how many pictures an animation has (1 for a still image); all three are
    missing where nothing was decoded, `bit_depth` also where it cannot be told. `encoding` says
    how the text that it was read from differs from plain base64 (`data URL`, `line breaks`,
    `URL-safe alphabet`, `no padding` and others, joined by commas); empty for plain base64 and for
    bytes. `media_type` is what a download's Content-Type or a data URL declared for the bytes, in
    lower case and without parameters. `orientation` is EXIF's, 1 to 8; missing where it has none.
    """

    digest: str
    format: str
    size_bytes: int
    state: PictureState
    width_px: int | None = None
    height_px: int | None = None
    alpha: bool | None = None
    why: str = ""
    translucent_share: float | None = None
    withheld: str = ""
    mode: str = ""
    bit_depth: int | None = None
    frames: int | None = None
    encoding: str = ""
    media_type: str = ""
    orientation: int | None = None

    @property
    def only_recognised(self) -> bool:
        """Whether this is of a format that is not decoded here: it may be whole or not."""
        return self.state == "undecodable" and self.format in NOT_DECODED

    @property
    def alpha_kind(self) -> Alpha | None:
        """Return what the image's alpha is; None where that is not known."""
        if self.state != "decoded" or self.alpha is None:
            return None
        if not self.alpha:
            return "none"
        share = self.translucent_share
        if share is None:
            return None
        return "full" if share == 1 else "partial" if share else "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds on the run's monotonic clock, counted from the run's start.

    `due_s` is the intended departure, `sent_s` the real one; `headers_s` and `first_byte_s` are
    missing where the round trip ended before them. `dns_s`, `connect_s` and `tls_s` are durations,
    missing where the connection was open already or needed none of it. `written_s` is when the
    system had the whole request, if that was before the reply began. Behind a proxy none of the
    four is known. `decode_s` is how long one processor decodes the reply's images, which happens
    later: they could have been in hand at `end_s + decode_s`. `waited_s` is how long the reply
    waited for a decoder of ours before that: what left after it left later by as much.
    """

    due_s: Seconds
    sent_s: Seconds
    end_s: Seconds
    headers_s: Seconds | None = None
    first_byte_s: Seconds | None = None
    dns_s: Seconds | None = None
    connect_s: Seconds | None = None
    tls_s: Seconds | None = None
    written_s: Seconds | None = None
    decode_s: Seconds | None = None
    waited_s: Seconds | None = None

    @property
    def pixels_s(self) -> float:
        """When the images of the reply could be in hand, decoded."""
        return self.end_s + (self.decode_s or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event: its name, when it was complete, and its data with images taken out."""

    name: str
    at_s: Seconds
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete HTTP reply with its images taken out.

    `document` is the JSON body with every image in it replaced by a mark; `pictures` maps the
    mark to what decoding showed. A body that is an image is its own mark. `text` holds the start of
    a body that is not JSON (at most 4,096 characters).
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    document: Json = None
    text: str | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    size_bytes: int = 0

    def header(self, name: str) -> str | None:
        """Return the first header of that name (any case), or nothing."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


FailureKind = Literal["network", "timeout", "protocol", "not_on_tape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A round trip that brought no whole reply; `sent` says whether the request may have arrived.

    `partial` is what had arrived of a reply when it broke off, so that a paid reply is not lost.
    """

    kind: FailureKind
    why: str
    sent: bool
    partial: Reply | None = None


Step = Literal[
    "submit", "upload", "poll", "result", "download", "cancel", "follow_up", "deliveries"
]
"""What a round trip is for: the request that a case is about, or what goes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One round trip as it was observed, and what it was for."""

    request: Request
    answer: Reply | Failure
    times: Times
    step: Step = "submit"


def submission(exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the round trip that sent the request itself: the last, where it was sent again."""
    return next((exchange for exchange in reversed(exchanges) if exchange.step == "submit"), None)


FETCHING: tuple[Step, ...] = ("result", "download")
"""The steps after which a provider has done its part: what follows one waits for us alone."""


def delayed_by_us(exchanges: Sequence[Exchange]) -> Iterator[tuple[Times, float]]:
    """Yield the times of round trips, and how many seconds later each left for want of a decoder.

    That is the sum of what results fetched before it waited: it is ours, not the provider's.
    """
    delay_s = 0.0
    for exchange in exchanges:
        yield exchange.times, delay_s
        if exchange.step in FETCHING:
            delay_s += exchange.times.waited_s or 0.0
