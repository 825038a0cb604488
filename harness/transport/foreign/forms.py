"""The forms inside recorded requests: what each part holds, without its bytes.

python-multipart cannot read them: it takes no lines that a recorder made end in LF, no `filename*`,
and no text before the first boundary.
"""

import hashlib
import io
import re
import warnings
import zlib
from urllib.parse import parse_qsl, unquote

from PIL import Image

from harness.core.exchange import Part
from harness.transport.bodies.alpha import has_alpha
from harness.transport.bodies.decode import looks_like_image

UNPACKED_AT_MOST_BYTES = 96 * 1024 * 1024
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


PARTS_AT_MOST = 1_000

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)
_PARAMETER = r'(?:^|[;\s]){}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))'


def read_multipart(raw: bytes, content_type: str) -> tuple[Part, ...]:
    """Read a `multipart/form-data` body (RFC 7578); ValueError where it is none, or was cut off.

    A file's edges and alpha channel come from its image header, where Pillow knows it; no image is
    decoded.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ValueError("the form's content type names no boundary")
    boundary = re.escape((match[1] or match[2]).encode("utf-8", "replace"))
    delimiter = rb"\n--" + boundary + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    _, *pieces = re.split(delimiter, b"\n" + raw, maxsplit=PARTS_AT_MOST + 1)
    ends, contents = pieces[::2], pieces[1::2]
    if not ends:
        raise ValueError("the form's boundary does not occur in its body")
    if len(ends) > PARTS_AT_MOST and b"--" not in ends:
        raise ValueError(f"the form has more than {PARTS_AT_MOST:,} parts")
    if b"--" not in ends:
        raise ValueError("the form ends before its last boundary")
    return tuple(_part(content) for content in contents[: ends.index(b"--")] if content.strip())


def read_urlencoded(raw: bytes) -> tuple[Part, ...]:
    """Read an `application/x-www-form-urlencoded` body as plain values."""
    pairs = parse_qsl(
        raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=PARTS_AT_MOST
    )
    return tuple(Part(name=name, value=value) for name, value in pairs)


def file_part(name: str, raw: bytes, *, filename: str, media_type: str | None) -> Part:
    """Return a file's part: its name, type, size, digest, and what an image's header tells."""
    width, height, alpha = _header_of(raw)
    return Part(
        name=name,
        filename=filename,
        media_type=media_type,
        digest=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        width_px=width,
        height_px=height,
        alpha=alpha,
    )


def _part(piece: bytes) -> Part:
    # Recorders turn CRLF into LF in text bodies, so both are taken.
    blank = re.search(rb"\r?\n\r?\n", piece)
    head = piece[: blank.start()] if blank else piece
    lines = dict(_header(line) for line in head.decode("utf-8", "replace").splitlines())
    disposition = lines.get("content-disposition", "")
    name = _parameter(disposition, "name")
    if blank is None or name is None:
        raise ValueError("a part of the form has no name, or its headers do not end")
    content = piece[blank.end() : len(piece) - piece.endswith(b"\r")]
    filename = _parameter(disposition, "filename")
    if filename is None:
        return Part(name=name, value=content.decode("utf-8", "replace"))
    return file_part(name, content, filename=filename, media_type=lines.get("content-type"))


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _parameter(disposition: str, name: str) -> str | None:
    """Return a quoted or bare parameter; browsers and httpx write a quote in it as `%22`."""
    extended = re.search(rf"(?:^|[;\s]){name}\*\s*=\s*utf-8''([^\s;]+)", disposition, re.IGNORECASE)
    if extended is not None:
        return unquote(extended[1])
    match = re.search(_PARAMETER.format(name), disposition, re.IGNORECASE)
    if match is None or match[1] is None:
        return match and str(match[2])
    return re.sub(r'\\([\\"])', r"\1", str(match[1])).replace("%22", '"')


def _header_of(raw: bytes) -> tuple[int, int, bool] | tuple[None, None, None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw)) as image:
                return *image.size, has_alpha(image)
    except Exception:  # noqa: BLE001 - Pillow may raise anything on hostile bytes
        return None, None, None
