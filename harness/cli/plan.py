"""`harness plan`: what would be sent, in which order, and what it would cost."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.cli.learning import IMAGE_S, Learning, several
from harness.cli.learning import as_json as as_json_line
from harness.cli.learning import table as budget_table
from harness.cli.measuring import CONCURRENCY, Asked, measuring, measuring_options
from harness.cli.options import (
    budget_option,
    chosen,
    json_option,
    limit_options,
    operation_option,
    provider_option,
    seed_option,
    several_budgets,
)
from harness.cli.planned import show
from harness.core.case import Plan
from harness.core.errors import StoreError, UsageError
from harness.core.money import money
from harness.core.placeholders import ASSETS
from harness.planning.benchmark import benchmark_plan
from harness.planning.conformance import new_plan
from harness.planning.options import Measuring, Options
from harness.planning.plan import Limits, coverage_notes, plan_to_json, total_price
from harness.reference_images import parse_recipe, reference_bytes
from harness.runner.endpoints import assets_of
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import OPERATIONS


@click.command()
@provider_option
@operation_option
@seed_option
@json_option
@click.option("--only", type=click.Choice(["conformance", "benchmark"]), default="conformance")
@measuring_options
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help=f"Benchmark: requests under way at once, per provider [{CONCURRENCY}].",
)
@click.option("--cases/--no-cases", default=True, help="List every case, or only the totals.")
@budget_option
@limit_options
@click.option(
    "--image-seconds",
    type=click.FloatRange(min=0),
    default=IMAGE_S,
    show_default=True,
    help="How long an image is expected to take.",
)
@click.option(
    "--assets-url", metavar="URL", help="Where the reference images will lie; shown in requests."
)
@click.option(
    "--write-assets",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the reference images that requests name by address into this folder.",
)
def plan(  # noqa: PLR0913 - one parameter per option
    *,
    names: tuple[str, ...],
    operations: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    only: str,
    cases: bool,
    amounts: tuple[str, ...],
    max_images: int | None,
    max_requests: int | None,
    strength: int,
    discover: bool,
    asked: Asked,
    concurrency: int | None,
    image_seconds: float,
    assets_url: str | None,
    folder: Path | None,
) -> None:
    """Print what would be sent, in which order, and what it would cost; send nothing.

    Several --budget of one provider are compared; the cases listed are those of the largest.
    """
    wanted = _compared(amounts, chosen(names))
    measured = measuring(asked, only=only, concurrency=concurrency)
    if measured is not None:
        _refuse_other(operations, discover=discover)
        design, plans = benchmark_plan(_options(measured, chosen(names), seed or 0))
        _write_assets([*plans.values()], folder)
        limits = {name: _limits(wanted[name], max_images, max_requests) for name in plans}
        show(design, plans, limits, as_json=as_json, image_s=image_seconds, assets_url=assets_url)
        return
    if concurrency is not None:
        raise UsageError("--concurrency: for a benchmark only", hint="add --only benchmark")

    @cache  # the plan that is listed is one of those that are compared
    def planned_for(name: str, limits: Limits) -> Plan:
        return new_plan(
            name,
            seed=seed or 0,
            operations=operations or OPERATIONS,
            limits=replace(limits, images=limits.images or max_images, requests=max_requests),
            strength=strength,
            discover=discover,
        )

    planned = [
        planned_for(name, Limits(amount=max(wanted[name], default=None))) for name in chosen(names)
    ]
    _write_assets(planned, folder)
    bought = {
        name: several(partial(planned_for, name), name, wanted[name], image_s=image_seconds)
        for name in chosen(names)
        if wanted[name] or not as_json
    }
    if as_json:
        for one in planned:
            click.echo(_json(one, bought.get(one.provider, ()), assets_url))
        return
    _print(planned, bought, image_s=image_seconds, cases=cases)


def _print(
    planned: Sequence[Plan],
    bought: Mapping[str, Sequence[Learning]],
    *,
    image_s: float,
    cases: bool,
) -> None:
    """Print what is planned as tables and sentences."""
    console = Console(soft_wrap=True, markup=False)
    for one in planned:
        shown = [_table(one)] if cases else []
        shown.append(budget_table(one.provider, bought[one.provider], image_s=image_s))
        for part in (*shown, sentence(one), *coverage_notes(one)):
            console.print(part)


def _options(measured: Measuring, names: tuple[str, ...], seed: int) -> Options:
    """Return a benchmark's choices; where it would be run changes nothing of its plan."""
    return Options(
        against="emulator",
        providers=names,
        seed=seed,
        out=Path(),
        cassettes=Path(),
        measuring=measured,
    )


def _refuse_other(operations: Sequence[str], *, discover: bool) -> None:
    """Refuse what a benchmark has no use for."""
    if operations:
        raise UsageError(
            "--operation: a benchmark asks for its workloads, which name their operation",
            hint="choose them with --workload",
        )
    if discover:
        raise UsageError("--discover: a benchmark measures, and asks no open questions")


def _limits(
    amounts: Sequence[Decimal], images: int | None, requests: int | None
) -> tuple[Limits, ...]:
    """Return the limits to show: one for each amount, or for what bounds the run besides."""
    if not amounts and images is None and requests is None:
        return ()
    return tuple(
        Limits(amount=amount, images=images, requests=requests) for amount in amounts or (None,)
    )


def _compared(amounts: Sequence[str], names: Sequence[str]) -> Mapping[str, list[Decimal]]:
    """Return the amounts to compare by provider; UsageError for a provider that is not planned."""
    wanted = several_budgets(amounts)
    for name in wanted:
        if name not in names:
            raise UsageError(f"--budget {name}: {name} is not among the providers planned")
    return wanted


def _json(plan_: Plan, bought: Sequence[Learning], assets_url: str | None) -> str:
    """Return a plan as a line of JSON, with the address at which its references will lie."""
    told = {**plan_to_json(plan_), "budgets": [as_json_line(row) for row in bought]}
    place = json.dumps(assets_url.rstrip("/") + "/")[1:-1] if assets_url else ASSETS
    return json.dumps(told, ensure_ascii=False).replace(ASSETS, place)


def _write_assets(planned: Sequence[Plan], folder: Path | None) -> None:
    """Write the reference images of requests that name addresses; StoreError where they do not fit.

    Without a folder, nothing is written.
    Files that a request carries, or that are uploaded first, need no place of their own.
    """
    if folder is None:
        return
    shots = (shot for one in planned for shot in one.shots)
    names = sorted(name for name in assets_of(shots) if parse_recipe(name) is not None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_bytes(reference_bytes(name))
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror or error}") from None
    click.echo(f"{len(names)} reference images: {folder}", err=True)


def sentence(plan_: Plan) -> str:
    """Return a plan's size and price in one sentence."""
    provider = shipped(plan_.provider)
    count = Counter(shot.case.expect for shot in plan_.shots)
    expected = total_price(plan_.shots, provider.prices.unit)
    worst = max(
        (shot.at_risk for shot in plan_.shots), key=lambda risk: risk.amount, default=expected
    )
    guess = "" if provider.prices.status == "documented" else f" ({provider.prices.status} price)"
    return (
        f"{provider.title}: {len(plan_.shots)} requests ({count['accept']} to be served, "
        f"{count['refuse']} to be refused, {count['observe']} open), {expected.images} images, "
        f"{money(expected)}{guess}; at most {money(worst)} for one request"
    )


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
