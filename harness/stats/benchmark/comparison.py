"""All providers that serve a workload exactly, compared two by two, by pairs of attempts."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import copysign, inf, isfinite, isnan, nan

from harness.core.benchmark import Design
from harness.stats.benchmark.model import Attempt, Ended, Rank, Ranking, Word
from harness.stats.sequential import Comparing, Time

MARGIN = 1.1
"""Two providers are equally fast where the ratio of their times lies within 1 / 1.1 and 1.1."""

HOPELESS = 10
"""A provider that served none of its first 10 attempts at a workload is not waited for."""

Two = tuple[str, str, str]
"""A workload and two providers, in the order of the design."""


Place = tuple[bool, str, str, int, str]
"""Of one block's attempts at one case: emulated, vantage, stage, block, case."""

_OF_ONE = 3
"""What a table holds of each attempt: when it ended, its seconds (with a minus where it timed out),
and how long it would have been waited for; nan for none of them."""


@dataclass(slots=True, kw_only=True)
class _Table:
    """The times of one workload: a row for each place, in it a few floats for each provider."""

    names: tuple[str, ...]
    rows: dict[Place, int] = field(default_factory=dict)
    _places: list[Place] = field(default_factory=list)
    _values: "array[float]" = field(default_factory=lambda: array("d"))

    def seen(self, row: int, column: int) -> bool:
        """Tell whether an attempt was taken note of."""
        return not isnan(self._values[self._at(row, column)])

    def paired(self, row: int, column: int) -> bool:
        """Tell whether an attempt was, and may stand in a pair."""
        return isfinite(self._values[self._at(row, column)])

    def row(self, place: Place) -> int:
        """Return the row of a place, a new one where there is none."""
        row = self.rows.get(place)
        if row is None:
            row = self.rows[place] = len(self._places)
            self._places.append(place)
            self._values.extend((nan,) * (_OF_ONE * len(self.names)))
        return row

    def put(self, row: int, column: int, attempt: Ended | Attempt) -> None:
        """Take note of an attempt; one that makes no pair has ended at no time."""
        served = attempt.end == "served"
        at, limit_s = self._at(row, column), attempt.limit_s
        self._values[at] = attempt.end_s if served or attempt.end == "timeout" else inf
        self._values[at + 1] = copysign(attempt.seconds, 1 if served else -1)
        self._values[at + 2] = nan if limit_s is None else limit_s

    def time(self, row: int, column: int) -> Time:
        """Return how long an attempt took."""
        _, seconds, limit_s = self._of(row, column)
        return Time(
            seconds=abs(seconds),
            served=copysign(1, seconds) > 0,
            limit_s=None if isnan(limit_s) else limit_s,
        )

    def whole(self, row: int, columns: tuple[int, int]) -> tuple[float, Place]:
        """Return when a pair was whole, and its place."""
        return max(self._of(row, column)[0] for column in columns), self._places[row]

    def _at(self, row: int, column: int) -> int:
        return (row * len(self.names) + column) * _OF_ONE

    def _of(self, row: int, column: int) -> tuple[float, float, float]:
        at = self._at(row, column)
        return self._values[at], self._values[at + 1], self._values[at + 2]


@dataclass(slots=True, kw_only=True)
class PairwiseComparisons:
    """Which provider is faster than which, at any moment, at an error rate of `alpha` over all.

    Pairs are attempts of one stage, block and case at two providers, from one vantage point.
    Warm-ups, and attempts that were refused, failed or cut off by us, make no pair. Rows of an
    emulator are paired among themselves only. Attempts may come in any order and from several
    processes, one that comes again counts once; pairs count in the order in which they were whole,
    of those that are when they are settled.

    Each of the comparisons is decided at `alpha` over their number (the union bound). Of an attempt
    a few floats are held, no more.
    """

    contenders: Mapping[str, tuple[str, ...]]
    alpha: float = 0.05
    comparing: dict[Two, Comparing] = field(init=False)
    _tables: dict[str, _Table] = field(init=False)
    _pending: "dict[Two, array[int]]" = field(init=False)
    _tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    _served: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        every = [
            (workload, first, second)
            for workload, names in self.contenders.items()
            for first, second in combinations(names, 2)
        ]
        self.comparing = {two: Comparing(needed=len(every) / self.alpha) for two in every}
        self._tables = {name: _Table(names=names) for name, names in self.contenders.items()}
        self._pending = {two: array("Q") for two in every}

    def add(self, attempt: Ended | Attempt) -> None:
        """Take note of an attempt; those that are not compared are left out."""
        workload, name = attempt.workload, attempt.provider
        names = self.contenders.get(workload, ())
        if attempt.warm_up or name not in names:
            return
        table, column = self._tables[workload], names.index(name)
        row = table.row(
            (attempt.emulated, attempt.vantage, attempt.stage, attempt.block, attempt.case)
        )
        if table.paired(row, column):
            return
        self._tried[workload, name] += not table.seen(row, column)
        table.put(row, column, attempt)
        self._served[workload, name] += attempt.end == "served"
        if table.paired(row, column):
            for other, rival in enumerate(names):
                if other != column and table.paired(row, other):
                    two = (name, rival) if column < other else (rival, name)
                    self._pending[workload, *two].append(row)

    def settle(self) -> None:
        """Let all pairs count that are whole by now."""
        for two, rows in self._pending.items():
            workload, *both = two
            table = self._tables[workload]
            first, second = (table.names.index(name) for name in both)
            for row in sorted(rows, key=lambda row: table.whole(row, (first, second))):
                self.comparing[two].add(table.time(row, first), table.time(row, second))
            del rows[:]

    def word(self, two: Two) -> Word:
        """Return which of two is faster, as far as it is decided."""
        comparing = self.comparing[two]
        if comparing.slower is not None:
            return "first" if comparing.slower else "second"
        return "equal" if comparing.within(MARGIN) else "open"

    def beaten(self, workload: str) -> dict[str, str]:
        """Return which providers of a workload are slower for certain, and than which."""
        out: dict[str, str] = {}
        for two in self._of(workload):
            _, first, second = two
            word = self.word(two)
            if word in ("first", "second"):
                slower, faster = (second, first) if word == "first" else (first, second)
                out.setdefault(slower, faster)
        return out

    def hopeless(self, workload: str) -> tuple[str, ...]:
        """Return who has served nothing of a workload in many attempts."""
        return tuple(
            name
            for name in self.contenders[workload]
            if self._tried[workload, name] >= HOPELESS and not self._served[workload, name]
        )

    def serving(self, workload: str) -> tuple[str, ...]:
        """Return who has served a workload at least once."""
        return tuple(name for name in self.contenders[workload] if self._served[workload, name])

    def undecided(self, workload: str) -> tuple[Two, ...]:
        """Return the open comparisons between those who may still be the fastest."""
        out = {*self.beaten(workload), *self.hopeless(workload)}
        return tuple(
            two for two in self._of(workload) if not out & {*two[1:]} and self.word(two) == "open"
        )

    def _of(self, workload: str) -> Iterator[Two]:
        return (two for two in self.comparing if two[0] == workload)


