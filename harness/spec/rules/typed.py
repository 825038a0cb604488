"""Rules about the JSON type of a value: one for each type, and `null`.

The type of a text is the matter of `format`. A value of another type breaks the argument's type
rule and no other; see `Described.type_rule`.
"""

from typing import Literal

from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    PYTHON_TYPES,
    Choice,
    Choices,
    Context,
    Evaluation,
    Rule,
    Schema,
    choice,
)

ItemType = Literal["string", "integer", "number", "boolean", "object"]

_OF_ANOTHER_TYPE: dict[ItemType, Json] = {
    "string": 7,
    "integer": "seven",
    "number": "seven",
    "boolean": "maybe",
    "object": "text",
}


class _OfType(Rule):
    """A value of its argument's own type."""

    type_rank = 0
    keywords = {}  # the argument's type says it
    none_allowed = "every value of other cases keeps it"
    none_forbidden = "only a value of a wrong type breaks it"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied"


class Integer(_OfType):
    """A whole number, not a decimal, a string or a boolean."""

    speaks_of = ("integer",)
    phrase = "is a whole number"


class Number(_OfType):
    """A number, with decimals or without; neither a string nor a boolean."""

    speaks_of = ("number",)
    phrase = "is a number"
    none_allowed = ""

    def allowed(self, context: Context) -> Choices:
        """Return what the documents show, where no other rule has values of its own."""
        bound = context.argument.bounds != (None, None) or context.argument.listing
        return () if bound else tuple(map(choice, context.argument.examples or (1.5,)))


class Boolean(_OfType):
    """True or false, neither a number nor a word."""

    speaks_of = ("boolean",)
    phrase = "is true or false"
    none_allowed = ""

    def allowed(self, context: Context) -> Choices:
        return () if context.argument.listing else (choice(False), choice(True))  # noqa: FBT003


class Array(_OfType):
    """A list; with `items`, each entry is of that type."""

    items: ItemType | None = None
    """Of which type each entry is: `items = "string"`."""

    speaks_of = ("array",)
    none_allowed = ""
    none_forbidden = ""

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        types = PYTHON_TYPES[self.items] if self.items else None
        entries = value if isinstance(value, list) else []
        right = types is None or all(type(entry) in types for entry in entries)
        return "satisfied" if right else "violated"

    def describe(self) -> str:
        if self.items is None:
            return "is a list"
        of = {"integer": "whole numbers", "boolean": "booleans"}
        return f"is a list of {of.get(self.items, f'{self.items}s')}"

    def json_schema(self) -> Schema | str:
        return {"items": {"type": self.items}} if self.items else {}

    def allowed(self, context: Context) -> Choices:
        """Return the lists that the documents show, or one of a single entry."""
        if context.argument.examples:
            return tuple(
                choice(value, slug=f"example-{place}")
                for place, value in enumerate(context.argument.examples, 1)
            )
        known = context.argument.listing or context.argument.span("entries") != (None, None)
        return () if known else context.entries(1)

    def forbidden(self, context: Context) -> Choices:
        return () if self.items is None else (_strange(self.items),)


def _strange(items: ItemType) -> Choice:
    return choice([_OF_ANOTHER_TYPE[items]], slug="an-entry-of-another-type")


class Object(_OfType):
    """An object: keys with values of their own, neither a list nor a text of JSON."""

    speaks_of = ("object",)
    phrase = "is an object"
    none_allowed = ""

    def allowed(self, context: Context) -> Choices:
        return tuple(
            choice(value, slug=f"example-{place}")
            for place, value in enumerate(context.argument.examples, 1)
        )


class Nullable(Rule):
    """The argument may be `null`, which means that it is left out."""

    observed_inside = True
    phrase = "may be null, which leaves it out"
    none_forbidden = "it allows a value and forbids none"
    keywords = {}  # the argument's type says it

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied"

    def allowed(self, context: Context) -> Choices:
        """Return `null`; a form has no way to write it."""
        return (choice(None, slug="null"),) if context.body == "json" else ()

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        return ("null" if value is None else "",)
