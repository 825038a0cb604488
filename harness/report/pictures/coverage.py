"""Which values and pairs of values were served: a map of the plan's reach."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter

from harness.cases.build import Builder
from harness.cases.levels import Cell, describe_value
from harness.cases.packed import PackedRows, packed_rows
from harness.core.outcome import Images
from harness.core.record import Record
from harness.report.pictures.coverage_places import Drawing, Standing, drawing
from harness.report.text import visible
from harness.spec.provider import Provider
from harness.stats.grouped import grouped

MOST_VALUES = 120
"""How many values a map has room for; of what has more, the last ones are left out."""

_LONGEST_NAME, _LONGEST = 18, 20
"""Letters of a parameter's name and of a value that have room."""

_MOST_GAPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A documented value of a parameter; `first` of its parameter's, of which there are `several`.

    `standing` is what became of the requests that hold it.
    """

    parameter: str
    text: str
    first: bool
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Pairs of values of two parameters: `untried` and `unserved` of `allowed` ones."""

    first: str
    second: str
    untried: int
    unserved: int
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMap:
    """How often each pair of documented values was served, of one provider's operation.

    Pairs are those that the documents allow in one request. `gaps` are the parameters with the most
    pairs that were never tried; `left_out` counts values without room.
    """

    provider: str
    operation: str
    emulated: bool
    values: tuple[Value, ...]
    pairs: int
    served_pairs: int
    unserved_pairs: int
    gaps: tuple[Gap, ...]
    drawing: Drawing
    left_out: int

    @property
    def served(self) -> int:
        """How many of the values were served."""
        return sum(value.standing.served > 0 for value in self.values)

    @property
    def unserved(self) -> tuple[Value, ...]:
        """Values that were asked for and never served."""
        return tuple(one for one in self.values if one.standing.tried and not one.standing.served)

    @property
    def untried(self) -> tuple[Value, ...]:
        """Values that no request held."""
        return tuple(value for value in self.values if not value.standing.tried)

    @property
    def untried_pairs(self) -> int:
        """How many pairs no request held."""
        return self.pairs - self.served_pairs - self.unserved_pairs


def coverage_maps(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
) -> tuple[CoverageMap, ...]:
    """Return a map for each operation that served anything.

    Requests count that the documents allow: what they forbid is refused for its own reason. Those
    of a benchmark do not: they try one workload, again and again.
    """
    maps = []
    for (name, operation), its in sorted(grouped(records, _place).items(), key=itemgetter(0)):
        rows = packed_rows(Builder(providers[name], operation))
        if any(isinstance(record.outcome, Images) for record in its) and rows.cells:
            maps.append(_map(its, rows))
    order = {
        (name, operation): at
        for at, (name, operation) in enumerate(
            (name, operation) for name in providers for operation in providers[name].operations
        )
    }
    return tuple(sorted(maps, key=lambda one: order[one.provider, one.operation]))


def _place(record: Record) -> tuple[str, str] | None:
    """Return a record's operation; None where it does not count."""
    case = record.shot.case
    return (case.provider, case.operation) if _counts(record) else None


def _counts(record: Record) -> bool:
    case = record.shot.case
    allowed = case.expect == "accept" and case.credential == "own"
    return allowed and record.outcome is not None and record.shot.slot is None


def _map(records: Sequence[Record], rows: PackedRows) -> CoverageMap:
    cells = _in_order(rows)
    shown = cells[:MOST_VALUES]
    counts = _standings(records, rows)
    allowed = {frozenset(pair) for pair in rows.feasible(2)}
    pairs = {pair: counts.get(pair, Standing()) for pair in allowed}
    served = sum(one.served > 0 for one in pairs.values())
    tried = sum(one.tried > 0 for one in pairs.values())
    case = records[0].shot.case
    return CoverageMap(
        provider=case.provider,
        operation=case.operation,
        emulated=records[0].evidence.emulated,
        values=tuple(_values(cells, counts)),
        pairs=len(pairs),
        served_pairs=served,
        unserved_pairs=tried - served,
        gaps=_gaps(pairs),
        drawing=drawing(
            [name for name, _ in shown], lambda one, other: _of(shown, pairs, counts, one, other)
        ),
        left_out=len(cells) - len(shown),
    )


