"""What an address asks for: a body, and when which part of it is written.

Bodies have any length, and are made once: small JSON, and JSON around a large image that decodes.
"""

from __future__ import annotations

import base64
import json
import math
import random
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_IMAGE_BYTES = 1_000
MOST_BYTES = 256 * 1024 * 1024
SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, EIGHT_BITS = 2, 8
NAME_BYTES = 24
ENTROPY = 0.75
"""Samples hold 6 random bits of 8: as much to unpack as in a photograph, at 3/4 of its size."""
SPARE_BYTES = 160
"""What surrounds the samples: the other chunks, and what Huffman codes cost beyond the entropy."""
SPARE_SHARE = 0.99

OPENING, CLOSING = b'{"created":0,"data":[{"b64_json":"', b'"}]}'
OK = b'{"ok":true}'
PADDED, PAD_END = b'{"ok":true,"text":"', b'"}'

Part = bytes | memoryview
HEADERS, FIRST = "headers_s", "first_s"
ADDRESSES = (
    "/delay/MS/body/BYTES, /delay/MS/image/BYTES, /about/image/BYTES, /freeze/STAND_S/EVERY_S, "
    "/thaw, /log"
)


class UnknownAddressError(ValueError):
    """The server has no such address; the message says which it has."""


@dataclass(frozen=True)
class Pixels:
    """The dimensions and the length of the image in a body, to check a decoder by."""

    width_px: int
    height_px: int
    size_bytes: int


@dataclass(frozen=True)
class _Image:
    """A PNG in base64, but for its start, which names the request: so no two are alike."""

    pixels: Pixels
    start: bytes
    remainder: memoryview


@dataclass(frozen=True)
class Spread:
    """How delays are spread: each request's is drawn from `seed` and its own name alone.

    With `sigma` they are log-normal around the given delay as their median; with `other` that
    share of them (0 to 1) lasts so many seconds instead.
    """

    seed: str
    sigma: float = 0.0
    other: tuple[float, float] | None = None

    def drawn(self, delay_s: float, name: str) -> float:
        """Return the delay of the request of that name, in seconds."""
        source = random.Random(f"{self.seed}/{name}")
        if self.other is not None and source.random() < self.other[1]:
            return self.other[0]
        return delay_s * math.exp(source.gauss(0.0, self.sigma)) if self.sigma else delay_s


@dataclass(frozen=True)
class DelaySpec:
    """A reply and its delays, in seconds.

    `delay_s` is the time from the whole request to the headers, `first_s` from there to the body,
    `last_s` from there to its last byte.
    """

    kind: str
    size_bytes: int
    delay_s: float
    first_s: float
    last_s: float
    spread: Spread | None


@dataclass(frozen=True)
class Segment:
    """What is written at once, `wait_s` after the previous one; `begins` names what it starts."""

    wait_s: float
    begins: tuple[str, ...]
    parts: tuple[Part, ...]


def parse_address(target: str) -> tuple[DelaySpec, str]:
    """Return what an address asks for, and the name of the request. Raises UnknownAddressError."""
    path, _, query = target.partition("?")
    pairs = query.split("&")
    names = [pair[3:] for pair in pairs if pair.startswith("id=")]
    options = "&".join(pair for pair in pairs if not pair.startswith("id="))
    return _parsed(path, options), names[-1] if names else ""


@lru_cache(maxsize=256)
def _parsed(path: str, query: str) -> DelaySpec:
    options = dict(parse_qsl(query))
    match path.split("/")[1:]:
        case ["delay", milliseconds, ("body" | "image") as kind, size]:
            pass
        case _:
            raise UnknownAddressError(f"no {path} here, only {ADDRESSES}")
    try:
        spec = DelaySpec(
            kind=kind,
            size_bytes=_whole(size),
            delay_s=_seconds(milliseconds),
            first_s=_seconds(options.pop("first_ms", "0")),
            last_s=_seconds(options.pop("last_ms", "0")),
            spread=_spread(options),
        )
        if kind == "image":
            pixels_of(spec.size_bytes)
    except ValueError as error:
        raise UnknownAddressError(f"{path}: {error}") from error
    if options:
        raise UnknownAddressError(f"{path}: unknown {', '.join(options)}")
    return spec


def _spread(options: dict[str, str]) -> Spread | None:
    sigma, other = options.pop("sigma", ""), options.pop("other", "")
    seed = options.pop("seed", "0")
    if other:
        milliseconds, _, share = other.partition(",")
        return Spread(seed=seed, other=(_seconds(milliseconds), float(share)))
    return Spread(seed=seed, sigma=float(sigma)) if sigma else None


