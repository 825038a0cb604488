"""A provider's price list: by image, request, megapixel or second, and by token."""

from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness.core.jsonvalue import Json
from harness.spec.expressions import Cited, Frozen, NotAmong, Quote, Quoted, Sourced, Status
from harness.spec.rules.base import Positive, Value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("write an amount as a number")  # noqa: TRY004 - pydantic's way
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
"""An amount in a provider's own unit, exactly as written."""

Unit = Literal["image", "request", "megapixel", "second"]
"""What a row's amount is for. A megapixel is a million pixels of an image that was made, a second
one of those that the reply says the work took (`usage.seconds`)."""


def _unit(value: object) -> object:
    if value not in get_args(Unit):
        reason = f"{value!r} is no unit of a price; a price per token stands in [prices.tokens]"
        raise NotAmong(reason, str(value), get_args(Unit))
    return value


class Tier(Frozen):
    """A size class of the price list: images whose long edge is at most `long_edge_max` pixels."""

    name: str
    """A name for rows to refer to: `name = "large"`."""
    long_edge_max: Positive
    """The longest edge, in pixels, that is still in this class: `long_edge_max = 2048`."""


class Condition(Frozen):
    """For which requests an amount holds: those in which every argument of `when` has its value.

    `tier` is a size class.
    """

    when: dict[str, Value] = Field(default_factory=dict)
    """Arguments and the values they must have: `when = { quality = "high" }`."""
    tier: str | None = None
    """The size class that the image must be in: `tier = "large"`."""
    amount: Amount
    """What it costs, in `unit`: `amount = 0.04`."""


class PriceRow(Condition):
    """What one unit costs (`per`); with `round_up`, one that is begun costs as much as a whole.

    `status` is that of this row: another sentence of the price list may say otherwise.
    """

    per: Annotated[Unit, BeforeValidator(_unit)] = "image"
    """For what the amount is: `per = "megapixel"`."""
    round_up: StrictBool = False
    """Whether a unit that is begun costs as much as a whole one: `round_up = true`."""
    status: Status = "documented"
    """Whether the documents say so for sure; another sentence of them may say otherwise:
    `status = "contradictory"`."""
    note: str = ""
    """What is unclear, in your own words: `note = "the FAQ says 0.05"`."""


class TokenPrices(Frozen):
    """What so many tokens (`per`) of each kind cost, on top of the rows.

    The kinds are those of a reply's `usage`. Tokens that are of no finer kind with a price of its
    own cost what `input` or `output` says; `cached_input` replaces the price of those that it
    counts.
    """

    per: Positive = 1_000_000
    """How many tokens each amount is for: `per = 1_000_000`."""
    input: Amount | None = None
    """What tokens of the request cost: `input = 5.00`."""
    text_input: Amount | None = None
    """What tokens of the prompt cost: `text_input = 5.00`."""
    image_input: Amount | None = None
    """What tokens of reference images cost: `image_input = 8.00`."""
    cached_input: Amount | None = None
    """What tokens cost that the provider had in its cache: `cached_input = 1.25`."""
    output: Amount | None = None
    """What tokens of the reply cost: `output = 30.00`."""
    text_output: Amount | None = None
    """What tokens of text in the reply cost: `text_output = 10.00`."""
    image_output: Amount | None = None
    """What tokens of images in the reply cost: `image_output = 30.00`."""

    @property
    def kinds(self) -> dict[str, Decimal]:
        """The price of one token of each kind that has a price."""
        amounts = {name: getattr(self, name) for name in TOKEN_KINDS}
        return {name: each / self.per for name, each in amounts.items() if each is not None}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.kinds:
            raise ValueError(f"give the price of a kind of tokens: {', '.join(TOKEN_KINDS)}")
        if self.cached_input is not None and {"input", "text_input", "image_input"}.isdisjoint(
            self.kinds
        ):
            raise ValueError("cached_input: goes together with the price of other input")
        return self


TOKEN_KINDS = tuple(name for name in TokenPrices.model_fields if name != "per")
"""What tokens are counted by, in a reply's usage and in the price list."""


class WorkedExample(Quoted):
    """A price that the document itself works out."""

    arguments: dict[str, Json]
    """The arguments of the request: `arguments = { quality = "high", n = 2 }`."""
    amount: Amount
    """What the document says it costs: `amount = 0.08`."""
    source: Cited
    """Where it says so: `source = "page: Prices"`."""


def _one_row(value: object) -> object:
    return value if isinstance(value, list | tuple) else [{"amount": value}]


class _OrANumber:
    """Tells a schema that one amount may stand where rows may."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "number", "minimum": 0}, handler(schema)]}


AtMost = Annotated[tuple[Condition, ...], BeforeValidator(_one_row), _OrANumber()]
"""One amount, or rows with one each."""


class Prices(Sourced):
    """The price list: the dearest row that fits is the price of a request.

    `at_most` is the most that an image can cost, written as an amount or as rows: it is reserved
    before sending where the price is known only afterwards.
    """

    unit: str
    """In what all amounts are, the provider's own money or images: `unit = "credit"`."""
    status: Status
    """Whether the documents state the prices; a price that is not `documented` is not judged:
    `status = "documented"`."""
    tiers: tuple[Tier, ...] = ()
    """Size classes, from the smallest to the largest."""
    auto_tier: str | None = None
    """The class of the size `auto`: `auto_tier = "small"`."""
    failed_free: Cited | None = None
    """Where the documents say that only successful generations cost anything:
    `failed_free = "page: Prices"`."""
    failed_free_quote: Quote = ""
    """What it says there, word for word: `failed_free_quote = "Failed requests are free."`."""
    rows: tuple[PriceRow, ...] = ()
    """The prices; of several that fit, the dearest counts."""
    tokens: TokenPrices | None = None
    """What tokens cost, on top of the rows."""
    at_most: AtMost = ()
    """The most that an image can cost, as an amount or as rows: it is set aside before sending
    where the price is known only afterwards:
    `at_most = 0.25`."""
    examples: tuple[WorkedExample, ...] = ()
    """Prices that the document works out itself: the rows must come to the same."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.rows and self.tokens is None:
            raise ValueError("give rows, or the table 'tokens'")
        return self

    @property
    def afterwards(self) -> bool:
        """Tell whether some request's price is known only after its reply."""
        return self.tokens is not None or any(
            row.per in ("megapixel", "second") for row in self.rows
        )
