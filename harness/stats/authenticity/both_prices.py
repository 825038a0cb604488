"""What a request costs as it was asked, and what that costs which came of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.spec.price import listed_by_request, listed_price, price_status
from harness.spec.rules.lattice import Size, text
from harness.stats.authenticity.charges import Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class BothPrices:
    """What a request costs as asked, what that costs which came, and what was spent.

    `basis` says by what. What is spent for a price may differ by the share `tolerance`, and be up
    to `input` more, in `unit`.
    """

    asked: Decimal
    delivered: Decimal
    spent: Decimal
    unit: str
    basis: str
    tolerance: Decimal = Decimal(0)
    input: Decimal = Decimal(0)

    def billed(self) -> Literal["asked", "delivered"] | None:
        """Return as which of the two it was billed; None where both would do, or neither."""
        as_asked, as_delivered = self._fits(self.asked), self._fits(self.delivered)
        if as_asked == as_delivered:
            return None
        return "asked" if as_asked else "delivered"

    def _fits(self, amount: Decimal) -> bool:
        least, most = amount * (1 - self.tolerance), amount * (1 + self.tolerance) + self.input
        return least <= self.spent <= most


def by_list(charge: Charge) -> BothPrices | None:
    """Return both prices by the list; None where it does not know them, or nothing is stated."""
    provider, operation, arguments = charge.provider, charge.operation, charge.arguments
    asked = listed_price(provider, operation, arguments)
    if charge.stated is None or asked is None:
        return None
    each = [_listed(charge, size) for size in charge.sizes or ()]
    known = [amount for amount in each if amount is not None]
    if len(known) < len(each):
        return None
    whole = listed_by_request(provider, operation, arguments)
    status = price_status(provider, operation, arguments)
    return BothPrices(
        asked=asked,
        delivered=max(known) if whole else sum(known, Decimal(0)),
        spent=charge.stated,
        unit=provider.prices.unit,
        basis="by its list" + ("" if status == "documented" else f", which is {status}"),
    )


def _listed(charge: Charge, size: Size) -> Decimal | None:
    """Return what the list asks for one image as it came."""
    operation, arguments = charge.operation, dict(charge.arguments)
    if operation.size_px(arguments) is not None:
        word = _word(charge, size)
        if word is None:
            return None
        arguments["size"] = word
    if "n" in operation.arguments:
        arguments["n"] = 1
    return listed_price(charge.provider, operation, arguments)


def _word(charge: Charge, size: Size) -> str | None:
    """Return how a list calls a size; None where it names sizes, and not this one."""
    rows = charge.provider.prices.rows
    named = [row.when["size"] for row in rows if "size" in row.when]
    if not named:
        return text(size)
    pixels = {word: charge.operation.size_px({"size": word}) for word in map(str, named)}
    return next((word for word, known in pixels.items() if known == size), None)


def by_tokens(charge: Charge) -> BothPrices | None:
    """Return both in tokens, as the maker counts them, where a reply counts tokens."""
    model, served, sizes = charge.model, charge.served, charge.sizes
    if model is None or model.tokens is None or served is None or not sizes:
        return None
    asked, quality, counted = (
        charge.operation.size_px(charge.arguments),
        charge.quality,
        charge.tokens,
    )
    if counted is None or quality is None:
        return None
    each = [model.tokens.of_image(quality, *size) for size in sizes]
    known = [tokens for tokens in each if tokens is not None]
    one = model.tokens.of_image(quality, *(asked or sizes[0]))
    if one is None or len(known) < len(each):
        return None
    whole, came = one * charge.images, sum(known)
    partials = {model.tokens.partial * number for number in range(len(served.partials) + 1)}
    spent = next((total for total in (whole, came) if counted - total in partials), counted)
    return BothPrices(
        asked=Decimal(whole),
        delivered=Decimal(came),
        spent=Decimal(spent),
        unit="token",
        basis="by the maker's count",
    )


def tokens_of(charge: Charge, size: Size) -> int | None:
    """Return what the maker counts for an image of a size in the asked quality."""
    model = charge.model
    if model is None or model.tokens is None or charge.quality is None:
        return None
    return model.tokens.of_image(charge.quality, *size)
