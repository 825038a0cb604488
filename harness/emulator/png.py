"""The chunks of PNG files."""

from __future__ import annotations

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Return the kind and the content of each chunk."""
    found: list[tuple[bytes, bytes]] = []
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        size = int.from_bytes(png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and its check sum."""
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def with_one_data_chunk(png: bytes) -> bytes:
    """Return a file whose data stands in one chunk, as the maker writes it."""
    data = b"".join(body for kind, body in chunks(png) if kind == b"IDAT")
    before = [(kind, body) for kind, body in chunks(png) if kind not in (b"IDAT", b"IEND")]
    return SIGNATURE + b"".join(
        chunk(kind, body) for kind, body in (*before, (b"IDAT", data), (b"IEND", b""))
    )
