"""Plans that tests share: each takes up to a second, is made when first needed, and stays."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from harness.cases.boundaries import plain_case, single_changes
from harness.cases.build import Builder
from harness.core.benchmark import Design
from harness.core.case import Case, Plan
from harness.planning import benchmark, conformance
from harness.planning.options import Options
from tests.shipped import SHIPPED, entries, shipped_provider


def new_plan(name: str, **choices: Any) -> Plan:  # noqa: ANN401 - as `harness.planning` takes them
    """A new plan of a shipped provider."""
    return conformance.new_plan(SHIPPED.entry(name), **choices)


plan_of = cache(new_plan)


def plan_for(name: str, options: Options) -> Plan:
    """The plan of a shipped provider with the options of a run."""
    return conformance.plan_for(SHIPPED.entry(name), options)


def benchmark_plan(options: Options) -> tuple[Design, dict[str, Plan]]:
    """The benchmark of a run of shipped providers."""
    return benchmark.benchmark_plan(options, entries(*options.target.providers))


@cache
def accepted(name: str, count: int) -> Plan:
    """The first valid generations of a provider's plan."""
    whole = plan_of(name, seed=0, operations=("generate",))
    shots = [shot for shot in whole.shots if shot.case.expect == "accept"]
    return replace(whole, shots=tuple(shots[:count]))


def boundaries(name: str, operation: str) -> list[str]:
    """Every boundary and list member that an operation documents, as its plan covers them.

    They are read from the cases that try each alone: a whole plan is too dear where tests are
    collected.
    """
    builder = Builder(shipped_provider(name), operation)
    return boundaries_of(plain_case(builder), single_changes(builder))


def boundaries_of(plain: Case, cases: Iterable[Case]) -> list[str]:
    """Every boundary and list member that some cases promise to be served, the plain one's aside.

    What speaks of two arguments is a combination, which single records do not tell.
    """
    covered = {token for case in cases if case.expect == "accept" for token in case.covers}
    return sorted(
        token
        for token in covered
        if "=" in token and token not in plain.covers and ".only_with" not in token
    )
