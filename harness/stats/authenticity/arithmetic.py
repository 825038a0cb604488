"""In which quality a provider's images were drawn, by the tokens that its replies count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.drawn.constant import STEADY, constant
from harness.spec.drawn.counting import counts_all, settled
from harness.spec.drawn.drawn import Drawn
from harness.spec.drawn.reading import reading
from harness.spec.provider import Provider
from harness.stats.authenticity.model import Contradiction, Count

_UNDECIDED = ("declared_other", "part", "shown", "several", "unclear")
"""What is told and counts neither for nor against the quality asked for."""

_MOST_NOTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """How many requests were drawn as asked, of those whose counts tell."""

    drawn_as_asked: Count
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]


def arithmetic(provider: Provider, records: Iterable[Record]) -> Arithmetic:
    """Return what the tokens of a provider's served requests say of the quality asked for."""
    readings: defaultdict[str, dict[int, tuple[Record, Drawn]]] = defaultdict(dict)
    for at, record in enumerate(records):
        drawn = _reading(provider, record)
        if drawn is not None:
            readings[record.shot.case.operation][at] = (record, drawn)
    asked = of = 0
    contradictions: list[Contradiction] = []
    notes: dict[str, None] = {}
    every = {at: drawn for found in readings.values() for at, (_, drawn) in found.items()}
    still = constant(every)
    for operation, found in readings.items():
        steady = [record for at, (record, _) in found.items() if at in still]
        if steady:
            contradictions.append(_steady(operation, steady))
        read = [pair for at, pair in found.items() if at not in still]
        all_counted = counts_all(drawn for _, drawn in read)
        telling = [(record, settled(drawn, all_counted=all_counted)) for record, drawn in read]
        decided = [drawn for _, drawn in telling if drawn.decides]
        asked += sum(drawn.agreement == "asked" for drawn in decided)
        of += len(decided)
        contradictions += _contradictions(operation, telling)
        for _, drawn in telling:
            if drawn.agreement in _UNDECIDED:
                notes[f"{operation}: {drawn.sentence}"] = None
    more = len(notes) - _MOST_NOTES
    return Arithmetic(
        drawn_as_asked=Count(count=asked, of=of),
        contradictions=tuple(contradictions),
        notes=(
            *[*notes][:_MOST_NOTES],
            *([f"{more} more such counts"] if more > 0 else ()),
        ),
    )


def _reading(provider: Provider, record: Record) -> Drawn | None:
    case, outcome = record.shot.case, record.outcome
    if not isinstance(outcome, Images) or case.expect == "refuse":
        return None
    return reading(provider, provider.operation(case.operation), case.arguments, outcome)


def _steady(operation: str, records: Sequence[Record]) -> Contradiction:
    return Contradiction(
        kind="constant_usage",
        label="arithmetic",
        sentence=f"{requests(len(records))}: {STEADY}",
        operation=operation,
        cases=_cases(records),
        images=_images(records),
    )


def _contradictions(
    operation: str, telling: Iterable[tuple[Record, Drawn]]
) -> Iterable[Contradiction]:
    """Yield one contradiction for each quality asked for and what came, with the first in words."""
    groups: dict[tuple[object, ...], list[tuple[Record, Drawn]]] = {}
    for record, drawn in telling:
        if drawn.kind is not None:
            key = (drawn.kind, drawn.agreement, drawn.asked, drawn.qualities, drawn.basis)
            groups.setdefault(key, []).append((record, drawn))
    for pairs in groups.values():
        drawn, records = pairs[0][1], [record for record, _ in pairs]
        first = f"{requests(len(records))}, the first: " if len(records) > 1 else ""
        kind = drawn.kind
        if kind is not None:
            yield Contradiction(
                kind=kind,
                label="arithmetic",
                sentence=f"{first}{drawn.sentence}",
                operation=operation,
                cases=_cases(records),
                images=_images(records),
            )


def requests(number: int) -> str:
    """Return a number of requests in words: `1 request`, `2 requests`."""
    return f"{number:,} request" if number == 1 else f"{number:,} requests"


def _cases(records: Iterable[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(record.shot.case.id for record in records))


def _images(records: Iterable[Record]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            picture.digest
            for record in records
            if isinstance(record.outcome, Images)
            for picture in record.outcome.pictures
        )
    )


def by_provider(
    records: Iterable[Record], providers: Mapping[str, Provider]
) -> dict[str, list[Record]]:
    """Return the records of each provider, in the order of the providers; others are left out."""
    groups: dict[str, list[Record]] = {name: [] for name in providers}
    for record in records:
        if record.shot.case.provider in groups:
            groups[record.shot.case.provider].append(record)
    return groups
