"""What a benchmark would ask of whom, and what that would cost, before anything is sent."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import ceil

from pydantic import TypeAdapter
from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.cli.printing import echo_json
from harness.cli.terminal import terminal
from harness.core.benchmark import Design
from harness.core.case import Plan, PlannedRequest, Price
from harness.core.jsonvalue import Json
from harness.core.money import money
from harness.core.placeholders import ASSETS
from harness.core.plain import price_json
from harness.core.workload import Fit
from harness.planning.plan import Limits, plan_to_json, total_price
from harness.report.benchmark.words import (
    arrivals_label,
    ceiling,
    differs,
    load_label,
    workload_label,
)
from harness.report.text import count
from harness.spec.provider import Provider

_DESIGN = TypeAdapter(Design)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a provider's limits reach: the requests in the order they leave."""

    label: str
    requests: int
    cost: Price
    through: str


def show(  # noqa: PLR0913 - what is shown, and how
    design: Design,
    plans: Mapping[str, Plan],
    providers: Mapping[str, Provider],
    limits: Mapping[str, Sequence[Limits]],
    *,
    as_json: bool,
    image_s: float,
    assets_url: str | None = None,
) -> None:
    """Print the plan of a benchmark, and how far each of a provider's `limits` reaches.

    As JSON, a line for each provider: its plan, its `fits`, the `design` of the whole, and what its
    `budgets` reach. `image_s` is how long an image is expected to take, in seconds.
    """
    reaches = {
        name: [_reach(plan, limit, providers[name].prices.unit) for limit in limits[name]]
        for name, plan in plans.items()
    }
    if as_json:
        for name, plan in plans.items():
            budgets = [_budget(reach) for reach in reaches[name]]
            echo_json(json_line(plan, budgets, assets_url, _design(design, name)))
        return
    console = terminal(soft_wrap=True, highlight=False)
    console.print(_mapping(design, tuple(plans)))
    for text in (*_differing(design), *_laid_out(design)):
        console.print(text)
    console.print(_prices(design, plans, providers, image_s))
    for name, reached in reaches.items():
        for reach in reached:
            console.print(f"{providers[name].title}: {reach.label}: {_reached(reach, plans[name])}")


def _mapping(design: Design, names: Sequence[str]) -> Table:
    title = "What each provider can be asked for"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("workload", overflow="fold")
    for name in names:
        table.add_column(name, no_wrap=True)
    kinds = {(fit.workload, fit.provider): fit.kind for fit in design.fits}
    for workload in design.workloads:
        table.add_row(workload.name, *(kinds[workload.name, name] for name in names))
    return table


def _differing(design: Design) -> Iterator[str]:
    """Say what each workload asks for, and in what each fit differs from it."""
    for workload in design.workloads:
        yield f"{workload.name}: {workload_label(workload)}"
        for fit in design.fits:
            if fit.workload == workload.name and fit.differences:
                yield f"  {fit.provider}, {fit.kind}: {differs(fit)}"


def _laid_out(design: Design) -> Iterator[str]:
    blocks = design.stages[0].blocks
    each = sum(workload.weight for workload in design.workloads)
    warm_up = count(design.warm_up, "block") if design.warm_up else "none"
    gaps = any(fit.kind == "unsupported" for fit in design.fits)
    yield ""
    yield (
        f"{count(blocks, 'block')} of {count(each, 'request')} to each provider, "
        f"warm-up before them: {warm_up}; the order is drawn from seed {design.seed}"
        + ("; what is unsupported is left out" if gaps else "")
    )
    levels = ", ".join(load_label(stage) for stage in design.stages)
    stages = f" ({len(design.stages)} stages)" if len(design.stages) > 1 else ""
    yield f"each provider, {levels}{stages}: {arrivals_label(design)}"
    if design.until_decided:
        yield "until decided: these are the most requests; a comparison ends once it is decided"
    if design.slo is not None:
        yield f"ceiling on time to pixels: {ceiling(design.slo)}"