def _in_order(rows: PackedRows) -> list[Cell]:
    """Return the values by parameter, as the documents list them; what is left out comes first."""
    table = rows.table
    names = [name for name in table.builder.operation.arguments if name in table.levels]
    return [
        cell for name in names for cell in dict.fromkeys(level.cell for level in table.levels[name])
    ]


def _standings(records: Iterable[Record], rows: PackedRows) -> Mapping[frozenset[Cell], Standing]:
    """Count what became of the requests with each value and each pair of values."""
    alike: Counter[tuple[frozenset[Cell], str]] = Counter()
    counts: Counter[tuple[frozenset[Cell], str]] = Counter()
    for record in records:
        cells = rows.table.cells(record.shot.case.arguments) & rows.table.values
        alike[cells, record.outcome.kind if record.outcome else ""] += 1
        if len(alike) == _MOST_ALIKE:
            _add_parts(counts, alike)
            alike.clear()
    _add_parts(counts, alike)
    standings: dict[frozenset[Cell], Standing] = {}
    for (held_cells, kind), times in counts.items():
        standing = standings.get(held_cells, Standing())
        standings[held_cells] = standing.plus(times, kind)
    return standings


_MOST_ALIKE = 4_096
"""How many kinds of requests are counted before their values and pairs are."""


def _add_parts(
    counts: Counter[tuple[frozenset[Cell], str]],
    alike: Mapping[tuple[frozenset[Cell], str], int],
) -> None:
    """Count each value and each pair of values of these requests."""
    for (cells, kind), times in alike.items():
        for size in (1, 2):
            for held in combinations(cells, size):
                counts[frozenset(held), kind] += times


def _of(
    cells: Sequence[Cell],
    pairs: Mapping[frozenset[Cell], Standing],
    counts: Mapping[frozenset[Cell], Standing],
    one: int,
    other: int,
) -> Standing | None:
    """Return the standing of two values, by their places; None where no request may hold both."""
    if one == other:
        return counts.get(frozenset((cells[one],)), Standing())
    return pairs.get(frozenset((cells[one], cells[other])))


def _values(cells: Iterable[Cell], counts: Mapping[frozenset[Cell], Standing]) -> Iterator[Value]:
    before = None
    for cell in cells:
        yield Value(
            parameter=_cut(cell[0], _LONGEST_NAME),
            text=_cut(describe_value(cell[1]), _LONGEST),
            first=cell[0] != before,
            standing=counts.get(frozenset((cell,)), Standing()),
        )
        before = cell[0]


def _cut(text: str, longest: int) -> str:
    """Return a name with its middle left out, where it is too long: files differ at their ends."""
    half = longest // 2
    return visible(text if len(text) <= longest else f"{text[: half - 1]}…{text[-half:]}")


def _gaps(pairs: Mapping[frozenset[Cell], Standing]) -> tuple[Gap, ...]:
    allowed: Counter[tuple[str, ...]] = Counter()
    untried: Counter[tuple[str, ...]] = Counter()
    unserved: Counter[tuple[str, ...]] = Counter()
    for pair, standing in pairs.items():
        names = tuple(sorted(name for name, _ in pair))
        allowed[names] += 1
        untried[names] += not standing.tried
        unserved[names] += bool(standing.tried and not standing.served)
    gaps = (
        Gap(
            first=names[0],
            second=names[1],
            untried=untried[names],
            unserved=unserved[names],
            allowed=times,
        )
        for names, times in allowed.items()
        if untried[names] or unserved[names]
    )
    ranked = sorted(gaps, key=lambda gap: (-gap.unserved, -gap.untried, gap.first, gap.second))
    return tuple(ranked[:_MOST_GAPS])
