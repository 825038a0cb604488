"""Bodies of any asked length, made once: small JSON, and JSON around a large image that decodes."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class Pixels:
    """What the image in a body of that length measures, for whoever checks a decoder."""

    width_px: int
    height_px: int
    size_bytes: int


@dataclass(frozen=True)
class _Image:
    """A PNG in base64, but for its start: that names the request, so that no two are alike."""

    pixels: Pixels
    start: bytes
    rest: memoryview


def small_body(size_bytes: int) -> bytes:
    """Return a JSON object of exactly that length, or the least there is."""
    if size_bytes < len(PADDED) + len(PAD_END):
        return OK
    return PADDED + b"x" * (size_bytes - len(PADDED) - len(PAD_END)) + PAD_END


def image_body(size_bytes: int, name: str) -> tuple[bytes | memoryview, ...]:
    """Return the parts of a JSON body with an image of that many bytes in base64 in all.

    The length is met to 3 bytes. Every `name` gives other bytes, so that no decoder can know the
    image already. ValueError where so short a body holds none.
    """
    made = _made(size_bytes)
    named = _chunk(b"naMe", name.encode()[-NAME_BYTES:].rjust(NAME_BYTES))
    return OPENING + base64.b64encode(made.start + named), made.rest, CLOSING


def pixels_of(size_bytes: int) -> Pixels:
    """Tell what the image in a body of that length measures."""
    return _made(size_bytes).pixels


@lru_cache(maxsize=8)
def _made(size_bytes: int) -> _Image:
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
    rest = _chunk(b"paDd", bytes(filled)) + data
    size = len(start) + 12 + NAME_BYTES + len(rest)
    return _Image(Pixels(width_px, height_px, size), start, memoryview(base64.b64encode(rest)))


def _noise(width_px: int, height_px: int) -> bytes:
    """Return packed rows of random samples, always the same ones."""
    drawn = random.Random(width_px * height_px).randbytes(width_px * height_px * 3)
    six_bits = bytes(value & 0xFC for value in range(256))
    samples = memoryview(drawn.translate(six_bits))
    packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    row = width_px * 3
    packed = []
    for top in range(0, len(samples), row):
        packed += [packer.compress(b"\0"), packer.compress(samples[top : top + row])]
    return b"".join([*packed, packer.flush()])


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk; decoders pass over kinds that start in lower case."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def json_body(document: object) -> bytes:
    """Return JSON as the server writes it."""
    return json.dumps(document, separators=(",", ":")).encode()
