"""Covering rows: valid requests that each try many documented values, and pairs of them, at once.

A paid image answers for every value in its request. So the values that documents allow (each on a
boundary, or a member of a list) are packed into few requests: rows are made one after the other,
each the one of several candidates that tries most untried values and combinations for its price
(a greedy covering array, as in AETG: Cohen et al., IEEE TSE 23(7), 1997). Every value is bought
before any pair. What is covered is counted on the requests themselves, against every combination
that some valid request can hold.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from random import Random

from harness.cases.build import Builder, short_digest
from harness.cases.levels import Cell, Combination, describe_value, tuples
from harness.cases.packed import Draft, PackedLevel, count_covered, packed_rows
from harness.cases.untried import Untried
from harness.core.case import Case, Coverage, LeftOut, Price
from harness.core.errors import HarnessError
from harness.core.jsonvalue import Json
from harness.spec import price

CANDIDATES = 12
"""How many rows are made for each that is kept."""

PATIENCE = 40
"""After so many rows one candidate in four is made: what is left is rare, and its order matters
little."""

DEAR = 0.1
"""Where images are what is scarce, the plain image's price counts as much as this part of one: no
4K image at high quality is bought for what a plain one tells as well."""


_Seeds = tuple[list[Combination], list[Combination]]
"""What rows may be made for: what is worth much, and what is worth little."""


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
    search = RowSearch(builder, seed=seed, strength=strength)
    search.buy(budget)
    return search.rows()


class RowSearch:
    """Chooses rows one by one: of several candidates, the one that teaches most for its price.

    It goes on where it was when it is given a larger budget. `spent` is what its rows cost,
    `number` how many they are.
    """

    def __init__(self, builder: Builder, *, seed: int, strength: int = 2) -> None:
        self.builder = builder
        self.strength = strength
        self._packed = packed_rows(builder)
        self._random = Random(seed)
        self._budget = RowBudget()
        self._names = sorted(self._packed.levels)
        self._chosen: list[tuple[int, dict[str, Json]]] = []
        self._seeds: _Seeds | None = None
        self._made = 0
        self._plain = self._packed.price(self._packed.base)
        self._recount()

    @property
    def number(self) -> int:
        """How many rows there are."""
        return len(self._chosen)

    def buy(self, budget: RowBudget, *, pairs: bool = True) -> None:
        """Add rows while the budget, for all rows together, pays for something new.

        Every value comes before any pair; without `pairs`, values are all that is bought. Rows
        that became needless make room for others.
        """
        self.limit(budget)
        self._add_rows(pairs=pairs)
        while pairs and self._drop_needless():
            self._recount()
            self._add_rows(pairs=pairs)

    def limit(self, budget: RowBudget) -> None:
        """Set what all rows together may cost from now on."""
        self._budget = budget
        self._too_dear.clear()
        self._hopeless.clear()
        self._costs.clear()
        self._seeds = None

    def add(self, wanted: Iterable[Sequence[PackedLevel]]) -> None:
        """Add a row with the first level of each group that goes with those before it.

        The rest is filled as in other rows. Nothing is added where the budget does not pay for it.
        """
        draft = self._packed.draft()
        for levels in wanted:
            for level in levels:
                row = draft.with_level(level)
                if self._packed.is_valid(row) and self._cost(row) is not None:
                    draft.add(level)
                    break
        made = self._filled(draft)
        if made is not None:
            self._keep(made[0])

    def rows(self) -> Rows:
        """Return the rows, and count what they cover on the rows themselves."""
        cases = tuple(
            self.builder.accept(f"row/{short_digest(arguments)}", arguments, None)
            for _, arguments in self._chosen
        )
        return Rows(cases=cases, coverage=self._coverage())

    @property
    def lacks_values(self) -> bool:
        """Whether a documented value is in no row yet."""
        return bool(self._untried.cells)

    # ------------------------------------------------------------------------------------ counting
    def _recount(self) -> None:
        """Count what the rows cost and leave untried; nothing is too dear yet."""
        self._untried = Untried(self._packed, self.strength)
        self.spent = price.free_price(self.builder.provider)
        self._too_dear: dict[Cell, Price] = {}
        self._hopeless: set[Combination] = set()
        self._costs: dict[int, float | None] = {}
        self._seeds = None
        self._untried.tick_off(self._packed.base)
        for row, _ in self._chosen:
            self._untried.tick_off(row)
            self._pay(row)

    def _pay(self, row: int) -> None:
        cost = self._packed.price(row)
        self.spent = Price(
            amount=self.spent.amount + cost.amount,
            unit=cost.unit,
            images=self.spent.images + cost.images,
        )

    def _keep(self, draft: Draft) -> None:
        row = draft.bits
        self._pay(row)
        self._untried.tick_off(row)
        self._costs.clear()
        self._seeds = None
        self._made += 1
        arguments = self._packed.table.row(packed.level for packed in draft.levels)
        if arguments is None:
            raise HarnessError("a row keeps its rules as bits, and breaks one as a request")
        self._chosen.append((row, self._packed.table.with_texts_of_its_row(arguments, self._made)))

    def _drop_needless(self) -> bool:
        """Drop rows of which others try everything: early ones may have become so."""
        rows = [self._packed.base, *(row for row, _ in self._chosen)]
        tried = [self._tried(row) for row in rows]
        times = Counter(attempt for attempts in tried for attempt in attempts)
        dearest = sorted(
            range(len(self._chosen)), key=lambda place: -self._packed.price(rows[place + 1]).amount
        )
        gone = set()
        for place in dearest:
            if all(times[attempt] > 1 for attempt in tried[place + 1]):
                times.subtract(tried[place + 1])
                gone.add(place)
        self._chosen = [row for place, row in enumerate(self._chosen) if place not in gone]
        return bool(gone)

    def _tried(self, row: int) -> set[Cell | Combination]:
        cells = self._packed.cells_of(row)
        return {*cells, *tuples(cells, self.strength)}

    # ------------------------------------------------------------------------------------ choosing
    def _add_rows(self, *, pairs: bool) -> None:
        while any(seeds := self._open_seeds(pairs=pairs)):
            best = self._best(seeds)
            if best is not None:
                self._keep(best)
            elif not self._give_up(seeds):
                break

    def _open_seeds(self, *, pairs: bool) -> _Seeds:
        """Return what the next row may be made for: an untried value, or else a combination."""
        if self._seeds is None or (pairs and not any(self._seeds)):
            cells = [cell for cell in self._untried.cells if cell not in self._too_dear]
            self._seeds = [(cell,) for cell in cells], []
            if pairs and not cells:
                common, rare = (
                    [cells for cells in part if cells not in self._hopeless]
                    for part in self._untried.combinations()
                )
                self._seeds = common, rare
        return self._seeds

    def _best(self, seeds: _Seeds) -> Draft | None:
        """Make candidates, and return the one that is worth most.

        The last is for a combination that is worth little: it may be had for much less.
        """
        common, rare = seeds
        number = CANDIDATES if len(self._chosen) < PATIENCE else CANDIDATES // 4
        best, most = None, 0.0
        for turn in range(number):
            cheap = rare and (not common or turn == number - 1)
            made = self._candidate(self._random.choice(rare if cheap else common))
            if made is not None and made[1] > most:
                best, most = made
        return best

    def _give_up(self, seeds: _Seeds) -> bool:
        """Leave out what can no longer be paid; tell whether anything was."""
        if not self._pays_for(self._packed.least):
            seeds = [cells for cells in chain(*seeds) if len(cells) == 1], []
        gone = [cells for cells in chain(*seeds) if self._start(cells) is None]
        for cells in gone:
            cheapest = self._packed.cheapest(cells) if len(cells) == 1 else None
            if cheapest is None:
                self._hopeless.add(cells)
            else:
                self._too_dear[cells[0]] = self._packed.price(cheapest.bits)
        self._seeds = None
        return bool(gone)

    def _start(self, cells: Combination) -> Draft | None:
        """Return a request with these values that the budget still pays; None where none is.

        It holds nothing else, or else what makes it cheapest.
        """
        plain = [draft for draft in self._packed.plain(cells) if self._cost(draft.bits) is not None]
        if plain:
            return self._random.choice(plain)
        cheapest = self._packed.cheapest(cells)
        return None if cheapest is None or self._cost(cheapest.bits) is None else cheapest

    def _candidate(self, seed: Combination) -> tuple[Draft, float] | None:
        """Make a row around something untried, and fill it with what is worth its price."""
        draft = self._start(seed)
        return None if draft is None else self._filled(draft)

    def _filled(self, draft: Draft) -> tuple[Draft, float] | None:
        """Fill a row with what is worth its price, and tell what it is worth."""
        gain = self._untried.gain(draft.bits)
        own = {packed.level.name for packed in draft.levels}
        names = [name for name in self._names if name not in own]
        self._random.shuffle(names)
        for name in names:
            best = self._best_level(draft, gain, name)
            if best is not None:
                gain = best[1]
                draft.add(best[0])
        cost = self._cost(draft.bits)
        return None if cost is None else (draft, gain / cost)

    def _best_level(self, draft: Draft, gain: int, name: str) -> tuple[PackedLevel, int] | None:
        """Return the level of an argument that is worth most in a row, with the row's gain."""
        packed, before = self._packed, draft.bits
        levels = list(packed.levels[name])
        self._random.shuffle(levels)
        best: tuple[PackedLevel, int] | None = None
        most = 0.0
        for level in levels:
            row = draft.with_level(level)
            if row != before and not packed.is_valid(row, row & ~before):
                continue
            cost = self._cost(row)
            if cost is None:
                continue
            much = gain + self._untried.change(before, row)
            if much / cost > most:
                best, most = (level, much), much / cost
        return best

    def _cost(self, row: int) -> float | None:
        """Return a price in what is scarce: the amount, or else images and a little of it.

        None where the budget cannot pay it.
        """
        key = row & self._packed.priced_bits
        if key not in self._costs:
            cost = self._packed.price(row)
            self._costs[key] = self._scarce(cost) if self._pays_for(cost) else None
        return self._costs[key]

    def _pays_for(self, cost: Price) -> bool:
        return self._budget.carries(self.spent, cost, len(self._chosen))

    def _scarce(self, cost: Price) -> float:
        plain = self._plain
        if self._budget.amount is not None or self._budget.images is None or not plain.amount:
            return float(cost.amount or cost.images)
        return cost.images + DEAR * plain.images * float(cost.amount / plain.amount)

    def _coverage(self) -> Coverage:
        sent = [self._packed.table.base, *(arguments for _, arguments in self._chosen)]
        values, together = count_covered(self._packed, sent, strength=self.strength)
        return Coverage(
            operation=self.builder.name,
            strength=self.strength,
            values=(len(values), len(self._packed.cells)),
            combinations=(len(together), len(self._packed.feasible(self.strength))),
            left_out=tuple(self._left_out(cell) for cell in self._untried.cells),
        )

    def _left_out(self, cell: Cell) -> LeftOut:
        cheapest = self._packed.cheapest([cell])
        least = self._too_dear.get(cell) or (cheapest and self._packed.price(cheapest.bits))
        return LeftOut(argument=cell[0], value=describe_value(cell[1]), price=least or self._plain)
