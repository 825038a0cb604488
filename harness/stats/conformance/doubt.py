"""Requests of which nobody knows whether they were received: each may have been paid for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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
    counted: dict[str, InDoubtCounts] = {}
    cases: dict[str, list[str]] = {}
    for record in records:
        name = record.shot.case.provider
        for shot in _requests(record):
            price = shot.at_risk_once
            before = counted.get(name) or _none(name, price.unit)
            counted[name] = replace(
                before,
                requests=before.requests + 1,
                images=before.images + price.images,
                amount=before.amount + price.amount,
            )
        if name in counted and is_open(record):
            cases.setdefault(name, []).append(record.shot.case.id)
    return tuple(replace(each, cases=tuple(cases.get(name, ()))) for name, each in counted.items())


def is_open(record: Record) -> bool:
    """Tell whether a question has no answer because its last request was cut off."""
    if record.outcome is None:
        return bool(record.in_doubt)
    return isinstance(record.outcome, Fault) and record.outcome.why == CUT_OFF_WHY


def _requests(record: Record) -> Iterator[PlannedRequest]:
    yield from record.in_doubt
    if record.outcome is not None and is_open(record):
        yield record.shot


def _none(provider: str, unit: str) -> InDoubtCounts:
    return InDoubtCounts(
        provider=provider, unit=unit, requests=0, images=0, amount=Decimal(0), cases=()
    )
