"""Which cases stand behind each promise, so that few transcripts serve many cells."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest

from harness.core.record import Record
from harness.core.verdict import Finding, Standing
from harness.report.tally import Observed, Place, Tally, broken_promise

_GRAVEST: tuple[Standing, ...] = ("confirmed", "flaky", "unconfirmed")
_LOOKED: tuple[Observed, ...] = ("served", "refused", "unanswered")
_MOST_FAILING = 2
_SHORTLIST = 24

HELD = len(_GRAVEST) + 2
"""The rank of a promise that cases kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The cases that speak of one promise, by what they say; a page shows one of each group.

    `first` are the requests of its findings, `rank` is 0 to 5 for a promise that is broken, flaky,
    suspected, without a judgement, only looked at, held. `unnamed` counts the cases that speak of
    it and are not known by name.
    """

    place: Place
    rank: int
    first: tuple[str, ...] = ()
    groups: tuple[Collection[str], ...] = ()
    unnamed: int = 0

    @property
    def cases(self) -> set[str]:
        """All of them, each once."""
        return {case for group in self.groups for case in group}


@dataclass(frozen=True, slots=True)
class Standings:
    """What makes one case tell more than another: what it is about, and how many cells it serves.

    `order` is each case's place in the run.
    """

    order: Mapping[Place, int]
    about: Mapping[Place, frozenset[str]]
    serves: Counter[Place] = field(default_factory=Counter)
    short: dict[Place, tuple[Collection[str], ...]] = field(default_factory=dict)

    def shortlists(self, each: Candidates) -> tuple[Collection[str], ...]:
        """Return the few cases of each group that tell most, whatever is chosen; made once."""
        if each.place not in self.short:
            self.short[each.place] = tuple(
                nsmallest(
                    _SHORTLIST,
                    (case for case in group if (*each.place[:2], case) in self.order),
                    key=lambda case: self.telling(each, case, ()),
                )
                for group in each.groups
            )
        return self.short[each.place]

    def telling(
        self, each: Candidates, case: str, chosen: Collection[Place]
    ) -> tuple[bool, bool, int, int, str]:
        """Return a key by which the most telling case is the least one."""
        provider, operation, promise = each.place
        place = (provider, operation, case)
        about = promise in self.about[place]
        return (not about, place not in chosen, -self.serves[place], self.order[place], case)

    def best(
        self, each: Candidates, cases: Collection[str], chosen: Collection[Place]
    ) -> str | None:
        """Return the most telling of the cases whose record is at hand; None where none is."""
        held = (case for case in cases if (*each.place[:2], case) in self.order)
        return min(held, key=lambda case: self.telling(each, case, chosen), default=None)


def candidates(tallied: Mapping[Place, Tally], findings: Sequence[Finding]) -> list[Candidates]:
    """Return what speaks of each promise, the gravest first."""
    first: dict[Place, dict[str, None]] = {}
    for finding in findings:
        if promise := broken_promise(finding):
            place = (finding.provider, finding.operation, promise)
            first.setdefault(place, {})[finding.record.shot.case.id] = None
    found = [
        Candidates(
            place=place,
            rank=_rank(tally),
            first=tuple(first.get(place, ()))[:_MOST_FAILING],
            groups=(groups := tuple(_groups(tally))),
            unnamed=_unnamed(groups, tally),
        )
        for place, tally in tallied.items()
    ]
    return _in_turn(found)


def _unnamed(groups: Iterable[Collection[str]], tally: Tally) -> int:
    failing = any(map(tally.fails.get, _GRAVEST))
    more = tally.more_fails if failing else 0
    return more + sum(len(group) - sum(1 for _ in group) for group in groups)


def _in_turn(found: list[Candidates]) -> list[Candidates]:
    """Sort by rank; within one, operations take turns, so that no provider fills the page."""
    before: Counter[tuple[str, str, int]] = Counter()
    keyed = []
    for each in found:
        line = (*each.place[:2], each.rank)
        keyed.append((each.rank, before[line], each))
        before[line] += 1
    return [each for _, _, each in sorted(keyed, key=lambda entry: entry[:2])]


def standings(records: Iterable[tuple[Place, Record]], found: list[Candidates]) -> Standings:
    """Return what each candidate is about, where it stands in the run, how many cells it serves.

    Of equal places the first one says where it stands, the last one what it is about.
    """
    serves: Counter[Place] = Counter()
    for each in found:
        provider, operation, _ = each.place
        serves.update((provider, operation, case) for case in each.cases)
    wanted = {*serves}
    wanted |= {(*each.place[:2], case) for each in found for case in each.first}
    order: dict[Place, int] = {}
    about: dict[Place, frozenset[str]] = {}
    for at, (place, record) in enumerate(records):
        if place in wanted:
            order.setdefault(place, at)
            about[place] = _about(record)
    return Standings(order=order, about=about, serves=serves)


def choose(each: Candidates, weighed: Standings, chosen: Collection[Place]) -> tuple[str, ...]:
    """Return the cases to show for a promise, the most telling of each group."""
    picked = dict.fromkeys(each.first)
    for group in () if each.first else weighed.shortlists(each):
        case = weighed.best(each, group, chosen)
        if case is not None:
            picked.setdefault(case)
    return tuple(picked)


def _about(record: Record) -> frozenset[str]:
    """Name the promises that a case is about: made for them, or with a value at their edge."""
    case = record.shot.case
    valued = (entry.partition("=")[0] for entry in case.covers if "=" in entry)
    return frozenset(filter(None, (*valued, case.about, case.breaks)))


def _rank(tally: Tally) -> int:
    for rank, standing in enumerate(_GRAVEST):
        if tally.fails.get(standing):
            return rank
    if tally.unserved or not (tally.accepts or tally.refuses or tally.observed):
        return len(_GRAVEST)
    return HELD - 1 if tally.observed else HELD


def _groups(tally: Tally) -> Iterator[Collection[str]]:
    """Yield what a page shows one of each: failing cases, or else those that looked, or judged."""
    fails = [tally.fails[standing] for standing in _GRAVEST if tally.fails.get(standing)]
    if fails:
        yield from fails
        return
    looked = [tally.observed[came] for came in _LOOKED if tally.observed.get(came)]
    judged = [group for group in (tally.accepts, tally.refuses) if group]
    if tally.unserved or not (looked or judged):
        judged = [group for group in (tally.unjudged,) if group] + judged
    yield from looked or judged
