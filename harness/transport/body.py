"""A reply's body as a value: JSON with its images taken out, an image, or a text's start."""

import json
from dataclasses import dataclass, field

from harness.core.exchange import Picture
from harness.core.jsontype import Json
from harness.transport.pictures import Pictures, looks_like_image, mark

TEXT_AT_MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a body held: see `harness.core.exchange.Reply` for the fields."""

    document: Json = None
    text: str | None = None
    pictures: dict[str, Picture] = field(default_factory=dict)


def read_body(raw: bytes, pictures: Pictures) -> Body:
    """Take a complete body apart; never raises, whatever the bytes are."""
    if not raw.strip():
        return Body()
    if looks_like_image(raw):
        picture = pictures.from_bytes(raw)
        return Body(document=mark(picture), pictures={mark(picture): picture})
    try:
        parsed: Json = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return Body(text=raw[:TEXT_AT_MOST].decode("utf-8", "replace"))
    return read_document(parsed, pictures)


def read_document(parsed: Json, pictures: Pictures) -> Body:
    """Replace every image in a JSON value by its mark, and lone surrogates by `?`."""
    found: dict[str, Picture] = {}

    def stripped(value: Json) -> Json:
        if isinstance(value, str):
            picture = pictures.from_text(value)
            if picture is None:
                return value.encode("utf-8", "replace").decode("utf-8")
            found[mark(picture)] = picture
            return mark(picture)
        if isinstance(value, list):
            return [stripped(item) for item in value]
        if isinstance(value, dict):
            return {str(stripped(key)): stripped(item) for key, item in value.items()}
        return value

    try:
        return Body(document=stripped(parsed), pictures=found)
    except RecursionError:
        return Body(text="JSON nested too deeply to read")
