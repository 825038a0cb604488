"""The verb that says what a run would send, before anything is sent."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.core.case import Plan
from harness.core.errors import NothingTested
from harness.planning.options import Options
from harness.planning.slicing import sliced
from harness.runner.plans import entries_of, plans_ahead
from harness.runner.preflight import decided
from harness.runner.specs import catalogue_with
from harness.spec.provider import Provider
from harness.store.reader import read_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What a run with these options would send, by provider, and the promises it is about.

    The `options` name its providers and its seed, so that a run with them sends just that. They
    hold no key. `notes` say whom it leaves out.
    """

    options: Options
    plans: Mapping[str, Plan]
    providers: Mapping[str, Provider]
    notes: tuple[str, ...]


def ahead(
    options: Options,
    *,
    environment: Mapping[str, str] | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Ahead:
    """Return what `run` would send with these options; nothing is sent, and nothing is written.

    `note` hears what the user is to read of it: whom it leaves out, what it costs. Raises as `run`
    does where it could not begin: UsageError for choices that do not go together, a live run
    without an address, a key or a budget, NothingTested for a plan without a case.
    """
    resume = options.output.resume
    past = read_run(resume) if resume else None
    catalogue = catalogue_with(options.target.documents, [past] if past else [])
    ready = decided(
        options,
        past.header if past else None,
        catalogue=catalogue,
        environment=os.environ if environment is None else environment,
        note=note,
    )
    entries = entries_of(ready.options, catalogue)
    part = ready.options.distribution.slice
    plans = {name: sliced(plan, part) for name, plan in plans_ahead(ready.options, entries).items()}
    if not any(plan.shots for plan in plans.values()):
        raise NothingTested("the plan holds no case")
    return Ahead(
        options=_as_typed(options, ready.options),
        plans=plans,
        providers={entry.name: entry.provider for entry in entries},
        notes=ready.notes,
    )


def _as_typed(options: Options, complete: Options) -> Options:
    """Return what was typed with the providers and the seed of the complete options."""
    if options.output.resume is not None:
        return options
    target = replace(options.target, providers=complete.target.providers)
    if target.against == "cassettes":  # they have the seed that they were recorded with
        return replace(options, target=target)
    planning = replace(options.planning, seed=complete.planning.seed)
    return replace(options, target=target, planning=planning)
