"""What a run is to ask: planned now, saved by the run that it goes on with, or found on tape."""

from dataclasses import dataclass, field
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.runner.layout import lay_out
from harness.runner.options import Options
from harness.runner.prepare import plan_for
from harness.runner.replayed import load_tape, recorded_benchmark, recorded_plan
from harness.runner.resumed import plan_of
from harness.store.past import Past
from harness.transport.cassette import Tape
from harness.transport.pictures import Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Each provider's plan; the tape it is found on, in a replay; the benchmark, if it is one."""

    plans: dict[str, Plan]
    tapes: dict[str, Tape] = field(default_factory=dict)
    benchmark: Benchmark | None = None


def wanted(options: Options, folder: Path, past: Past | None, pictures: Pictures) -> Wanted:
    """Return what a run is to ask; HarnessError where that cannot be had."""
    benchmark = past.header.benchmark if past else None
    if options.against == "cassettes":
        return _recorded(options, pictures, measured=bool(options.measuring or benchmark))
    if past is not None:
        plans = {name: plan_of(folder, name) for name in options.providers}
        return Wanted(plans=plans, benchmark=benchmark)
    if options.measuring is None:
        return Wanted(plans={name: plan_for(name, options) for name in options.providers})
    design, plans = lay_out(options)
    return Wanted(plans=plans, benchmark=Benchmark(design=design))


def _recorded(options: Options, pictures: Pictures, *, measured: bool) -> Wanted:
    if measured:
        benchmark, plans, tapes = recorded_benchmark(options.cassettes, options.providers, pictures)
        if options.measuring is not None and options.measuring.slo is not None:
            benchmark = benchmark.against(options.measuring.slo)
        return Wanted(plans=plans, tapes=tapes, benchmark=benchmark)
    tapes = {name: load_tape(options.cassettes / name, pictures) for name in options.providers}
    plans = {
        name: recorded_plan(options.cassettes, name, tape, options.operations)
        for name, tape in tapes.items()
    }
    return Wanted(plans=plans, tapes=tapes)
