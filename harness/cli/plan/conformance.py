"""What `harness plan` prints of a run for conformance; that of a benchmark is `planned`'s."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from math import ceil
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.cli.plan.benchmark import json_line
from harness.cli.plan.benchmark import show as show_benchmark
from harness.cli.plan.options import PlanOptions
from harness.cli.printing import echo_json, echo_line
from harness.cli.terminal import terminal
from harness.core.case import Plan, Price
from harness.core.errors import NothingTested, StoreError, UsageError
from harness.core.jsonvalue import Json
from harness.core.money import money
from harness.core.plain import price_json
from harness.core.recipe import parse_recipe
from harness.core.slicing import Slice
from harness.planning.addresses import assets_of
from harness.planning.benchmark import benchmark_plan
from harness.planning.benchmark_options import Measuring, measuring
from harness.planning.conformance import new_plan
from harness.planning.flags import given
from harness.planning.options import (
    CONCURRENCY,
    Options,
    RunLimits,
    Target,
    refuse_conformance,
    refuse_slow,
    refuse_unknown_operations,
)
from harness.planning.plan import Limits, coverage_notes, price_sentence, total_price
from harness.planning.quick import quick_limits
from harness.planning.rest import Rest, rest_of, rest_sentence
from harness.planning.slicing import sliced, sliced_design
from harness.reference_images import reference_bytes
from harness.report.text import count, visible
from harness.spec.catalogue import Catalogue, Entry, catalogue_of
from harness.spec.provider import Provider

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

QUICK = (("quick", quick_limits(Limits())),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What one plan costs and tries; `minutes` are expected, the others are (tried, all)."""

    label: str
    requests: int
    cost: Price
    minutes: float
    refusals: tuple[int, int]
    values: tuple[int, int]
    combinations: tuple[int, int]
    rest: Rest | None = None


def _learning(label: str, plan: Plan, image_s: float, limits: Limits, unit: str) -> Learning:
    return Learning(
        rest=rest_of(plan, limits),
        label=label,
        requests=len(plan.shots),
        cost=total_price(plan.shots, unit),
        minutes=_minutes(plan, image_s),
        refusals=_sum(coverage.refusals for coverage in plan.coverage),
        values=_sum(coverage.values for coverage in plan.coverage),
        combinations=_sum(coverage.combinations for coverage in plan.coverage),
    )


def _minutes(plan: Plan, image_s: float) -> float:
    """Return how long a plan is expected to take: the first request alone, then several at once."""
    paid = sum(shot.price.images > 0 for shot in plan.shots)
    refused = len(plan.shots) - paid
    waves = min(paid, 1) + ceil(max(paid - 1, 0) / CONCURRENCY)
    return (waves * image_s + refused * REFUSAL_S / CONCURRENCY) / 60


def _amounts(
    unit: str, amounts: Sequence[Decimal], usual: Sequence[tuple[str, Limits]]
) -> Sequence[tuple[str, Limits]]:
    """Return these amounts in the provider's unit as limits, or the usual ones."""
    priced = [Price(amount=amount, unit=unit, images=0) for amount in amounts]
    return [(money(price), Limits(amount=price.amount)) for price in priced] or usual


def _budget_table(provider: Provider, rows: Sequence[Learning], image_s: float) -> Table:
    title = f"{provider.title}: what the money buys ({image_s:g} s expected for an image)"
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


def _budget_json(row: Learning) -> Json:
    return {
        "budget": row.label,
        "requests": row.requests,
        "images": row.cost.images,
        "cost": {"amount": float(row.cost.amount), "unit": row.cost.unit},
        "minutes": round(row.minutes, 2),
        "rules": list(row.refusals),
        "values": list(row.values),
        "combinations": list(row.combinations),
        **({} if row.rest is None else {"rest": _rest_json(row.rest)}),
    }


def _rest_json(rest: Rest) -> Json:
    following = rest.following
    return {
        "amount": float(rest.left.amount),
        "unit": rest.left.unit,
        "images": rest.left.images,
        "plain_requests": rest.plain_requests,
        "next": None
        if following is None
        else {
            "argument": following.argument,
            "value": following.value,
            "price": price_json(following.price),
        },
    }


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    tried, total = zip(*pairs, strict=True)
    return sum(tried), sum(total)


def show(options: PlanOptions, *, as_json: bool) -> None:
    """Plan as the options say, and print it."""
    # Not by harness.api, which is the same and takes a second longer to import: it reports, too.
    catalogue, limits = catalogue_of(options.target.documents), options.limits
    names = catalogue.chosen(options.target.providers)
    for sentence in catalogue.left_out(options.target.providers):
        echo_line(sentence, err=True)
    _refuse_unplanned(options.comparison.budgets, names, catalogue)
    entries = [catalogue.entry(name) for name in names]
    refuse_unknown_operations(options.target.operations, [entry.provider for entry in entries])
    measured = measuring(
        options.benchmark, only=options.planning.only, concurrency=limits.concurrency
    )
    if measured is not None:
        _benchmark(options, measured, entries, as_json=as_json)
        return
    if limits.concurrency is not None:
        raise UsageError("--concurrency: for a benchmark only", hint="add --only benchmark")
    _conformance(options, entries, as_json=as_json)


