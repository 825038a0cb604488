"""In which quality a provider's images were drawn, by the tokens that its replies count."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.drawn.constant import STEADY, Counted, counted, still
from harness.spec.drawn.counting import all_counted, settled
from harness.spec.drawn.drawn import Drawn
from harness.spec.drawn.reading import reading
from harness.spec.provider import Provider
from harness.stats.authenticity.model import Contradiction, Count
from harness.stats.grouped import First, grouped

_UNDECIDED = ("declared_other", "part", "shown", "several", "unclear")
"""What is told and counts neither for nor against the quality asked for."""

_MOST_NOTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """How many requests were drawn as asked, of those whose counts tell."""

    drawn_as_asked: Count
    contradictions: tuple[Contradiction, ...]
    notes: tuple[str, ...]


def arithmetic(provider: Provider, records: Sequence[Record]) -> Arithmetic:
    """Return what the tokens of a provider's served requests say of the quality asked for.

    Two passes: the first one learns which counts stand for nothing and which operations count all
    images of a reply, the second one reads by that.
    """
    counts: dict[str, dict[Counted, set[str | None]]] = {}
    for record in records:
        if (drawn := _reading(provider, record)) is not None:
            its = counts.setdefault(record.shot.case.operation, {})
            its.setdefault(counted(drawn), set()).add(drawn.counting)
    steady = still({each: each for its in counts.values() for each in its})
    whole = {
        operation: all_counted(
            {told for each, kinds in its.items() if each not in steady for told in kinds}
        )
        for operation, its in counts.items()
    }
    found = {operation: _Operation(operation) for operation in counts}
    for record in records:
        if (drawn := _reading(provider, record)) is not None:
            operation = record.shot.case.operation
            if counted(drawn) in steady:
                found[operation].steady.add(record, STEADY)
            else:
                found[operation].add(record, settled(drawn, all_counted=whole[operation]))
    notes = dict.fromkeys(note for each in found.values() for note in each.notes.told)
    more = len(notes) - _MOST_NOTES
    return Arithmetic(
        drawn_as_asked=Count(
            count=sum(each.asked for each in found.values()),
            of=sum(each.decided for each in found.values()),
        ),
        contradictions=tuple(row for each in found.values() for row in each.contradictions()),
        notes=(
            *[*notes][:_MOST_NOTES],
            *([f"{more} more such counts"] if more > 0 else ()),
        ),
    )


class _Alike:
    """Requests that one contradiction is about: how many, and the first ones."""

    def __init__(self) -> None:
        self.number = 0
        self.sentence = ""
        self._cases, self._images = First(), First()

    def add(self, record: Record, sentence: str) -> None:
        """Add a request."""
        self.number += 1
        self.sentence = self.sentence or sentence
        self._cases.add(record.shot.case.id)
        if isinstance(record.outcome, Images):
            self._images.extend(picture.digest for picture in record.outcome.pictures)

    def told(self, kind: str, operation: str, sentence: str) -> Contradiction:
        """Return the contradiction."""
        return Contradiction(
            kind=kind,
            label="arithmetic",
            sentence=sentence,
            operation=operation,
            cases=self._cases.told,
            images=self._images.told,
        )


class _Operation:
    """What the counts of one operation's replies say."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = self.decided = 0
        self.steady = _Alike()
        self.notes = First()
        self._alike: dict[tuple[object, ...], _Alike] = {}
        self._kinds: dict[tuple[object, ...], str] = {}

    def add(self, record: Record, drawn: Drawn) -> None:
        """Add a reply that counts for something."""
        if drawn.decides:
            self.decided += 1
            self.asked += drawn.agreement == "asked"
        if drawn.kind is not None:
            key = (drawn.kind, drawn.agreement, drawn.asked, drawn.qualities, drawn.basis)
            self._kinds[key] = drawn.kind
            self._alike.setdefault(key, _Alike()).add(record, drawn.sentence)
        if drawn.agreement in _UNDECIDED:
            self.notes.add(f"{self.name}: {drawn.sentence}")

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield one for each quality asked for and what came, with the first in words."""
        if self.steady.number:
            sentence = f"{requests(self.steady.number)}: {STEADY}"
            yield self.steady.told("constant_usage", self.name, sentence)
        for key, alike in self._alike.items():
            first = f"{requests(alike.number)}, the first: " if alike.number > 1 else ""
            yield alike.told(self._kinds[key], self.name, f"{first}{alike.sentence}")


def _reading(provider: Provider, record: Record) -> Drawn | None:
    case, outcome = record.shot.case, record.outcome
    if not isinstance(outcome, Images) or case.expect == "refuse":
        return None
    return reading(provider, provider.operation(case.operation), case.arguments, outcome)


def requests(number: int) -> str:
    """Return a number of requests in words: `1 request`, `2 requests`."""
    return f"{number:,} request" if number == 1 else f"{number:,} requests"


def by_provider(
    records: Sequence[Record], providers: Mapping[str, Provider]
) -> dict[str, Sequence[Record]]:
    """Return the records of each provider, in the order of the providers; others are left out."""
    found = grouped(records, lambda record: record.shot.case.provider)
    return {name: found.get(name, ()) for name in providers}
