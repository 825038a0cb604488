"""Rules about reference images and masks: files, or addresses at which files lie."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StrictBool, model_validator

from harness.core.jsonvalue import Json
from harness.core.placeholders import MISSING
from harness.core.reference import ReferenceImage, references
from harness.spec.rules.base import Choices, Context, Evaluation, Positive, Rule, Schema, choice
from harness.spec.rules.paired import Paired
from harness.spec.rules.text import URL, WEB
from harness.spec.rules.values import listed

_GONE = "undocumented: what becomes of an address that answers 404 is not said"
_CUT = "undocumented: what becomes of a file that ends half-way is not said"
_MODE = (
    "undocumented: of pixel modes nothing is said, and OpenAI was seen to refuse some (facts 1.2)"
)
_INSIDE = "JSON Schema has no keyword for what is in a file"


class _EachFile(Rule):
    """A rule that every image keeps by itself."""

    speaks_of = ("images", "file")
    keywords = _INSIDE

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied" if all(map(self._keeps, listed(value))) else "violated"

    @abstractmethod
    def _keeps(self, image: Json) -> bool:
        """Judge one image; an address tells nothing of the file behind it."""


class UrlOnly(_EachFile):
    """Every image is a public http(s) URL: neither base64 nor a `data:` URL."""

    type_rank = 3
    phrase = "are public URLs only"

    def json_schema(self) -> Schema | str:
        return {"items": URL}

    def _keeps(self, image: Json) -> bool:
        return isinstance(image, str) and image.startswith(WEB)

    def allowed(self, context: Context) -> Choices:
        _, most = context.argument.span("entries")
        return (context.files(2, slug="two"),) if most is not None and most > 1 else ()

    def forbidden(self, context: Context) -> Choices:
        text = context.base64()
        return (
            choice([text], slug="base64"),
            choice([f"data:image/png;base64,{text}"], slug="data-url"),
            choice([MISSING], slug="address-404", why=_GONE),
        )


class MaxBytes(Rule):
    """A file of at most `bytes` bytes; with `under`, of fewer.

    Where documents say "MB" and not whether that is 10^6 or 2^20 bytes, `or_bytes` is the larger
    reading: what lies between the two is left unspecified.
    """

    bytes: Positive
    """The most bytes of one file: `bytes = 50_000_000`."""
    or_bytes: Positive | None = None
    """The larger reading of an unclear "MB": `or_bytes = 52_428_800`."""
    under: StrictBool = False
    """Whether a file must have fewer bytes than that: `under = true`."""

    speaks_of = ("images", "file")
    observed_inside = True
    keywords = _INSIDE

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.or_bytes is not None and self.or_bytes <= self.bytes:
            raise ValueError(f"or_bytes {self.or_bytes} is not above bytes {self.bytes}")
        return self

    @property
    def most(self) -> int:
        """The largest file that every reading allows."""
        return self.bytes - self.under

    @property
    def least_too_big(self) -> int:
        """The smallest file that no reading allows."""
        return (self.or_bytes or self.bytes) + (not self.under)

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        heaviest = max((image.size_bytes or 0 for image in references(value)), default=0)
        if heaviest >= self.least_too_big:
            return "violated"
        return "unspecified" if heaviest > self.most else "satisfied"

    def describe(self) -> str:
        larger = f" (or {self.or_bytes:,})" if self.or_bytes else ""
        return f"has {'fewer than' if self.under else 'at most'} {self.bytes:,}{larger} bytes"

    def allowed(self, context: Context) -> Choices:
        return _sized(self.most, context)

    def forbidden(self, context: Context) -> Choices:
        return _sized(self.least_too_big, context)

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        full = any(image.size_bytes == self.most for image in references(value))
        return (str(self.most) if full else "",)

    def mended(self, file: ReferenceImage, other: Json) -> ReferenceImage | None:
        size = file.size_bytes
        return file if size is None else replace(file, size_bytes=min(size, self.most))


class MediaType(_EachFile):
    """A file of one of these media types."""

    values: Annotated[tuple[str, ...], Field(min_length=1)]
    """The media types that are allowed: `values = ["image/png", "image/jpeg"]`."""

    def _keeps(self, item: Json) -> bool:
        image = ReferenceImage.of(item)
        return image is None or image.media_type in (*self.values, None)

    def describe(self) -> str:
        return f"is of type {', '.join(self.values)}"

    def allowed(self, context: Context) -> Choices:
        if context.argument.type == "file":
            return (context.file(slug="rgba"),)
        modes = ("p", "la") if "image/png" in self.values else ()
        return (
            *(context.file(format=kind) for kind in context.formats),
            *(context.file(format="png", mode=mode, why=_MODE) for mode in modes),
        )

    def forbidden(self, context: Context) -> Choices:
        if context.argument.type == "file":
            return tuple(context.file(format=kind) for kind in self._others("webp", "png"))
        other = self._others("gif", "jpeg", "webp", "png")[:1]
        return *(context.file(format=kind) for kind in other), context.file(cut=True, why=_CUT)

    def _others(self, *formats: str) -> list[str]:
        return [kind for kind in formats if f"image/{kind}" not in self.values]

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        types = {image.media_type for image in references(value) if image.media_type}
        return tuple(sorted(types)) or ("",)

    def mended(self, file: ReferenceImage, other: Json) -> ReferenceImage | None:
        return file if file.media_type in self.values else _with(file, media_type=self.values[0])


class Alpha(_EachFile):
    """The file has an alpha channel."""

    phrase = "has an alpha channel"

    def _keeps(self, item: Json) -> bool:
        image = ReferenceImage.of(item)
        return image is None or image.alpha is not False

    def allowed(self, context: Context) -> Choices:
        return (context.file(slug="rgba"),)

    def forbidden(self, context: Context) -> Choices:
        return (context.file(mode="rgb"),)

    def mended(self, file: ReferenceImage, other: Json) -> ReferenceImage | None:
        return None if file.media_type == "image/jpeg" else replace(file, alpha=True)


class _SameAsFirst(Paired):
    """The file has what the first file of `argument` has in `facts`."""

    speaks_of = ("file",)
    keywords = _INSIDE
    facts: ClassVar[tuple[str, ...]]

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        mask, first = ReferenceImage.of(value), ReferenceImage.of(_first(other))
        pairs = [(getattr(mask, fact, None), getattr(first, fact, None)) for fact in self.facts]
        if any(None in pair for pair in pairs):
            return "unspecified"
        return "satisfied" if all(ours == theirs for ours, theirs in pairs) else "violated"

    def mended(self, file: ReferenceImage, other: Json) -> ReferenceImage | None:
        like = ReferenceImage.of(_first(other)) or file
        changed = {fact: getattr(like, fact) or getattr(file, fact) for fact in self.facts}
        return _with(file, **changed)


class SameSize(_SameAsFirst):
    """The file has the dimensions of the first file of `argument`."""

    facts = ("width_px", "height_px")
    phrase = "has the dimensions of {argument}"

    def allowed(self, context: Context) -> Choices:
        return (context.file(width_px=256, height_px=384, slug="256x384", fits=self.argument),)

    def forbidden(self, context: Context) -> Choices:
        return (context.file(width_px=256),)


class SameFormat(_SameAsFirst):
    """The file has the media type of the first file of `argument`."""

    facts = ("media_type",)
    phrase = "has the format of {argument}"

    def allowed(self, context: Context) -> Choices:
        return (context.file(format="webp", slug="webp", fits=self.argument),)

    def forbidden(self, context: Context) -> Choices:
        return (context.file(format="png" if context.plain_format == "webp" else "webp"),)

    def wanted(self, own: Json, other: Json) -> Iterable[Json]:
        first, like = ReferenceImage.of(_first(other)), ReferenceImage.of(own)
        if isinstance(other, list) and first is not None and like is not None and like.media_type:
            yield [_with(first, media_type=like.media_type).as_json(), *other[1:]]


def _first(value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else value


def _with(file: ReferenceImage, **changed: Any) -> ReferenceImage:  # noqa: ANN401 - its fields
    """Return a file with changes, under a name that says of which format it is."""
    kind = changed.get("media_type")
    if kind is None or kind == file.media_type:
        return replace(file, **changed)
    stem = (file.filename or "image").rpartition(".")[0] or "image"
    return replace(file, **changed, filename=f"{stem}.{kind.removeprefix('image/')}")


def _sized(size_bytes: int, context: Context) -> Choices:
    """Return a file of that size: none where it may not be a PNG, for only that can be padded.

    None either where the documents allow fewer bytes than the smallest image of ours has.
    """
    if context.plain_format != "png":
        return ()
    try:
        return (context.file(size_bytes=size_bytes, slug=f"{size_bytes}-bytes"),)
    except ValueError:  # the plain image alone has more bytes
        return ()