def pairwise_comparisons(design: Design) -> PairwiseComparisons:
    """Return the comparisons of a benchmark, of those who serve a workload exactly."""
    return PairwiseComparisons(
        contenders={
            workload.name: tuple(
                fit.provider
                for fit in design.fits
                if fit.workload == workload.name and fit.kind == "exact"
            )
            for workload in design.workloads
        },
        alpha=design.alpha,
    )


def rank_providers(
    comparisons: PairwiseComparisons, workload: str, medians: Mapping[str, float | None]
) -> Ranking:
    """Return the places of one workload; who served nothing has none.

    A place begins only where each provider before it is decided to be faster than each one from it
    on, or than one that is; a provider of which that is open shares the place of those before it.
    Within a place the lower median stands first, which says nothing more.
    """
    serving = comparisons.serving(workload)
    faster = _with_chains({*_decided_pairs(comparisons, workload, serving)})
    lead = {
        name: sum(name == one for one, _ in faster) - sum(name == other for _, other in faster)
        for name in serving
    }

    def order(name: str) -> tuple[int, float, str]:
        median = medians.get(name)
        return -lead[name], inf if median is None else median, name

    places = tuple(_places(sorted(serving, key=order), faster))
    beaten = {slower for _, slower in faster}
    decided, why = _why(
        comparisons, workload, [rank.provider for rank in places if rank.provider not in beaten]
    )
    silent = [name for name in comparisons.contenders[workload] if name not in serving]
    if silent and serving:
        why += f"; {' and '.join(silent)} served nothing that counts here"
    return Ranking(workload=workload, places=places, decided=decided, why=why)


def _decided_pairs(
    comparisons: PairwiseComparisons, workload: str, serving: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield who is decided to be faster than whom, the faster one first."""
    for two in comparisons.comparing:
        of, first, second = two
        word = comparisons.word(two)
        if of == workload and {first, second} <= {*serving} and word in ("first", "second"):
            yield (first, second) if word == "first" else (second, first)


def _with_chains(faster: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs with those that follow: faster than one that is faster than a third."""
    chained = {(one, third) for one, two in faster for other, third in faster if two == other}
    return faster if chained <= faster else _with_chains(faster | chained)


def _places(order: Sequence[str], faster: Collection[tuple[str, str]]) -> Iterator[Rank]:
    """Yield a place for each provider of an order: a new one where all before it are faster.

    In an order by decided pairs won less those lost, whoever beats all others of a workload stands
    before them, so that no place is overlooked.
    """
    place = 1
    for at, name in enumerate(order):
        if all((one, other) in faster for one in order[:at] for other in order[at:]):
            place = at + 1
        yield Rank(place=place, provider=name)


def _why(comparisons: PairwiseComparisons, workload: str, first: list[str]) -> tuple[bool, str]:
    """Tell whether the first place is decided, and what that rests on."""
    if not first:
        return False, "nothing was served"
    if len(comparisons.serving(workload)) == 1:
        return True, f"only {first[0]} served it exactly"
    if len(first) == 1:
        return (
            True,
            f"{first[0]} is faster at an error rate of {comparisons.alpha:.2g} for the whole race",
        )
    words = {
        two: comparisons.word(two)
        for two in comparisons.comparing
        if two[0] == workload and {*two[1:]} <= {*first}
    }
    if all(word == "equal" for word in words.values()):
        return True, f"{' and '.join(first)} are equally fast within {MARGIN - 1:.0%}"
    undecided = [
        f"{name} and {other}" for (_, name, other), word in words.items() if word == "open"
    ]
    return False, f"not told apart: {', '.join(undecided)}"
