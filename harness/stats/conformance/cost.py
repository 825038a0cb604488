"""What a run cost at each provider, and what that money bought."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    sums: dict[str, _Sums] = {}
    for record in records:
        if record.outcome is not None:
            name = record.shot.case.provider
            if name not in sums:
                sums[name] = _Sums(provider=providers[name], unit=record.shot.price.unit)
            sums[name].add(record)
    return tuple(each.cost() for each in sums.values())


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


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Adds up what one provider's requests cost, one after the other."""

    provider: Provider
    unit: str
    cases: int = 0
    requests: int = 0
    delivered: int = 0
    paid: int = 0
    amount: Decimal = Decimal(0)
    bases: Counter[str] = field(default_factory=Counter)
    wasted: int = 0
    wasted_amount: Decimal = Decimal(0)
    unsettled: int = 0
    unsettled_amount: Decimal = Decimal(0)

    def add(self, record: Record) -> None:
        """Add a request that was sent."""
        self.cases += 1
        self.requests += sum(
            not isinstance(exchange.answer, Failure) or exchange.answer.sent
            for exchange in record.exchanges
        )
        if isinstance(record.outcome, Images):
            self.delivered += len(record.outcome.pictures)
        cost = paid_of(self.provider, record)
        if cost is None:
            self.unsettled += 1
            self.unsettled_amount += record.shot.at_risk.amount
            return
        self.paid += cost.images
        self.amount += cost.amount
        self.bases[cost.basis] += 1
        if record.shot.case.expect == "refuse":
            self.wasted += cost.images
            self.wasted_amount += cost.amount

    def cost(self) -> Cost:
        """Return the sums."""
        return Cost(
            provider=self.provider.name,
            unit=self.unit,
            cases=self.cases,
            requests=self.requests,
            images_delivered=self.delivered,
            images_paid=self.paid,
            amount=self.amount,
            stated=self.bases["stated"],
            listed=self.bases["listed"],
            bounded=self.bases["bounded"],
            wasted_images=self.wasted,
            wasted_amount=self.wasted_amount,
            unsettled=self.unsettled,
            unsettled_amount=self.unsettled_amount,
        )
