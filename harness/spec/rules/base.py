"""What every kind of rule does, and what a rule may know of its place.

A rule speaks only of values of its argument's type; the type itself belongs to one rule
(`Described.type_rule`), so that a wrong type breaks one rule and not five.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypedDict, Unpack, get_args

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from harness.core.errors import Mistake
from harness.core.jsonvalue import Json, sendable
from harness.core.reference import ReferenceImage
from harness.spec.expressions import Promise
from harness.spec.rules.values import short

Evaluation = Literal["satisfied", "violated", "unspecified"]
"""What a rule says of a request; `unspecified` where the documents are silent."""

Arguments = Mapping[str, Json]
Scalar = bool | int | float | str
Value = Annotated[Json, AfterValidator(sendable)]
"""A value of any type as a TOML has it: `null` and numbers without an end cannot be sent."""
Schema = dict[str, Json]

Table = Mapping[str, Any]
"""A table of a TOML as it was read: anything may stand in it."""

ArgumentType = Literal[
    "string", "integer", "number", "boolean", "array", "object", "images", "file"
]
EVERY_TYPE: tuple[ArgumentType, ...] = get_args(ArgumentType)
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
"""The types of argument whose values are plain JSON, as Python has them."""

Place = Literal["body", "path", "query", "header"]
"""Where a value travels, in OpenAPI's words."""

Encoding = Literal["address", "base64", "data_url"]
"""How an image is written into a text."""

Measure = Literal["number", "characters", "entries"]
"""What of a value a rule limits: itself, the length of a text, the length of a list."""

Span = tuple[int | None, int | None]
"""The least and the most that is allowed; None where no bound is stated."""

Bounds = tuple[float | None, float | None]
"""A span of numbers, whole ones or others; whole bounds are written as whole numbers."""

Letters = Literal["ascii", "wide", "astral"]
"""Of what a text is made: ASCII, other letters of one UTF-16 unit, and such of two."""

Whole = Annotated[StrictInt, Field(ge=0)]
"""A count, never written as a text."""

Positive = Annotated[StrictInt, Field(ge=1)]
"""A size, which zero would make meaningless."""

PixelSize = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}x[1-9][0-9]{0,5}$")]
"""A width and a height in pixels."""

Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]
"""A list with at least one value."""

Values = Annotated[tuple[Value, ...], Field(min_length=1)]
"""A list with at least one value of any type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value for one argument, the arguments it needs beside it, and a short name for ids."""

    value: Json
    slug: str
    beside: dict[str, Json] = field(default_factory=dict)
    wrong_type: bool = False
    open: bool = False
    """Whether the documents leave open what becomes of it: then it is only observed."""
    why: str = ""
    """What exactly is left open, where the rule's own note does not say it."""


Choices = tuple[Choice, ...]


