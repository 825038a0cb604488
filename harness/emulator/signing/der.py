"""The Distinguished Encoding Rules, as far as a time stamp needs them (X.690)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER, OCTETS, OID, TIME, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31
CONTEXT_0, CONTEXT_0_OCTETS = 0xA0, 0x80


def element(tag: int, *parts: bytes) -> bytes:
    """Return an element whose content is the parts, one after the other."""
    body = b"".join(parts)
    return bytes([tag]) + _length(len(body)) + body


def integer(number: int) -> bytes:
    """Return a number of 0 or more."""
    return element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def identifier(dotted: str) -> bytes:
    """Return an object identifier, written as numbers with dots between them."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(OID, *(_base_128(arc) for arc in (40 * first + second, *rest)))


def elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the tag, the content and the whole of each element, one after the other."""
    at = 0
    while at < len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size >= 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[at + 2 : start])
        yield tag, data[start : start + size], data[at : start + size]
        at = start + size


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | (number & 0x7F))
    return bytes(reversed(digits))
