"""What a run cost at each provider, and what that money bought."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from harness.core.exchange import Failure
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.wire.paid import Paid, paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one provider was sent, delivered and charged; amounts in the provider's own `unit`.

    `requests` are HTTP round trips, polls and downloads included. `stated` served cases were
    charged as their replies say, `listed` ones as the price list says (of what the reply counts,
    where the price is one per token or the like), `bounded` ones at the most that the list allows,
    for the reply counts nothing. `wasted` is the part of
    `amount` and `images_paid` that went to requests the documents promise to refuse.
    `unsettled` cases broke off, or were accepted and showed no image, and may have been paid: at
    most `unsettled_amount` more, which is not in `amount`.
    """

    provider: str
    unit: str
    cases: int
    requests: int
    images_delivered: int
    images_paid: int
    amount: Decimal
    stated: int
    listed: int
    wasted_images: int
    wasted_amount: Decimal
    unsettled: int
    unsettled_amount: Decimal
    bounded: int = 0

    @property
    def basis(self) -> str:
        """What the amount rests on, in words."""
        grounds = (
            (self.stated, "as charged in the replies"),
            (self.listed, "by the price list"),
            (self.bounded, "at most, for the replies do not say what the price depends on"),
        )
        rests_on = [(number, words) for number, words in grounds if number]
        if len(rests_on) == 1:
            return rests_on[0][1]
        return ", ".join(f"{number} {words}" for number, words in rests_on) or "nothing was served"


def cost_by_provider(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> tuple[Cost, ...]:
    """Return one row for each provider, in the order in which the records name them.

    A case that was never sent counts nowhere. A refused case costs nothing. KeyError for a record
    of a provider that is not given.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.outcome is not None:
            groups.setdefault(record.shot.case.provider, []).append(record)
    return tuple(_of(providers[name], group) for name, group in groups.items())


def no_cost(provider: str, unit: str) -> Cost:
    """Return the row of a provider that was sent nothing."""
    return Cost(
        provider=provider,
        unit=unit,
        cases=0,
        requests=0,
        images_delivered=0,
        images_paid=0,
        amount=Decimal(0),
        stated=0,
        listed=0,
        wasted_images=0,
        wasted_amount=Decimal(0),
        unsettled=0,
        unsettled_amount=Decimal(0),
    )


def paid_of(provider: Provider, record: Record) -> Paid | None:
    """Return what a record cost; None where that is unsettled."""
    return paid(provider, record.shot, record.outcome, record.exchanges)


def _of(provider: Provider, records: list[Record]) -> Cost:
    costs = [(record, paid_of(provider, record)) for record in records]
    settled = [(record, cost) for record, cost in costs if cost is not None]
    unsettled = [record for record, cost in costs if cost is None]
    wasted = [cost for record, cost in settled if record.shot.case.expect == "refuse"]
    bases = Counter(cost.basis for _, cost in settled)
    return Cost(
        provider=provider.name,
        unit=records[0].shot.price.unit,
        cases=len(records),
        requests=sum(
            not isinstance(exchange.answer, Failure) or exchange.answer.sent
            for record in records
            for exchange in record.exchanges
        ),
        images_delivered=sum(
            len(record.outcome.pictures) for record in records if isinstance(record.outcome, Images)
        ),
        images_paid=sum(cost.images for _, cost in settled),
        amount=sum((cost.amount for _, cost in settled), Decimal(0)),
        stated=bases["stated"],
        listed=bases["listed"],
        bounded=bases["bounded"],
        wasted_images=sum(each.images for each in wasted),
        wasted_amount=sum((each.amount for each in wasted), Decimal(0)),
        unsettled=len(unsettled),
        unsettled_amount=sum((record.shot.at_risk.amount for record in unsettled), Decimal(0)),
    )