class Rule(Promise, ABC):
    """A promise about an argument.

    A kind of rule has a method for everything that depends on it; what most kinds have in common
    stands here. tests/spec/rules/test_kinds.py finds what a kind lacks.
    """

    speaks_of: ClassVar[tuple[ArgumentType, ...]] = EVERY_TYPE
    """The types of argument that may have such a rule."""
    presence: ClassVar[Literal["required", "forbidden"] | None] = None
    """Whether the rule is about the argument being there, and not about its value."""
    type_rank: ClassVar[int | None] = None
    """Of an argument's rules, the one of the lowest rank is broken by a value of a wrong type."""
    measure: ClassVar[Measure | None] = None
    """What the rule limits, if it is a limit; `span` are its bounds."""
    observed_inside: ClassVar[bool] = False
    """Whether a value inside such a rule is only observed where the rule is not documented."""
    phrase: ClassVar[str] = ""
    """What `describe` returns; fields of the rule stand in it in braces."""
    keywords: ClassVar[Schema | str] = ""
    """What `json_schema` returns where that is the same for all rules of the kind."""
    none_allowed: ClassVar[str] = ""
    none_forbidden: ClassVar[str] = ""
    """Why a kind has no value on one of the sides of its boundary."""

    @property
    def span(self) -> Bounds:
        """The least and the most of its measure that the rule allows."""
        return (None, None)

    @property
    def partner(self) -> str | None:
        """The other argument that the rule looks at, if it looks at one."""
        return None

    @property
    def listing(self) -> tuple[Json, ...]:
        """Every value that the rule allows, if it lists them."""
        return ()

    @property
    def of_entries(self) -> bool:
        """Whether the rule speaks of each entry of an array, and not of the list."""
        return False

    @property
    def other_subject(self) -> bool:
        """Whether a request that breaks the rule lies outside the document's subject."""
        return False

    @abstractmethod
    def evaluate(self, value: Json, other: Json) -> Evaluation:
        """Judge a value of the argument's type; `other` is the partner's, or its default."""

    def describe(self) -> str:
        """Return what the rule asks, without the parameter's name: `is between 1 and 10`."""
        return self.phrase.format_map(vars(self))

    def json_schema(self) -> Schema | str:
        """Return the keywords that say the rule of a value, or why no keyword can.

        Of a list of images, `items` are the keywords of each one.
        """
        return self.keywords

    def edge_schema(self) -> Schema | None:
        """Return what the rule says of each edge of a size that is two whole numbers."""
        return None

    def allowed(self, context: "Context") -> Choices:
        """Return the values on the rule's boundary that an `accept` case should try."""
        return ()

    def forbidden(self, context: "Context") -> Choices:
        """Return values that break this rule and no other, nearest to the boundary first.

        An open one may break it. Values of a wrong type are not among them.
        """
        return ()

    def boundaries(self, value: Json, other: Json) -> tuple[str, ...]:
        """Return the boundaries that a value lies on, "" for none: a token of coverage each.

        `other` is the partner's value where the request has it.
        """
        return ("",)

    def doubt(self, value: Json) -> str:
        """Return what the documents leave open of a value that keeps the rule, or nothing."""
        return ""

    def mended(self, file: ReferenceImage, other: Json) -> ReferenceImage | None:
        """Return the description of a file as the rule wants it; None where that cannot be."""
        return file

    @classmethod
    def disagreements(
        cls, place: str, rule: Table, argument: Table, arguments: Table
    ) -> Iterator[Mistake | str]:
        """Yield what in a rule's raw table disagrees with what stands beside it.

        `place` is the rule's own key; a mistake may be a sentence, `key: reason`.
        """
        yield from ()


class Described(Promise):
    """A parameter: its place on the wire, its type, its default.

    `wire` is a path of JSON keys joined by dots, or the name of a form field, of a header, of a
    value of the query, or of a place in the path (`in`). One that ends with `[]` is a list to which
    each value is added. `status` is about the parameter itself: one that is not `documented` is
    never part of an `accept` case.
    """

    wire: str
    """Where it goes in the request: keys of the JSON body joined by dots, or a form field's name:
    `wire = "input.prompt"`. A place that ends with `[]` adds to a list: `contents[0].parts[]`."""
    where: Place = Field(default="body", alias="in")
    """Where its value travels, in OpenAPI's words; `wire` is its name there: `in = "query"`."""
    edges: tuple[str, str] | None = None
    """Where the width and the height of a `WIDTHxHEIGHT` go, as whole numbers. A word goes to
    `wire`; without that, to the object that holds both edges, or nowhere (`wire` is empty then):
    `edges = ["image_size.width", "image_size.height"]`."""
    word_sizes: dict[str, PixelSize] = Field(default_factory=dict)
    """The pixels that the documents give for words of a size: images are held to them, and priced
    by them: `word_sizes = { square_hd = "1024x1024" }`."""
    type: ArgumentType
    """Of which type its values are: `type = "string"`."""
    declared: StrictBool = False
    """The name is this provider's own, however much it looks like a canonical one."""
    encode: Encoding = "address"
    """How an image travels in a JSON body; a form takes files as they are: `encode = "base64"`."""
    item: Json = None
    """What goes on the wire for each image: `{image}` in it is the image itself, `{media_type}` its
    type. Without it, each is its own text: `item = { image_url = "{image}" }`."""
    default: Value | None = None
    """What the documents say holds where it is left out: `default = "auto"`."""
    also: tuple[str, ...] = ()
    """Other names under which recorded requests hold it; the harness sends `wire`:
    `also = ["image"]`."""
    single: StrictBool = False
    """An `images` argument that goes on the wire as one plain value, not a list."""
    ours: StrictBool = False
    """The documents name no value; the one sent is the harness' choice, so a refusal that names it
    convicts nobody."""
    cheapest: Value | None = None
    """The value that costs least; the base of refusal cases sends it: `cheapest = "low"`."""
    examples: tuple[Value, ...] = ()
    """Values that the documents show, where no rule lists or bounds them, objects for one:
    `examples = [{ width = 1024, height = 768 }]`."""

    @model_validator(mode="before")
    @classmethod
    def _has_a_place(cls, raw: object) -> object:
        if not isinstance(raw, Mapping) or "wire" in raw or not raw.get("edges"):
            return raw
        parents = {str(edge).rpartition(".")[0] for edge in array(raw["edges"])}
        return {**raw, "wire": parents.pop() if len(parents) == 1 else ""}

    @property
    def places(self) -> tuple[str, ...]:
        """Every place on the wire that a value of the parameter may have."""
        return tuple(filter(None, (self.wire, *(self.edges or ()))))

    @cached_property
    def rules(self) -> tuple[tuple[str, Rule], ...]:
        """Each rule with its name, in the order of the vocabulary."""
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return tuple((name, rule) for name, rule in fields if isinstance(rule, Rule))

    @cached_property
    def type_rule(self) -> Rule | None:
        """The one rule that a value of the wrong JSON type breaks."""
        ranked = [(rule.type_rank, rule) for _, rule in self.rules if rule.type_rank is not None]
        return min(ranked, key=lambda pair: pair[0])[1] if ranked else None

    @cached_property
    def listing(self) -> tuple[Json, ...]:
        """The values that a rule lists; none where no rule does."""
        return next((rule.listing for _, rule in self.rules if rule.listing), ())

    @cached_property
    def bounds(self) -> Bounds:
        """The least and the greatest number that all rules allow."""
        return self._narrowest("number")

    def span(self, measure: Literal["characters", "entries"]) -> Span:
        """Return the shortest and the longest that all rules allow."""
        least, most = self._narrowest(measure)
        return None if least is None else int(least), None if most is None else int(most)

    def _narrowest(self, measure: Measure) -> Bounds:
        spans = [rule.span for _, rule in self.rules if rule.measure == measure]
        return (
            max((least for least, _ in spans if least is not None), default=None),
            min((most for _, most in spans if most is not None), default=None),
        )


