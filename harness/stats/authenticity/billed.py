"""Whether less than was asked for is billed as asked, or as it was delivered."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from harness.core.jsonvalue import Json, canonical
from harness.core.money import unit_of
from harness.spec.price import (
    WorkedOut,
    agrees,
    listed_by_request,
    listed_price,
    price_status,
)
from harness.spec.rules.lattice import Size, area, text
from harness.stats.authenticity.charges import Charge, all_read

What = Literal["size", "count", "class"]
"""In what less came: smaller images, fewer, or those of a cheaper class of resolution."""

OWN_AT_MOST = Decimal("0.1")
"""How far, as a share, charges for equal images may lie apart: the prompt is charged, too."""

TEN_PLACES = Decimal("0.0000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortDelivery:
    """A request that brought less than was asked for, and how it was billed.

    `asked` and `delivered` are what either costs, in `unit`; `basis` says by what. `over` is what
    was charged beyond what came.
    """

    charge: Charge
    what: What
    billed: Literal["asked", "delivered"]
    asked: Decimal
    delivered: Decimal
    unit: str
    basis: str
    asked_words: str
    delivered_words: str
    over: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prices:
    """What a request costs as asked, and what came of it."""

    asked: Decimal
    delivered: Decimal
    spent: Decimal
    unit: str
    basis: str
    of_own: bool = False

    def billed(self) -> Literal["asked", "delivered"] | None:
        """Return as which of the two it was billed; None for neither."""
        fits = self._near if self.of_own else self._is
        as_asked, as_delivered = fits(self.asked), fits(self.delivered)
        if as_asked == as_delivered:
            return None
        return "asked" if as_asked else "delivered"

    def _is(self, amount: Decimal) -> bool:
        exact = WorkedOut(low=amount, high=amount)
        return agrees(self.spent, exact, self.unit, worked=False)

    def _near(self, amount: Decimal) -> bool:
        return abs(self.spent - amount) <= amount * OWN_AT_MOST


def short_deliveries(charges: Sequence[Charge]) -> tuple[ShortDelivery, ...]:
    """Return the requests that brought less than was asked and were billed as one or the other.

    What each costs is known by the price list where it tells the two apart; by the maker's tokens
    where a reply counts them; else, where no document states the prices, by what the provider
    charged for images that came as asked. Of others nothing is concluded.
    """
    own = _OwnCharges(charges)
    classes = _Classes(charges)
    sources: tuple[Callable[[Charge, What], _Prices | None], ...] = (
        lambda charge, _: _by_list(charge),
        lambda charge, _: _by_tokens(charge),
        lambda charge, _: own.prices(charge),
    )
    found: list[ShortDelivery] = []
    for charge in charges:
        what = _less(charge)
        if what is None:
            found += filter(None, [classes.short(charge)])
            continue
        priced = (source(charge, what) for source in sources)
        prices = next((each for each in priced if each and each.delivered < each.asked), None)
        billed = prices.billed() if prices else None
        if prices and billed:
            found.append(_short(charge, what, prices, billed))
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
    charge: Charge, what: What, prices: _Prices, billed: Literal["asked", "delivered"]
) -> ShortDelivery:
    sizes = charge.sizes or ()
    size = charge.operation.size_px(charge.arguments)
    quality = charge.quality or ""
    asked = " ".join(filter(None, (text(size) if size else "", quality)))
    came = text(min(sizes, key=area))
    if what == "count":
        asked = " of ".join(filter(None, (f"{charge.images} images", asked)))
        came = f"{len(sizes)} image{'' if len(sizes) == 1 else 's'}"
    return ShortDelivery(
        charge=charge,
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


# ---------------------------------------------------------------------------------- by the list
def _by_list(charge: Charge) -> _Prices | None:
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
    return _Prices(
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


# ------------------------------------------------------------------------ by the maker's tokens
def _by_tokens(charge: Charge) -> _Prices | None:
    """Return both in tokens, as the maker counts them, where a reply counts tokens."""
    model, served, sizes = charge.provider.model, charge.served, charge.sizes
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
    return _Prices(
        asked=Decimal(whole),
        delivered=Decimal(came),
        spent=Decimal(spent),
        unit="token",
        basis="by the maker's count",
    )


# ------------------------------------------------------------------------ by the provider's own
class _OwnCharges:
    """What a provider charged for an image that came as asked, by quality and size.

    Where its charges are the maker's prices times one factor, also what it would for other sizes.
    """

    def __init__(self, charges: Sequence[Charge]) -> None:
        self._charges: defaultdict[tuple[str, str, Size], list[Decimal]] = defaultdict(list)
        self._factors: list[Decimal] = []
        for charge in charges:
            asked, sizes = charge.operation.size_px(charge.arguments), charge.sizes
            if asked is None or charge.stated is None or charge.arguments.get("stream"):
                continue
            if sizes == (asked,) * charge.images:
                each = charge.stated / charge.images
                self._charges[_kind(charge, asked)].append(each)
                tokens = _tokens(charge, asked)
                self._factors += [each / tokens] if tokens else []

    def prices(self, charge: Charge) -> _Prices | None:
        """Return both prices; None where a list is documented, or equal images cost too unlike."""
        asked, sizes = charge.operation.size_px(charge.arguments), charge.sizes
        if charge.stated is None or asked is None or not sizes:
            return None
        if charge.provider.prices.status == "documented":
            return None
        whole = self._usual(charge, asked)
        each = [self._usual(charge, size) for size in sizes]
        known = [amount for amount in each if amount is not None]
        if whole is None or len(known) < len(each):
            return None
        total, came = whole * charge.images, sum(known, Decimal(0))
        if came > total * (1 - 2 * OWN_AT_MOST):
            return None
        return _Prices(
            asked=total,
            delivered=came,
            spent=charge.stated,
            unit=charge.provider.prices.unit,
            basis="by its own charges for images that came as asked",
            of_own=True,
        )

    def _usual(self, charge: Charge, size: Size) -> Decimal | None:
        usual = _mean(self._charges.get(_kind(charge, size), []))
        factor, tokens = _mean(self._factors), _tokens(charge, size)
        if usual is None and factor is not None and tokens is not None:
            return factor * tokens
        return usual


def _kind(charge: Charge, size: Size) -> tuple[str, str, Size]:
    wide = max(size), min(size)
    return charge.record.shot.case.operation, charge.quality or "", wide


def _tokens(charge: Charge, size: Size) -> int | None:
    """Return what the maker counts for an image of a size in the asked quality."""
    model = charge.provider.model
    if model is None or model.tokens is None or charge.quality is None:
        return None
    return model.tokens.of_image(charge.quality, *size)


def _mean(amounts: Sequence[Decimal]) -> Decimal | None:
    """Return the mean of amounts that are nearly equal; None where they are not."""
    if not amounts or max(amounts) - min(amounts) > min(amounts) * OWN_AT_MOST:
        return None
    return (sum(amounts, Decimal(0)) / len(amounts)).quantize(TEN_PLACES)


class _Classes:
    """The pixels that each class of resolution brought, where no document names them."""

    def __init__(self, charges: Sequence[Charge]) -> None:
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

    def short(self, charge: Charge) -> ShortDelivery | None:
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
                    charge=charge,
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

    def _cheaper(self, charge: Charge, word: str) -> Iterator[tuple[str, _Prices]]:
        provider, operation = charge.provider, charge.operation
        asked = listed_price(provider, operation, charge.arguments)
        for kind, other in self._sizes:
            if kind != self._kind(charge) or other == word:
                continue
            cheaper = listed_price(provider, operation, {**charge.arguments, "resolution": other})
            if asked is not None and cheaper is not None and cheaper < asked:
                yield (
                    other,
                    _Prices(
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
    return f"{amount.normalize():f} {unit_of(amount, unit)}"
