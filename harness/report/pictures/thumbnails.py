"""Small copies of images as addresses that a page holds itself: only what really is one.

A run folder may come from a stranger, and a browser unpacks what a page names: so a copy is
shown only where its head says that it is a small lossy WebP, which is what the harness writes.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping

from harness.core.inspection import THUMBNAIL_AT_MOST_BYTES, THUMBNAIL_EDGE_PX, Inspection

AT_MOST = 250
BYTES_AT_MOST = 700_000
"""How many small copies a page holds, and how long their texts are together."""

_BASE64_AT_MOST = 4 * (THUMBNAIL_AT_MOST_BYTES + 2) // 3 + 4
_HEAD_BYTES = 30
_EDGE_BITS = 0x3FFF
"""The lower bits of a frame's width and height; the two above ask for it to be enlarged."""


def thumbnails(shown: Iterable[str], inspections: Mapping[str, Inspection]) -> dict[str, str]:
    """Return the addresses of the images that a page shows, the first ones until it is full."""
    addresses: dict[str, str] = {}
    room = BYTES_AT_MOST
    for digest in dict.fromkeys(shown):
        address = address_of(inspections.get(digest))
        if address and len(addresses) < AT_MOST and len(address) <= room:
            addresses[digest] = address
            room -= len(address)
    return addresses


def address_of(inspection: Inspection | None) -> str:
    """Return the `data:` address of an image's small copy; empty where there is none to trust."""
    text = inspection.thumbnail if inspection is not None else None
    if not text or len(text) > _BASE64_AT_MOST:
        return ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return f"data:image/webp;base64,{text}" if _is_small(raw) else ""


def _is_small(raw: bytes) -> bool:
    """Tell whether bytes are a lossy WebP of one plain frame, of so few pixels."""
    framed = raw[:4] == b"RIFF" and raw[8:16] == b"WEBPVP8 " and raw[23:26] == b"\x9d\x01\x2a"
    if not framed or len(raw) < _HEAD_BYTES or int.from_bytes(raw[4:8], "little") + 8 != len(raw):
        return False
    edges = (int.from_bytes(raw[at : at + 2], "little") for at in (26, 28))
    return all(0 < edge & _EDGE_BITS <= THUMBNAIL_EDGE_PX for edge in edges)
