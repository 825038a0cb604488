"""A new plan of conformance for a provider, from its documents and within limits."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache

from harness.cases.boundaries import plain_case, single_changes, single_violations
from harness.cases.build import Builder
from harness.cases.covering import Rows
from harness.cases.keys import TRIED, key_cases
from harness.core.case import Case, Coverage, Plan
from harness.planning.allocation import Money, buy_rows
from harness.planning.options import Options
from harness.planning.plan import KEPT_BACK, Allowance, Limits, make_plan, planned_request
from harness.planning.quick import (
    is_small,
    quick_cases,
    quick_limits,
    quick_operations,
    quick_rows,
    quick_share,
)
from harness.planning.refusals import chosen_refusals
from harness.planning.reserve import least_reserve
from harness.spec.catalogue import Entry

KEY_SHARE = 8
"""At most one in so many requests lacks the user's key."""


def new_plan(  # noqa: PLR0913 - what a plan depends on
    entry: Entry,
    *,
    seed: int,
    operations: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
    strength: int = 2,
    discover: bool = False,
) -> Plan:
    """Plan one provider from its documents; the same for the same seed, in any process.

    Of `operations` (names or kinds), those that the provider has are planned, within `limits`;
    without any, all. What the documents
    leave open is tried with `discover` only: it is paid for, and convicts nobody.
    """
    provider = entry.provider
    chosen = [*provider.chosen(operations)]
    cases: list[Case] = []
    coverage: list[Coverage] = []
    promising = [
        operation
        for operation in chosen
        if any(rule.documented for rule in provider.operation(operation).constraints)
    ]
    if limits.quick:
        chosen = promising = quick_operations(promising or chosen, limits)
    # the plain request is all that others are sent
    share = _share(limits, max(len(promising), 1), plain=_plain_amount(entry, promising))
    first = next(iter(provider.operations))
    builders = [_builder(entry, operation) for operation in promising]
    if is_small(limits):
        bought = quick_rows(builders, limits, seed=seed)
    else:
        money = _money(entry, limits, share, promising)
        bought = buy_rows(builders, money, seed=seed, strength=strength)
    for operation in chosen:
        builder = _builder(entry, operation)
        keys = _keys(builder, share, seed=seed, discover=discover) if operation == first else ()
        if keys and share.requests is not None:
            rest = replace(share, requests=share.requests - len(keys))
        else:
            rest = share
        rows = bought.get(operation, _no_rows(operation, strength))
        planned, covered = _planned(builder, rest, rows, seed=seed, discover=discover)
        cases += (*(quick_cases(builder, planned) if limits.quick else planned), *keys)
        coverage.append(covered)
    return make_plan(provider, cases, seed=seed, spec_digest=entry.digest, coverage=coverage)


@cache
def _builder(entry: Entry, operation: str) -> Builder:
    """Return the one builder of an operation: budgets differ in what they buy of its values."""
    return Builder(entry.provider, operation)


def plan_for(entry: Entry, options: Options) -> Plan:
    """Plan one provider with the options of a run."""
    return new_plan(
        entry,
        seed=options.seed,
        operations=options.operations,
        limits=limits_of(options, entry.name),
        strength=options.strength,
        discover=options.planning.discover,
    )


def limits_of(options: Options, name: str) -> Limits:
    """Return what a run was limited to at one provider."""
    if options.canary is not None:
        canary = options.canary[name]
        return Limits(images=canary.most_images, amount=canary.most_amount)
    limits = Limits(
        images=options.limits.max_images,
        amount=options.limits.budgets.get(name),
        requests=options.limits.max_requests,
    )
    return quick_limits(limits) if options.planning.quick else limits


