"""What a request costs by the documents."""

from collections.abc import Iterator
from decimal import Decimal

from harness.core.case import Price
from harness.spec.expressions import Status
from harness.spec.provider import Operation, PriceRow, Prices, Provider
from harness.spec.rules import Arguments, edges, same


def price_of(provider: Provider, operation: Operation, arguments: Arguments) -> Price:
    """Return the price of a served request.

    For a valid request this is the list price; for one with a value that the list does not know
    it is the most that any fitting row asks, so that it can be reserved before sending.
    """
    prices = provider.prices
    rows = list(_fitting(prices, operation, arguments))
    each = max((row.amount for row in rows or prices.rows), default=Decimal(0))
    images = images_asked(arguments)
    return Price(amount=each * images, unit=prices.unit, images=images)


def price_status(provider: Provider, operation: Operation, arguments: Arguments) -> Status:
    """Tell how sure the price of a request is: as the list, or as the row that it falls into."""
    prices = provider.prices
    if prices.status != "documented":
        return prices.status
    rows = _fitting(prices, operation, arguments)
    return next((row.status for row in rows if row.status != "documented"), "documented")


def free_price(provider: Provider) -> Price:
    """Return the price of a rightly refused request."""
    return Price(amount=Decimal(0), unit=provider.prices.unit, images=0)


def images_asked(arguments: Arguments) -> int:
    """Return how many images a request asks for; 1 where `n` is missing or no positive number."""
    n = arguments.get("n", 1)
    return n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else 1


def tier(prices: Prices, operation: Operation, arguments: Arguments) -> str | None:
    """Return the size class of the price list that a request falls into, or None where unknown."""
    size = arguments.get("size", operation.default("size"))
    size_px = edges(size)
    if size_px is None:
        return prices.auto_tier if size == "auto" else None
    fitting = (
        size_class.name for size_class in prices.tiers if max(size_px) <= size_class.long_edge_max
    )
    return next(fitting, prices.tiers[-1].name if prices.tiers else None)


def _fitting(prices: Prices, operation: Operation, arguments: Arguments) -> Iterator[PriceRow]:
    size_class = tier(prices, operation, arguments)
    return (row for row in prices.rows if _fits(row, size_class, prices, operation, arguments))


def _fits(
    row: PriceRow,
    size_class: str | None,
    prices: Prices,
    operation: Operation,
    arguments: Arguments,
) -> bool:
    if row.tier is not None and size_class is not None and row.tier != size_class:
        return False
    for name, wanted in row.when.items():
        value = arguments.get(name, operation.default(name))
        listed = any(name in other.when and same(other.when[name], value) for other in prices.rows)
        if listed and not same(wanted, value):
            return False
    return True
