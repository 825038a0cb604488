"""Covering rows: valid requests that each try many documented values, and pairs of them, at once.

A paid image answers for every value in its request. So the values that documents allow (each on a
boundary, or a member of a list) are packed into few requests: rows are made one after the other,
each the one of several candidates that tries most untried values and combinations for its price
(a greedy covering array, as in AETG: Cohen et al., IEEE TSE 23(7), 1997). What is covered is
counted on the requests themselves, against every combination that some valid request can hold.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import combinations, product
from random import Random

from harness.cases import prompts
from harness.cases.build import Builder, short_digest
from harness.cases.written import singles
from harness.core.case import Case, Coverage, LeftOut, Price
from harness.core.jsontype import Json, canonical
from harness.spec import price
from harness.spec import rules as r
from harness.spec.judge import word
from harness.spec.provider import Constraint
from harness.spec.rules import same

CANDIDATES = 12
"""How many rows are made for each that is kept."""

PATIENCE = 40
"""After so many rows one candidate in four is made: what is left is rare, and its order matters
little."""

FEW, OFTEN = 8, 3
"""A combination of arguments that have few values each counts threefold: more people send it."""

SINGLE = 60
"""What an untried value counts, in untried combinations: values come first."""

SHOWN = 60
"""How much of a value is told where it is left out, in characters."""

Cell = tuple[str, str]
"""An argument and its value as canonical JSON; an argument that is left out has no value."""

Combination = tuple[Cell, ...]
"""Cells of different arguments, in order."""

ABSENT = ""
ACROSS = (r.OnlyWith, r.NeverWith, r.SameSize, r.SameFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A documented value of an argument, with what one of the ways to send it needs beside it."""

    name: str
    own: str
    sets: Mapping[str, Json]

    @property
    def cell(self) -> Cell:
        """What a row with this level covers."""
        return (self.name, self.own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
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


def covering(builder: Builder, *, seed: int, purse: Purse, strength: int = 2) -> Rows:
    """Return rows until everything is covered or the purse is empty; the same for the same seed.

    The plain base request counts as sent: it costs nothing here, and what it tries is not bought
    again.
    """
    table = Table.of(builder)
    shop = _Shop(table, Random(seed), purse, strength)
    chosen = shop.buy()
    cases = tuple(
        builder.accept(f"row/{short_digest(arguments)}", arguments, None) for arguments in chosen
    )
    return Rows(cases=cases, coverage=shop.coverage())


def counted(
    table: "Table", sent: Iterable[Mapping[str, Json]], *, strength: int = 2
) -> tuple[set[Cell], set[Combination]]:
    """Return the values and combinations that requests try, counted on the requests themselves."""
    values: set[Cell] = set()
    together: set[Combination] = set()
    for arguments in sent:
        cells = table.cells(arguments)
        values |= cells & table.values
        together |= _tuples(cells, strength)
    return values, together & table.feasible(strength)


@dataclass(frozen=True)
class Table:
    """Every documented value of every argument of one operation."""

    builder: Builder
    base: dict[str, Json]
    levels: dict[str, tuple[Level, ...]]
    """By argument; the first is how the base has it."""
    known: dict[int, frozenset[Combination]] = field(default_factory=dict)

    @classmethod
    def of(cls, builder: Builder) -> "Table":
        """Collect the values from the cases that try each of them alone."""
        base = builder.base(prompt=prompts.PLAIN)
        levels: dict[str, list[Level]] = {}
        for case in singles(builder):
            if case.expect != "accept" or case.about is None:
                continue
            name = case.about.partition(".")[0]
            changed = {k: v for k, v in case.arguments.items() if base.get(k, case) != v}
            level = Level(name=name, own=canonical(case.arguments[name]), sets=changed)
            plain = Level(name=name, own=_own(base, name), sets={})
            ways = levels.setdefault(name, [plain])
            if level.own != plain.own or changed:
                ways.append(level)
        return cls(builder, base, {name: tuple(ways) for name, ways in levels.items()})

    @cached_property
    def values(self) -> frozenset[Cell]:
        """Every value, those of the base among them."""
        return frozenset(level.cell for ways in self.levels.values() for level in ways)

    def cells(self, arguments: Mapping[str, Json]) -> frozenset[Cell]:
        """Return what a request tries, of the arguments that have several values."""
        return frozenset(
            (name, own)
            for name, known in self._known_values.items()
            for own in [self._found(known, arguments, name)]
            if own is not None
        )

    def _found(
        self, known: Mapping[str, Json], arguments: Mapping[str, Json], name: str
    ) -> str | None:
        """Return the name of an argument's value, or None for one that no level has."""
        if name not in arguments:
            return ABSENT if ABSENT in known else None
        value = arguments[name]
        for own, other in known.items():
            if own and same(other, value):
                return own
        return self.texts.get(name)

    @cached_property
    def texts(self) -> dict[str, str]:
        """Arguments of which any other text is as good as the value named here: each row's own.

        No prompt is blamed for a row's refusal, and webhooks are told apart by their address.
        """
        found = {name: _own(self.base, name) for name in ("prompt",) if name in self.base}
        hook = self.builder.operation.webhook
        if hook is not None and hook.argument in self.levels:
            found[hook.argument] = self.levels[hook.argument][-1].own
        return found

    @cached_property
    def _known_values(self) -> dict[str, dict[str, Json]]:
        """The values of each argument under their names, the base's first."""
        given = {
            name: {level.own: level.sets.get(name) for level in ways}
            for name, ways in self.levels.items()
        }
        for name, known in given.items():
            known[self.levels[name][0].own] = self.base.get(name)
        return given

    @cached_property
    def _across(self) -> tuple[Constraint, ...]:
        """The rules that look at two arguments: those on one alone hold for every level."""
        return tuple(
            item for item in self.builder.operation.constraints if isinstance(item.rule, ACROSS)
        )

    def row(self, levels: Iterable[Level]) -> dict[str, Json] | None:
        """Return the base with these levels in place, or None where that is no valid request.

        What a level needs beside it gives way to a level of that argument's own.
        """
        chosen = tuple(levels)
        arguments = dict(self.base)
        for level in chosen:
            arguments.update(level.sets)
        for level in chosen:
            if level.name in level.sets:
                arguments[level.name] = level.sets[level.name]
            elif level.name in self.base:
                arguments[level.name] = self.base[level.name]
            else:
                arguments.pop(level.name, None)
        operation = self.builder.operation  # a form carries values of their own types as they are
        at_peace = all(word(item, operation, arguments) == "holds" for item in self._across)
        return arguments if at_peace else None

    def feasible(self, strength: int) -> frozenset[Combination]:
        """Return every combination of so many values that some valid request holds."""
        if strength not in self.known:
            self.known[strength] = frozenset(
                tuple(level.cell for level in some)
                for names in combinations(sorted(self.levels), strength)
                for some in product(*(self.levels[name] for name in names))
                if self._holds(some)
            )
        return self.known[strength]

    def _holds(self, some: Sequence[Level]) -> bool:
        arguments = self.row(some)
        return arguments is not None and {one.cell for one in some} <= self.cells(arguments)


def _own(arguments: Mapping[str, Json], name: str) -> str:
    return canonical(arguments[name]) if name in arguments else ABSENT


class _Shop:
    """Buys rows one by one: of several candidates, the one that teaches most for its price."""

    def __init__(self, table: Table, dice: Random, purse: Purse, strength: int) -> None:
        self.table = table
        self.dice = dice
        self.purse = purse
        self.strength = strength
        self.names = sorted(table.levels)
        self.rows: list[dict[str, Json]] = []
        self.made = 0
        self._take_stock()

    def _take_stock(self) -> None:
        """Look at what the rows cost and leave untried; nothing is too dear yet."""
        self.spent = price.free(self.table.builder.provider)
        self.untried = set(self.table.values)
        open_ = set(self.table.feasible(self.strength))
        for row in (self.table.base, *self.rows):
            cells = self.table.cells(row)
            self.untried -= cells
            open_ -= _tuples(cells, self.strength)
        for row in self.rows:
            self._pay(row)
        self.common = {one for one in open_ if all(self._few(name) for name, _ in one)}
        self.rare = open_ - self.common
        self.too_dear: dict[Cell, Price] = {}

    def _few(self, name: str) -> bool:
        return len(self.table.levels[name]) <= FEW

    def buy(self) -> list[dict[str, Json]]:
        """Buy until there is nothing new to be had for the money, and keep what is needed of it."""
        self._spend()
        while self._drop_needless():
            self._take_stock()
            self._spend()
        return self.rows

    def _spend(self) -> None:
        while self.untried - self.too_dear.keys() or self.common or self.rare:
            best = self._best()
            if best is not None:
                self._keep(best)
            elif not self._give_up():
                break

    def _drop_needless(self) -> bool:
        """Drop rows of which others try everything: those bought first may have become so."""
        tried = [self._tried(row) for row in (self.table.base, *self.rows)]
        times = Counter(one for some in tried for one in some)
        dearest = sorted(
            range(len(self.rows)), key=lambda place: -self._price(self.rows[place]).amount
        )
        gone = set()
        for place in dearest:
            if all(times[one] > 1 for one in tried[place + 1]):
                times.subtract(tried[place + 1])
                gone.add(place)
        self.rows = [row for place, row in enumerate(self.rows) if place not in gone]
        return bool(gone)

    def _tried(self, row: Mapping[str, Json]) -> set[Cell | Combination]:
        cells = self.table.cells(row)
        return {*cells, *_tuples(cells, self.strength)}

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
        self.common = {some for some in self.common if self._payable(some)}
        self.rare = {some for some in self.rare if self._payable(some)}
        return bool(gone) or len(self.common) + len(self.rare) < before

    def _cheapest(self, cell: Cell) -> Price:
        rows = (row for way in self._ways(cell) if (row := self.table.row([way])) is not None)
        return min((self._price(row) for row in rows), key=lambda one: (one.amount, one.images))

    def _payable(self, cells: Iterable[Cell]) -> list[tuple[Level, ...]]:
        """Return the ways to send these values, and nothing else, for what money is left."""
        return [
            some
            for some in product(*(self._ways(cell) for cell in cells))
            if (row := self.table.row(some)) is not None and self._affordable(row)
        ]

    def _candidate(self) -> dict[str, Json] | None:
        """Make a row around something untried, and fill it with what is worth its price."""
        ways = self._payable(self._seed())
        if not ways:
            return None
        chosen = list(self.dice.choice(ways))
        names = [name for name in self.names if name not in {level.name for level in chosen}]
        self.dice.shuffle(names)
        for name in names:
            levels = list(self.table.levels[name])
            self.dice.shuffle(levels)
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
            return [self.dice.choice(wanted)]
        return self.dice.choice(sorted(self.common or self.rare))

    def _ways(self, cell: Cell) -> list[Level]:
        return [level for level in self.table.levels[cell[0]] if level.cell == cell]

    def _price(self, row: Mapping[str, Json]) -> Price:
        builder = self.table.builder
        return price.of(builder.provider, builder.operation, row)

    def _affordable(self, row: Mapping[str, Json]) -> bool:
        return self.purse.carries(self.spent, self._price(row), len(self.rows))

    def _gain(self, row: Mapping[str, Json]) -> int:
        cells = self.table.cells(row)
        fresh = len(cells & self.untried)
        some = _tuples(cells, self.strength)
        return SINGLE * fresh + OFTEN * len(some & self.common) + len(some & self.rare)

    def _worth(self, row: Mapping[str, Json]) -> Decimal:
        """Return what a row teaches for its price; nothing where it cannot be paid."""
        cost = self._price(row)
        if not self.purse.carries(self.spent, cost, len(self.rows)):
            return Decimal(0)
        return Decimal(self._gain(row)) / (cost.amount or Decimal(cost.images))

    def _keep(self, row: dict[str, Json]) -> None:
        self._pay(row)
        cells = self.table.cells(row)
        self.untried -= cells
        self.common -= _tuples(cells, self.strength)
        self.rare -= _tuples(cells, self.strength)
        self.made += 1
        self.rows.append(self._own_words(row, self.made))

    def _pay(self, row: Mapping[str, Json]) -> None:
        cost = self._price(row)
        self.spent = Price(
            amount=self.spent.amount + cost.amount,
            unit=cost.unit,
            images=self.spent.images + cost.images,
        )

    def _own_words(self, row: dict[str, Json], number: int) -> dict[str, Json]:
        """Give a row texts of its own: no two bodies are alike, and each has its own webhooks."""
        words = dict(row)
        for name, own in self.table.texts.items():
            if _own(row, name) != own:
                continue
            words[name] = prompts.harmless(number) if name == "prompt" else f"{row[name]}-{number}"
        return words

    def coverage(self) -> Coverage:
        """Count what was bought, on the rows themselves."""
        sent = [self.table.base, *self.rows]
        values, together = counted(self.table, sent, strength=self.strength)
        return Coverage(
            operation=self.table.builder.name,
            strength=self.strength,
            values=(len(values), len(self.table.values)),
            combinations=(len(together), len(self.table.feasible(self.strength))),
            left_out=tuple(
                LeftOut(argument=name, value=own[:SHOWN], price=self.too_dear[name, own])
                for name, own in sorted(self.untried & self.too_dear.keys())
            ),
        )


def _tuples(cells: Iterable[Cell], strength: int) -> set[Combination]:
    return set(combinations(sorted(cells), strength))
