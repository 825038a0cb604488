"""What a provider's plan learns for the money, at several budgets side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.cli.plan_options import IMAGE_S
from harness.core.case import Plan, Price
from harness.core.jsonvalue import Json
from harness.core.money import money
from harness.planning.options import CONCURRENCY
from harness.planning.plan import Limits, total_price
from harness.spec.load import shipped_provider as shipped

REFUSAL_S = 0.5
"""How long a refusal is expected to take, in seconds."""

EVERYTHING = 10_000
"""More images than any plan holds."""

USUAL = (
    ("5 images", Limits(images=5)),
    ("20 images", Limits(images=20)),
    ("default", Limits()),
    ("all", Limits(images=EVERYTHING)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What one plan costs and tells; `minutes` are expected, the rest is counted on the plan."""

    label: str
    requests: int
    cost: Price
    minutes: float
    refusals: tuple[int, int]
    values: tuple[int, int]
    combinations: tuple[int, int]
    left_out: int


def learning(label: str, plan: Plan, *, image_s: float = IMAGE_S) -> Learning:
    """Sum up a plan: rules tried, values and combinations covered, for what price and time."""
    return Learning(
        label=label,
        requests=len(plan.shots),
        cost=total_price(plan.shots, shipped(plan.provider).prices.unit),
        minutes=minutes(plan, image_s=image_s),
        refusals=_sum(coverage.refusals for coverage in plan.coverage),
        values=_sum(coverage.values for coverage in plan.coverage),
        combinations=_sum(coverage.combinations for coverage in plan.coverage),
        left_out=sum(len(coverage.left_out) for coverage in plan.coverage),
    )


def minutes(plan: Plan, *, image_s: float = IMAGE_S, concurrency: int = CONCURRENCY) -> float:
    """Return how long a plan is expected to take: the first request alone, then several at once."""
    paid = sum(shot.price.images > 0 for shot in plan.shots)
    refused = len(plan.shots) - paid
    waves = min(paid, 1) + ceil(max(paid - 1, 0) / concurrency)
    return (waves * image_s + refused * REFUSAL_S / concurrency) / 60


def several(
    planner: Callable[[Limits], Plan], name: str, amounts: Sequence[Decimal], *, image_s: float
) -> list[Learning]:
    """Plan one provider at each of these amounts in its unit, or at the usual numbers of images."""
    unit = shipped(name).prices.unit
    asked = [
        (money(Price(amount=amount, unit=unit, images=0)), Limits(amount=amount))
        for amount in amounts
    ]
    return [learning(label, planner(limits), image_s=image_s) for label, limits in asked or USUAL]


def table(name: str, rows: Sequence[Learning], *, image_s: float) -> Table:
    """Draw the budgets of one provider, a line each."""
    title = f"{shipped(name).title}: what the money buys ({image_s:g} s expected for an image)"
    drawn = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("budget", "requests", "images", "cost", "min", "rules", "values", "pairs"):
        drawn.add_column(heading, justify="left" if heading == "budget" else "right")
    for row in rows:
        drawn.add_row(
            row.label,
            str(row.requests),
            str(row.cost.images),
            money(row.cost),
            f"{row.minutes:.1f}",
            *(f"{tried}/{all_}" for tried, all_ in (row.refusals, row.values, row.combinations)),
        )
    return drawn


def as_json(row: Learning) -> Json:
    """Return one budget's line as `harness plan --json` prints it."""
    return {
        "budget": row.label,
        "requests": row.requests,
        "images": row.cost.images,
        "cost": {"amount": float(row.cost.amount), "unit": row.cost.unit},
        "minutes": round(row.minutes, 2),
        "rules": list(row.refusals),
        "values": list(row.values),
        "combinations": list(row.combinations),
    }


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    tried, known = zip(*pairs, strict=True)
    return sum(tried), sum(known)
