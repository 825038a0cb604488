"""`harness plan`: what would be sent, in which order, and what it would cost."""

import json
from collections import Counter
from collections.abc import Mapping

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.cli.options import chosen, json_option, provider_option, seed_option
from harness.core.case import Plan, Price
from harness.core.errors import UsageError
from harness.plan import to_json, total
from harness.runner.prepare import plans
from harness.spec.load import provider as shipped


@click.command()
@provider_option
@seed_option
@json_option
@click.option("--only", type=click.Choice(["conformance", "benchmark"]), default="conformance")
@click.option("--cases/--no-cases", default=True, help="List every case, or only the totals.")
def plan(
    *, names: tuple[str, ...], seed: int | None, as_json: bool, only: str, cases: bool
) -> None:
    """Print what would be sent, in which order, and what it would cost; send nothing."""
    if only == "benchmark":
        raise UsageError("--only benchmark: this version has no benchmark plan yet")
    made = plans(chosen(names), seed=seed or 0)
    if as_json:
        for one in made:
            click.echo(json.dumps(to_json(one), ensure_ascii=False))
        return
    console = Console(soft_wrap=True, markup=False)
    for one in made:
        if cases:
            console.print(_table(one))
        console.print(sentence(one))


def sentence(plan_: Plan) -> str:
    """Return a plan's size and price in one sentence."""
    provider = shipped(plan_.provider)
    count = Counter(shot.case.expect for shot in plan_.shots)
    expected = total(plan_.shots, provider.prices.unit)
    worst = max(
        (shot.at_risk for shot in plan_.shots), key=lambda risk: risk.amount, default=expected
    )
    guess = "" if provider.prices.status == "documented" else f" ({provider.prices.status} price)"
    return (
        f"{provider.title}: {len(plan_.shots)} requests ({count['accept']} to be served, "
        f"{count['refuse']} to be refused, {count['observe']} open), {expected.images} images, "
        f"{money(expected)}{guess}; at most {money(worst)} for one request"
    )


def money(price: Price) -> str:
    """Return an amount with its unit, as short as it is exact."""
    amount = f"{price.amount.normalize():f}"
    plural = "s" if price.unit in ("credit", "image") and price.amount != 1 else ""
    return f"{amount} {price.unit}{plural}"


def _table(plan_: Plan) -> Table:
    name = shipped(plan_.provider).title
    title = f"{name}, seed {plan_.seed}: the plain request, then what each case changes in it"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("case", overflow="fold")
    table.add_column("expect", no_wrap=True)
    table.add_column("sends", overflow="fold", max_width=60)
    table.add_column("images", justify="right")
    table.add_column("price", justify="right", no_wrap=True)
    base: Mapping[str, object] = {}
    for shot in plan_.shots:
        table.add_row(
            shot.case.id,
            shot.case.expect,
            _short(shot.case.arguments, base),
            str(shot.price.images),
            money(shot.price),
        )
        base = base or shot.case.arguments
    return table


def _short(arguments: Mapping[str, object], base: Mapping[str, object]) -> str:
    """Return what a case sends where it differs from the base, a prompt by its length."""
    shown = []
    for name, value in arguments.items():
        if name in base and base[name] == value and type(base[name]) is type(value):
            continue
        text = str(value)
        brief = f"{len(text):,} characters" if name == "prompt" and isinstance(value, str) else text
        shown.append(f"{name}={brief[:40]}")
    shown += [f"no {name}" for name in base if name not in arguments]
    return " ".join(shown)
