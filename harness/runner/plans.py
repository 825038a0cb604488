"""What a run sends: new plans, those of a run that goes on, or those of recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.planning.benchmark import benchmark_plan
from harness.planning.canary import canary_plan
from harness.planning.conformance import plan_for
from harness.planning.exploration import with_exploration
from harness.planning.kept_requests import IN_MEMORY
from harness.planning.options import Options
from harness.planning.plan import dumped, dumped_pieces, is_unaltered, plan_digest, read_plan
from harness.planning.ready import ReadyPlans
from harness.planning.trial import trial_plan
from harness.runner.recording import (
    load_tape,
    recorded_benchmark,
    recorded_plan,
    replayed,
    saved_plan,
)
from harness.spec.catalogue import Catalogue, Entry
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.own import insist_own
from harness.store.reader import StoredRun
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape


def plans_of(options: Options, entries: Sequence[Entry]) -> dict[str, Plan]:
    """Return the plan of each provider of a run that begins or goes on, to tell its price."""
    resume = options.output.resume
    if resume is not None:
        return {entry.name: plan_of(resume, entry.provider) for entry in entries}
    if options.canary is not None:
        return {entry.name: canary_plan(entry, options.canary[entry.name]) for entry in entries}
    if options.ready is not None:
        return {**options.ready.plans}
    if options.measuring is not None:
        return benchmark_plan(options, entries)[1]
    return {entry.name: plan_for(entry, options) for entry in entries}


def plans_ahead(options: Options, entries: Sequence[Entry]) -> dict[str, Plan]:
    """Return the plan of each provider as a run would send or replay it; nothing is written."""
    if options.target.against != "cassettes" or options.ready is not None:
        return plans_of(options, entries)
    operations = options.operations
    return {
        entry.name: replayed(
            saved_plan(options.cassettes, entry.provider), entry.provider, operations
        )
        for entry in entries
    }


def entries_of(options: Options, catalogue: Catalogue) -> list[Entry]:
    """Return the entries of the providers that a run sends to, in its order."""
    return [catalogue.entry(name) for name in options.target.providers]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Each provider's plan, in a replay with its cassettes; the benchmark, if it is one."""

    plans: dict[str, Plan]
    tapes: dict[str, Tape] = field(default_factory=dict)
    benchmark: Benchmark | None = None


def run_plan(
    options: Options,
    entries: Sequence[Entry],
    folder: Path,
    past: StoredRun | None,
    pictures: ImageCollector,
) -> RunPlan:
    """Return what a run is to send; HarnessError where that cannot be read or planned."""
    benchmark = past.header.benchmark if past else None
    if options.target.against == "cassettes":
        providers = [entry.provider for entry in entries]
        measured = bool(options.measuring or benchmark)
        return _recorded(options, providers, pictures, measured=measured)
    if past is not None:
        digests = past.header.plan_digests
        plans = {
            entry.name: plan_of(folder, entry.provider, digest=digests.get(entry.name))
            for entry in entries
        }
        _refuse_altered(past, {entry.name: entry.provider for entry in entries})
        return RunPlan(plans=plans, benchmark=benchmark)
    if (trial := options.trial) is not None:
        return RunPlan(plans={entry.name: trial_plan(entry, trial) for entry in entries})
    if options.canary is not None:
        return RunPlan(plans=plans_of(options, entries))
    if (ready := options.ready) is not None:
        return RunPlan(plans=_explored(ready, entries, options, folder), benchmark=ready.benchmark)
    if options.measuring is None:
        return RunPlan(
            plans={
                entry.name: with_exploration(
                    plan_for(entry, options), entry.provider, options, folder=folder
                )
                for entry in entries
            }
        )
    design, plans = benchmark_plan(options, entries)
    return RunPlan(plans=plans, benchmark=Benchmark(design=design))


def _explored(
    ready: ReadyPlans, entries: Sequence[Entry], options: Options, folder: Path
) -> dict[str, Plan]:
    """Return plans that are ready, with what is drawn after them if anything follows them."""
    plans = {**ready.plans}
    if ready.follows_up:
        for entry in entries:
            plan = plans[entry.name]
            plans[entry.name] = with_exploration(plan, entry.provider, options, folder=folder)
    return plans


def _refuse_altered(past: StoredRun, providers: Mapping[str, Provider]) -> None:
    """Refuse a journal whose requests are not what their arguments make of them.

    Those beside the plan are sent as the journal holds them, and their money is set aside by it.
    """
    ended = (record.shot for record in past.records if record.skipped is None)
    for planned in (*ended, *(unfinished.line.shot for unfinished in past.unfinished)):
        case = planned.case
        if not is_unaltered(providers[case.provider], planned):
            raise UsageError(
                f"the journal's request of {case.id} is not what {case.provider}'s TOML makes of "
                "its arguments",
                hint="the TOML or the journal changed; start a new run",
            )


def _recorded(
    options: Options, providers: Sequence[Provider], pictures: ImageCollector, *, measured: bool
) -> RunPlan:
    cassettes = options.cassettes
    if measured:
        benchmark, plans, tapes = recorded_benchmark(cassettes, providers, pictures)
        if (asked := options.measuring) is not None:
            benchmark = benchmark.against(asked.slo) if asked.slo is not None else benchmark
            benchmark = benchmark.beside(asked.reference, asked.exchange_rates)
        return RunPlan(plans=plans, tapes=tapes, benchmark=benchmark)
    tapes = {each.name: load_tape(cassettes / each.name, pictures) for each in providers}
    plans = {
        each.name: recorded_plan(cassettes, each, tapes[each.name], options.operations)
        for each in providers
    }
    if options.ready is not None:
        plans = {name: options.ready.plans[name] for name in plans}
    return RunPlan(plans=plans, tapes=tapes)


def save_plan(folder: RunFolder, plan: Plan) -> None:
    """Write a plan beside the journal."""
    name = f"plan-{plan.provider}.json"
    if len(plan.shots) <= IN_MEMORY:
        folder.write_file(name, dumped(plan))
    else:
        folder.write_pieces(name, lambda: dumped_pieces(plan))


def plan_of(folder: Path, provider: Provider, *, digest: str | None = None) -> Plan:
    """Read a plan back from a run folder; UsageError where it is missing or unreadable.

    The same where it is not the one of this `digest`, or no plain file of the folder.
    """
    hint = "without its plan a run cannot go on; start a new one"
    file = f"plan-{provider.name}.json"
    insist_own(folder / file)
    plan = read_plan(folder / file, provider=provider, hint=hint)
    if digest is not None and plan_digest(plan) != digest:
        raise UsageError(f"{folder / file} is not the plan that run.json names", hint=hint)
    return plan
