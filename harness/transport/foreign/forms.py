"""The forms inside recorded requests: what each part holds, without its bytes.

python-multipart cannot read them: it takes no lines that a recorder made end in LF, no `filename*`,
and no text before the first boundary.
"""

import hashlib
import io
import re
import warnings
from urllib.parse import parse_qsl, unquote

from PIL import Image

from harness.core.exchange import Part
from harness.transport.bodies.alpha import has_alpha

PARTS_AT_MOST = 1_000
_BOUNDARY_AT_MOST = 200

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)
_PARAMETER = r'(?:^|[;\s]){}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))'


def boundary_of(raw: bytes) -> str:
    """Return the boundary that a form begins with; ValueError where it begins with none."""
    line = raw.lstrip().partition(b"\n")[0].strip()
    boundary = line.removeprefix(b"--").decode("utf-8", "replace")
    if not line.startswith(b"--") or not 0 < len(boundary) <= _BOUNDARY_AT_MOST:
        raise ValueError("the form's content type names no boundary, and its body begins with none")
    return f'"{boundary}"'


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
