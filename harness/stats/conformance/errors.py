"""Which errors came, how often, and whether they were asked for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from harness.core.outcome import ErrorClass, Fault, error_of
from harness.core.record import Record
from harness.core.verdict import Estimate
from harness.stats.intervals import proportion_estimate

Occasion = Literal["asked_for", "observed", "unexpected"]
"""`asked_for`: the case breaks a rule so that it be refused; `observed`: the documents promise
neither; `unexpected`: all others, those of key, quota and network at a refusal case included."""

_NOT_ABOUT_THE_REQUEST: frozenset[ErrorClass] = frozenset(
    ["auth", "quota", "rate_limit", "server", "timeout", "network", "protocol"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCounts:
    """How often one error class came at one provider's operation.

    `share` is taken of the cases that could show it: of the refusal cases sent for `asked_for`,
    of the observed ones for `observed`, of all cases sent for `unexpected`.
    """

    provider: str
    operation: str
    error_class: ErrorClass
    occasion: Occasion
    count: Annotated[int, Field(ge=1)]
    share: Estimate


def errors_by_class(records: Iterable[Record]) -> tuple[ErrorCounts, ...]:
    """Return one row for each provider, operation, occasion and error class that came.

    Cases that were never sent count nowhere. Rows stand in the order in which the records name
    provider and operation, unexpected errors first, then by count.
    """
    sent: Counter[tuple[str, str, Occasion]] = Counter()
    errors: Counter[tuple[str, str, Occasion, ErrorClass]] = Counter()
    operations: dict[tuple[str, str], int] = {}
    for record in records:
        if record.outcome is None:
            continue
        case = record.shot.case
        operations.setdefault((case.provider, case.operation), len(operations))
        for base in _bases(record):
            sent[case.provider, case.operation, base] += 1
        if (error := error_of(record.outcome)) is not None:
            occasion = occasion_of(record, error[0])
            errors[case.provider, case.operation, occasion, error[0]] += 1
    rows = [
        ErrorCounts(
            provider=provider,
            operation=operation,
            error_class=error,
            occasion=occasion,
            count=count,
            share=proportion_estimate(count, sent[provider, operation, occasion]),
        )
        for (provider, operation, occasion, error), count in errors.items()
    ]
    return tuple(sorted(rows, key=lambda row: _order(operations, row)))


def _order(operations: dict[tuple[str, str], int], row: ErrorCounts) -> tuple[int, int, int, str]:
    urgency: tuple[Occasion, ...] = ("unexpected", "observed", "asked_for")
    place = operations[row.provider, row.operation]
    return (place, urgency.index(row.occasion), -row.count, row.error_class)


def _bases(record: Record) -> tuple[Occasion, ...]:
    match record.shot.case.expect:
        case "refuse":
            return ("asked_for", "unexpected")
        case "observe":
            return ("observed", "unexpected")
        case "accept":
            return ("unexpected",)


def occasion_of(record: Record, error: ErrorClass) -> Occasion:
    """Return whether an error of this class was asked for by the record's case."""
    about_key = error == "auth" and record.shot.case.credential != "own"
    if isinstance(record.outcome, Fault) or (error in _NOT_ABOUT_THE_REQUEST and not about_key):
        return "unexpected"
    return _bases(record)[0]
