"""The rows of an operation as bit sets: whether one is valid, what it tries and what it costs.

Covering compares tens of thousands of rows. As an integer, a row is made, checked and compared
with others in a few operations: a bit stands for a value of an argument (or its absence), for a
cell, or for a kind of size.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import combinations, product
from math import prod
from typing import Final

from harness.cases.build import Builder
from harness.cases.levels import ABSENT, CACHED, Cell, Combination, Level, LevelTable, tuples
from harness.core.case import Price
from harness.core.jsonvalue import Json, canonical
from harness.spec import price
from harness.spec.evaluate import evaluate

MOST_PRICED = 3_000
"""Of how many combinations of what the price depends on the cheapest ones are looked up; where
there are more, one value of each price stands for the others."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedLevel:
    """A level as bits: those that it sets and clears, with what it needs beside it and alone."""

    level: Level
    sets: int
    clears: int
    alone: int
    clears_alone: int


class Draft:
    """A row that is filled level by level; each of another argument."""

    __slots__ = ("bits", "levels", "pinned", "pinned_clears", "unpinned")

    def __init__(self, packed: "PackedRows") -> None:
        self.levels: tuple[PackedLevel, ...] = ()
        self.unpinned = self.bits = packed.base
        self.pinned = self.pinned_clears = 0

    def with_level(self, level: PackedLevel) -> int:
        """Return the bits of this row with one more level; it need not be valid."""
        unpinned = self.unpinned & ~level.clears | level.sets
        return unpinned & ~(self.pinned_clears | level.clears_alone) | self.pinned | level.alone

    def add(self, level: PackedLevel) -> None:
        """Add a level for good."""
        self.bits = self.with_level(level)
        self.unpinned = self.unpinned & ~level.clears | level.sets
        self.pinned |= level.alone
        self.pinned_clears |= level.clears_alone
        self.levels = (*self.levels, level)


