"""One interaction as every format of recordings is read into it, and how its parts are read."""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.exchange import Part
from harness.core.jsonvalue import Json
from harness.sensitive.headers import Headers
from harness.transport.fields import as_list, plain_object, text_of
from harness.transport.foreign.document import StreamedList

MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body as a recording holds it: bytes, a value somebody parsed already, or a form's parts.

    `binary` says that the recorder marks its text as standing for other bytes (hex or base64, in
    one piece or as a list of chunks). `cut` says why the recorder did not keep all of it, and
    `length` how many bytes it says there were (0: it does not).
    """

    raw: bytes = b""
    parsed: Json = None
    form: tuple[Part, ...] | None = None
    binary: bool = False
    cut: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One interaction before its bodies are read.

    `no_reply` tells why there is no answer; then `status` is 0. `recorded` is a date as the
    recording writes it. `cached` says that the reply came out of a cache, without its bytes.
    """

    method: str
    uri: str
    request_headers: Headers
    request: Content
    status: int
    headers: Headers
    response: Content
    no_reply: str | None = None
    recorded: str | None = None
    duration_s: float | None = None
    cached: bool = False


def rows(content: object, name: str) -> Iterable[object]:
    """Return the list of a recording's interactions, which errors call `name`; None is empty."""
    return content if isinstance(content, StreamedList) else as_list(content, name)


def first(interactions: Iterable[object]) -> object:
    """Return the first interaction, None where there is none."""
    return next(iter(interactions), None)


def headers_of(content: object) -> Headers:
    """Read headers as a mapping (to a text or a list) or as a list of `name` and `value`.

    What a sanitiser has put in place of a header (nothing, a mapping) is
    left out: it says nothing about the message.
    """
    pairs: list[tuple[object, object]] = []
    if isinstance(content, dict):
        for name, values in content.items():
            pairs += [(name, line) for line in (values if isinstance(values, list) else [values])]
    elif isinstance(content, list):
        rows_of = (row for row in content if isinstance(row, dict))
        pairs += [(row.get("name"), row.get("value")) for row in rows_of]
    # Names with a colon first are HTTP/2's own (`:authority`), which browsers write into HAR files.
    return tuple(
        (str(name), str(plain_object(line)))
        for name, line in pairs
        if isinstance(name, str)
        and isinstance(line, str | int | float | bytes)
        and not name.startswith(":")
    )


def body_bytes(body: object) -> bytes:
    """Return a body's bytes: a text, bytes, pieces of it, or VCR's `string` or `base64_string`."""
    match body:
        case None:
            return b""
        case bytes():
            return body
        case str():
            return body.encode("utf-8", "replace")
        case list():
            pieces = (piece for piece in body if not isinstance(piece, list | dict))
            return b"".join(body_bytes(piece) for piece in pieces)
        case dict():
            if body.get("base64_string") is not None:
                return text_bytes(text_of(body, "base64_string"), base64=True)
            text = body.get("string")
            return b"" if isinstance(text, list | dict) else body_bytes(text)
        case _:
            plain_object(body)  # names a refused tag
            raise ValueError("a body is neither text nor bytes")


def text_bytes(text: str, *, base64: bool) -> bytes:
    """Return what a text stands for: its own bytes, or those that it is the base64 of."""
    return from_base64(text) if base64 else text.encode("utf-8", "replace")


def from_base64(text: str) -> bytes:
    """Return what base64 of either alphabet stands for, with or without its padding."""
    packed = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError as error:
        raise ValueError(f"the body's base64 is damaged: {error}") from None
