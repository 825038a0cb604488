"""The kinds of rule. To add one: a class in its family, and its line in `RuleSet`."""

from typing import get_args

from harness.spec.expressions import Frozen
from harness.spec.rules.base import Arguments, Choice, Evaluation, Rule, Scalar
from harness.spec.rules.choice import OneOf
from harness.spec.rules.files import Alpha, MaxBytes, MediaType, SameFormat, SameSize, UrlOnly
from harness.spec.rules.lattice import edges
from harness.spec.rules.number import Count, Range
from harness.spec.rules.pairs import NeverWith, OnlyWith
from harness.spec.rules.presence import Absent, Required
from harness.spec.rules.size import MaxEdge, MaxPixels, MaxRatio, MinPixels, MultipleOf
from harness.spec.rules.text import Format, MaxLength, MinLength
from harness.spec.rules.typed import Array, Boolean, Integer, Nullable, Number, Object
from harness.spec.rules.values import member, same


class RuleSet(Frozen):
    """The vocabulary: each kind of rule under its name, in the order of reports."""

    required: Required | None = None
    absent: Absent | None = None
    one_of: OneOf | None = None
    range: Range | None = None
    integer: Integer | None = None
    number: Number | None = None
    boolean: Boolean | None = None
    array: Array | None = None
    object: Object | None = None
    nullable: Nullable | None = None
    min_length: MinLength | None = None
    max_length: MaxLength | None = None
    count: Count | None = None
    format: Format | None = None
    multiple_of: MultipleOf | None = None
    max_edge: MaxEdge | None = None
    max_ratio: MaxRatio | None = None
    min_pixels: MinPixels | None = None
    max_pixels: MaxPixels | None = None
    url_only: UrlOnly | None = None
    max_bytes: MaxBytes | None = None
    media_type: MediaType | None = None
    alpha: Alpha | None = None
    same_size: SameSize | None = None
    same_format: SameFormat | None = None
    only_with: OnlyWith | None = None
    never_with: NeverWith | None = None


KINDS: dict[str, type[Rule]] = {
    name: get_args(field.annotation)[0] for name, field in RuleSet.model_fields.items()
}
"""The kinds under their names, in the order of the vocabulary."""

__all__ = [
    "KINDS",
    "Arguments",
    "Choice",
    "Count",
    "Evaluation",
    "OneOf",
    "Range",
    "Rule",
    "RuleSet",
    "Scalar",
    "edges",
    "member",
    "same",
]
