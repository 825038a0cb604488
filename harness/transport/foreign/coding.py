"""Bodies made plain: the chunks of a recorder joined, content codings undone, all within bounds.

Polly.JS (`adapter-node-http`) and nock write a packed body as a list of chunks, each in hex or in
base64 with a padding of its own; many recorders unpack a body and leave its header, others do the
reverse. So what a header says is tried, and what the bytes are decides.
"""

import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator

import brotli

from harness.transport.bodies.decode import looks_like_image
from harness.transport.foreign.formats import Content, from_base64

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

UNPACKED_AT_MOST_BYTES = 96 * 1024 * 1024
"""Bounds what a small packed body may grow into."""

CODINGS_AT_MOST = 4
"""Layers of packing: a client asks for one."""

CHUNKS_AT_MOST = 100_000

PACKED_LEAST_BYTES = 24
"""Chunks of fewer bytes may be words of a list."""

_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS  # zlib's manual, inflateInit2: told apart by their headers
_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_LIST = re.compile(rb'\s*\[\s*"')
_BUFFER = re.compile(rb'\s*\{\s*"type"\s*:\s*"Buffer"\s*,\s*"data"\s*:\s*\[')
_BYTE = 255
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_PLAIN = ("", "identity", "none")


def plain_body(content: Content, coding: str, media_type: str) -> bytes:
    """Return a body's bytes as they are meant; ValueError (one line) where they cannot be had.

    `coding` and `media_type` are the Content-Encoding and the Content-Type beside it. A list or a
    text is taken for chunks only where they come to a packed body, to an image under a media type
    that an image may have or under none, or where the recorder says that it stands for bytes. A
    list that comes to bytes under a Content-Encoding is such a body, also where it is damaged.
    """
    codings = _codings(coding)
    word = media_type.lower()
    raw = _of_buffer(content)
    if raw is None:
        raw = _joined(content, codings, image=not word or word.startswith(_OF_IMAGES))
    plain = _without_magic(_undone(content.raw if raw is None else raw, codings))
    return plain if word.startswith(("image/", "multipart/")) else _guessed(plain)


_OF_IMAGES = ("image/", "application/octet-stream", "binary/octet-stream")
"""Media types under which an image may be served."""


def unpacked(raw: bytes, coding: str) -> bytes:
    """Undo the codings of a Content-Encoding header; ValueError where that is impossible here.

    Many recorders unpack a body and leave the header: what is plain already is returned as it is.
    """
    return _undone(raw, _codings(coding))


def _codings(header: str) -> list[str]:
    codings = [word.strip().lower() for word in header.split(",")]
    if len(codings) > CODINGS_AT_MOST:
        raise ValueError(f"the body is packed more than {CODINGS_AT_MOST} times")
    return [coding for coding in reversed(codings) if coding not in _PLAIN]


def _undone(raw: bytes, codings: list[str]) -> bytes:
    for coding in codings:
        raw = _once(raw, coding)
    return raw


def _without_magic(raw: bytes) -> bytes:
    """Undo the packing of which a recorder has lost the header, where its first bytes tell it."""
    for _ in range(CODINGS_AT_MOST):
        if not raw.startswith((_GZIP, _ZSTD)):
            return raw
        raw = _once(raw, "gzip" if raw.startswith(_GZIP) else "zstd")
    raise ValueError(f"the body is packed more than {CODINGS_AT_MOST} times")


def _guessed(raw: bytes) -> bytes:
    """Undo a packing that neither a header nor first bytes tell, of what should be a text.

    Some bytes are by chance the packing of one letter, and something else behind it.
    """
    if is_text(raw) or looks_like_image(raw):
        return raw
    for unpack in (_inflated(_ZLIB_OR_GZIP), _brotli, _inflated(-zlib.MAX_WBITS)):
        try:
            plain = _bounded(unpack, raw)
        except ValueError:
            continue
        if len(plain) * 2 >= len(raw) and is_text(plain):
            return plain
    return raw


def _once(raw: bytes, coding: str) -> bytes:
    if not raw:
        return raw
    if raw.startswith(_GZIP):
        return _gunzipped(raw)
    if raw.startswith(_ZSTD):
        return _bounded(_zstd, raw)
    for unpack in _BY_CODING.get(coding, ()):
        try:
            return _bounded(unpack, raw)
        except _NotPackedError:
            continue
    if looks_like_image(raw) or is_text(raw):
        return raw
    if coding in _BY_CODING:
        raise ValueError(f"the body is said to be packed with {coding}, and is damaged or cut")
    raise ValueError(f"the body is packed with {coding[:40]!r}, which is not read here")


class _NotPackedError(ValueError):
    """The bytes are not packed so, or are damaged, or end early."""


def _bounded(unpack: Callable[[bytes], tuple[bytes, bool]], raw: bytes) -> bytes:
    plain, ended = unpack(raw)
    if len(plain) > UNPACKED_AT_MOST_BYTES:
        raise ValueError(f"the packed body is too large: above {UNPACKED_AT_MOST_BYTES:,} bytes")
    if not ended:
        raise _NotPackedError("the packed body ends early")
    return plain


def _gunzipped(raw: bytes) -> bytes:
    """Undo gzip of one or several members (RFC 1952, 2.2); what else follows is left out."""
    members: list[bytes] = []
    size = 0
    while raw.startswith(_GZIP):
        unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
        try:
            members.append(unpacker.decompress(raw, UNPACKED_AT_MOST_BYTES - size + 1))
        except zlib.error as error:
            raise ValueError(f"the packed body is damaged: {error}") from None
        size += len(members[-1])
        if size > UNPACKED_AT_MOST_BYTES:
            raise ValueError("the packed body is too large")
        if not unpacker.eof:
            raise ValueError("the packed body ends early")
        raw = unpacker.unused_data
    return b"".join(members)


