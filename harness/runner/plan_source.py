"""What a run is to ask: planned now, saved by the run that it goes on with, or found on tape."""

from dataclasses import dataclass, field
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.planning.benchmark import benchmark_plan
from harness.planning.conformance import plan_for
from harness.planning.options import Options
from harness.planning.plan import dumped, read_plan
from harness.runner.recording import load_tape, recorded_benchmark, recorded_plan
from harness.spec.load import shipped_provider
from harness.store.folder import RunFolder
from harness.store.reader import StoredRun
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Each provider's plan; the tape it is found on, in a replay; the benchmark, if it is one."""

    plans: dict[str, Plan]
    tapes: dict[str, Tape] = field(default_factory=dict)
    benchmark: Benchmark | None = None


def run_plan(
    options: Options, folder: Path, past: StoredRun | None, pictures: ImageCollector
) -> RunPlan:
    """Return what a run is to ask; HarnessError where that cannot be had."""
    benchmark = past.header.benchmark if past else None
    if options.target.against == "cassettes":
        return _recorded(options, pictures, measured=bool(options.measuring or benchmark))
    if past is not None:
        plans = {name: plan_of(folder, name) for name in options.target.providers}
        return RunPlan(plans=plans, benchmark=benchmark)
    if options.measuring is None:
        return RunPlan(plans={name: plan_for(name, options) for name in options.target.providers})
    design, plans = benchmark_plan(options)
    return RunPlan(plans=plans, benchmark=Benchmark(design=design))


def _recorded(options: Options, pictures: ImageCollector, *, measured: bool) -> RunPlan:
    cassettes, names = options.output.cassettes, options.target.providers
    if measured:
        benchmark, plans, tapes = recorded_benchmark(cassettes, names, pictures)
        if options.measuring is not None and options.measuring.slo is not None:
            benchmark = benchmark.against(options.measuring.slo)
        return RunPlan(plans=plans, tapes=tapes, benchmark=benchmark)
    tapes = {name: load_tape(cassettes / name, pictures) for name in names}
    plans = {
        name: recorded_plan(cassettes, name, tape, options.operations)
        for name, tape in tapes.items()
    }
    return RunPlan(plans=plans, tapes=tapes)


def save_plan(folder: RunFolder, plan: Plan) -> None:
    """Write a plan beside the journal."""
    folder.write_file(f"plan-{plan.provider}.json", dumped(plan))


def plan_of(folder: Path, name: str) -> Plan:
    """Read a plan back from a run folder; UsageError where it is missing or unreadable."""
    hint = "without its plan a run cannot go on; start a new one"
    return read_plan(folder / f"plan-{name}.json", provider=shipped_provider(name), hint=hint)
