"""Packed bodies unpacked in pieces of a bounded size, however much a byte of them stands for."""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
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
    unpacker = _Unpacker(coding)
    async for chunk in chunks:
        for piece in unpacker.unpacked(chunk):
            if piece:
                yield piece
            await asyncio.sleep(0)


class _Unpacker:
    """Unpacks chunks one after the other; of what follows the packed body it keeps nothing."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inflater: _Inflater | None = None
        self._held = b""
        self._ended = self._over = False

    def unpacked(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the pieces of a chunk, some of them empty."""
        packed, self._held = self._held + chunk, b""
        while packed and not self._over:
            if self._ended and not self._begins_again(packed):
                break
            inflater = self._inflater = self._inflater or _inflater(packed, self._coding)
            try:
                yield inflater.decompress(packed, PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            packed = inflater.unconsumed_tail
            if inflater.eof:
                packed, self._inflater, self._ended = inflater.unused_data, None, True

    def _begins_again(self, packed: bytes) -> bool:
        """Tell whether what follows a member is another one, as far as that can be seen yet."""
        start = packed[: len(_MEMBER)]
        self._over = self._coding == "deflate" or not _MEMBER.startswith(start)
        if self._over or len(start) < len(_MEMBER):
            self._held = start
            return False
        self._ended = False
        return True


def _inflater(start: bytes, coding: str) -> _Inflater:
    """Return what unpacks; some servers leave the header of `deflate` out."""
    if coding != "deflate":
        return zlib.decompressobj(_GZIP)
    try:
        zlib.decompressobj(_ZLIB).decompress(start[:2], 1)
    except zlib.error:
        return zlib.decompressobj(_BARE)
    return zlib.decompressobj(_ZLIB)
