"""Packed bodies unpacked in pieces of a bounded size, however much a byte of them stands for."""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

import httpx

PIECE_BYTES = 256 * 1024

_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
"""Window sizes that name the format, as zlib's manual has them (inflateInit2)."""


_MEMBER = b"\x1f\x8b"


class _Inflater(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


async def unpacked(chunks: AsyncIterable[bytes], coding: str) -> AsyncIterator[bytes]:
    """Yield a body without its content coding, in pieces; a coding that we never ask for stays.

    Between the pieces of one chunk other tasks have their turn. A gzip may have several members
    (RFC 1952, 2.2); what else follows the packed body is left out. Raises httpx.DecodingError where
    it is damaged.
    """
    if coding not in ("gzip", "x-gzip", "deflate"):
        async for chunk in chunks:
            yield chunk
        return
    inflater: _Inflater | None = None
    async for chunk in chunks:
        inflater = inflater or _inflater(chunk, coding)
        packed = chunk
        while packed:
            piece, packed = _inflated(inflater, packed)
            if piece:
                yield piece
            if inflater.eof and coding != "deflate" and inflater.unused_data[:2] == _MEMBER:
                packed, inflater = inflater.unused_data, zlib.decompressobj(_GZIP)
            await asyncio.sleep(0)


def _inflated(inflater: _Inflater, packed: bytes) -> tuple[bytes, bytes]:
    """Return a piece of the body, and what of the packed bytes is still to be unpacked."""
    try:
        return inflater.decompress(packed, PIECE_BYTES), inflater.unconsumed_tail
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from error


def _inflater(start: bytes, coding: str) -> _Inflater:
    """Return what unpacks; some servers leave the header of `deflate` out."""
    if coding != "deflate":
        return zlib.decompressobj(_GZIP)
    try:
        zlib.decompressobj(_ZLIB).decompress(start[:2], 1)
    except zlib.error:
        return zlib.decompressobj(_BARE)
    return zlib.decompressobj(_ZLIB)
