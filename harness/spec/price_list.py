"""A provider's price list: by image, request, megapixel or second, and by token."""

from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from harness.core.jsonvalue import Json
from harness.spec.expressions import Cited, Frozen, Sourced, Status
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
        raise ValueError(
            f"{value!r} is no unit of a price: it is per {', '.join(get_args(Unit)[:-1])} or "
            f"{get_args(Unit)[-1]}; a price per token stands in [prices.tokens]"
        )
    return value


class Tier(Frozen):
    """A size class of the price list: images whose long edge is at most `long_edge_max` pixels."""

    name: str
    long_edge_max: Positive


class Condition(Frozen):
    """For which requests an amount holds: those in which every argument of `when` has its value.

    `tier` is a size class.
    """

    when: dict[str, Value] = Field(default_factory=dict)
    tier: str | None = None
    amount: Amount


class PriceRow(Condition):
    """What one unit costs (`per`); with `round_up`, one that is begun costs as much as a whole.

    `status` is that of this row: another sentence of the price list may say otherwise.
    """

    per: Annotated[Unit, BeforeValidator(_unit)] = "image"
    round_up: StrictBool = False
    status: Status = "documented"
    note: str = ""


class TokenPrices(Frozen):
    """What so many tokens (`per`) of each kind cost, on top of the rows.

    The kinds are those of a reply's `usage`. Tokens that are of no finer kind with a price of its
    own cost what `input` or `output` says; `cached_input` replaces the price of those that it
    counts.
    """

    per: Positive = 1_000_000
    input: Amount | None = None
    text_input: Amount | None = None
    image_input: Amount | None = None
    cached_input: Amount | None = None
    output: Amount | None = None
    text_output: Amount | None = None
    image_output: Amount | None = None

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


class WorkedExample(Frozen):
    """A price that the document itself works out."""

    arguments: dict[str, Json]
    amount: Amount
    source: Cited


def _one_row(value: object) -> object:
    return value if isinstance(value, list | tuple) else [{"amount": value}]


AtMost = Annotated[tuple[Condition, ...], BeforeValidator(_one_row)]
"""One amount, or rows with one each."""


class Prices(Sourced):
    """The price list: the dearest row that fits is the price of a request.

    `at_most` is the most that an image can cost, written as an amount or as rows: it is reserved
    before sending where the price is known only afterwards.
    """

    unit: str
    status: Status
    tiers: tuple[Tier, ...] = ()
    auto_tier: str | None = None
    failed_free: Cited | None = None
    """Where the documents say that only successful generations cost anything."""
    rows: tuple[PriceRow, ...] = ()
    tokens: TokenPrices | None = None
    at_most: AtMost = ()
    examples: tuple[WorkedExample, ...] = ()

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
