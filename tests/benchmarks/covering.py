"""Covering rows beside two libraries that make pairwise rows: covertable and allpairspy.

    make .venv-covering/.made
    export PYTHONPATH=$(echo .venv-covering/lib/*/site-packages)
    .venv/bin/python tests/benchmarks/covering.py [NAME ...]

For each provider and operation, each maker covers every pair of documented values that a valid
request can hold; pairs, requests and prices are then counted by one and the same code, and so are
the pairs that 5, 10 and 20 images buy. Prints the table of `covering.md`, whose upper part says how
to read it. Without the libraries it says so and does nothing.
"""

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from harness.cases.build import Builder
from harness.cases.covering import RowBudget, covering
from harness.cases.levels import LevelTable
from harness.cases.packed import count_covered, packed_rows
from harness.core.jsonvalue import Json, canonical
from harness.spec import price
from harness.spec.evaluate import broken, evaluate
from harness.spec.provider import Constraint
from harness.spec.request import carried
from tests.shipped import NAMES, shipped_provider

SMALL = (5, 10, 20)
LIBRARIES = ("covertable", "allpairspy")
Arguments = Mapping[str, Json]
Chosen = Mapping[str, str]
"""The name of a value for each factor; '' is an argument that is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a library needs: factors with named values, and which choices clash."""

    table: LevelTable
    factors: Mapping[str, Mapping[str, Json]]
    rules: Sequence[Constraint]

    def arguments(self, chosen: Chosen) -> dict[str, Json]:
        """Return the request that a choice stands for, the base for what it does not name."""
        made = dict(self.table.base)
        for name, value in chosen.items():
            made.pop(name, None)
            if value:
                made[name] = self.factors[name][value]
        return made

    def clash(self, rule: Constraint, chosen: Chosen) -> bool:
        """Tell whether a rule on two arguments does not hold."""
        operation = self.table.builder.operation
        return evaluate(rule, operation, self.arguments(chosen)) != "satisfied"

    def fields(self, rule: Constraint) -> list[str]:
        """Return the factors that a rule looks at."""
        names = (rule.parameter, rule.rule.partner)
        return [name for name in names if name is not None and name in self.factors]


def model(table: LevelTable) -> Model:
    """Return the documented values, and those that others need beside them: a mask its own image.

    Ours puts in what a value needs by itself; a library has to be told that it may.
    """
    factors: dict[str, dict[str, Json]] = {}
    for name in sorted(table.levels):
        plain, *others = table.levels[name]
        factors[name] = {plain.text: table.base.get(name)}
        factors[name] |= {
            level.text: level.sets.get(name, table.base.get(name)) for level in others
        }
    for levels in table.levels.values():
        for level in levels:
            for name, value in level.sets.items():
                if name in factors:
                    factors[name].setdefault(canonical(value), value)
    rules = [one for one in table.builder.operation.constraints if one.rule.partner is not None]
    return Model(table=table, factors=factors, rules=rules)


Maker = Callable[[Model], list[dict[str, Json]]]


def by_covertable(found: Model) -> list[dict[str, Json]]:
    """Make rows with covertable: each rule on two arguments is a constraint of its own."""

    def kept(rule: Constraint) -> Callable[[Chosen], bool]:
        fields = found.fields(rule)
        return lambda row: not found.clash(rule, {name: row[name] for name in fields})

    constraints = [
        {"operator": "fn", "requires": found.fields(rule), "evaluate": kept(rule)}
        for rule in found.rules
    ]
    factors = {name: list(values) for name, values in found.factors.items()}
    made = import_module("covertable").make(factors, strength=2, constraints=constraints)
    return [found.arguments(row) for row in made]


def by_allpairspy(found: Model) -> list[dict[str, Json]]:
    """Make rows with allpairspy: a filter looks at rows as they grow, in the factors' order."""
    names = list(found.factors)

    def fits(row: Sequence[str]) -> bool:
        chosen = dict(zip(names, row, strict=False))
        ready = (rule for rule in found.rules if all(one in chosen for one in found.fields(rule)))
        return not any(
            found.clash(rule, {name: chosen[name] for name in found.fields(rule)}) for rule in ready
        )

    values = [list(found.factors[name]) for name in names]
    pairs = import_module("allpairspy").AllPairs(values, filter_func=fits)
    return [found.arguments(dict(zip(names, row, strict=True))) for row in pairs]


def by_us(found: Model, images: int | None = None) -> list[dict[str, Json]]:
    """Make rows as a plan does, and the plain request that every plan holds; `images` in all."""
    purse = RowBudget(images=None if images is None else images - 1)
    rows = covering(found.table.builder, seed=0, budget=purse)
    return [found.table.base, *(case.arguments for case in rows.cases)]


def first(found: Model, rows: Sequence[Arguments], images: int) -> list[Arguments]:
    """Return the rows that so many images pay for, in their order; what is too dear is passed."""
    kept = []
    for row in rows:
        cost = price.price_of(
            found.table.builder.provider, found.table.builder.operation, row
        ).images
        if cost <= images:
            kept.append(row)
            images -= cost
    return kept


def measured(table: LevelTable, make: Maker) -> list[str]:
    """Return as cells: pairs, requests, images, price, process time in s, and the small budgets."""
    found = model(table)
    start = time.process_time()
    rows = make(found)
    seconds = time.process_time() - start
    operation = table.builder.operation
    for row in rows:
        assert broken(operation, carried(operation, row)) == ((), ()), row
    costs = [price.price_of(table.builder.provider, operation, row) for row in rows]
    amount = sum((one.amount for one in costs), Decimal(0))
    images = sum(one.images for one in costs)
    small = [by_us(found, most) if make is by_us else first(found, rows, most) for most in SMALL]
    pairs = [
        f"{len(count_covered(packed_rows(table.builder), some)[1]):,}" for some in (rows, *small)
    ]
    return [pairs[0], f"{len(rows)}", f"{images}", f"{amount:,.2f}", f"{seconds:.2f}", *pairs[1:]]


def lines(names: Sequence[str]) -> Iterator[str]:
    """Yield the table, a line for each maker of each operation."""
    head = ("provider", "operation", "feasible pairs", "made by", "covered", "requests", "images")
    yield _row(*head, "price", "s", *(f"pairs for {images} images" for images in SMALL))
    yield "|---" * (len(head) + 2 + len(SMALL)) + "|"
    makers: tuple[tuple[str, Maker], ...] = (
        ("ours", by_us),
        ("covertable", by_covertable),
        ("allpairspy", by_allpairspy),
    )
    for name in names:
        for operation in shipped_provider(name).operations:
            table = LevelTable.of(Builder(shipped_provider(name), operation))
            if not table.levels:
                continue  # of that operation nothing is documented
            feasible = f"{len(packed_rows(table.builder).feasible(2)):,}"
            for title, make in makers:
                yield _row(name, operation, feasible, title, *measured(table, make))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    missing = [one for one in LIBRARIES if find_spec(one) is None]
    if missing:
        told = f"skipped: {' and '.join(missing)} not installed (see the head of this file)"
        print(told, file=sys.stderr)  # noqa: T201 - the word that it owes
        return 0
    versions = ", ".join(f"{one} {version(one)}" for one in LIBRARIES)
    print(f"Python {platform.python_version()}, {versions}, one core\n")  # noqa: T201 - prints its table
    for line in lines(sys.argv[1:] or NAMES):
        print(line, flush=True)  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main())
