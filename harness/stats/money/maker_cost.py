"""What the maker asks for the images that were delivered, beside what was charged for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from harness.core.money import currency
from harness.core.rate import Rate, rate_of
from harness.core.record import Record
from harness.spec.model import MakerPrices
from harness.spec.provider import Provider
from harness.stats.money.charges import Charge, Charges
from harness.stats.money.model import MakerCost
from harness.wire.paid import paid


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """Images of one request, what the maker asks for them, and what was charged."""

    images: int
    maker_usd: Decimal
    input_usd: Decimal
    charged: Decimal
    stated: bool


def maker_costs(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    rates: Mapping[str, Rate],
    *,
    on: date,
) -> tuple[MakerCost, ...]:
    """Return a row for each provider whose images have known pixels and an asked quality.

    What the maker asks is for the tokens of the decoded pixels in the asked quality; that a
    cheaper one was drawn is another matter. Input is added where a reply counts it by kind; edits
    count only where it counts their reference images. What was charged is what the replies state,
    else what the price list says for sure. KeyError for a record of a provider that is not given.
    """
    names = dict.fromkeys(record.shot.case.provider for record in records)
    rows = (_row(providers[name], records, rates, on) for name in names)
    return tuple(row for row in rows if row is not None)


def _row(
    provider: Provider, records: Sequence[Record], rates: Mapping[str, Rate], on: date
) -> MakerCost | None:
    images = of = number = 0
    input_usd = maker_usd = charged = Decimal(0)
    stated = True
    for charge in Charges(records, provider):
        of += len(charge.served.pictures) if charge.served else 0
        one = _delivered(charge)
        if one is None:
            continue
        number, images = number + 1, images + one.images
        charged += one.charged
        maker_usd += one.maker_usd + one.input_usd
        input_usd += one.input_usd
        stated = stated and one.stated
    if not number:
        return None
    unit = provider.prices.unit
    rate = None if currency(unit) == "usd" else rate_of(provider.name, unit, rates)
    usd = charged if currency(unit) == "usd" else None
    if rate is not None:
        usd = charged * rate.usd
    return MakerCost(
        provider=provider.name,
        images=images,
        of=of,
        maker_usd=maker_usd,
        input_usd=input_usd,
        charged=charged,
        unit=unit,
        stated=stated,
        usd=usd,
        ratio=usd / maker_usd if usd is not None and maker_usd else None,
        rate_words=rate.describe(unit, on) if rate else "",
    )


def _delivered(charge: Charge) -> _Delivered | None:
    """Return what a request brought, with both prices; None where one of them is not known."""
    model, sizes, quality = charge.model, charge.sizes, charge.quality
    if model is None or model.tokens is None or model.price is None or not sizes or not quality:
        return None
    if charge.arguments.get("images") and not _count(charge, "image_input"):
        return None  # what its reference images cost at the maker is not known
    each = [model.tokens.of_image(quality, *size) for size in sizes]
    known = [tokens for tokens in each if tokens is not None]
    partials = model.tokens.partial * (len(charge.served.partials) if charge.served else 0)
    record = charge.record
    cost = paid(charge.provider, record.shot, record.outcome, record.exchanges)
    if len(known) < len(each) or cost is None or cost.basis not in ("stated", "listed"):
        return None
    if cost.basis == "listed" and charge.operation.protocol == "responses":
        return None  # what it counts is of the text model
    return _Delivered(
        images=len(sizes),
        maker_usd=(sum(known) + partials) * model.price.image_output / model.price.per,
        input_usd=_input_usd(charge, model.price),
        charged=cost.amount,
        stated=cost.basis == "stated",
    )


def _input_usd(charge: Charge, price: MakerPrices) -> Decimal:
    """Return what the maker asks for the tokens of input that a reply counts by kind."""
    text, image = _count(charge, "text_input"), _count(charge, "image_input")
    return (text * price.text_input + image * price.image_input) / price.per


def _count(charge: Charge, kind: str) -> int:
    usage = charge.served.usage if charge.served else None
    return max((usage.count(kind) if usage else None) or 0, 0)
