"""The closed union of constraints: what each rule allows, refuses or leaves unsaid.

A rule speaks only of values of its argument's type; the type itself belongs to one rule
(`Argument.type_rule`), so that a wrong type breaks one rule and not five.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from harness.core.jsonvalue import Json
from harness.spec.expressions import Cited, Frozen, Status

Evaluation = Literal["holds", "breaks", "unsaid"]
"""A rule's word on a request; `unsaid` where the documents do not tell."""

Arguments = Mapping[str, Json]
Scalar = bool | int | float | str

Whole = Annotated[StrictInt, Field(ge=0)]
"""A count, never written as a text."""

Positive = Annotated[StrictInt, Field(ge=1)]
"""A size, which zero would make meaningless."""

Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]
"""A list with at least one value."""

SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})", re.ASCII)


class Rule(Frozen):
    """A promise with its place: `second_source` is what else says so, `note` what is unclear."""

    source: Cited
    status: Status = "documented"
    second_source: Cited | None = None
    note: str = ""


class Required(Rule):
    """The argument must be there."""


class Absent(Rule):
    """The argument must not be there."""


class OneOf(Rule):
    """The value is one of a list; `shown` are those that the first document itself names.

    Where the list comes from a second source only, `shown` values are the ones an `accept` case
    may use.
    """

    values: Scalars
    shown: tuple[Scalar, ...] = ()
    other_models: StrictBool = False
    """A value outside the list lies outside the document's subject: judged traffic with one is
    observed, for the provider may well serve it."""


class Range(Rule):
    """A number between `min` and `max`, both allowed; a bound that is missing is not stated."""

    min: StrictInt | None = None
    max: StrictInt | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Integer(Rule):
    """A whole number, not a decimal, a string or a boolean."""


class MaxLength(Rule):
    """Text of at most `characters` Unicode characters (code points)."""

    characters: Positive


class Count(Rule):
    """A list of `min` to `max` entries."""

    min: Whole = 0
    max: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Format(Rule):
    """The shape of a text: any `string`, a `url`, or a `size`.

    A size is `WIDTHxHEIGHT` or a word of `words`; `examples` are values the document names.
    """

    shape: Literal["string", "size", "url"]
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class MultipleOf(Rule):
    """Both edges are multiples of `pixels`."""

    pixels: Positive


class MaxEdge(Rule):
    """No edge is longer than `pixels`."""

    pixels: Positive


class MaxRatio(Rule):
    """The long edge is at most `ratio` times the short one."""

    ratio: Positive


class MinPixels(Rule):
    """Width times height is at least `pixels`."""

    pixels: Positive


class MaxPixels(Rule):
    """Width times height is at most `pixels`."""

    pixels: Positive


class UrlOnly(Rule):
    """Every image is a public http(s) URL: neither base64 nor a `data:` URL."""


class MaxBytes(Rule):
    """A file of at most `bytes` bytes; with `under`, of fewer.

    Where documents say "MB" and not whether that is 10^6 or 2^20 bytes, `or_bytes` is the larger
    reading: what lies between the two is left unsaid.
    """

    bytes: Positive
    or_bytes: Positive | None = None
    under: StrictBool = False

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


class MediaType(Rule):
    """A file of one of these media types."""

    values: Annotated[tuple[str, ...], Field(min_length=1)]


class Alpha(Rule):
    """The file has an alpha channel."""


class SameSize(Rule):
    """The file has the dimensions of the first file of `argument`."""

    argument: str


class SameFormat(Rule):
    """The file has the media type of the first file of `argument`."""

    argument: str


class OnlyWith(Rule):
    """The argument counts only where `argument` has one of `values`."""

    argument: str
    values: Scalars
    unless: tuple[Scalar, ...] = ()
    """Own values that change nothing (the default): what comes of them is not said."""


class NeverWith(Rule):
    """The argument excludes `argument` with one of `values`, or above a bound.

    With `when`, only those own values do.
    """

    argument: str
    when: tuple[Scalar, ...] = ()
    values: tuple[Scalar, ...] = ()
    above: StrictInt | None = None

    @model_validator(mode="after")
    def _excludes_something(self) -> Self:
        if not self.values and self.above is None:
            raise ValueError("give values, above or both")
        return self


AnyRule = (
    Required
    | Absent
    | OneOf
    | Range
    | Integer
    | MaxLength
    | Count
    | Format
    | MultipleOf
    | MaxEdge
    | MaxRatio
    | MinPixels
    | MaxPixels
    | UrlOnly
    | MaxBytes
    | MediaType
    | Alpha
    | SameSize
    | SameFormat
    | OnlyWith
    | NeverWith
)


def same(left: Json, right: Json) -> bool:
    """Compare as JSON does: `1` is neither `true` nor `"1"`."""
    return type(left) is type(right) and left == right


def member(value: Json, values: tuple[Scalar, ...]) -> bool:
    """Tell whether `value` is one of `values`, compared as JSON."""
    return any(type(value) is type(allowed) and value == allowed for allowed in values)


def edges(value: Json) -> tuple[int, int] | None:
    """Return the width and height of a `WIDTHxHEIGHT` text, or nothing."""
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    return (int(match[1]), int(match[2])) if match else None


def of_size(rule: AnyRule, width: int, height: int) -> bool:
    """Tell whether a size keeps one rule of the lattice; rules about other things are kept."""
    match rule:
        case MultipleOf(pixels=step):
            return width % step == 0 and height % step == 0
        case MaxEdge(pixels=edge):
            return max(width, height) <= edge
        case MaxRatio(ratio=ratio):
            return max(width, height) <= ratio * min(width, height)
        case MinPixels(pixels=least):
            return width * height >= least
        case MaxPixels(pixels=most):
            return width * height <= most
        case _:
            return True
