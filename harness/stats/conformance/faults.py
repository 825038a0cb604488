"""How many valid requests ended in faults, and which documented values were never served."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.core.outcome import ErrorClass, Fault, Images, Refused
from harness.core.record import Record
from harness.spec.provider import Provider
from harness.stats.conformance.cost import paid_of
from harness.stats.conformance.doubt import is_open


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCounts:
    """What became of one provider's valid requests.

    `faults` of the `valid` ones that were sent ended in a fault, or in an error that no document
    describes; `by_class` counts them, the commonest first; `other_faults` of the `others` did. What
    we cut off ourselves is no fault.
    `refused` of the valid ones were refused though, `our_key` of these for our key or our credit.
    `unsettled_images` of all requests may be paid and were not received.
    """

    provider: str
    valid: int = 0
    faults: int = 0
    by_class: tuple[tuple[ErrorClass, int], ...] = ()
    others: int = 0
    other_faults: int = 0
    refused: int = 0
    our_key: int = 0
    unsettled_images: int = 0

    @property
    def is_most(self) -> bool:
        """Tell whether more than half of all requests ended in faults."""
        return 2 * (self.faults + self.other_faults) > self.valid + self.others


def fault_counts(provider: Provider, records: Iterable[Record]) -> FaultCounts:
    """Count one provider's valid requests, and those among them that ended in faults."""
    valid = others = other_faults = unsettled_images = 0
    classes: Counter[ErrorClass] = Counter()
    refusals: Counter[ErrorClass] = Counter()
    for record in records:
        if record.shot.case.provider != provider.name or record.outcome is None:
            continue
        if paid_of(provider, record) is None:
            unsettled_images += record.shot.at_risk.images
        if record.shot.case.expect != "accept":
            others += 1
            other_faults += isinstance(record.outcome, Fault) and not is_open(record)
            continue
        valid += 1
        if is_open(record):
            continue
        if (fault := _fault_class(record)) is not None:
            classes[fault] += 1
        elif isinstance(record.outcome, Refused):
            refusals[record.outcome.error.error_class] += 1
    return FaultCounts(
        provider=provider.name,
        others=others,
        other_faults=other_faults,
        valid=valid,
        faults=classes.total(),
        by_class=tuple(classes.most_common()),
        refused=refusals.total(),
        our_key=sum(refusals[each] for each in _OURS),
        unsettled_images=unsettled_images,
    )


_OURS: tuple[ErrorClass, ...] = ("auth", "quota")
"""Classes of refusals that are about our key or our credit, and not about a request."""


def _fault_class(record: Record) -> ErrorClass | None:
    """Return the class of what says nothing about the request; None for images and refusals."""
    match record.outcome:
        case Fault(error_class=error_class):
            return error_class
        case Refused(error=error) if error.error_class == "unknown":
            return error.error_class
        case _:
            return None


Promise = tuple[str, str, str]
"""A provider, its operation, and a constraint's id."""


def unserved_values(records: Iterable[Record]) -> Mapping[Promise, tuple[str, ...]]:
    """Return the values of each promise that were requested and never served, because of faults.

    A value is a member of a list, or lies on the promise's boundary.
    """
    served: set[tuple[Promise, str]] = set()
    failed: dict[tuple[Promise, str], None] = {}
    for record in records:
        case = record.shot.case
        if case.expect != "accept":
            continue
        values = [
            ((case.provider, case.operation, promise), value)
            for promise, is_value, value in (token.partition("=") for token in case.covers)
            if is_value
        ]
        if isinstance(record.outcome, Images):
            served.update(values)
        elif _fault_class(record) is not None:
            failed.update(dict.fromkeys(values))
    unserved: defaultdict[Promise, list[str]] = defaultdict(list)
    for promise, value in failed:
        if (promise, value) not in served:
            unserved[promise].append(value)
    return {promise: tuple(values) for promise, values in unserved.items()}
