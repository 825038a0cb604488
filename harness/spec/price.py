"""What a request costs by the documents: before it is sent, and after its reply."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TypeVar

from harness.core.case import Price
from harness.core.money import currency
from harness.core.outcome import Images, Usage
from harness.spec.expressions import Status
from harness.spec.price_list import Condition, PriceRow, Prices, TokenPrices
from harness.spec.provider import Operation, Provider
from harness.spec.rules import Arguments, same

MEGAPIXEL = 1_000_000
NOTHING = Decimal(0)
CENT = Decimal("0.01")
"""What a charge in a currency is rounded to at most."""


def price_of(provider: Provider, operation: Operation, arguments: Arguments) -> Price:
    """Return the price of a served request, or the most that it can be.

    For a valid request this is the list price; for one with a value that the list does not know
    it is the most that any fitting row asks, so that it can be reserved before sending. Where the
    price is known only after the reply, it is the list's `at_most`.
    """
    prices, arguments = provider.prices, operation.given(arguments)
    images = images_asked(operation, arguments)
    listed = listed_price(provider, operation, arguments)
    amount = listed
    if amount is None:
        amount = images * max(row.amount for row in _most(prices, operation, arguments))
    return Price(amount=amount, unit=prices.unit, images=images, at_most=listed is None)


def listed_price(provider: Provider, operation: Operation, arguments: Arguments) -> Decimal | None:
    """Return what the list asks for a request; None where only its reply tells."""
    prices, arguments = provider.prices, operation.given(arguments)
    if prices.tokens is not None:
        return None
    size = operation.size_px(arguments)
    images = images_asked(operation, arguments)
    measured = _Measured(images=images, pixels=size and (size[0] * size[1],) * images)
    return _of_rows(prices, operation, arguments, measured)


def listed_by_request(provider: Provider, operation: Operation, arguments: Arguments) -> bool:
    """Tell whether the list asks for a request whole, however many images it brings."""
    prices, arguments = provider.prices, operation.given(arguments)
    rows = [*_fitting(prices, operation, arguments, prices.rows)] or prices.rows
    return bool(rows) and all(row.per == "request" for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOut:
    """What a request costs by the price list and its own reply: from `low` to `high`.

    The two differ where the list tells tokens apart that the reply counts together.
    """

    low: Decimal
    high: Decimal


def worked_out(
    provider: Provider, operation: Operation, arguments: Arguments, served: Images
) -> WorkedOut | None:
    """Return the price of a served request that is known only by its reply.

    None where the list says it beforehand (`listed_price`), or where the reply lacks what the price
    depends on: a count of tokens, the seconds, an image that can be decoded.
    """
    prices, arguments = provider.prices, operation.given(arguments)
    if listed_price(provider, operation, arguments) is not None:
        return None
    amount = _of_rows(prices, operation, arguments, _measured(operation, arguments, served))
    tokens: WorkedOut | None = WorkedOut(low=NOTHING, high=NOTHING)
    if prices.tokens is not None:
        tokens = _of_tokens(prices.tokens, served.usage) if served.usage else None
    if amount is None or tokens is None:
        return None
    return WorkedOut(low=amount + tokens.low, high=amount + tokens.high)


def agrees(charged: Decimal, asked: WorkedOut, unit: str, *, worked: bool) -> bool:
    """Tell whether a charge is what is asked.

    What was `worked` out has more digits than are charged, and nobody says how those are rounded:
    it may be off by less than one in the last digit of the charge, and never by a whole cent.
    """
    if not worked:
        return asked.low <= charged <= asked.high
    exponent = charged.as_tuple().exponent
    off = Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else CENT
    off = min(off, CENT) if currency(unit) else off
    return asked.low - off < charged < asked.high + off


def price_status(provider: Provider, operation: Operation, arguments: Arguments) -> Status:
    """Tell how sure the price of a request is: as the list, or as the row that it falls into."""
    prices, arguments = provider.prices, operation.given(arguments)
    if prices.status != "documented":
        return prices.status
    rows = _fitting(prices, operation, arguments, prices.rows)
    return next((row.status for row in rows if row.status != "documented"), "documented")


def free_price(provider: Provider) -> Price:
    """Return the price of a rightly refused request."""
    return Price(amount=NOTHING, unit=provider.prices.unit, images=0)


def images_asked(operation: Operation, arguments: Arguments) -> int:
    """Return how many images a request asks for: its `n`, else what the documents then take.

    It is 1 where neither says a positive number.
    """
    n = arguments.get("n")
    n = operation.default("n") if n is None else n
    return n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else 1


def tier(prices: Prices, operation: Operation, arguments: Arguments) -> str | None:
    """Return the size class of the price list that a request falls into, or None where unknown."""
    size = arguments.get("size", operation.default("size"))
    size_px = operation.size_px(arguments)
    if size_px is None:
        return prices.auto_tier if size == "auto" else None
    fitting = (
        size_class.name for size_class in prices.tiers if max(size_px) <= size_class.long_edge_max
    )
    return next(fitting, prices.tiers[-1].name if prices.tiers else None)


def deciding(prices: Prices) -> frozenset[str]:
    """Return the parameters that the price of a request depends on before it is sent."""
    rows = (*prices.rows, *prices.at_most)
    names = {name for row in rows for name in row.when} | {"n"}
    by_size = any(row.per == "megapixel" for row in prices.rows)
    return frozenset(names | ({"size"} if prices.tiers or prices.auto_tier or by_size else set()))


# ------------------------------------------------------------------------------------- rows
Row = TypeVar("Row", bound=Condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What rows are multiplied by; None is not known. `pixels` has the area of each image."""

    images: int
    pixels: Sequence[int] | None = None
    seconds: Decimal | None = None