class FileChanges(TypedDict, total=False):
    """In what a file differs from the plain one; a mode that its format has not gives way."""

    format: str
    mode: str
    width_px: int
    height_px: int
    size_bytes: int
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(ABC):
    """Where a rule stands: what its boundary values depend on beside itself.

    `name` is the rule's own argument among `arguments`; `foreign_values` are from other dialects;
    `webhook` is the address of this operation's deliveries, where the argument has it; `formats`
    are those that its files may have, of those that can be made.
    """

    name: str
    arguments: Mapping[str, Described]
    body: Literal["json", "form"]
    foreign_values: tuple[Json, ...]
    webhook: str
    formats: tuple[str, ...]
    plain_format: str

    @property
    def argument(self) -> Described:
        """The rule's own argument."""
        return self.arguments[self.name]

    @abstractmethod
    def text(self, characters: int, letters: Letters) -> str:
        """Return a harmless text of exactly so many characters (code points)."""

    @abstractmethod
    def base64(self) -> str:
        """Return a small PNG as base64 text."""

    @abstractmethod
    def file(
        self, *, slug: str = "", why: str = "", fits: str = "", **changed: Unpack[FileChanges]
    ) -> Choice:
        """Return the plain file with changes, in a list where the argument holds a list.

        With `fits`, the first file of that argument goes by it; with `why`, what becomes of it is
        open.
        """

    @abstractmethod
    def files(self, number: int, *, slug: str = "") -> Choice:
        """Return a list of so many plain files, no two alike."""

    @abstractmethod
    def entries(self, number: int) -> Choices:
        """Return a list of so many plain entries: files, or items as the rules want them.

        None where nothing is known of what the items are.
        """


def choice(
    value: Json, *, slug: str = "", why: str = "", beside: dict[str, Json] | None = None
) -> Choice:
    """Return a value under the short name of its own; with `why`, what becomes of it is open."""
    return Choice(
        value=value, slug=slug or short(value), beside=beside or {}, open=bool(why), why=why
    )


def toml_table(value: object) -> Table:
    """Return a table of a TOML, or an empty one where something else stands in its place."""
    return value if isinstance(value, Mapping) else {}


def array(value: object) -> list[Any]:
    """Return an array of a TOML, or an empty one where something else stands in its place."""
    return value if isinstance(value, list) else []