class PackedRows:
    """The levels, rules and prices of one operation, over bits."""

    def __init__(self, table: LevelTable) -> None:
        self.table = table
        self.cells: Final = tuple(sorted(table.values))
        self.place_of = {cell: place for place, cell in enumerate(self.cells)}
        self._facets: dict[Cell, int] = {}
        self._values: list[tuple[str, Json, bool]] = []
        self._bits: dict[tuple[str, str], int] = {}
        self._collect()
        self.width: Final = len(self.cells) + len(self._facets)
        self.tried: Final = (1 << self.width) - 1
        self.of_argument = {name: self._mask(name) for name in self._arguments}
        self.base: Final = sum(self._bits_of(name, table.base) for name in self._arguments)
        self.levels = {
            name: tuple(self._pack(level) for level in ways) for name, ways in table.levels.items()
        }
        self._conflicts = self._all_conflicts()
        self._prices: dict[int, Price] = {}
        self._feasible: dict[int, frozenset[Combination]] = {}

    # ------------------------------------------------------------------------------------- making
    @cached_property
    def _arguments(self) -> tuple[str, ...]:
        names = dict.fromkeys(self.table.base) | dict.fromkeys(self.table.levels)
        for ways in self.table.levels.values():
            for level in ways:
                names |= dict.fromkeys(level.sets)
        for constraint in self.table.pair_constraints:
            names |= {constraint.parameter: None, constraint.rule.partner or "": None}
        return tuple(names)

    def _collect(self) -> None:
        """Give a number to each value that a row may hold, and to each kind of size."""
        held: list[dict[str, Json]] = [self.table.base]
        held += [dict(level.sets) for ways in self.table.levels.values() for level in ways]
        for name in self._arguments:
            self._number(name, {})
            for arguments in held:
                self._number(name, arguments)
        shapes = {facet for arguments in held for facet in self.table.facets(arguments)}
        for facet in sorted(shapes):
            self._facets[facet] = len(self.cells) + len(self._facets)

    def _number(self, name: str, arguments: dict[str, Json]) -> None:
        given = name in arguments
        key = name, canonical(arguments[name]) if given else ABSENT
        if key not in self._bits:
            self._bits[key] = len(self._values)
            self._values.append((name, arguments.get(name), given))

    def _bits_of(self, name: str, arguments: dict[str, Json]) -> int:
        """Return the bits of an argument as a request has it: its value, cell and kind of size."""
        text = canonical(arguments[name]) if name in arguments else ABSENT
        bits = 1 << self.width + self._bits[name, text]
        cell_text = self.table.text_of(arguments, name)
        if cell_text is not None:
            bits |= 1 << self.place_of[name, cell_text]
        if name == "size":
            for facet in self.table.facets(arguments):
                bits |= 1 << self._facets[facet]
        return bits

    def _mask(self, name: str) -> int:
        mask = sum(1 << place for cell, place in self.place_of.items() if cell[0] == name)
        for (argument, _), number in self._bits.items():
            if argument == name:
                mask |= 1 << self.width + number
        if name == "size":
            mask |= self.facets
        return mask

    @cached_property
    def few(self) -> int:
        """The bits of the cells of arguments with few values."""
        has_few = self.table.has_few
        return sum(1 << place for cell, place in self.place_of.items() if has_few(cell[0]))

    @cached_property
    def facets(self) -> int:
        """The bits of all kinds of sizes."""
        return sum(1 << place for place in self._facets.values())

    def _pack(self, level: Level) -> PackedLevel:
        sets = clears = 0
        for name in level.sets:
            sets |= self._bits_of(name, dict(level.sets))
            clears |= self.of_argument[name]
        alone = {name: value for name, value in level.sets.items() if name == level.name}
        if not alone and level.name in self.table.base and level.text != ABSENT:
            alone = {level.name: self.table.base[level.name]}
        return PackedLevel(
            level=level,
            sets=sets,
            clears=clears,
            alone=self._bits_of(level.name, alone),
            clears_alone=self.of_argument[level.name],
        )

    def _all_conflicts(self) -> dict[int, int]:
        """Return for each value, by its bit, those of other arguments that it breaks a rule with.

        No rule is about more than two arguments.
        """
        conflicts: dict[int, int] = {}
        by_name: dict[str, list[int]] = {}
        for number, (name, _, _) in enumerate(self._values):
            by_name.setdefault(name, []).append(number)
        operation = self.table.builder.operation
        for constraint in self.table.pair_constraints:
            pairs = product(by_name[constraint.parameter], by_name[constraint.rule.partner or ""])
            for number, other in pairs:
                arguments = {
                    name: value
                    for name, value, given in (self._values[number], self._values[other])
                    if given
                }
                if evaluate(constraint, operation, arguments) != "satisfied":
                    mine, other_s = 1 << self.width + number, 1 << self.width + other
                    conflicts[mine] = conflicts.get(mine, 0) | other_s
                    conflicts[other_s] = conflicts.get(other_s, 0) | mine
        return conflicts

    @cached_property
    def _bound(self) -> int:
        """The bits of values that break a rule with another one."""
        return sum(self._conflicts)

    # -------------------------------------------------------------------------------------- rows
    def is_valid(self, row: int, added: int | None = None) -> bool:
        """Tell whether a row keeps every rule; of a valid row, only `added` bits are new."""
        bits = (row if added is None else added) & self._bound
        while bits:
            lowest = bits & -bits
            if self._conflicts[lowest] & row:
                return False
            bits ^= lowest
        return True

    def draft(self, levels: Iterable[PackedLevel] = ()) -> Draft:
        """Return a row with these levels; it need not be valid."""
        draft = Draft(self)
        for level in levels:
            draft.add(level)
        return draft

    def ways(self, cell: Cell) -> list[PackedLevel]:
        """Return the levels that are a way to send this value."""
        return [packed for packed in self.levels[cell[0]] if packed.level.cell == cell]

    def bits_of_cells(self, cells: Iterable[Cell]) -> int:
        """Return the bits of these cells."""
        return sum(1 << self.place_of[cell] for cell in cells)

    def cells_of(self, row: int) -> list[Cell]:
        """Return the cells of a row, in order."""
        return [self.cells[place] for place in each_bit(row & (1 << len(self.cells)) - 1)]

    # ------------------------------------------------------------------------------------- prices
    @cached_property
    def _priced(self) -> tuple[str, ...]:
        """The arguments that a price depends on."""
        names = price.deciding(self.table.builder.provider.prices)
        return tuple(sorted(names.intersection(self._arguments)))

    @cached_property
    def priced_bits(self) -> int:
        """The bits of what a price depends on: rows that share them cost the same."""
        return sum(self.of_argument[name] for name in self._priced)

    def price(self, row: int) -> Price:
        """Return what a row costs."""
        key = row & self.priced_bits
        if key not in self._prices:
            values = {
                name: value
                for number, (name, value, given) in enumerate(self._values)
                if given and key >> self.width + number & 1
            }
            builder = self.table.builder
            self._prices[key] = price.price_of(builder.provider, builder.operation, values)
        return self._prices[key]

    @cached_property
    def _cheap_levels(self) -> list[tuple[PackedLevel, ...]]:
        """Return values of all that a price depends on, the cheapest together first."""
        ways = [self.levels[name] for name in self._priced if name in self.levels]
        if prod(map(len, ways)) > MOST_PRICED:
            ways = [self._one_a_price(levels) for levels in ways]
        priced = [(self.price(self.draft(levels).bits), levels) for levels in product(*ways)]
        priced.sort(key=lambda pair: (pair[0].amount, pair[0].images))
        return [levels for _, levels in priced[:MOST_PRICED]]

    def _one_a_price(self, levels: Sequence[PackedLevel]) -> tuple[PackedLevel, ...]:
        by_price = {self.price(self.draft([level]).bits).amount: level for level in levels[::-1]}
        return tuple(by_price.values())

    @cached_property
    def least(self) -> Price:
        """A price that no row is below: that of the plain request, or of what is cheapest."""
        drafts = [self.draft(), *(self.draft(levels) for levels in self._cheap_levels[:1])]
        prices = [self.price(draft.bits) for draft in drafts]
        return Price(
            amount=min(cost.amount for cost in prices),
            unit=prices[0].unit,
            images=min(cost.images for cost in prices),
        )

    def cheapest(self, cells: Sequence[Cell]) -> Draft | None:
        """Return the request with these values that costs least.

        Whatever else the price depends on has the value that makes it least. None where no valid
        request holds them.
        """
        cheap = self._cheap(cells)
        drafts = [*self.plain(cells), *([] if cheap is None else [cheap])]
        return min(drafts, key=self._least, default=None)

    def _least(self, draft: Draft) -> tuple[Decimal, int]:
        cost = self.price(draft.bits)
        return cost.amount, cost.images

    def plain(self, cells: Sequence[Cell]) -> list[Draft]:
        """Return the valid requests that hold these values and nothing else of their own."""
        drafts = (self.draft(levels) for levels in product(*map(self.ways, cells)))
        return [draft for draft in drafts if self._holds(draft, cells)]

    def _cheap(self, cells: Sequence[Cell]) -> Draft | None:
        """Return the first request with these values in the order of what decides on the price."""
        names = {name for name, _ in cells}
        for levels in self._cheap_levels:
            own = [packed.level for packed in levels if packed.level.name in names]
            if any(level.cell not in cells for level in own):
                continue
            others = [packed for packed in levels if packed.level.name not in names]
            for ways in product(*map(self.ways, cells)):
                draft = self.draft((*others, *ways))
                if self._holds(draft, cells):
                    return draft
        return None

    def feasible(self, strength: int) -> frozenset[Combination]:
        """Return every combination of so many values that some valid request holds."""
        if strength not in self._feasible:
            self._feasible[strength] = frozenset(
                cells
                for names in combinations(sorted(self.levels), strength)
                for levels in product(*(self.levels[name] for name in names))
                for cells in [tuple(packed.level.cell for packed in levels)]
                if self._holds(self.draft(levels), cells)
            )
        return self._feasible[strength]

    def _holds(self, draft: Draft, cells: Iterable[Cell]) -> bool:
        wanted = self.bits_of_cells(cells)
        return draft.bits & wanted == wanted and self.is_valid(draft.bits)


@lru_cache(maxsize=CACHED)
def packed_rows(builder: Builder) -> PackedRows:
    """Return the one packed form of an operation's table."""
    return PackedRows(LevelTable.of(builder))


def count_covered(
    rows: PackedRows, sent: Iterable[Mapping[str, Json]], *, strength: int = 2
) -> tuple[set[Cell], set[Combination]]:
    """Return the values and combinations that requests try, counted on the requests themselves."""
    values: set[Cell] = set()
    together: set[Combination] = set()
    for arguments in sent:
        cells = rows.table.cells(arguments)
        values |= cells & rows.table.values
        together |= tuples(cells, strength)
    return values, together & rows.feasible(strength)


def each_bit(bits: int) -> Iterator[int]:
    """Return the place of each bit that is set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
