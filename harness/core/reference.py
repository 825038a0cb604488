"""Reference images and masks: what is known of one, in types and as a case's arguments hold it."""

from dataclasses import dataclass
from typing import Any, Self

from harness.core.exchange import Part
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
        if not isinstance(value, dict):
            return None
        facts: dict[str, Any] = {
            field: value[key]
            for field, (key, kind) in _FACTS.items()
            if type(value.get(key)) is kind  # true is no whole number
        }
        return cls(**facts) if facts else None

    @classmethod
    def of_part(cls, part: Part) -> Self:
        """Return what is known of a file that somebody else sent; its name tells nothing."""
        return cls(
            media_type=part.media_type,
            size_bytes=part.size_bytes,
            width_px=part.width_px,
            height_px=part.height_px,
            alpha=part.alpha,
            digest=part.digest,
        )

    def as_json(self) -> dict[str, Json]:
        """Return what is known as an argument's value."""
        facts = {key: getattr(self, field) for field, (key, _) in _FACTS.items()}
        return {key: fact for key, fact in facts.items() if fact is not None}


_FACTS = {
    "filename": ("filename", str),
    "media_type": ("media_type", str),
    "size_bytes": ("bytes", int),
    "width_px": ("width", int),
    "height_px": ("height", int),
    "alpha": ("alpha", bool),
    "digest": ("digest", str),
}
"""Each fact's key in JSON, and its type there."""


def references(value: Json) -> tuple[ReferenceImage, ...]:
    """Return the files that an argument's value is or lists, in order, addresses left out."""
    listed = value if isinstance(value, list) else [value]
    return tuple(image for entry in listed if (image := ReferenceImage.of(entry)) is not None)
