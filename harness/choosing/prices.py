"""What a usable image costs at a provider: by its list, as measured, in US dollars.

Nothing is converted without a rate that the user gave: a price without one stays in its own unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from harness.choosing.model import MeasuredRun, UnitPrice
from harness.core.money import currency
from harness.core.rate import Rate, rate_of
from harness.core.verdict import Estimate
from harness.core.workload import Fit, Workload
from harness.spec.expressions import Status
from harness.spec.price import price_status
from harness.spec.provider import Provider
from harness.spec.workload.fit import serving
from harness.stats.benchmark.model import Spend
from harness.stats.intervals import proportion_estimate

USD = "usd"
IMAGE = "image"
"""The unit of a provider whose documents name no price: only the user can say what one costs."""


def listed_price(provider: Provider, workload: Workload, fit: Fit) -> UnitPrice | None:
    """Return the price of an image by the documents; None where there is no request for one."""
    name = serving(provider, workload)
    if name is None or fit.price is None or not fit.price.images:
        return None
    each = fit.price.amount / fit.price.images
    return UnitPrice(
        value=each,
        low=None if fit.price.at_most else each,
        high=each,
        unit=fit.price.unit,
        basis="listed",
        status=price_status(provider, provider.operation(name), fit.arguments),
    )


def measured_price(rows: Sequence[tuple[MeasuredRun, Spend]]) -> UnitPrice | None:
    """Return what a usable image cost in these runs; None where none was delivered.

    Images that were paid for and could not be used make it uncertain: the bounds are those of the
    share of usable images (Wilson, 95 %).
    """
    spends = [spend for _, spend in rows]
    images, usable = sum(row.images for row in spends), sum(row.usable for row in spends)
    if not usable or len({row.unit for row in spends}) > 1:
        return None
    each = sum((row.spent for row in spends), Decimal(0)) / usable
    low, high = _bounds(proportion_estimate(usable, images))
    bound = any(row.at_most for row in spends)
    return UnitPrice(
        value=each,
        low=None if bound else each * low,
        high=each * high,
        unit=spends[0].unit,
        basis="measured",
    )


def _bounds(usable: Estimate) -> tuple[Decimal, Decimal]:
    """Return by which factors a price may be off, where this share of what was paid is usable."""
    value, low, high = usable.value or 1.0, usable.low or 1.0, usable.high or 1.0
    return Decimal(str(value / high)), Decimal(str(value / low))


def in_usd(provider: str, known: UnitPrice | None, rates: Mapping[str, Rate]) -> UnitPrice | None:
    """Return a price in US dollars; None where nobody says what its unit is worth.

    What an image of a list without prices is worth is the price itself, as the user says it.
    """
    if known is None:
        return None
    rate = rate_of(provider, known.unit, rates)
    if rate is not None and known.unit == IMAGE and known.basis == "listed":
        return replace(_times(known, rate.usd, USD), basis="said", status="documented")
    if rate is not None:
        return _times(known, rate.usd, USD)
    return known if currency(known.unit) == USD else None


def mixed(prices: Iterable[UnitPrice | None], workloads: Sequence[Workload]) -> UnitPrice | None:
    """Return the price of an image of the mix of workloads: each has images by its weight.

    None where the price of one is unknown, or they are in several units.
    """
    known = [price for price in prices if price is not None]
    if len(known) < len(workloads) or len({price.unit for price in known}) != 1:
        return None
    parts = [Decimal(workload.weight * workload.n) for workload in workloads]
    whole = sum(parts, Decimal(0))
    shares = [part / whole for part in parts]
    lows = [price.low for price in known if price.low is not None]
    return UnitPrice(
        value=_sum(shares, [price.value for price in known]),
        low=_sum(shares, lows) if len(lows) == len(known) else None,
        high=_sum(shares, [price.high for price in known]),
        unit=known[0].unit,
        basis="measured" if any(price.basis == "measured" for price in known) else "listed",
        status=_weakest(known),
    )


def of_month(known: UnitPrice | None, images: int | None) -> UnitPrice | None:
    """Return what a month of images costs; None where either is not known."""
    if known is None or images is None:
        return None
    return _times(known, Decimal(images), known.unit)


def _times(known: UnitPrice, factor: Decimal, unit: str) -> UnitPrice:
    return replace(
        known,
        value=known.value * factor,
        low=None if known.low is None else known.low * factor,
        high=known.high * factor,
        unit=unit,
    )


def _weakest(known: Sequence[UnitPrice]) -> Status:
    """Return how sure a price is that is made of these."""
    return next((price.status for price in known if price.status != "documented"), "documented")


def _sum(shares: Sequence[Decimal], amounts: Sequence[Decimal]) -> Decimal:
    return sum((share * amount for share, amount in zip(shares, amounts, strict=True)), Decimal(0))
