"""Rules about texts: how long they are, and of which shape."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, assert_never

from pydantic import Field, StrictInt

from harness.core.jsonvalue import Json
from harness.spec.rules.base import (
    Choices,
    Context,
    Evaluation,
    Positive,
    Rule,
    Schema,
    Span,
    Table,
    choice,
    toml_table,
)
from harness.spec.rules.choice import OneOf
from harness.spec.rules.lattice import edges
from harness.spec.rules.measured import Measured
from harness.spec.rules.presence import Required
from harness.spec.rules.values import in_words

WEB = ("http://", "https://")
URL: Schema = {"format": "uri", "pattern": "^https?://"}
"""What JSON Schema says of a public address."""

LONGEST_LEAST = 10
"""The longest text that a rule may ask for at least."""

_SIZE = "[1-9][0-9]{0,5}x[1-9][0-9]{0,5}"
_UNITS = "undocumented: whether characters are code points or UTF-16 units is not said"


class MaxLength(Measured):
    """Text of at most `characters` Unicode characters (code points)."""

    characters: Positive
    """The most characters: `characters = 32_000`."""

    speaks_of = ("string",)
    measure = "characters"
    observed_inside = True
    phrase = "has at most {characters:,} characters"

    @property
    def span(self) -> Span:
        return None, self.characters

    def amount(self, value: Json) -> int | None:
        return len(value) if isinstance(value, str) else None

    def json_schema(self) -> Schema | str:
        return {"maxLength": self.characters}

    def allowed(self, context: Context) -> Choices:
        most = self.characters
        return (
            choice(context.text(most, "ascii"), slug=f"{most}-ascii"),
            choice(context.text(most, "wide"), slug=f"{most}-wide"),
            choice(context.text(most, "astral"), slug=f"{most}-astral", why=_UNITS),
        )

    def forbidden(self, context: Context) -> Choices:
        beyond = self.characters + 1
        return (
            choice(context.text(beyond, "ascii"), slug=f"{beyond}-ascii"),
            choice(context.text(beyond, "wide"), slug=f"{beyond}-wide"),
        )

    def doubt(self, value: Json) -> str:
        text = value if isinstance(value, str) else ""
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        return "whether UTF-16 units are counted is not said" if units > self.characters else ""


class MinLength(Measured):
    """Text of at least `characters` Unicode characters (code points).

    At most ten: the texts that the harness sends by itself are no shorter.
    """

    characters: Annotated[StrictInt, Field(ge=1, le=LONGEST_LEAST)]
    """The fewest characters: `characters = 1`."""
    """The fewest characters: `characters = 1`."""

    speaks_of = ("string",)
    measure = "characters"
    phrase = "has at least {characters} characters"

    @property
    def span(self) -> Span:
        return self.characters, None

    def amount(self, value: Json) -> int | None:
        return len(value) if isinstance(value, str) else None

    def json_schema(self) -> Schema | str:
        return {"minLength": self.characters}

    def allowed(self, context: Context) -> Choices:
        least = self.characters
        return (choice(context.text(least, "ascii"), slug=f"{least}-ascii"),)

    def forbidden(self, context: Context) -> Choices:
        below = self.characters - 1
        slug = f"{below}-ascii" if below else "empty"
        return (choice(context.text(below, "ascii") if below else "", slug=slug),)

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[str]:
        most = toml_table(argument.get("max_length")).get("characters")
        least = rule.get("characters")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield f"{place}: {least} is above max_length, {most}"


class Format(Rule):
    """The shape of a text: any `string`, a `url`, or a `size`.

    A size is `WIDTHxHEIGHT` or a word of `words`; `examples` are values the document names.
    """

    shape: Literal["string", "size", "url"]
    """Of which shape the text is: `shape = "size"`."""
    words: tuple[str, ...] = ()
    """Words that may stand for a size: `words = ["auto"]`."""
    examples: tuple[str, ...] = ()
    """Values that the document shows: `examples = ["1024x1024"]`."""

    speaks_of = ("string",)
    type_rank = 1
    none_forbidden = "only a value of a wrong type is no string"

    def evaluate(self, value: Json, other: Json) -> Evaluation:
        return "satisfied" if isinstance(value, str) and self._shaped(value) else "violated"

    def _shaped(self, text: str) -> bool:
        match self.shape:
            case "string":
                return True
            case "size":
                return text in self.words or edges(text) is not None
            case "url":
                return text.startswith(WEB)
            case _:
                assert_never(self.shape)

    def describe(self) -> str:
        if self.shape == "size":
            return f"is {' or '.join((*self.words, 'WIDTHxHEIGHT'))}"
        return f"is a {'URL' if self.shape == 'url' else self.shape}"

    def json_schema(self) -> Schema | str:
        if self.shape == "size":
            either = "|".join([*map(re.escape, self.words), _SIZE])
            return {"pattern": f"^({either})$", "examples": [*self.examples, *self.words]}
        return dict(URL) if self.shape == "url" else {}

    def edge_schema(self) -> Schema | None:
        return {"type": "integer", "minimum": 1} if self.shape == "size" else None

    def allowed(self, context: Context) -> Choices:
        if self.shape == "size":
            return tuple(map(choice, (*self.words, *self.examples)))
        if self.shape == "url":
            return (choice(context.webhook, slug="delivered"),) if context.webhook else ()
        bound = any(isinstance(rule, OneOf | Required) for _, rule in context.argument.rules)
        return () if bound else (choice("harness-7f3a"),)

    def forbidden(self, context: Context) -> Choices:
        wrong = {"string": (), "size": ("bogus", "1024x"), "url": ("not-a-url",)}
        return (*self._edges_as_texts(context), *map(choice, wrong[self.shape]))

    def _edges_as_texts(self, context: Context) -> Choices:
        """Return a size whose edges should be whole numbers with one that is a text."""
        if self.shape != "size" or not context.argument.edges:
            return ()
        named = (context.argument.cheapest, *self.examples, "1024x1024")
        size = next(size for size in map(edges, named) if size is not None)
        return (choice(f'"{size[0]}"x{size[1]}', slug="an-edge-as-text"),)

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        named = self.shape == "size" and value in (*self.words, *self.examples)
        return (in_words(value) if named else "",)
