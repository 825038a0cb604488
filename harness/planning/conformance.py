"""A new plan of conformance for a provider, from its documents and within limits."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from harness.cases.boundaries import plain_case, single_changes, single_violations
from harness.cases.build import Builder
from harness.cases.covering import RowBudget, covering
from harness.core.case import Case, Coverage, Plan
from harness.planning.options import Options
from harness.planning.plan import KEPT_BACK, Allowance, Limits, make_plan, planned_request
from harness.planning.refusals import chosen_refusals
from harness.spec.load import shipped_provider as shipped
from harness.spec.load import spec_digest
from harness.spec.provider import OPERATIONS


def new_plan(  # noqa: PLR0913 - what a plan depends on
    name: str,
    *,
    seed: int,
    operations: Sequence[str] = OPERATIONS,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    strength: int = 2,
    discover: bool = False,
) -> Plan:
    """Plan one provider from its documents; the same for the same seed, in any process.

    Of `operations`, those that the provider has are planned, within `limits`. What the documents
    leave open is tried with `discover` only: it is paid for, and convicts nobody.
    """
    provider = shipped(name)
    chosen = [operation for operation in provider.operations if operation in operations]
    cases: list[Case] = []
    coverage: list[Coverage] = []
    promising = [
        operation
        for operation in chosen
        if any(rule.documented for rule in provider.operation(operation).constraints)
    ]
    share = _share(limits, max(len(promising), 1))  # the plain request is all that others are sent
    for operation in chosen:
        planned, covered = _planned(
            _builder(name, operation), share, seed=seed, strength=strength, discover=discover
        )
        cases += planned
        coverage.append(covered)
    return make_plan(provider, cases, seed=seed, spec_digest=spec_digest(name), coverage=coverage)


@cache
def _builder(name: str, operation: str) -> Builder:
    """Return the one builder of an operation: budgets differ in what they buy of its values."""
    return Builder(shipped(name), operation)


def plan_for(name: str, options: Options) -> Plan:
    """Plan one provider with the options of a run."""
    return new_plan(
        name,
        seed=options.seed,
        operations=options.operations,
        limits=limits_of(options, name),
        strength=options.strength,
        discover=options.planning.discover,
    )


def limits_of(options: Options, name: str) -> Limits:
    """Return what a run was limited to at one provider."""
    return Limits(
        images=options.limits.max_images,
        amount=options.limits.budgets.get(name),
        requests=options.limits.max_requests,
    )


def _share(limits: Limits, operations: int) -> Allowance:
    """Return what may be planned for one of so many operations: `KEPT_BACK` is for follow-ups."""
    allowance = limits.allowance(operations)

    def part(most: int | None, each: int | None) -> int | None:
        most = most if each is None else each * operations
        return None if most is None else int(most * (1 - KEPT_BACK)) // operations

    return Allowance(
        images=part(limits.images, allowance.images),
        amount=None if limits.amount is None else limits.amount * (1 - KEPT_BACK) / operations,
        requests=part(limits.requests, allowance.requests),
        rows=allowance.rows,
    )


def _planned(
    builder: Builder, share: Allowance, *, seed: int, strength: int, discover: bool
) -> tuple[list[Case], Coverage]:
    """Return the cases of one operation, with what they cover."""
    base = plain_case(builder)
    cost = planned_request(builder.provider, base).at_risk
    steps = single_violations(builder)
    refusals = [case for case in steps if case.expect == "refuse"]
    rows = covering(
        builder,
        seed=seed,
        budget=RowBudget(
            images=None if share.images is None else share.images - cost.images,
            amount=None if share.amount is None else share.amount - cost.amount,
            rows=_rows(share, len(refusals)),
        ),
        strength=strength,
    )
    room = None if share.requests is None else max(share.requests - 1 - len(rows.cases), 0)
    chosen = chosen_refusals(builder, refusals, room=room, seed=seed)
    looks: list[Case] = []
    if discover:
        looks = [case for case in (*steps, *single_changes(builder)) if case.expect == "observe"]
    tried = len({case.breaks for case in chosen}), len({case.breaks for case in refusals})
    return [base, *chosen, *rows.cases, *looks], replace(rows.coverage, refusals=tried)


def _rows(share: Allowance, refusals: int) -> int | None:
    """Return how many paid requests there may be beside the refusals, which are free."""
    if share.requests is None:
        return share.rows
    room = max(share.requests - 1 - refusals, share.requests // 3)
    return room if share.rows is None else min(room, share.rows)