def _share(limits: Limits, operations: int, *, plain: Decimal = Decimal(0)) -> Allowance:
    """Return what may be planned for one of so many operations: `KEPT_BACK` is for follow-ups.

    `plain` is what the cheapest plain request costs: of a small limit, a few are kept back.
    """
    if limits.quick:
        return quick_share(limits, operations)
    allowance = limits.allowance(operations)

    def part(most: int | None, each: int | None) -> int | None:
        most = most if each is None else each * operations
        return None if most is None else int(most - reserve(most)) // operations

    def reserve(most: int) -> Decimal:
        return max(most * KEPT_BACK, least_reserve(Decimal(most), Decimal(1)))

    return Allowance(
        images=part(limits.images, allowance.images),
        amount=_less_reserve(limits.amount, plain, operations),
        requests=part(limits.requests, allowance.requests),
        rows=allowance.rows,
    )


def _keys(builder: Builder, share: Allowance, *, seed: int, discover: bool) -> tuple[Case, ...]:
    """Return the requests without the user's key; one operation is enough to see."""
    most = len(TRIED) if share.requests is None else share.requests // KEY_SHARE
    cases = key_cases(builder, count=most, seed=seed)
    return tuple(case for case in cases if case.expect == "refuse" or discover)


def _money(entry: Entry, limits: Limits, share: Allowance, operations: Sequence[str]) -> Money:
    """Return what the paid requests of these operations may cost, by one's share of the whole."""
    shared = limits.images is not None or limits.amount is not None
    parts = len(operations) if shared else 1
    return Money(
        images=None if share.images is None else share.images * parts,
        amount=None if share.amount is None else share.amount * parts,
        shared=shared,
        rows={
            operation: _rows(share, len(_refusals(_builder(entry, operation))))
            for operation in operations
        },
    )


def _no_rows(operation: str, strength: int) -> Rows:
    """Return the rows of an operation of which nothing is promised."""
    nothing = Coverage(operation=operation, strength=strength, values=(0, 0), combinations=(0, 0))
    return Rows(cases=(), coverage=nothing)


@cache
def _steps(builder: Builder) -> tuple[Case, ...]:
    """Return what steps over each rule, once for all budgets."""
    return single_violations(builder)


@cache
def _chosen_refusals(builder: Builder, room: int | None, seed: int) -> tuple[Case, ...]:
    """Return the refusals of a plan, once for all budgets that leave the same room."""
    return tuple(chosen_refusals(builder, _refusals(builder), room=room, seed=seed))


def _refusals(builder: Builder) -> list[Case]:
    return [case for case in _steps(builder) if case.expect == "refuse"]


def _less_reserve(amount: Decimal | None, plain: Decimal, operations: int) -> Decimal | None:
    if amount is None:
        return None
    return (amount - max(amount * KEPT_BACK, least_reserve(amount, plain))) / operations


def _plain_amount(entry: Entry, operations: Sequence[str]) -> Decimal:
    """Return what the cheapest plain request of these operations costs."""
    cases = [plain_case(_builder(entry, operation)) for operation in operations]
    prices = (planned_request(entry.provider, case).price.amount for case in cases)
    return min(prices, default=Decimal(0))


def _planned(
    builder: Builder, share: Allowance, rows: Rows, *, seed: int, discover: bool
) -> tuple[list[Case], Coverage]:
    """Return the cases of one operation, with what they cover."""
    base = plain_case(builder)
    refusals = _refusals(builder)
    room = None if share.requests is None else max(share.requests - 1 - len(rows.cases), 0)
    chosen = _chosen_refusals(builder, room, seed)
    looks: list[Case] = []
    if discover:
        changes = (*_steps(builder), *single_changes(builder))
        looks = [case for case in changes if case.expect == "observe"]
    tried = len({case.breaks for case in chosen}), len({case.breaks for case in refusals})
    return [base, *chosen, *rows.cases, *looks], replace(rows.coverage, refusals=tried)


def _rows(share: Allowance, refusals: int) -> int | None:
    """Return how many paid requests there may be beside the refusals, which are free."""
    if share.requests is None:
        return share.rows
    room = max(share.requests - 1 - refusals, share.requests // 3)
    return room if share.rows is None else min(room, share.rows)