def _prices(
    design: Design, plans: Mapping[str, Plan], providers: Mapping[str, Provider], image_s: float
) -> Table:
    title = f"What it would cost ({image_s:g} s expected for an image); nothing is sent"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("provider", "requests", "images", "price", "price list", "min"):
        numeric = heading in ("requests", "images", "price", "min")
        table.add_column(heading, justify="right" if numeric else "left")
    for name, plan in plans.items():
        prices = providers[name].prices
        cost = total_price(plan.shots, prices.unit)
        table.add_row(
            name,
            str(len(plan.shots)),
            str(cost.images),
            money(cost),
            prices.status,
            f"{_minutes(design, plan, image_s):.1f}",
        )
    return table


def _minutes(design: Design, plan: Plan, image_s: float) -> float:
    """Return how long a provider's part is expected to take: as if it were alone."""
    if design.arrivals != "closed":
        last_s = max((shot.due_s for shot in plan.shots), default=-image_s)
        return (last_s + image_s) / 60
    sizes = Counter(shot.slot.stage for shot in plan.shots if shot.slot is not None)
    waves = sum(ceil(sizes[stage.name] / (stage.concurrency or 1)) for stage in design.stages)
    return waves * image_s / 60


def _reach(plan: Plan, limits: Limits, unit: str) -> Reach:
    amount, images = Decimal(0), 0
    planned_requests: list[PlannedRequest] = []
    for shot in plan.shots:
        amount, images = amount + shot.at_risk.amount, images + shot.at_risk.images
        if not _within(limits, amount, images, len(planned_requests) + 1):
            break
        planned_requests.append(shot)
    last = planned_requests[-1].slot if planned_requests else None
    return Reach(
        label=" and ".join(_words(limits, unit)),
        requests=len(planned_requests),
        cost=total_price(planned_requests, unit),
        through="" if last is None else f"stage {last.stage}, block {last.block}",
    )


def _within(limits: Limits, amount: Decimal, images: int, requests: int) -> bool:
    return (
        (limits.amount is None or amount <= limits.amount)
        and (limits.images is None or images <= limits.images)
        and (limits.requests is None or requests <= limits.requests)
    )


def _words(limits: Limits, unit: str) -> Iterator[str]:
    if limits.amount is not None:
        yield money(Price(amount=limits.amount, unit=unit, images=0))
    if limits.images is not None:
        yield f"at most {count(limits.images, 'image')}"
    if limits.requests is not None:
        yield f"at most {count(limits.requests, 'request')}"


def _reached(reach: Reach, plan: Plan) -> str:
    if reach.requests == len(plan.shots):
        return f"reaches all {count(reach.requests, 'request')}"
    through = f", up to {reach.through}" if reach.through else ""
    return f"reaches {reach.requests:,} of {count(len(plan.shots), 'request')}{through}"


def json_line(
    plan: Plan, budgets: Sequence[Json], assets_url: str | None, more: Mapping[str, Json] = {}
) -> str:
    """Return a plan as a line of JSON, with the address at which its references will lie."""
    shown = {**plan_to_json(plan), "budgets": [*budgets], **more}
    place = json.dumps(assets_url.rstrip("/") + "/")[1:-1] if assets_url else ASSETS
    return json.dumps(shown, ensure_ascii=False).replace(ASSETS, place)


def _design(design: Design, name: str) -> dict[str, Json]:
    laid_out: Json = _DESIGN.dump_python(design, mode="json", exclude={"fits"})
    fits: list[Json] = [_fit(fit) for fit in design.fits if fit.provider == name]
    return {"fits": fits, "design": laid_out}


def _fit(fit: Fit) -> Json:
    return {
        "workload": fit.workload,
        "kind": fit.kind,
        "arguments": fit.arguments,
        "differences": [asdict(difference) for difference in fit.differences],
        "price": None if fit.price is None else price_json(fit.price),
    }


def _budget(reach: Reach) -> Json:
    return {"budget": reach.label, "requests": reach.requests, "cost": price_json(reach.cost)}
