"""Rules about numbers, and about how many entries a list has."""

from collections.abc import Iterator
from decimal import Decimal
from math import floor, log10
from typing import Annotated, ClassVar, Self

from pydantic import Field, StrictInt, model_validator

from harness.core.errors import Mistake
from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    ArgumentType,
    Bounds,
    Choice,
    Choices,
    Context,
    Measure,
    Positive,
    Schema,
    Span,
    Table,
    Whole,
    choice,
)
from harness.spec.rules.measured import Measured
from harness.spec.rules.values import in_digits

FEW = 5
"""A range of fewer values than this is tried whole, like a list."""

_SEVERAL = 2

Number = StrictInt | Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number of a TOML; a whole one stays whole."""


class Range(Measured):
    """A number between `min` and `max`, both allowed; a bound that is missing is not stated."""

    min: Number | None = None
    """The least; without it none is stated: `min = 1`."""
    max: Number | None = None
    """The most; without it none is stated: `max = 10`."""

    speaks_of: ClassVar[tuple[ArgumentType, ...]] = ("integer", "number")
    measure: ClassVar[Measure | None] = "number"

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self

    @property
    def span(self) -> Bounds:
        return self.min, self.max

    def amount(self, value: Json) -> float | None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if number else None  # type: ignore[return-value]  # it is a number

    def describe(self) -> str:
        low, high = (None if bound is None else in_digits(bound) for bound in self.span)
        if low is None or high is None:
            return f"is at most {high}" if low is None else f"is at least {low}"
        return f"is between {low} and {high}" if low != high else f"is {low}"

    def json_schema(self) -> Schema | str:
        low: Schema = {} if self.min is None else {"minimum": self.min}
        return low if self.max is None else {**low, "maximum": self.max}

    def allowed(self, context: Context) -> Choices:
        """Return the bounds, or all of a few; of numbers of images, the smallest of several too."""
        low, high = self.span
        if context.argument.type == "number":
            return tuple(map(choice, _numbers(low, high)))
        if low is not None and high is not None and high - low < FEW:
            return tuple(map(choice, range(int(low), int(high) + 1)))
        several = _SEVERAL if context.name == "n" and (high or 0) > _SEVERAL else None
        bounds = dict.fromkeys(bound for bound in (low, several, high) if bound is not None)
        return tuple(map(choice, bounds))

    def forbidden(self, context: Context) -> Choices:
        step = step_of(*self.span) if context.argument.type == "number" else 1
        below = () if self.min is None else (plus(self.min, -step),)
        above = () if self.max is None else (plus(self.max, step),)
        return tuple(map(choice, (*below, *above)))

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[Mistake | str]:
        if argument.get("type") == "integer":
            for name in ("min", "max"):
                if isinstance(rule.get(name), float):
                    yield f"{place}.{name}: {rule[name]!r} is no integer"


COARSEST_STEP = 0.1
"""Of numbers that need not be whole: a server that cuts decimals is wrong by less than one."""

_FINENESS = 2


def step_of(low: float | None, high: float | None) -> float:
    """Return by how much a number leaves a range: a hundredth of it or less, a power of ten."""
    bounds = [bound for bound in (low, high) if bound is not None]
    width = bounds[1] - bounds[0] if len(bounds) > 1 else max(map(abs, bounds), default=1)
    if width <= 0:
        return COARSEST_STEP
    return min(COARSEST_STEP, float(Decimal(10) ** (floor(log10(width)) - _FINENESS)))


def plus(number: float, step: float) -> float:
    """Add as one would on paper: 1.1, not 1.1000000000000001; whole numbers stay whole."""
    if isinstance(number, int) and isinstance(step, int):
        return number + step
    return float(Decimal(str(number)) + Decimal(str(step)))


def _numbers(low: float | None, high: float | None) -> tuple[float, ...]:
    """Return the bounds, and one number between them that is not whole."""
    if low is None or high is None:
        return tuple(bound for bound in (low, high) if bound is not None)
    return tuple(dict.fromkeys((low, between(low, high), high)))


def between(low: float, high: float) -> float:
    """Return a number about half-way that is not whole; with no room for one, the lower bound."""
    step = step_of(low, high)
    steps = int((high - low) / 2 / step)
    middle = plus(low, float(Decimal(str(step)) * steps))
    middle = plus(middle, step) if middle.is_integer() else middle
    return middle if low < middle < high else low


class Count(Range):
    """A list of `min` to `max` entries; without `max`, of `min` or more."""

    min: Whole = 0
    """The fewest entries: `min = 1`."""
    max: Positive | None = None
    """The most entries: `max = 16`; without it, there is no most."""

    speaks_of = ("images", "array")
    type_rank = 4
    measure = "entries"

    @property
    def span(self) -> Span:
        return self.min, self.max

    def amount(self, value: Json) -> int | None:
        return len(value) if isinstance(value, list) else None

    def describe(self) -> str:
        most = "or more" if self.max is None else f"to {self.max}"
        return f"has {self.min} {most} entries"

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.max is None and not self.min:
            raise ValueError("give min, max or both")
        return self

    def json_schema(self) -> Schema | str:
        least: Schema = {"minItems": self.min}
        return least if self.max is None else {**least, "maxItems": self.max}

    def allowed(self, context: Context) -> Choices:
        numbers = dict.fromkeys(bound for bound in self.span if bound is not None)
        in_json = context.body == "json"  # a form cannot write an empty list
        return tuple(
            entries
            for number in numbers
            if number or in_json
            for entries in context.entries(number)
        )

    def forbidden(self, context: Context) -> Choices:
        empty = (Choice(value=[], slug="none"),) if self.min and context.body == "json" else ()
        above = () if self.max is None else context.entries(self.max + 1)
        fewer = context.entries(self.min - 1) if self.min > 1 else ()
        return (*above, *fewer, *empty)
