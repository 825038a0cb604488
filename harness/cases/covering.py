"""Covering rows: valid requests that each try many documented values, and pairs of them, at once.

A paid image answers for every value in its request. So the values that documents allow (each on a
boundary, or a member of a list) are packed into few requests: rows are made one after the other,
each the one of several candidates that tries most untried values and combinations for its price
(a greedy covering array, as in AETG: Cohen et al., IEEE TSE 23(7), 1997). What is covered is
counted on the requests themselves, against every combination that some valid request can hold.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product
from random import Random

from harness.cases.build import Builder, short_digest
from harness.cases.levels import (
    Cell,
    Combination,
    Level,
    LevelTable,
    count_covered,
    describe_value,
    tuples,
)
from harness.core.case import Case, Coverage, LeftOut, Price
from harness.core.jsonvalue import Json
from harness.spec import price

CANDIDATES = 12
"""How many rows are made for each that is kept."""

PATIENCE = 40
"""After so many rows one candidate in four is made: what is left is rare, and its order matters
little."""

SINGLE, OFTEN, KIND, RARE, THREE = 600, 40, 40, 5, 10
"""What a row is worth for each untried value; combination of arguments with few values; kind of
size with one of those; other combination; and three of few values together, which are never asked
for by themselves at strength 2 but may as well differ."""

THREE_CELLS = 3

Tries = tuple[frozenset[Cell], frozenset[Cell]]
"""What a row tries, and what is special about its size: on that its gain depends, until another
row is kept."""

DEAR = Decimal("0.1")
"""Where images are what is scarce, the plain image's price counts as much as this part of one: no
4K image at high quality is bought for what a plain one tells as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBudget:
    """What rows may cost in all: images and an amount in the provider's unit; None is no limit."""

    images: int | None = None
    amount: Decimal | None = None
    rows: int | None = None

    def carries(self, spent: Price, more: Price, rows: int) -> bool:
        """Tell whether one more row can be paid."""
        return (
            (self.images is None or spent.images + more.images <= self.images)
            and (self.amount is None or spent.amount + more.amount <= self.amount)
            and (self.rows is None or rows < self.rows)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one operation in the order in which they teach most, and what they cover."""

    cases: tuple[Case, ...]
    coverage: Coverage


def covering(builder: Builder, *, seed: int, budget: RowBudget, strength: int = 2) -> Rows:
    """Return rows until everything is covered or the budget is spent; the same for the same seed.

    The plain base request counts as sent: it costs nothing here, and what it tries is not bought
    again.
    """
    table = LevelTable.of(builder)
    search = _RowSearch(table, Random(seed), budget, strength)
    chosen = search.choose_rows()
    cases = tuple(
        builder.accept(f"row/{short_digest(arguments)}", arguments, None) for arguments in chosen
    )
    return Rows(cases=cases, coverage=search.coverage())


class _RowSearch:
    """Chooses rows one by one: of several candidates, the one that teaches most for its price."""

    def __init__(self, table: LevelTable, random: Random, budget: RowBudget, strength: int) -> None:
        self.table = table
        self.random = random
        self.budget = budget
        self.strength = strength
        self.names = sorted(table.levels)
        self.rows: list[dict[str, Json]] = []
        self.made = 0
        self.plain = self._price(table.base)
        self._recount()

    def _recount(self) -> None:
        """Count what the rows cost and leave untried; nothing is too dear yet."""
        few = {name for name in self.names if self.table.has_few(name)}
        feasible = self.table.feasible(self.strength)
        self.spent = price.free_price(self.table.builder.provider)
        self.untried = set(self.table.values)
        self.common = {cells for cells in feasible if few.issuperset(name for name, _ in cells)}
        self.rare = set(feasible - self.common)
        self.met: set[Combination] = set()
        self.too_dear: dict[Cell, Price] = {}
        self.gains: dict[Tries, int] = {}
        self._tick_off(self.table.base)
        for row in self.rows:
            self._tick_off(row)
            self._pay(row)

    def _tick_off(self, row: Mapping[str, Json]) -> None:
        cells = self.table.cells(row)
        together = tuples(cells, self.strength)
        self.untried -= cells
        self.common -= together
        self.rare -= together
        self.met.update(*self._beside(cells, self.table.facets(row)))

    def choose_rows(self) -> list[dict[str, Json]]:
        """Add rows while the budget pays for something new; drop those that became needless."""
        self._add_rows()
        while self._drop_needless():
            self._recount()
            self._add_rows()
        return self.rows

    def _add_rows(self) -> None:
        while self.untried - self.too_dear.keys() or self.common or self.rare:
            best = self._best()
            if best is not None:
                self._keep(best)
            elif not self._give_up():
                break

    def _drop_needless(self) -> bool:
        """Drop rows of which others try everything: early ones may have become so."""
        tried = [self._tried(row) for row in (self.table.base, *self.rows)]
        times = Counter(attempt for attempts in tried for attempt in attempts)
        dearest = sorted(
            range(len(self.rows)), key=lambda place: -self._price(self.rows[place]).amount
        )
        gone = set()
        for place in dearest:
            if all(times[attempt] > 1 for attempt in tried[place + 1]):
                times.subtract(tried[place + 1])
                gone.add(place)
        self.rows = [row for place, row in enumerate(self.rows) if place not in gone]
        return bool(gone)

    def _tried(self, row: Mapping[str, Json]) -> set[Cell | Combination]:
        cells = self.table.cells(row)
        return {*cells, *tuples(cells, self.strength)}

    def _best(self) -> dict[str, Json] | None:
        number = CANDIDATES if len(self.rows) < PATIENCE else CANDIDATES // 4
        candidates = [row for _ in range(number) if (row := self._candidate()) is not None]
        return max(candidates, key=self._worth, default=None)

    def _give_up(self) -> bool:
        """Leave out what can no longer be paid; without any of it, there is no going on."""
        cells = sorted(self.untried - self.too_dear.keys())
        gone = {cell: self._cheapest(cell) for cell in cells if not self._payable([cell])}
        self.too_dear |= gone
        before = len(self.common) + len(self.rare)
        self.common = set(filter(self._payable, self.common))
        self.rare = set(filter(self._payable, self.rare))
        self.gains.clear()
        return bool(gone) or len(self.common) + len(self.rare) < before

    def _cheapest(self, cell: Cell) -> Price:
        rows = (row for way in self._ways(cell) if (row := self.table.row([way])) is not None)
        return min((self._price(row) for row in rows), key=lambda cost: (cost.amount, cost.images))

    def _payable(self, cells: Iterable[Cell]) -> list[tuple[Level, ...]]:
        """Return the ways to send these values, and nothing else, that the budget still pays."""
        return [
            levels
            for levels in product(*(self._ways(cell) for cell in cells))
            if (row := self.table.row(levels)) is not None
            and self.budget.carries(self.spent, self._price(row), len(self.rows))
        ]

    def _candidate(self) -> dict[str, Json] | None:
        """Make a row around something untried, and fill it with what is worth its price."""
        ways = self._payable(self._seed())
        if not ways:
            return None
        chosen = list(self.random.choice(ways))
        names = [name for name in self.names if name not in {level.name for level in chosen}]
        self.random.shuffle(names)
        for name in names:
            levels = list(self.table.levels[name])
            self.random.shuffle(levels)
            best, worth = None, Decimal(0)
            for level in levels:
                row = self.table.row([*chosen, level])
                if row is not None and (much := self._worth(row)) > worth:
                    best, worth = level, much
            if best is not None:
                chosen = [*chosen, best]
        return self.table.row(chosen)

    def _seed(self) -> Sequence[Cell]:
        """Pick what the next row must hold: an untried value, or else an untried combination."""
        wanted = sorted(self.untried - self.too_dear.keys())
        if wanted:
            return [self.random.choice(wanted)]
        return self.random.choice(sorted(self.common or self.rare))

    def _ways(self, cell: Cell) -> list[Level]:
        return [level for level in self.table.levels[cell[0]] if level.cell == cell]

    def _price(self, row: Mapping[str, Json]) -> Price:
        builder = self.table.builder
        return price.price_of(builder.provider, builder.operation, row)

    def _gain(self, cells: frozenset[Cell], facets: frozenset[Cell]) -> int:
        together = tuples(cells, self.strength)
        kinds, threes = self._beside(cells, facets)
        return (
            SINGLE * len(cells & self.untried)
            + OFTEN * len(together & self.common)
            + RARE * len(together & self.rare)
            + KIND * len(kinds - self.met)
            + THREE * len(threes - self.met)
        )

    def _beside(
        self, cells: frozenset[Cell], facets: frozenset[Cell]
    ) -> tuple[set[Combination], set[Combination]]:
        """Return what else a row tries: kinds of sizes with single values, and three values."""
        few = sorted(cell for cell in cells if self.table.has_few(cell[0]))
        return {*product(facets, few)}, {*combinations(few, THREE_CELLS)}

    def _worth(self, row: Mapping[str, Json]) -> Decimal:
        """Return what a row teaches for its price; nothing where it cannot be paid."""
        cost = self._price(row)
        if not self.budget.carries(self.spent, cost, len(self.rows)):
            return Decimal(0)
        tries = self.table.cells(row), self.table.facets(row)
        if tries not in self.gains:
            self.gains[tries] = self._gain(*tries)
        return Decimal(self.gains[tries]) / self._cost(cost)

    def _cost(self, cost: Price) -> Decimal:
        """Return a price in what is scarce: the amount, or else images and a little of it."""
        plain = self.plain
        if self.budget.amount is not None or self.budget.images is None or not plain.amount:
            return cost.amount or Decimal(cost.images)
        return cost.images + DEAR * plain.images * cost.amount / plain.amount

    def _keep(self, row: dict[str, Json]) -> None:
        self._pay(row)
        self._tick_off(row)
        self.gains.clear()
        self.made += 1
        self.rows.append(self.table.with_texts_of_its_row(row, self.made))

    def _pay(self, row: Mapping[str, Json]) -> None:
        cost = self._price(row)
        self.spent = Price(
            amount=self.spent.amount + cost.amount,
            unit=cost.unit,
            images=self.spent.images + cost.images,
        )

    def coverage(self) -> Coverage:
        """Count what the rows cover, on the rows themselves."""
        sent = [self.table.base, *self.rows]
        values, together = count_covered(self.table, sent, strength=self.strength)
        return Coverage(
            operation=self.table.builder.name,
            strength=self.strength,
            values=(len(values), len(self.table.values)),
            combinations=(len(together), len(self.table.feasible(self.strength))),
            left_out=tuple(
                LeftOut(argument=cell[0], value=describe_value(cell[1]), price=self.too_dear[cell])
                for cell in sorted(self.untried & self.too_dear.keys())
            ),
        )
