"""The rule about a list of values."""

from collections.abc import Iterator

from pydantic import StrictBool

from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    PYTHON_TYPES,
    Choice,
    Choices,
    Context,
    Evaluation,
    Rule,
    Scalar,
    Scalars,
    Schema,
    Table,
    array,
    choice,
    in_words,
    member,
    short,
)


class OneOf(Rule):
    """The value is one of a list; `shown` are those that the first document itself names.

    Where the list comes from a second source only, `shown` values are the ones an `accept` case
    may use.
    """

    values: Scalars
    """Every value that is allowed: `values = ["low", "high"]`."""
    shown: tuple[Scalar, ...] = ()
    """Those that the first document names itself: `shown = ["low"]`."""
    other_models: StrictBool = False
    """A value outside the list lies outside the document's subject: judged traffic with one is
    observed, for the provider may well serve it."""

    speaks_of = ("string", "integer", "boolean")
    type_rank = 2
    safe_to_keep = True

    @property
    def certain(self) -> tuple[Scalar, ...]:
        """The values that the first document vouches for."""
        return self.values if self.status == "documented" else self.shown

    @property
    def other_subject(self) -> bool:
        return self.other_models

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied" if member(value, self.values) else "violated"

    def describe(self) -> str:
        return f"is one of {', '.join(map(in_words, self.values))}"

    def json_schema(self) -> Schema | str:
        return {"enum": list(self.values)}

    def allowed(self, context: Context) -> Choices:
        certain = self.certain if context.argument.status == "documented" else ()
        return tuple(
            Choice(value=value, slug=short(value), open=not member(value, certain))
            for value in self.values
        )

    def forbidden(self, context: Context) -> Choices:
        """Return values of the type that is wanted, unless it is this rule that wants it."""
        kind = PYTHON_TYPES.get(context.argument.type)
        any_type = context.argument.type_rule is self
        typed = (value for value in context.foreign_values if any_type or type(value) is kind)
        return tuple(choice(value) for value in typed if not member(value, self.values))

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        return (in_words(value),)

    def doubt(self, value: Json) -> str:
        unsure = self.status != "documented" and not member(value, self.shown)
        return "the first document does not list this value" if unsure else ""

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[str]:
        kind, values = PYTHON_TYPES.get(str(argument.get("type"))), array(rule.get("values"))
        for value in values:
            if kind and type(value) is not kind:
                yield f"{place}.values: {value!r} is no {argument['type']}"
        for value in array(rule.get("shown")):
            if not member(value, values):
                yield f"{place}.shown: {value!r} is not among the values"