def _measured(operation: Operation, arguments: Arguments, served: Images) -> _Measured:
    areas = [(each.width_px or 0) * (each.height_px or 0) for each in served.pictures]
    return _Measured(
        images=images_asked(operation, arguments),
        pixels=areas if areas and all(areas) else None,
        seconds=served.usage.seconds if served.usage else None,
    )


def _of_rows(
    prices: Prices, operation: Operation, arguments: Arguments, measured: _Measured
) -> Decimal | None:
    """Return the most that a fitting row comes to; nothing where there are none at all."""
    if not prices.rows:
        return NOTHING
    rows = [*_fitting(prices, operation, arguments, prices.rows)] or prices.rows
    amounts = [_of_row(row, measured) for row in rows]
    known = [amount for amount in amounts if amount is not None]
    return max(known) if len(known) == len(amounts) else None


def _of_row(row: PriceRow, measured: _Measured) -> Decimal | None:
    quantities = _quantities(row, measured)
    if quantities is None:
        return None
    rounded = [
        each.to_integral_value(ROUND_CEILING) if row.round_up else each for each in quantities
    ]
    return row.amount * sum(rounded, NOTHING)


def _quantities(row: PriceRow, measured: _Measured) -> Sequence[Decimal] | None:
    """Return how many units there are, each thing that is counted by itself; None is not known."""
    match row.per:
        case "image":
            return [Decimal(measured.images)]
        case "request":
            return [Decimal(1)]
        case "second":
            return None if measured.seconds is None else [measured.seconds]
        case "megapixel":
            areas = measured.pixels
            return None if areas is None else [Decimal(area) / MEGAPIXEL for area in areas]


def _most(prices: Prices, operation: Operation, arguments: Arguments) -> Iterator[Condition]:
    """Yield the rows of `at_most` that fit; all of them where none does."""
    rows = [*_fitting(prices, operation, arguments, prices.at_most)]
    return iter(rows or prices.at_most)


def _fitting(
    prices: Prices, operation: Operation, arguments: Arguments, rows: Sequence[Row]
) -> Iterator[Row]:
    size_class = tier(prices, operation, arguments)
    return (row for row in rows if _fits(row, size_class, rows, operation, arguments))


def _fits(
    row: Condition,
    size_class: str | None,
    rows: Sequence[Condition],
    operation: Operation,
    arguments: Arguments,
) -> bool:
    if row.tier is not None and size_class is not None and row.tier != size_class:
        return False
    for name, wanted in row.when.items():
        value = arguments.get(name, operation.default(name))
        listed = any(name in other.when and same(other.when[name], value) for other in rows)
        if listed and not same(wanted, value):
            return False
    return True


# ----------------------------------------------------------------------------------- tokens
def _of_tokens(prices: TokenPrices, usage: Usage) -> WorkedOut | None:
    """Return what the counted tokens cost; None where a count is missing that the price needs."""
    kinds = prices.kinds
    cached = kinds.pop("cached_input", None)
    into = _side("input", ("text_input", "image_input"), kinds, usage.count)
    out = _side("output", ("text_output", "image_output"), kinds, usage.count)
    if into is None or out is None:
        return None
    if cached is not None:
        into = _cached(into, cached, kinds, usage.count)
    return WorkedOut(low=into.low + out.low, high=into.high + out.high)


Count = Callable[[str], int | None]


def _side(
    whole: str, finer: Sequence[str], kinds: Mapping[str, Decimal], count: Count
) -> WorkedOut | None:
    """Return what the tokens of one side cost.

    Those that the reply does not tell apart cost as much as the cheapest or the dearest kind.
    """
    if not {whole, *finer} & kinds.keys():
        return WorkedOut(low=NOTHING, high=NOTHING)
    told = {kind: _number(count(kind)) for kind in finer if kind in kinds}
    known = {kind: number for kind, number in told.items() if number is not None}
    amount = sum((number * kinds[kind] for kind, number in known.items()), NOTHING)
    others = [kinds[kind] for kind in told if kind not in known]
    others += [kinds[whole]] if whole in kinds else []
    if not others:
        return WorkedOut(low=amount, high=amount)
    total = _number(count(whole))
    if total is None:
        return None
    rest = max(total - sum(known.values()), 0)
    return WorkedOut(low=amount + rest * min(others), high=amount + rest * max(others))


def _cached(
    into: WorkedOut, cached: Decimal, kinds: Mapping[str, Decimal], count: Count
) -> WorkedOut:
    """Take off what cached tokens cost less; where they are not counted, all may be cached."""
    names = ("input", "text_input", "image_input")
    usual = [kinds[kind] for kind in names if kind in kinds and count(kind) != 0]
    number = _number(count("cached_input"))
    if number is None:
        least = min((cached / each for each in usual if each), default=Decimal(1))
        return WorkedOut(low=into.low * min(least, Decimal(1)), high=into.high)
    less = [max(each - cached, NOTHING) for each in usual] or [NOTHING]
    return WorkedOut(
        low=max(into.low - number * max(less), NOTHING),
        high=max(into.high - number * min(less), NOTHING),
    )


def _number(count: int | None) -> int | None:
    return count if count is not None and count >= 0 else None
