"""What a run is to ask: planned now, saved by the run that it goes on with, or found on tape."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import HarnessError, RecordingError, UsageError
from harness.core.jsonvalue import Json
from harness.planning.benchmark import benchmark_plan
from harness.planning.conformance import plan_for
from harness.planning.options import Options
from harness.planning.plan import plan_digest, plan_from_json, plan_to_json
from harness.spec.load import shipped_provider as shipped
from harness.spec.provider import OPERATIONS
from harness.store.folder import RunFolder
from harness.store.reader import StoredRun
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape

PLAN = "plan.json"
BENCHMARK_TAPE = "benchmark.yaml"
BENCHMARK_PLAN = "benchmark-plan.json"
BENCHMARK = "benchmark.json"
"""What a recorded benchmark is made of, beside the cassettes of conformance."""

BENCHMARKS = TypeAdapter(Benchmark)
RECORD_BENCHMARK = "harness run --only benchmark --record --against emulator"


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
    if options.against == "cassettes":
        return _recorded(options, pictures, measured=bool(options.measuring or benchmark))
    if past is not None:
        plans = {name: plan_of(folder, name) for name in options.providers}
        return RunPlan(plans=plans, benchmark=benchmark)
    if options.measuring is None:
        return RunPlan(plans={name: plan_for(name, options) for name in options.providers})
    design, plans = benchmark_plan(options)
    return RunPlan(plans=plans, benchmark=Benchmark(design=design))


def _recorded(options: Options, pictures: ImageCollector, *, measured: bool) -> RunPlan:
    if measured:
        benchmark, plans, tapes = recorded_benchmark(options.cassettes, options.providers, pictures)
        if options.measuring is not None and options.measuring.slo is not None:
            benchmark = benchmark.against(options.measuring.slo)
        return RunPlan(plans=plans, tapes=tapes, benchmark=benchmark)
    tapes = {name: load_tape(options.cassettes / name, pictures) for name in options.providers}
    plans = {
        name: recorded_plan(options.cassettes, name, tape, options.operations)
        for name, tape in tapes.items()
    }
    return RunPlan(plans=plans, tapes=tapes)


def load_tape(folder: Path, pictures: ImageCollector) -> Tape:
    """Load all cassettes of one provider as one tape; RecordingError where one is not whole.

    One operation follows the other, as in `recorded_plan`: of equal requests (two downloads of one
    image) each shot is then handed its own, with its own times.
    """
    files = [file for file in folder.glob("*.yaml") if file.name != BENCHMARK_TAPE]
    files = sorted(files, key=lambda path: _place(path.stem)) or [folder / "generate.yaml"]
    tapes = [Tape.load(file, pictures=pictures) for file in files]
    exchanges = [exchange for tape in tapes for exchange in tape.exchanges]
    return Tape(exchanges, metadata=tapes[0].metadata, name=str(folder))


def recorded_plan(cassettes: Path, name: str, tape: Tape, operations: tuple[str, ...]) -> Plan:
    """Return the plan that a tape was recorded with, of these operations, one after the other.

    UsageError where the plan beside the cassettes is another one.
    """
    plan = saved_plan(cassettes, name)
    _same(tape, plan, cassettes / name, f"harness run --record --provider {name}")
    shots = sorted(plan.shots, key=lambda shot: _place(shot.case.operation))  # stable
    return replace(plan, shots=tuple(shot for shot in shots if shot.case.operation in operations))


def recorded_benchmark(
    cassettes: Path, names: Sequence[str], pictures: ImageCollector
) -> tuple[Benchmark, dict[str, Plan], dict[str, Tape]]:
    """Return a benchmark as it was recorded, of these providers: its plans and tapes by name.

    UsageError where a provider has none, or where they were not measured together; RecordingError
    where one is not whole.
    """
    benchmarks: dict[str, Benchmark] = {}
    plans: dict[str, Plan] = {}
    tapes: dict[str, Tape] = {}
    for name in names:
        folder = cassettes / name
        benchmarks[name] = _benchmark_in(folder)
        tapes[name] = Tape.load(folder / BENCHMARK_TAPE, pictures=pictures)
        plans[name] = saved_plan(cassettes, name, BENCHMARK_PLAN)
        _same(tapes[name], plans[name], folder, RECORD_BENCHMARK)
        if benchmarks[name] != benchmarks[names[0]]:
            raise UsageError(
                f"{cassettes}: {names[0]} and {name} were not recorded in one benchmark",
                hint=f"name one with --provider, or record them together: {RECORD_BENCHMARK}",
            )
    return _of(benchmarks[names[0]], names), plans, tapes


def _benchmark_in(folder: Path) -> Benchmark:
    path = folder / BENCHMARK
    if not path.is_file() or not (folder / BENCHMARK_TAPE).is_file():
        raise UsageError(f"{folder} holds no benchmark", hint=f"record one: {RECORD_BENCHMARK}")
    try:
        return BENCHMARKS.validate_json(path.read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise RecordingError(
            f"{path}: {where}: {error.errors()[0]['msg']}", hint=f"record it: {RECORD_BENCHMARK}"
        ) from None


def _of(benchmark: Benchmark, names: Sequence[str]) -> Benchmark:
    """Return what a benchmark says of these providers."""
    design = benchmark.design
    stopped = benchmark.stopped or {}
    own_stops = {topic: why for topic, why in stopped.items() if topic.partition("/")[0] in names}
    fits = tuple(fit for fit in design.fits if fit.provider in names)
    return replace(benchmark, design=replace(design, fits=fits), stopped=own_stops or None)


def _same(tape: Tape, plan: Plan, folder: Path, again: str) -> None:
    recorded = tape.metadata.get("plan_digest")
    if recorded != plan_digest(plan):
        raise UsageError(
            f"{folder}: the plan is not the one that was recorded (digest {recorded})",
            hint=f"record again: {again}",
        )


def _place(operation: str) -> int:
    return OPERATIONS.index(operation) if operation in OPERATIONS else len(OPERATIONS)


def save_plan(folder: RunFolder, plan: Plan) -> None:
    """Write a plan beside the journal."""
    text = json.dumps(plan_to_json(plan), ensure_ascii=False, indent=1)
    folder.write_file(f"plan-{plan.provider}.json", text.encode())


def plan_of(folder: Path, name: str) -> Plan:
    """Read a plan back from a run folder; UsageError where it is missing or unreadable."""
    hint = "without its plan a run cannot go on; start a new one"
    return _read(folder / f"plan-{name}.json", name, UsageError, hint)


def saved_plan(folder: Path, name: str, file: str = PLAN) -> Plan:
    """Read the plan beside a provider's cassette.

    Raises RecordingError where it is missing, unreadable or not what its requests say.
    """
    hint = f"record it: harness run --record --against emulator --provider {name}"
    return _read(folder / name / file, name, RecordingError, hint)


def _read(path: Path, name: str, error_class: type[HarnessError], hint: str) -> Plan:
    try:
        document: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or f"not JSON ({error})"
        raise error_class(f"{path}: {why}", hint=hint) from None
    return plan_from_json(document, provider=shipped(name), where=str(path))
