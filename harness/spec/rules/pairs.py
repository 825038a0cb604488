"""Rules about the values of two arguments."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import StrictInt, model_validator

from harness.core.jsonvalue import Json
from harness.spec.rules.base import Choices, Context, Evaluation, Scalar, Scalars, Schema, choice
from harness.spec.rules.number import between
from harness.spec.rules.paired import Paired
from harness.spec.rules.values import in_words, member, short


class Conditional(Paired):
    """A rule by which own values need, or exclude, values of another argument."""

    keywords = {}  # `beside` says it
    excludes: ClassVar[bool]
    """Whether the other argument may give way; else it has to be there."""

    @abstractmethod
    def fits(self, other: Json) -> bool:
        """Tell whether every own value may stand beside a value of the other argument."""

    @abstractmethod
    def exempts(self, value: Json) -> bool:
        """Tell whether an own value may stand beside every value of the other argument."""

    @abstractmethod
    def beside(self) -> tuple[Schema, Schema]:
        """Return what the other argument's value must be, and for which own values."""


class OnlyWith(Conditional):
    """The argument counts only where `argument` has one of `values`."""

    values: Scalars
    """The values that the other argument must have: `values = ["jpeg", "webp"]`."""
    unless: tuple[Scalar, ...] = ()
    """Own values that change nothing (the default), of which nothing is said: `unless = [100]`."""

    excludes = False

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        if self.fits(other):
            return "satisfied"
        # No default is named; or a value that changes nothing.
        return "unspecified" if other is None or member(value, self.unless) else "violated"

    def fits(self, other: Json) -> bool:
        return member(other, self.values)

    def exempts(self, value: Json) -> bool:
        return False

    def beside(self) -> tuple[Schema, Schema]:
        own: Schema = {"not": {"enum": list(self.unless)}} if self.unless else {}
        return {"enum": list(self.values)}, own

    def describe(self) -> str:
        return f"counts only where {self.argument} is {' or '.join(map(in_words, self.values))}"

    def allowed(self, context: Context) -> Choices:
        return self._with(self.values, context)

    def forbidden(self, context: Context) -> Choices:
        rules = (rule for _, rule in context.arguments[self.argument].rules)
        others = (other for rule in rules for other in rule.listing)
        return self._with((other for other in others if not self.fits(other)), context)

    def _with(self, others: Iterable[Json], context: Context) -> Choices:
        """Return a value in the middle of the argument's range beside each of these others."""
        low, high = context.argument.bounds
        low = 0 if low is None else low
        high = low + 100 if high is None else high
        whole = context.argument.type != "number"
        value = int(low + high + 1) // 2 if whole else between(low, high)
        return tuple(
            choice(value, slug=f"{value}-with-{short(other)}", beside={self.argument: other})
            for other in others
        )

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        return (f"{self.argument}:{in_words(other)}",)

    def wanted(self, own: Json, other: Json) -> Iterable[Json]:
        return self.values


class NeverWith(Conditional):
    """The argument excludes `argument` with one of `values`, or above a bound.

    With `when`, only those own values do.
    """

    when: tuple[Scalar, ...] = ()
    """The own values that are meant; without it, any: `when = [true]`."""
    values: tuple[Scalar, ...] = ()
    """Values of the other argument that must not stand beside it: `values = ["transparent"]`."""
    above: StrictInt | None = None
    """The bound above which the other argument must not be: `above = 1`."""

    excludes = True
    none_allowed = "every request without one of the two keeps it"

    @model_validator(mode="after")
    def _excludes_something(self) -> Self:
        if not self.values and self.above is None:
            raise ValueError("give values, above or both")
        return self

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied" if self.exempts(value) or self.fits(other) else "violated"

    def fits(self, other: Json) -> bool:
        too_much = self.above is not None and isinstance(other, int) and other > self.above
        return not (too_much or member(other, self.values))

    def exempts(self, value: Json) -> bool:
        return bool(self.when) and not member(value, self.when)

    def beside(self) -> tuple[Schema, Schema]:
        fits: Schema = {"not": {"enum": list(self.values)}} if self.values else {}
        fits |= {} if self.above is None else {"maximum": self.above}
        return fits, {"enum": list(self.when)} if self.when else {}

    def describe(self) -> str:
        values = " or ".join(map(in_words, self.values))
        return f"excludes {self.argument} {values if self.above is None else f'above {self.above}'}"

    def forbidden(self, context: Context) -> Choices:
        other = self.values[0] if self.values else (self.above or 0) + 1
        return tuple(
            choice(own, slug=f"{short(own)}-with-{short(other)}", beside={self.argument: other})
            for own in self.when
        )

    def wanted(self, own: Json, other: Json) -> Iterable[Json]:
        return () if self.above is None else (self.above,)
