"""What a run cost at each provider, and what that money bought."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from harness.core.exchange import Failure
from harness.core.outcome import Fault, Images
from harness.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one provider was sent, delivered and charged; amounts in the provider's own `unit`.

    `requests` are HTTP round trips, polls and downloads included. `stated` served cases were
    charged as their replies say, `listed` ones as the price list says. `wasted` is the part of
    `amount` and `images_paid` that went to requests the documents promise to refuse.
    `unsettled` cases broke off, or were accepted without the user's key, and may have been paid: at
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

    @property
    def basis(self) -> str:
        """What the amount rests on, in words."""
        if self.stated and self.listed:
            return f"{self.stated} as charged in the replies, {self.listed} by the price list"
        if self.stated:
            return "as charged in the replies"
        return "by the price list" if self.listed else "nothing was served"


def cost_by_provider(records: Iterable[Record]) -> tuple[Cost, ...]:
    """Return one row for each provider, in the order in which the records name them.

    A case that was never sent counts nowhere. A refused case costs nothing.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.outcome is not None:
            groups.setdefault(record.shot.case.provider, []).append(record)
    return tuple(_of(provider, group) for provider, group in groups.items())


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


def _of(provider: str, records: list[Record]) -> Cost:
    served = [
        (record, record.outcome)
        for record in records
        if isinstance(record.outcome, Images) and not _only_accepted(record)
    ]
    paid = [_paid(record, outcome) for record, outcome in served]
    wasted = [
        _paid(record, outcome) for record, outcome in served if record.shot.case.expect == "refuse"
    ]
    stated = sum(outcome.charged is not None for _, outcome in served)
    unsettled = [
        record
        for record in records
        if (isinstance(record.outcome, Fault) and record.outcome.may_be_paid)
        or _only_accepted(record)
    ]
    return Cost(
        provider=provider,
        unit=records[0].shot.price.unit,
        cases=len(records),
        requests=sum(
            not isinstance(exchange.answer, Failure) or exchange.answer.sent
            for record in records
            for exchange in record.exchanges
        ),
        images_delivered=sum(len(outcome.pictures) for _, outcome in served),
        images_paid=sum(images for images, _ in paid),
        amount=sum((amount for _, amount in paid), Decimal(0)),
        stated=stated,
        listed=len(served) - stated,
        wasted_images=sum(images for images, _ in wasted),
        wasted_amount=sum((amount for _, amount in wasted), Decimal(0)),
        unsettled=len(unsettled),
        unsettled_amount=sum((record.shot.at_risk.amount for record in unsettled), Decimal(0)),
    )


def _only_accepted(record: Record) -> bool:
    """Tell whether a job was made without the user's key: whom it is charged to, nobody says."""
    outcome = record.outcome
    keyless = record.shot.case.credential != "own"
    return keyless and isinstance(outcome, Images) and not outcome.pictures


def _paid(record: Record, outcome: Images) -> tuple[int, Decimal]:
    """Return the images and the amount that a served case cost: as charged, else as listed.

    A request that the documents promise to refuse has no price; served all the same, it is taken
    to cost what had been set aside for it.
    """
    price = record.shot.at_risk if record.shot.case.expect == "refuse" else record.shot.price
    if outcome.charged is None:
        return price.images, price.amount
    return price.images if outcome.charged > 0 else 0, outcome.charged
