"""What a client sent: a JSON value or the parts of a form, and what image some bytes are."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from starlette.requests import Request

LARGE_BYTES = 1_000_000  # more is decoded and digested in a thread
MOST_PARTS = 1000
STEP_BYTES = 1 << 20  # a thread that searches more at once keeps the event loop waiting
# The first bytes show what a file is meant to be, also where it ends too early to be opened.
SIGNATURES = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("gif", re.compile(rb"GIF8[79]a")),
)


class BadFormError(ValueError):
    """A body is no complete multipart form; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a form: the name of its field, what the client calls it, and its bytes."""

    name: str
    filename: str
    media_type: str
    data: bytes


class Form(dict[str, list[str | File]]):
    """The parts of a form by name, each list in the order sent; a JSON object is never a Form."""

    def text(self, name: str) -> str | None:
        """Return the last text of that name, None where there is none."""
        texts = [part for part in self.get(name, []) if isinstance(part, str)]
        return texts[-1] if texts else None

    def files(self, name: str) -> list[File]:
        """Return the files of that name."""
        return [part for part in self.get(name, []) if isinstance(part, File)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What bytes are, whatever their declared name and media type.

    `format` is Pillow's name in lower case, "unknown" where the bytes are no image. `alpha` says
    that the image can be transparent somewhere, `whole` that it decodes to its end.
    """

    format: str
    width_px: int
    height_px: int
    alpha: bool
    whole: bool

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width_px, self.height_px


async def read_json(request: Request) -> object:
    """Return the JSON value of a body, None where it is none; NaN and Infinity are no JSON."""
    raw = await request.body()
    if len(raw) > LARGE_BYTES:
        return await asyncio.to_thread(_decoded, raw)
    return _decoded(raw)


def _decoded(raw: bytes) -> object:
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


async def read_form(request: Request) -> Form | None:
    """Return the parts of a multipart body, None where it is none; it is parsed in a thread."""
    raw = await request.body()
    content_type = request.headers.get("content-type", "")
    try:
        return await asyncio.to_thread(parse_form, content_type, raw)
    except BadFormError:
        return None


def parse_form(content_type: str, raw: bytes) -> Form:
    """Return the fields and files of a multipart body by name; raises BadFormError."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadFormError("the content type is no multipart/form-data with a boundary")
    reader = _Reader()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_header_field": reader.header_name,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_part_data": reader.data,
                "on_part_end": reader.end,
                "on_end": reader.close,
            },
        )
        for start in range(0, len(raw), STEP_BYTES):
            parser.write(raw[start : start + STEP_BYTES])
        parser.finalize()
    except FormParserError as error:
        raise BadFormError(str(error)) from error
    if not reader.closed:
        raise BadFormError("the form ends before its last boundary")
    return reader.parts


@dataclass(slots=True)
class _Reader:
    """Collects the parts of a form while it is parsed."""

    parts: Form = field(default_factory=Form)
    closed: bool = False
    _count: int = 0
    _name: bytes = b""
    _value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _data: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        self._count += 1
        if self._count > MOST_PARTS:
            raise BadFormError(f"the form has more than {MOST_PARTS} parts")
        self._headers, self._data = {}, bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise BadFormError("a part of the form has no name")
        name = options[b"name"].decode("utf-8", "replace")
        part: str | File
        if b"filename" in options:
            part = File(
                name=name,
                filename=options[b"filename"].decode("utf-8", "replace"),
                media_type=self._headers.get(b"content-type", b"").decode("latin-1"),
                data=bytes(self._data),
            )
        else:
            part = self._data.decode("utf-8", "replace")
        self.parts.setdefault(name, []).append(part)

    def close(self) -> None:
        self.closed = True


def facts(data: bytes) -> Facts:
    """Return what image the bytes are; never raises, and decodes, so it belongs in a thread."""
    meant = next((name for name, pattern in SIGNATURES if pattern.match(data)), "unknown")
    image_facts = Facts(format=meant, width_px=0, height_px=0, alpha=False, whole=False)
    try:
        with Image.open(io.BytesIO(data)) as image:
            name = (image.format or "unknown").lower()
            image_facts = Facts(
                # Pillow calls a JPEG that holds further pictures by another name.
                format="jpeg" if name == "mpo" else name,
                width_px=image.width,
                height_px=image.height,
                alpha=image.has_transparency_data,
                whole=False,
            )
            image.load()
    except Exception:  # noqa: BLE001 - Pillow's decoders raise whatever strange bytes lead them to
        return image_facts
    # Pillow decodes a PNG whose last chunk is missing.
    whole = image_facts.format != "png" or _has_last_chunk(data)
    return dataclasses.replace(image_facts, whole=whole)


def _has_last_chunk(png: bytes) -> bool:
    offset = 8
    while offset + 12 <= len(png):
        if png[offset + 4 : offset + 8] == b"IEND":
            return True
        offset += 12 + int.from_bytes(png[offset : offset + 4], "big")
    return False
