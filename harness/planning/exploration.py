"""What a run explores after its plan: how much, and what failed before."""

from dataclasses import replace
from pathlib import Path

from harness.cases.explore import Examples, explored_cases
from harness.core.case import Exploration, Plan
from harness.planning.options import Options
from harness.spec.provider import Provider


def examples_of(name: str, *, against: str, folder: Path) -> Examples:
    """Return the database of a provider's failing examples, beside this run folder.

    The emulator's failures are its own: a live run does not pay to repeat them.
    """
    return Examples(folder.absolute().parent, f"{name} {against}")


def with_exploration(plan: Plan, provider: Provider, options: Options, *, folder: Path) -> Plan:
    """Return the plan with its exploration, if the run has one; the database is read here."""
    requests = options.planning.explore
    if not requests:
        return plan
    examples = examples_of(plan.provider, against=options.target.against, folder=folder)
    chosen = provider.chosen(options.operations)
    failed = [case for case in examples.cases(explored_cases(provider)) if case.operation in chosen]
    exploration = Exploration(requests=requests, retried=tuple(failed[:requests]))
    return replace(plan, exploration=exploration)
