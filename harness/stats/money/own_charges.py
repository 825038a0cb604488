"""What a provider charges for images that come as asked: its list, where no document states one."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from harness.core.money import currency
from harness.spec.price_list import Prices
from harness.spec.provider import Operation
from harness.spec.rules.lattice import Size
from harness.stats.money.both_prices import BothPrices, tokens_of
from harness.stats.money.charges import Charge

APART_AT_MOST = Decimal("0.1")
"""How far, as a share, charges for equal images may lie apart: the prompt is charged, too."""

FACTORS_APART_AT_MOST = Decimal("1.25")
"""How many times the least of its charges by the maker's prices the largest may be."""

ROUNDED = Decimal("0.02")
INPUT_BESIDES = 200
"""Tokens of input that may be charged beside a prompt's characters, each taken for a token."""

TEN_PLACES = Decimal("0.0000000001")
OWN = "by its own charges for images that came as asked"


@dataclass(slots=True)
class _Amounts:
    """Amounts as they come: how many, their sum, the least and the most."""

    n: int = 0
    total: Decimal = Decimal(0)
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(0)

    @classmethod
    def of(cls, amount: Decimal | None) -> Self:
        """Return one amount, or none where it is missing or nothing."""
        made = cls()
        if amount:
            made.add(amount)
        return made

    def add(self, amount: Decimal) -> None:
        """Add an amount."""
        self.least = min(self.least, amount) if self.n else amount
        self.most = max(self.most, amount) if self.n else amount
        self.n += 1
        self.total += amount

    @property
    def mean(self) -> Decimal | None:
        """The mean of amounts that are nearly equal; None where they are not."""
        if not self.n or self.most - self.least > self.least * APART_AT_MOST:
            return None
        return (self.total / self.n).quantize(TEN_PLACES)


class OwnCharges:
    """What one provider charged for an image that came as asked, by quality and size."""

    def __init__(self, charges: Iterable[Charge]) -> None:
        self._charges: defaultdict[tuple[str, str, Size], _Amounts] = defaultdict(_Amounts)
        self._factors = _Amounts()
        for charge in charges:
            asked = charge.operation.size_px(charge.arguments)
            if asked is None or charge.stated is None or charge.sizes != (asked,) * charge.images:
                continue
            each = charge.stated / charge.images
            self._charges[_kind(charge, asked)].add(each)
            usd = _maker_usd(charge, asked)
            if usd and not _has_files(charge):
                self._factors.add(each / usd)

    def prices(self, charge: Charge) -> BothPrices | None:
        """Return both prices of a request; None where a document states them, or nobody knows."""
        if charge.stated is None or charge.provider.prices.status == "documented":
            return None
        return self._by_size(charge) or self._by_factor(charge)

    def _by_size(self, charge: Charge) -> BothPrices | None:
        """Return what equal images cost, where some came as asked."""
        return _both(
            charge,
            lambda size: self._charges.get(_kind(charge, size), _Amounts()).mean,
            basis=OWN,
            tolerance=APART_AT_MOST,
        )

    def _by_factor(self, charge: Charge) -> BothPrices | None:
        """Return what the maker asks, times the factor at which this provider sells.

        That is the least that it charged, as each charge holds some input. Where none came as
        asked, the one price that is known of it says it.
        """
        known = _known_factor(charge)
        factors = self._factors if self._factors.n else _Amounts.of(known)
        if not factors.n or factors.most > factors.least * FACTORS_APART_AT_MOST:
            return None
        model, factor = charge.provider.model, factors.least
        if model is None or model.price is None or _has_files(charge):
            return None
        prompt = charge.arguments.get("prompt")
        tokens = INPUT_BESIDES + (len(prompt) if isinstance(prompt, str) else 0)

        def usual(size: Size) -> Decimal | None:
            usd = _maker_usd(charge, size)
            return None if usd is None else usd * factor

        return _both(
            charge,
            usual,
            basis=OWN if self._factors.n else "by the one price that is known of it",
            tolerance=ROUNDED,
            more=factor * tokens * model.price.text_input / model.price.per,
        )


def _both(
    charge: Charge,
    usual: Callable[[Size], Decimal | None],
    *,
    basis: str,
    tolerance: Decimal,
    more: Decimal = Decimal(0),
) -> BothPrices | None:
    asked, sizes = charge.operation.size_px(charge.arguments), charge.sizes
    if asked is None or not sizes or charge.stated is None:
        return None
    whole = usual(asked)
    known = [amount for amount in map(usual, sizes) if amount is not None]
    if whole is None or len(known) < len(sizes):
        return None
    return BothPrices(
        asked=(whole * charge.images).quantize(TEN_PLACES),
        delivered=sum(known, Decimal(0)).quantize(TEN_PLACES),
        spent=charge.stated,
        unit=charge.provider.prices.unit,
        basis=basis,
        tolerance=tolerance,
        input=more,
    )


def _kind(charge: Charge, size: Size) -> tuple[str, str, Size]:
    wide = max(size), min(size)
    return charge.record.shot.case.operation, charge.quality or "", wide


def _has_files(charge: Charge) -> bool:
    """Tell whether a request holds images, whose tokens are charged and nowhere counted."""
    return bool(charge.arguments.get("images"))


def _maker_usd(charge: Charge, size: Size) -> Decimal | None:
    """Return what the maker asks for an image, for a provider that charges in US dollars."""
    model, tokens = charge.model, tokens_of(charge, size)
    if currency(charge.provider.prices.unit) != "usd" or model is None or model.price is None:
        return None
    return None if not tokens else tokens * model.price.image_output / model.price.per


def _known_factor(charge: Charge) -> Decimal | None:
    """Return the factor that the one price of an undocumented list says, of its defaults."""
    prices, operation, model = charge.provider.prices, charge.operation, charge.provider.model
    size, quality = operation.size_px({}), operation.default("quality")
    if not is_one_price(prices) or model is None or not model.tokens or not model.price:
        return None
    if size is None or not isinstance(quality, str) or _takes_files(operation):
        return None
    tokens = model.tokens.of_image(quality, *size)
    usd = tokens and tokens * model.price.image_output / model.price.per
    return prices.rows[0].amount / usd if usd else None


def is_one_price(prices: Prices) -> bool:
    """Tell whether a list has one price for everything."""
    rows = prices.rows
    return len(rows) == 1 and not rows[0].when and rows[0].tier is None


def _takes_files(operation: Operation) -> bool:
    return "images" in operation.arguments
