"""Reference images and masks: what is known of one, in types and as a case's arguments hold it."""

from dataclasses import dataclass
from typing import Self

from harness.core.jsonvalue import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceImage:
    """A file that is sent with a request, its bytes excepted; None is what is not known.

    `filename` is a recipe of `harness.reference_images`, or a stranger's name for a stranger's
    file.
    """

    filename: str | None = None
    media_type: str | None = None
    size_bytes: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    alpha: bool | None = None
    digest: str | None = None

    @classmethod
    def of(cls, value: Json) -> Self | None:
        """Read an argument's value; None for an address, and for what describes no file at all.

        A fact of a wrong type is none.
        """
        if not isinstance(value, dict) or value.keys().isdisjoint(_FACTS.values()):
            return None
        return cls(
            filename=_text(value.get("filename")),
            media_type=_text(value.get("media_type")),
            size_bytes=_whole(value.get("bytes")),
            width_px=_whole(value.get("width")),
            height_px=_whole(value.get("height")),
            alpha=alpha if isinstance(alpha := value.get("alpha"), bool) else None,
            digest=_text(value.get("digest")),
        )

    def as_json(self) -> dict[str, Json]:
        """Return what is known as an argument's value."""
        facts = {name: getattr(self, field) for field, name in _FACTS.items()}
        return {name: fact for name, fact in facts.items() if fact is not None}


_FACTS = {
    "filename": "filename",
    "media_type": "media_type",
    "size_bytes": "bytes",
    "width_px": "width",
    "height_px": "height",
    "alpha": "alpha",
    "digest": "digest",
}


def references(value: Json) -> tuple[ReferenceImage, ...]:
    """Return the files that an argument's value is or lists, in order, addresses left out."""
    items = value if isinstance(value, list) else [value]
    return tuple(image for item in items if (image := ReferenceImage.of(item)) is not None)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
