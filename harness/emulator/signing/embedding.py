"""Where a file holds its manifest, and the two ways to spoil one: move it, or alter the bytes."""
# ruff: noqa: TID252 - absolute names would break when the folder is copied elsewhere

from __future__ import annotations

import zlib

from ..png import SIGNATURE, chunk, chunks

APP11 = 0xEB
TABLES, SCAN = 0xDB, 0xDA


def moved(signed: bytes, other: bytes, encoding: str) -> bytes:
    """Return the `other` file, unsigned and of the same format, with the manifest of a signed one.

    Its bytes are not those that were signed.
    """
    match encoding:
        case "png":
            manifest = [chunk(*one) for one in chunks(signed) if one[0] == b"caBX"]
            head = len(SIGNATURE) + 25  # the header's chunk
            return other[:head] + b"".join(manifest) + other[head:]
        case "jpeg":
            manifest = [whole for kind, whole in _segments(signed) if kind == APP11]
            return other[:2] + b"".join(manifest) + other[2:]
        case _:
            manifest = [whole for kind, whole in _riff_chunks(signed) if kind == b"C2PA"]
            extended = [whole for kind, whole in _riff_chunks(signed) if kind == b"VP8X"]
            held = [one for kind, one in _riff_chunks(other) if kind not in (b"VP8X", b"C2PA")]
            body = b"WEBP" + b"".join((*extended, *held, *manifest))
            return b"RIFF" + len(body).to_bytes(4, "little") + body


def altered(signed: bytes, encoding: str) -> bytes:
    """Return a signed file with one bit of its picture changed; it is decoded as before."""
    match encoding:
        case "png":
            return SIGNATURE + b"".join(
                chunk(kind, _with_other_pixel(body) if kind == b"IDAT" else body)
                for kind, body in chunks(signed)
            )
        case "jpeg":
            return _with_other_table(signed)
        case _:
            return _with_other_end(signed)


def _with_other_pixel(data: bytes) -> bytes:
    """Return a PNG's data with the lowest bit of its last byte changed: its last pixel."""
    pixels = bytearray(zlib.decompress(data))
    pixels[-1] ^= 1
    return zlib.compress(bytes(pixels), 1)


def _with_other_table(jpeg: bytes) -> bytes:
    """Return a JPEG with the lowest bit of the last step of its first table changed."""
    flipped, at = bytearray(jpeg), 2
    for kind, whole in _segments(jpeg):
        if kind == TABLES:
            flipped[at + 4 + 64] ^= 1
            break
        at += len(whole)
    return bytes(flipped)


def _with_other_end(webp: bytes) -> bytes:
    """Return a WebP with the lowest bit of the last byte of its picture changed."""
    flipped, at = bytearray(webp), 12
    for kind, whole in _riff_chunks(webp):
        if kind in (b"VP8 ", b"VP8L"):
            size = int.from_bytes(whole[4:8], "little")  # without padding
            flipped[at + 8 + size - 1] ^= 1
        at += len(whole)
    return bytes(flipped)


def _segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """Return the kind and the whole of each segment before the scan."""
    found: list[tuple[int, bytes]] = []
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at + 1] != SCAN:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        found.append((jpeg[at + 1], jpeg[at : at + size]))
        at += size
    return found


def _riff_chunks(webp: bytes) -> list[tuple[bytes, bytes]]:
    """Return the kind and the whole of each chunk, its padding included."""
    found: list[tuple[bytes, bytes]] = []
    at = 12
    while at + 8 <= len(webp):
        size = int.from_bytes(webp[at + 4 : at + 8], "little")
        size += 8 + size % 2
        found.append((webp[at : at + 4], webp[at : at + size]))
        at += size
    return found
