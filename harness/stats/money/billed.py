"""Whether less than was asked for is billed as asked, or as it was delivered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.core.jsonvalue import Json, canonical
from harness.core.money import unit_of
from harness.spec.price import listed_price
from harness.spec.rules.lattice import Size, area, text
from harness.stats.money.both_prices import BothPrices, by_list, by_tokens
from harness.stats.money.charges import Charge, all_read
from harness.stats.money.own_charges import OwnCharges

WORDS_DIGITS = 6
"""How many digits of an amount a sentence has; whole units are never rounded."""

What = Literal["size", "count", "class"]
"""In what less came: smaller images, fewer, or those of a cheaper class of resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortDelivery:
    """A request that brought less than was asked for, and how it was billed.

    `at` is its place among the charges. `asked` and `delivered` are what either costs, in `unit`;
    `basis` says by what. `over` is what was charged beyond what came.
    """

    case: str
    at: int
    what: What
    billed: Literal["asked", "delivered"]
    asked: Decimal
    delivered: Decimal
    unit: str
    basis: str
    asked_words: str
    delivered_words: str
    over: Decimal


def short_deliveries(charges: Collection[Charge]) -> tuple[ShortDelivery, ...]:
    """Return the requests that brought less than was asked and were billed as one or the other.

    What each costs is known by the price list where it tells the two apart; by the maker's tokens
    where a reply counts them; else, where no document states the prices, by what the provider
    charged for images that came as asked. Of others nothing is concluded.
    """
    own = OwnCharges(charges)
    classes = _Classes(charges)
    sources = (by_list, by_tokens, own.prices)
    found: list[ShortDelivery] = []
    for at, charge in enumerate(charges):
        what = _less(charge)
        if what is None:
            found += filter(None, [classes.short(charge, at)])
            continue
        priced = (source(charge) for source in sources)
        prices = next((each for each in priced if each and each.delivered < each.asked), None)
        billed = prices.billed() if prices else None
        if prices and billed:
            found.append(_short(charge, at, what, prices, billed))
    return tuple(found)


def _less(charge: Charge) -> What | None:
    """Return in what less came than was asked; None where it did not, or where nobody can tell."""
    sizes, asked = charge.sizes, charge.operation.size_px(charge.arguments)
    if charge.served is None or not sizes or charge.record.shot.case.expect == "refuse":
        return None
    if len(sizes) < charge.images:
        return "count" if all_read(charge) else None
    smaller = asked is not None and any(area(size) < area(asked) for size in sizes)
    return "size" if smaller else None


def _short(
    charge: Charge, at: int, what: What, prices: BothPrices, billed: Literal["asked", "delivered"]
) -> ShortDelivery:
    sizes = charge.sizes or ()
    size = charge.operation.size_px(charge.arguments)
    quality = charge.quality or ""
    asked = " ".join(filter(None, (text(size) if size else "", quality)))
    came = text(min(sizes, key=area))
    if charge.images > 1:
        asked = " of ".join(filter(None, (f"{charge.images} images", asked)))
    if what == "count":
        came = f"{len(sizes)} image{'' if len(sizes) == 1 else 's'}"
    return ShortDelivery(
        case=charge.case,
        at=at,
        what=what,
        billed=billed,
        asked=prices.asked,
        delivered=prices.delivered,
        unit=prices.unit,
        basis=prices.basis,
        asked_words=asked,
        delivered_words=came,
        over=max(prices.spent - prices.delivered, Decimal(0)),
    )


class _Classes:
    """The pixels that each class of resolution brought, where no document names them."""

    def __init__(self, charges: Iterable[Charge]) -> None:
        self._sizes: defaultdict[tuple[str, str], set[Size]] = defaultdict(set)
        for charge in charges:
            if (word := charge.arguments.get("resolution")) and isinstance(word, str):
                self._sizes[self._kind(charge), word] |= {*(charge.sizes or ())}

    def _kind(self, charge: Charge) -> str:
        """Return all that decides an image's pixels but the class of resolution."""
        deciding: Mapping[str, Json] = {
            name: charge.arguments.get(name, charge.operation.default(name))
            for name in ("aspect_ratio", "quality", "n")
        }
        return f"{charge.record.shot.case.operation} {canonical({**deciding})}"

    def short(self, charge: Charge, at: int) -> ShortDelivery | None:
        """Return it where the images of a class have the pixels of a cheaper one's, all of them."""
        word, sizes = charge.arguments.get("resolution"), charge.sizes
        if not isinstance(word, str) or not sizes or charge.stated is None:
            return None
        if charge.operation.size_px(charge.arguments) is not None:
            return None
        for other, prices in self._cheaper(charge, word):
            billed = prices.billed()
            if billed and self._sizes[self._kind(charge), other] == {*sizes}:
                return ShortDelivery(
                    case=charge.case,
                    at=at,
                    what="class",
                    billed=billed,
                    asked=prices.asked,
                    delivered=prices.delivered,
                    unit=prices.unit,
                    basis=prices.basis,
                    asked_words=word,
                    delivered_words=f"{text(sizes[0])}, as in its {other},",
                    over=max(charge.stated - prices.delivered, Decimal(0)),
                )
        return None

    def _cheaper(self, charge: Charge, word: str) -> Iterator[tuple[str, BothPrices]]:
        provider, operation = charge.provider, charge.operation
        asked = listed_price(provider, operation, charge.arguments)
        for kind, other in self._sizes:
            if kind != self._kind(charge) or other == word:
                continue
            cheaper = listed_price(provider, operation, {**charge.arguments, "resolution": other})
            if asked is not None and cheaper is not None and cheaper < asked:
                yield (
                    other,
                    BothPrices(
                        asked=asked,
                        delivered=cheaper,
                        spent=charge.stated or Decimal(0),
                        unit=provider.prices.unit,
                        basis="by its list",
                    ),
                )


def amount_words(amount: Decimal, unit: str) -> str:
    """Return an amount with its unit: `133 credits`, `7,024 tokens`."""
    if unit == "token":
        return f"{amount:,.0f} token{'' if amount == 1 else 's'}"
    digits = amount.adjusted() - WORDS_DIGITS + 1
    rounded = amount.quantize(Decimal(1).scaleb(digits)) if digits < 0 else amount
    return f"{rounded.normalize():f} {unit_of(amount, unit)}"
