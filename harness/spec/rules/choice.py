"""The rule about a list of values."""

from collections.abc import Iterator

from pydantic import StrictBool

from harness.core.errors import Mistake
from harness.core.jsonvalue import Json, canonical
from harness.spec.rules.base import (
    PYTHON_TYPES,
    Choice,
    Choices,
    Context,
    Evaluation,
    Rule,
    Schema,
    Table,
    Value,
    Values,
    array,
    choice,
)
from harness.spec.rules.values import in_words, member, short


def _worded(value: Json) -> str:
    """Return a value as documents write it; lists and objects as JSON."""
    return canonical(value) if isinstance(value, list | dict) else in_words(value)


class OneOf(Rule):
    """The value is one of a list; of an array, each entry is.

    `shown` are those that the first document itself names. Where the list comes from a second
    source only, they are the ones that an `accept` case may use.
    """

    values: Values
    """Every value that is allowed: `values = ["low", "high"]`."""
    shown: tuple[Value, ...] = ()
    """Those that the first document names itself: `shown = ["low"]`."""
    other_models: StrictBool = False
    """A value outside the list lies outside the document's subject: judged traffic with one is
    observed, for the provider may well serve it."""

    speaks_of = ("string", "integer", "number", "boolean", "array", "object")
    type_rank = 2

    @property
    def certain(self) -> tuple[Json, ...]:
        """The values that the first document vouches for."""
        return self.values if self.status == "documented" else self.shown

    @property
    def listing(self) -> tuple[Json, ...]:
        return self.values

    @property
    def of_entries(self) -> bool:
        return not any(isinstance(value, list) for value in self.values)

    @property
    def other_subject(self) -> bool:
        return self.other_models

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied" if self._has(value) else "violated"

    def _has(self, value: Json) -> bool:
        """Compare numbers by their value: 1.0 is 1 where decimals are allowed at all."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return member(value, self.values) or (
            number and any(value == listed for listed in self.values if type(listed) is not bool)
        )

    def describe(self) -> str:
        return f"is one of {', '.join(map(_worded, self.values))}"

    def json_schema(self) -> Schema | str:
        return {"enum": list(self.values)}

    def allowed(self, context: Context) -> Choices:
        certain = self.certain if context.argument.status == "documented" else ()
        of_list = context.argument.type == "array" and self.of_entries
        return tuple(
            Choice(
                value=[value] if of_list else value,
                slug=self._slug(place),
                open=not member(value, certain),
            )
            for place, value in enumerate(self.values)
        )

    def _slug(self, place: int) -> str:
        """Return a value's short name; that of a list or an object is its place."""
        value = self.values[place]
        return f"value-{place + 1}" if isinstance(value, list | dict) else short(value)

    def forbidden(self, context: Context) -> Choices:
        """Return values of the type that is wanted, unless it is this rule that wants it."""
        kinds = PYTHON_TYPES.get(context.argument.type, ())
        any_type = context.argument.type_rule is self
        typed = (value for value in context.foreign_values if any_type or type(value) in kinds)
        return tuple(
            choice(value, slug="unlisted" if isinstance(value, list | dict) else "")
            for value in typed
            if not member(value, self.values)
        )

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        return (_worded(value) if member(value, self.values) else in_words(value),)

    def doubt(self, value: Json) -> str:
        unsure = self.status != "documented" and not member(value, self.shown)
        return "the first document does not list this value" if unsure else ""

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[Mistake | str]:
        kind, values = str(argument.get("type")), array(rule.get("values"))
        types = () if kind == "array" else PYTHON_TYPES.get(kind, ())
        for value in values:
            if types and type(value) not in types:
                yield f"{place}.values: {value!r} is no {kind}"
        for value in array(rule.get("shown")):
            if not member(value, values):
                reason = f"{value!r} is not among the values"
                yield Mistake.none_of(f"{place}.shown", reason, value, map(in_words, values))