def _benchmark(
    options: PlanOptions, measured: Measuring, entries: Sequence[Entry], *, as_json: bool
) -> None:
    target, planning, listing = options.target, options.planning, options.listing
    typed = (*given(target), *given(planning))
    refuse_conformance([flag for flag in ("--operation", "--quick", "--discover") if flag in typed])
    providers = {entry.name: entry.provider for entry in entries}
    chosen = Options(target=Target(providers=(*providers,)), planning=planning, measuring=measured)
    design, whole = benchmark_plan(chosen, entries)
    part = options.distribution.slice
    if part is not None and measured.arrivals == "closed":
        sliced_design(design, part)  # refused as a run would refuse it
    plans = {name: sliced(plan, part) for name, plan in whole.items()}
    _refuse_empty([*plans.values()], part)
    _write_assets([*plans.values()], providers, listing.write_assets)
    budgets = options.comparison.budgets
    show_benchmark(
        design,
        plans,
        providers,
        {name: _limits(budgets.get(name, ()), options.limits) for name in plans},
        as_json=as_json,
        image_s=listing.image_seconds,
        assets_url=listing.assets_url,
    )


def _conformance(options: PlanOptions, entries: Sequence[Entry], *, as_json: bool) -> None:
    listing, budgets = options.listing, options.comparison.budgets
    run = Options(target=options.target, planning=options.planning)

    refuse_slow(options.planning)
    usual = QUICK if options.planning.quick else USUAL
    part = options.distribution.slice

    @cache  # the plan that is listed is one of those that are compared
    def planned_for(entry: Entry, limits: Limits) -> Plan:
        images, requests = limits.images or options.limits.max_images, options.limits.max_requests
        limits = replace(limits, images=images, requests=requests)
        return new_plan(
            entry,
            seed=run.seed,
            operations=run.operations,
            limits=quick_limits(limits) if run.planning.quick else limits,
            strength=run.strength,
            discover=run.planning.discover,
        )

    planned: list[Plan] = []
    bought: dict[str, list[Learning]] = {}
    with terminal(stderr=True).status("planning") as waiting:  # nothing unless on a terminal
        for entry in entries:
            name, unit = entry.name, entry.provider.prices.unit
            waiting.update(f"planning {name}")
            most = Limits(amount=max(budgets.get(name, ()), default=None))
            planned.append(sliced(planned_for(entry, most), part))
            if name in budgets or not as_json:
                bought[name] = [
                    _learning(
                        label,
                        sliced(planned_for(entry, limits), part),
                        listing.image_seconds,
                        limits,
                        unit,
                    )
                    for label, limits in _amounts(unit, budgets.get(name, ()), usual)
                ]
    _refuse_empty(planned, part)
    providers = {entry.name: entry.provider for entry in entries}
    _write_assets(planned, providers, listing.write_assets)
    if as_json:
        for plan in planned:
            rows = [_budget_json(row) for row in bought.get(plan.provider, ())]
            echo_json(json_line(plan, rows, listing.assets_url))
        return
    console = terminal(soft_wrap=True)
    for plan in planned:
        provider = providers[plan.provider]
        shown: list[Table | str] = [_table(plan, provider)] if listing.cases else []
        shown.append(_budget_table(provider, bought[plan.provider], listing.image_seconds))
        shown += [
            f"{plan.provider}, {row.label}: {rest_sentence(row.rest)}"
            for row in bought[plan.provider]
            if row.rest is not None and (plan.provider in budgets or options.planning.quick)
        ]
        for line in (*shown, price_sentence(plan, provider), *coverage_notes(plan)):
            console.print(line)


def _refuse_empty(planned: Sequence[Plan], part: Slice | None) -> None:
    if part is not None and not any(plan.shots for plan in planned):
        raise NothingTested(f"slice {part} holds no case: there are more slices than cases")


def _limits(amounts: Sequence[Decimal], limits: RunLimits) -> tuple[Limits, ...]:
    images, requests = limits.max_images, limits.max_requests
    if not amounts and images is None and requests is None:
        return ()
    return tuple(
        Limits(amount=amount, images=images, requests=requests) for amount in amounts or (None,)
    )


def _refuse_unplanned(
    budgets: Mapping[str, object], names: Sequence[str], catalogue: Catalogue
) -> None:
    for name in budgets:
        if catalogue.entry(name).name not in names:
            raise UsageError(f"--budget {name}: {name} is not among the providers planned")


def _write_assets(
    planned: Sequence[Plan], providers: Mapping[str, Provider], folder: Path | None
) -> None:
    """Write the reference images of requests that name addresses; StoreError where they do not fit.

    Without a folder, nothing is written.
    Files that a request carries, or that are uploaded first, need no place of their own.
    """
    if folder is None:
        return
    found = (assets_of(providers[plan.provider], plan.shots) for plan in planned)
    names = sorted(name for name in frozenset().union(*found) if parse_recipe(name) is not None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_bytes(reference_bytes(name))
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror or error}") from None
    echo_line(f"{count(len(names), 'reference image')} written to {folder}", err=True)


def _table(plan_: Plan, provider: Provider) -> Table:
    title = (
        f"{provider.title}, seed {plan_.seed}: the plain request, then what each case changes in it"
    )
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
    shown = []
    for name, value in arguments.items():
        if name in base and base[name] == value and type(base[name]) is type(value):
            continue
        text = str(value)
        brief = f"{len(text):,} characters" if name == "prompt" and isinstance(value, str) else text
        shown.append(f"{name}={visible(brief[:40])}")
    shown += [f"no {name}" for name in base if name not in arguments]
    return " ".join(shown)