def _inflated(window: int) -> Callable[[bytes], tuple[bytes, bool]]:
    def unpack(raw: bytes) -> tuple[bytes, bool]:
        unpacker = zlib.decompressobj(window)
        try:
            plain = unpacker.decompress(raw, UNPACKED_AT_MOST_BYTES + 1)
        except zlib.error as error:
            raise _NotPackedError(str(error)) from None
        return plain, unpacker.eof

    return unpack


def _zstd(raw: bytes) -> tuple[bytes, bool]:
    unpacker = zstd.ZstdDecompressor()
    try:
        plain = unpacker.decompress(raw, UNPACKED_AT_MOST_BYTES + 1)
    except zstd.ZstdError as error:
        raise ValueError(f"the packed body is damaged: {error}") from None
    if len(plain) <= UNPACKED_AT_MOST_BYTES and not unpacker.eof:
        raise ValueError("the packed body ends early")
    return plain, True


def _brotli(raw: bytes) -> tuple[bytes, bool]:
    unpacker = brotli.Decompressor()
    try:
        pieces = [unpacker.process(raw, output_buffer_limit=UNPACKED_AT_MOST_BYTES + 1)]
        while not unpacker.is_finished() and not unpacker.can_accept_more_data():
            if sum(map(len, pieces)) > UNPACKED_AT_MOST_BYTES:
                break
            pieces.append(unpacker.process(b"", output_buffer_limit=UNPACKED_AT_MOST_BYTES))
    except brotli.error as error:
        raise _NotPackedError(str(error)) from None
    plain = b"".join(pieces)
    known = is_text(plain) or looks_like_image(plain) or plain.startswith((_GZIP, _ZSTD))
    if not known and len(plain) <= UNPACKED_AT_MOST_BYTES:
        raise _NotPackedError("what it unpacks to is no body")  # brotli has no first bytes
    return plain, unpacker.is_finished()


_BY_CODING: dict[str, tuple[Callable[[bytes], tuple[bytes, bool]], ...]] = {
    "gzip": (),
    "x-gzip": (),
    "zstd": (),
    "deflate": (_inflated(_ZLIB_OR_GZIP), _inflated(-zlib.MAX_WBITS)),  # some leave its header out
    "br": (_brotli,),
}
"""What is tried for a coding that first bytes do not tell."""


def is_text(raw: bytes) -> bool:
    """Tell whether bytes are UTF-8 without a NUL."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in raw


def _of_buffer(content: Content) -> bytes | None:
    """Return the bytes of a Buffer as Node writes it in JSON, None where the body is none.

    axios-har-tracker writes so what a client handed over or received as bytes.
    """
    held: object = content.parsed
    if held is None:
        if _BUFFER.match(content.raw) is None:
            return None
        try:
            held = json.loads(content.raw)
        except (ValueError, RecursionError):
            return None
    if not isinstance(held, dict) or held.keys() != {"type", "data"} or held["type"] != "Buffer":
        return None
    values = held["data"]
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        return None
    return bytes(values) if all(0 <= value <= _BYTE for value in values) else None


def _joined(content: Content, codings: list[str], *, image: bool) -> bytes | None:
    """Return what the chunks of a recorder stand for; None where the content is none of these."""
    packed = bool(codings)
    for raw in _of_chunks(content):
        if raw.startswith((_GZIP, _ZSTD)):
            return raw
        if (image or content.binary) and looks_like_image(raw):
            return raw
        if packed and not is_text(raw) and _is_packed(raw, codings, listed=_is_list(content)):
            return raw
        if content.binary and is_text(raw):
            return raw
    return None


def _is_packed(raw: bytes, codings: list[str], *, listed: bool) -> bool:
    """Tell whether bytes are packed so; ValueError where a list comes to bytes that are damaged."""
    if looks_like_image(raw):
        return False
    try:
        return bool(_undone(raw, codings))
    except ValueError:
        if listed and (len(raw) >= PACKED_LEAST_BYTES or raw.startswith(_ZLIB)):
            raise
        return False


def _is_list(content: Content) -> bool:
    return isinstance(content.parsed, list) or _LIST.match(content.raw) is not None


def _of_chunks(content: Content) -> Iterator[bytes]:
    chunks = _chunks(content)
    if not chunks or len(chunks) > CHUNKS_AT_MOST:
        return
    if all(len(chunk) % 2 == 0 and _HEX.fullmatch(chunk) for chunk in chunks):
        yield bytes.fromhex("".join(chunks))
    if all(_BASE64.fullmatch(chunk) for chunk in chunks):
        try:
            yield b"".join(from_base64(chunk) for chunk in chunks)
        except ValueError:
            return


def _chunks(content: Content) -> list[str]:
    """Return the texts that a body may be made of: those of a list, or the one that it is."""
    listed: object = content.parsed
    if content.parsed is None:
        if _LIST.match(content.raw) is None:
            single = content.raw.strip().strip(b'"')
            return [single.decode("ascii")] if single.isascii() else []
        if content.raw.count(b",") > CHUNKS_AT_MOST:
            return []
        try:
            listed = json.loads(content.raw)
        except (ValueError, RecursionError):
            return []
    if isinstance(listed, str):
        return [listed]
    if not isinstance(listed, list):
        return []
    texts = [chunk for chunk in listed if isinstance(chunk, str)]
    return texts if len(texts) == len(listed) else []
