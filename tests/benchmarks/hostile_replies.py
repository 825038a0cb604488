"""Replies of a server that means harm, each under a name: bombs, lies, garbage and silence."""

import base64
import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

MIB = 1024 * 1024
HUGE = 1100 * MIB

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
TO_THE_END = JSON + b"\r\n"
EVENTS = OK + b"Content-Type: text/event-stream\r\n\r\n"
PNG = OK + b"Content-Type: image/png\r\n\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = JSON + b"Content-Encoding: gzip\r\n\r\n"

Piece = bytes | float
"""Bytes that are sent, or seconds of silence, or `RESET`."""

RESET: Piece = -1.0
"""The connection is reset."""

Reply = Callable[[str, str], Iterable[Piece]]
"""Yields what is sent for a request of this method to this path; then the connection is closed."""

PROTOCOL = frozenset(("protocol",))
BROKEN = frozenset(("protocol", "network"))
ANY = frozenset(("protocol", "network", "timeout", "server", "unknown", "content"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a server replies, to which provider's requests, and what may come of it.

    `classes` are the error classes that fit; with `served`, images may come of it too, and with
    them broken promises. `timeout_s` is how long a request waits, where that matters.
    """

    reply: Reply
    provider: str = "aimlapi"
    classes: frozenset[str] = PROTOCOL
    timeout_s: float | None = None
    served: bool = False


def flow(*pieces: Piece | Iterable[Piece]) -> Reply:
    """Return a reply that is the same for every request."""

    def sent(_method: str, _path: str) -> Iterator[Piece]:
        for piece in pieces:
            if isinstance(piece, bytes | float):
                yield piece
            else:
                yield from piece

    return sent


@dataclass(frozen=True, slots=True)
class Repeated:
    """A piece so many times, in blocks."""

    piece: bytes
    times: int

    def __iter__(self) -> Iterator[bytes]:
        several = max(1, min(self.times, 65_536 // max(1, len(self.piece))))
        block = self.piece * several
        for _ in range(self.times // several):
            yield block
        yield self.piece * (self.times % several)


def of(piece: bytes, size: int = HUGE) -> Repeated:
    """Return a piece repeated up to a size."""
    return Repeated(piece, size // len(piece))


def numbered(template: bytes, count: int) -> Iterator[bytes]:
    """Yield a template with numbers from 0."""
    for start in range(0, count, 1000):
        yield b"".join(template % number for number in range(start, min(start + 1000, count)))


@dataclass(frozen=True, slots=True)
class Numbered:
    """The same as an iterable that can be started anew."""

    template: bytes
    count: int

    def __iter__(self) -> Iterator[bytes]:
        return numbered(self.template, self.count)


def whole(body: bytes, head: bytes = JSON) -> Reply:
    """Return a reply with its length."""
    return flow(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def status(
    line: bytes, *pieces: Piece | Iterable[Piece], kind: bytes = b"application/json"
) -> Reply:
    """Return a reply of a status, which ends with the connection."""
    return flow(b"HTTP/1.1 " + line + b"\r\nContent-Type: " + kind + b"\r\n\r\n", *pieces)


def fetched(result: Reply) -> Reply:
    """Return a reply whose result lies at another path of the same server, called `HOST`."""

    def sent(method: str, path: str) -> Iterable[Piece]:
        if method == "GET" and path.endswith("result"):
            return result(method, path)
        base = path.split("/")[1].encode()
        return whole(b'{"data":[{"url":"http://HOST/%s/result"}]}' % base)(method, path)

    return sent


def polled(poll: Reply) -> Reply:
    """Return an accepted job whose poll is answered so."""

    def sent(method: str, path: str) -> Iterable[Piece]:
        if method == "GET":
            return poll(method, path)
        return whole(b'{"jobId":"j-1","status":"QUEUED"}')(method, path)

    return sent


@lru_cache(maxsize=1)
def zeros() -> bytes:
    """Return 64 MiB of zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(64 * MIB)) + packer.flush(zlib.Z_FULL_FLUSH)


def gzipped(
    inside: bytes = b'"', wrapper: bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
) -> Iterator[bytes]:
    """Yield a gzip stream that begins with `inside` and goes on with 1.1 GiB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield wrapper + packer.compress(inside) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(18):
        yield zeros()


@dataclass(frozen=True, slots=True)
class Bomb:
    """`gzipped` as an iterable that can be started anew."""

    inside: bytes = b'"'
    wrapper: bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"

    def __iter__(self) -> Iterator[bytes]:
        return gzipped(self.inside, self.wrapper)


def image(width: int, height: int, kind: str = "PNG", mode: str = "L", **options: object) -> bytes:
    """Return an image of one colour."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    """Return a PNG of these chunks, whatever they are, with the head that belongs to it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    data = chunk(b"IDAT", pixels or zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + data + chunk(b"IEND", b"")


def real_png(width: int, height: int) -> bytes:
    """Return a whole PNG without a pixel that differs, however large it is."""
    packer = zlib.compressobj(9)
    line = bytes(1 + 4 * width)
    pixels = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    return png(width, height, pixels=pixels)


def plain_png(width: int, height: int) -> bytes:
    """Return a PNG that is not compressed."""
    packer = zlib.compressobj(0)
    pixels = packer.compress(b"".join(b"\0" + bytes(4 * width) for _ in range(height)))
    return png(width, height, pixels=pixels + packer.flush())


def served(*images: bytes) -> bytes:
    """Return a reply's JSON with these images."""
    data = [{"b64_json": base64.b64encode(raw).decode()} for raw in images]
    return json.dumps({"created": 1, "data": data}).encode()


def animated(kind: str, frames: int) -> bytes:
    """Return an animation of small frames."""
    file = io.BytesIO()
    pictures = [Image.new("RGBA", (16, 16), (n % 256, n // 256, 0, 200)) for n in range(frames)]
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=10)
    return file.getvalue()


def icon(width: int, height: int) -> bytes:
    """Return an icon that says 16x16 and holds a large PNG."""
    inside = real_png(width, height)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inside), 22) + inside


def event(data: bytes, name: bytes = b"image_generation.completed") -> bytes:
    """Return one event."""
    return b"event: " + name + b"\ndata: " + data + b"\n\n"


def packed(body: bytes) -> Reply:
    """Return a reply that is packed as it says."""
    return whole(gzip.compress(body), JSON + b"Content-Encoding: gzip\r\n")


START = b"iVBORw0KGgoAAAANSUhEUgAA"
"""How a PNG begins in base64."""

LARGE = 100 * MIB


@lru_cache(maxsize=1)
def _made(make: Callable[[], bytes]) -> bytes:
    return make()


@dataclass(frozen=True, slots=True)
class Lazy:
    """Bytes that are made when they are sent, and not before."""

    make: Callable[[], bytes]

    def __iter__(self) -> Iterator[Piece]:
        made = _made(self.make)
        for place in range(0, len(made), 65_536):
            yield made[place : place + 65_536]


@dataclass(frozen=True, slots=True)
class Slowly:
    """A piece again and again, with a silence after each."""

    piece: bytes
    every_s: float

    def __iter__(self) -> Iterator[Piece]:
        for _ in range(1000):
            yield self.piece
            yield self.every_s


def image_reply(make: Callable[[], bytes], *, classes: frozenset[str] = ANY) -> Behaviour:
    """Return a reply with images that are made when they are sent."""
    return Behaviour(reply=flow(TO_THE_END, Lazy(make)), classes=classes, served=True)


def download(*pieces: Piece | Iterable[Piece], head: bytes = PNG, ok: bool = False) -> Behaviour:
    """Return a result that is fetched."""
    reply = fetched(flow(head, *pieces))
    return Behaviour(reply=reply, classes=BROKEN, served=ok)


def text(
    *pieces: Piece | Repeated | Numbered | Slowly, classes: frozenset[str] = BROKEN
) -> Behaviour:
    """Return a body of JSON that ends with the connection."""
    return Behaviour(reply=flow(TO_THE_END, *pieces), classes=classes, served=classes is ANY)


def events(
    *pieces: Piece | Repeated | Lazy | Slowly, classes: frozenset[str] = BROKEN
) -> Behaviour:
    """Return a stream of events."""
    return Behaviour(reply=flow(EVENTS, *pieces), classes=classes, served=classes is ANY)


def raw(
    *pieces: Piece | Repeated | Numbered | Slowly, classes: frozenset[str] = BROKEN
) -> Behaviour:
    """Return bytes as they are."""
    return Behaviour(reply=flow(*pieces), classes=classes, served=classes is ANY)


def noise(size: int) -> bytes:
    """Return base64 that is no image's, and does not repeat within a block."""
    return base64.b64encode(bytes(range(256)) * (size // 256))
