"""Rules about whole numbers, and about how many entries a list has."""

from typing import ClassVar, Self

from pydantic import StrictInt, model_validator

from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    ArgumentType,
    Choice,
    Choices,
    Context,
    Evaluation,
    Measure,
    Measured,
    Positive,
    Rule,
    Schema,
    Span,
    Whole,
    choice,
)

FEW = 5
"""A range of fewer values than this is tried whole, like a list."""

_SEVERAL = 2


class Range(Measured):
    """A number between `min` and `max`, both allowed; a bound that is missing is not stated."""

    min: StrictInt | None = None
    """The least; without it none is stated: `min = 1`."""
    max: StrictInt | None = None
    """The most; without it none is stated: `max = 10`."""

    speaks_of: ClassVar[tuple[ArgumentType, ...]] = ("integer",)
    measure: ClassVar[Measure | None] = "number"

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self

    @property
    def span(self) -> Span:
        return self.min, self.max

    def amount(self, value: Json) -> int | None:
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def describe(self) -> str:
        if self.min is None or self.max is None:
            return f"is at most {self.max}" if self.min is None else f"is at least {self.min}"
        several = self.min != self.max
        return f"is between {self.min} and {self.max}" if several else f"is {self.min}"

    def json_schema(self) -> Schema | str:
        low: Schema = {} if self.min is None else {"minimum": self.min}
        return low if self.max is None else {**low, "maximum": self.max}

    def allowed(self, context: Context) -> Choices:
        """Return the bounds, or all of a few; of numbers of images, the smallest of several too."""
        low, high = self.span
        if low is not None and high is not None and high - low < FEW:
            return tuple(map(choice, range(low, high + 1)))
        several = _SEVERAL if context.name == "n" and (high or 0) > _SEVERAL else None
        bounds = dict.fromkeys(bound for bound in (low, several, high) if bound is not None)
        return tuple(map(choice, bounds))

    def forbidden(self, context: Context) -> Choices:
        below = () if self.min is None else (self.min - 1,)
        above = () if self.max is None else (self.max + 1,)
        return tuple(map(choice, (*below, *above)))


class Integer(Rule):
    """A whole number, not a decimal, a string or a boolean."""

    speaks_of = ("integer",)
    type_rank = 0
    phrase = "is a whole number"
    keywords = {}  # the argument's type says it
    none_allowed = "every number of other cases keeps it"
    none_forbidden = "only a value of a wrong type breaks it"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied"


class Count(Range):
    """A list of `min` to `max` entries."""

    min: Whole = 0
    """The fewest entries: `min = 1`."""
    max: Positive
    """The most entries: `max = 16`."""

    speaks_of = ("images",)
    type_rank = 4
    measure = "entries"

    def amount(self, value: Json) -> int | None:
        return len(value) if isinstance(value, list) else None

    def describe(self) -> str:
        return f"has {self.min} to {self.max} entries"

    def json_schema(self) -> Schema | str:
        return {"minItems": self.min, "maxItems": self.max}

    def allowed(self, context: Context) -> Choices:
        numbers = dict.fromkeys((self.min, self.max))
        in_json = context.body == "json"  # a form cannot write an empty list
        return tuple(context.files(number) for number in numbers if number or in_json)

    def forbidden(self, context: Context) -> Choices:
        empty = (Choice(value=[], slug="none"),) if self.min and context.body == "json" else ()
        return (context.files(self.max + 1), *empty)
