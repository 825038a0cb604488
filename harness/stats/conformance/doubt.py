"""Requests of which nobody knows whether they were received: each may have been paid for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from harness.core.case import PlannedRequest
from harness.core.outcome import CUT_OFF_WHY, Fault
from harness.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubtCounts:
    """What one provider was perhaps sent and perhaps paid, beside what is known.

    `requests` were cut off without a reply: at worst they made `images` and cost `amount` in
    `unit`. `cases` are the ids of the questions that are still open because of that; the others
    were asked again in other words.
    """

    provider: str
    unit: str
    requests: int
    images: int
    amount: Decimal
    cases: tuple[str, ...]


def in_doubt(records: Iterable[Record]) -> tuple[InDoubtCounts, ...]:
    """Return one row for each provider with a request in doubt, in the order of the records."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        if next(_requests(record), None) is not None:
            groups.setdefault(record.shot.case.provider, []).append(record)
    return tuple(_of(provider, group) for provider, group in groups.items())


def is_open(record: Record) -> bool:
    """Tell whether a question has no answer because its last request was cut off."""
    if record.outcome is None:
        return bool(record.in_doubt)
    return isinstance(record.outcome, Fault) and record.outcome.why == CUT_OFF_WHY


def _requests(record: Record) -> Iterator[PlannedRequest]:
    yield from record.in_doubt
    if record.outcome is not None and is_open(record):
        yield record.shot


def _of(provider: str, records: list[Record]) -> InDoubtCounts:
    prices = [shot.at_risk_once for record in records for shot in _requests(record)]
    return InDoubtCounts(
        provider=provider,
        unit=prices[0].unit,
        requests=len(prices),
        images=sum(price.images for price in prices),
        amount=sum((price.amount for price in prices), Decimal(0)),
        cases=tuple(record.shot.case.id for record in records if is_open(record)),
    )
