"""What 0.5, 2, 10 and 50 units of a provider's money buy: values, pairs and triples that are tried.

Run it as `python -m tests.benchmarks.money > tests/benchmarks/money.md`; it sends nothing and takes
a quarter of a minute. A row is the plan that `harness plan --budget NAME=AMOUNT` makes at seed 0,
counted on its requests against all that valid requests can hold. A part of each budget is kept back
to ask again, so the plan costs less than its budget.
"""

from collections.abc import Iterator
from decimal import Decimal

from harness.cases.build import Builder
from harness.cases.packed import PackedRows, count_covered, packed_rows
from harness.core.case import Plan
from harness.core.money import money
from harness.planning.plan import KEPT_BACK, Limits, total_price
from tests.plans import new_plan
from tests.shipped import NAMES, shipped_provider

AMOUNTS = (Decimal("0.5"), Decimal(2), Decimal(10), Decimal(50))
STRENGTHS = (2, 3)


def covered(plan: Plan, packed: PackedRows, strength: int) -> tuple[int, int]:
    """Return how many values together an operation's paid requests try, of all feasible ones."""
    sent = [
        shot.case.arguments
        for shot in plan.shots
        if shot.case.operation == packed.table.builder.name and shot.case.expect == "accept"
    ]
    _, together = count_covered(packed, sent, strength=strength)
    return len(together), len(packed.feasible(strength))


def row(name: str, amount: Decimal) -> str:
    """Return the line of one budget."""
    plan = new_plan(name, seed=0, limits=Limits(amount=amount))
    provider = shipped_provider(name)
    cost = total_price(plan.shots, provider.prices.unit)
    cells = [f"{amount.normalize():f}", str(len(plan.shots)), str(cost.images), money(cost)]
    tables = [
        packed_rows(Builder(provider, coverage.operation))
        for coverage in plan.coverage
        if coverage.values[1]
    ]
    tried, total = (sum(coverage.values[place] for coverage in plan.coverage) for place in (0, 1))
    cells.append(f"{tried} of {total}")
    for strength in STRENGTHS:
        counts = [covered(plan, packed, strength) for packed in tables]
        cells.append(f"{sum(few for few, _ in counts):,} of {sum(every for _, every in counts):,}")
    left_out = [value for coverage in plan.coverage for value in coverage.left_out]
    least = min((value.price for value in left_out), key=lambda cost: cost.amount, default=None)
    cells.append("-" if least is None else money(least))
    return "| " + " | ".join(cells) + " |"


def lines() -> Iterator[str]:
    """Yield the document: a table for each provider."""
    yield "# What the money buys"
    yield ""
    yield "`python -m tests.benchmarks.money > tests/benchmarks/money.md`: plans at seed 0; nothing"
    yield f"is sent. {KEPT_BACK * 100:.0f} % of each budget is kept back to ask again. Triples are"
    yield "not planned for by themselves (`--strength 3` does); the last column is the least that a"
    yield "value costs which is left out. The plain requests stand in every plan, paid or not."
    for name in NAMES:
        prices = shipped_provider(name).prices
        yield ""
        yield f"## {shipped_provider(name).title} ({prices.unit}, {prices.status} prices)"
        yield ""
        yield "| budget | requests | images | cost | values | pairs | triples | next value |"
        yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
        for amount in AMOUNTS:
            yield row(name, amount)


if __name__ == "__main__":
    for line in lines():
        print(line)  # noqa: T201 - the document
