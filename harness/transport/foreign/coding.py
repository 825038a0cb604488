"""Bodies as they were before `Content-Encoding` packed them."""

import zlib

from harness.transport.bodies.images import looks_like_image

UNPACKED_AT_MOST_BYTES = 512 * 1024 * 1024
"""Bounds what a small packed body may grow into."""

_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS  # zlib's manual, inflateInit2: told apart by their headers
_GZIP = b"\x1f\x8b"


def unpacked(raw: bytes, coding: str) -> bytes:
    """Undo the codings of a Content-Encoding header; ValueError where that is impossible here.

    Many recorders unpack a body and leave the header: what is plain already is returned as it is.
    """
    for word in reversed(coding.lower().split(",")):
        raw = _once(raw, word.strip())
    return raw


def _once(raw: bytes, coding: str) -> bytes:
    if coding in ("", "identity", "none") or not raw:
        return raw
    if coding in ("gzip", "x-gzip"):
        return _inflated(raw, _ZLIB_OR_GZIP) if raw.startswith(_GZIP) else raw
    if coding == "deflate":
        for window in (_ZLIB_OR_GZIP, -zlib.MAX_WBITS):  # some servers leave zlib's header out
            try:
                return _inflated(raw, window)
            except ValueError:
                continue
    if looks_like_image(raw) or _is_text(raw):
        return raw
    raise ValueError(f"the body is packed with {coding[:40]!r}, which is not read here")


def _inflated(raw: bytes, window: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        plain = unpacker.decompress(raw, UNPACKED_AT_MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"the packed body is damaged: {error}") from None
    if not unpacker.eof:
        raise ValueError("the packed body ends early or is too large")
    return plain


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in raw