def _seconds(milliseconds: str) -> float:
    number = float(milliseconds)
    if not 0 <= number < 3_600_000:
        raise ValueError(f"{milliseconds} is no delay in milliseconds")
    return number / 1000


def _whole(size: str) -> int:
    if not (size.isascii() and size.isdigit() and int(size) <= MOST_BYTES):
        raise ValueError(f"{size} is no number of bytes")
    return int(size)


def segments(spec: DelaySpec, name: str) -> Sequence[Segment]:
    """Return all that is written for a request, in order."""
    delay_s = spec.delay_s if spec.spread is None else spec.spread.drawn(spec.delay_s, name)
    if spec.kind == "image":
        body: tuple[Part, ...] = image_body(spec.size_bytes, name)
    else:
        body = (small_body(spec.size_bytes),)
    head = reply_head(200, sum(map(len, body)))
    if not spec.first_s and not spec.last_s:
        return (Segment(delay_s, (HEADERS, FIRST), (head + bytes(body[0]), *body[1:])),)
    *most, end = body
    early: tuple[Part, ...] = (*most, end[:-1]) if spec.last_s else body
    last = [Segment(spec.last_s, (), (end[-1:],))] if spec.last_s else []
    return [Segment(delay_s, (HEADERS,), (head,)), Segment(spec.first_s, (FIRST,), early), *last]


@lru_cache(maxsize=256)
def reply_head(status: int, length: int) -> bytes:
    """Return the head of a JSON reply."""
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    lines = (
        f"HTTP/1.1 {status} {reason}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def small_body(size_bytes: int) -> bytes:
    """Return a JSON object of exactly that length, or the shortest there is."""
    if size_bytes < len(PADDED) + len(PAD_END):
        return OK
    return PADDED + b"x" * (size_bytes - len(PADDED) - len(PAD_END)) + PAD_END


def image_body(size_bytes: int, name: str) -> tuple[bytes | memoryview, ...]:
    """Return the parts of a JSON body with an image of that many bytes in base64 in all.

    The length is met to 3 bytes. Every `name` gives other bytes, so that no decoder can know the
    image already. ValueError where so short a body holds none.
    """
    image = _image(size_bytes)
    name_chunk = _chunk(b"naMe", name.encode()[-NAME_BYTES:].rjust(NAME_BYTES))
    return OPENING + base64.b64encode(image.start + name_chunk), image.remainder, CLOSING


def pixels_of(size_bytes: int) -> Pixels:
    """Return the dimensions of the image in a body of that length."""
    return _image(size_bytes).pixels


@lru_cache(maxsize=8)
def _image(size_bytes: int) -> _Image:
    if not LEAST_IMAGE_BYTES <= size_bytes <= MOST_BYTES:
        raise ValueError(f"an image takes {LEAST_IMAGE_BYTES} to {MOST_BYTES} bytes")
    whole = (size_bytes - len(OPENING) - len(CLOSING)) // 4 * 3
    samples = (whole * SPARE_SHARE - SPARE_BYTES - 2 * NAME_BYTES) / ENTROPY
    height_px = max(1, int((samples / 3 * 9 / 16) ** 0.5))
    width_px = max(1, int((samples - height_px) / 3 / height_px))
    start = SIGNATURE + _chunk(
        b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, EIGHT_BITS, RGB, 0, 0, 0)
    )
    start += _chunk(b"paDd", bytes(-(len(start) + 2 * 12 + NAME_BYTES) % 3))
    data = _chunk(b"IDAT", _noise(width_px, height_px)) + _chunk(b"IEND", b"")
    filled = whole - len(start) - 12 - NAME_BYTES - 12 - len(data)
    remainder = _chunk(b"paDd", bytes(filled)) + data
    pixels = Pixels(width_px, height_px, len(start) + 12 + NAME_BYTES + len(remainder))
    return _Image(pixels, start, memoryview(base64.b64encode(remainder)))


def _noise(width_px: int, height_px: int) -> bytes:
    """Return packed rows of random samples, always the same ones."""
    drawn = random.Random(width_px * height_px).randbytes(width_px * height_px * 3)
    six_bits = bytes(byte & 0xFC for byte in range(256))
    samples = memoryview(drawn.translate(six_bits))
    packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    row = width_px * 3
    packed = []
    for top in range(0, len(samples), row):
        packed += [packer.compress(b"\0"), packer.compress(samples[top : top + row])]
    return b"".join([*packed, packer.flush()])


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk; decoders skip kinds that start in lower case."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def json_body(document: object) -> bytes:
    """Return JSON as the server writes it."""
    return json.dumps(document, separators=(",", ":")).encode()
