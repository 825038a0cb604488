"""A provider's cassettes as one tape, with the plan that was recorded beside them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import RecordingError, UsageError
from harness.core.jsonvalue import mistake
from harness.planning.conformance import saved_plan
from harness.planning.plan import plan_digest
from harness.spec.provider import OPERATIONS
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape

BENCHMARK_TAPE = "benchmark.yaml"
BENCHMARK_PLAN = "benchmark-plan.json"
BENCHMARK = "benchmark.json"
"""What a recorded benchmark is made of, beside the cassettes of conformance."""

BENCHMARKS = TypeAdapter(Benchmark)
RECORD_BENCHMARK = "harness run --only benchmark --record --against emulator"


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
    return replace(plan, shots=tuple(one for one in shots if one.case.operation in operations))


def recorded_benchmark(
    cassettes: Path, names: Sequence[str], pictures: ImageCollector
) -> tuple[Benchmark, dict[str, Plan], dict[str, Tape]]:
    """Return a benchmark as it was recorded, of these providers: its plans and tapes by name.

    UsageError where a provider has none, or where they were not measured together; RecordingError
    where one is not whole.
    """
    found: dict[str, Benchmark] = {}
    plans: dict[str, Plan] = {}
    tapes: dict[str, Tape] = {}
    for name in names:
        folder = cassettes / name
        found[name] = _benchmark_in(folder)
        tapes[name] = Tape.load(folder / BENCHMARK_TAPE, pictures=pictures)
        plans[name] = saved_plan(cassettes, name, BENCHMARK_PLAN)
        _same(tapes[name], plans[name], folder, RECORD_BENCHMARK)
        if found[name] != found[names[0]]:
            raise UsageError(
                f"{cassettes}: {names[0]} and {name} were not recorded in one benchmark",
                hint=f"name one with --provider, or record them together: {RECORD_BENCHMARK}",
            )
    return _of(found[names[0]], names), plans, tapes


def _benchmark_in(folder: Path) -> Benchmark:
    path = folder / BENCHMARK
    if not path.is_file() or not (folder / BENCHMARK_TAPE).is_file():
        raise UsageError(f"{folder} holds no benchmark", hint=f"record one: {RECORD_BENCHMARK}")
    try:
        return BENCHMARKS.validate_json(path.read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise RecordingError(
            f"{path}: {mistake(error)}", hint=f"record it: {RECORD_BENCHMARK}"
        ) from None


def _of(benchmark: Benchmark, names: Sequence[str]) -> Benchmark:
    """Return what a benchmark says of these providers."""
    design = benchmark.design
    stopped = benchmark.stopped or {}
    mine = {topic: why for topic, why in stopped.items() if topic.partition("/")[0] in names}
    fits = tuple(fit for fit in design.fits if fit.provider in names)
    return replace(benchmark, design=replace(design, fits=fits), stopped=mine or None)


def _same(tape: Tape, plan: Plan, folder: Path, again: str) -> None:
    recorded = tape.metadata.get("plan_digest")
    if recorded != plan_digest(plan):
        raise UsageError(
            f"{folder}: the plan is not the one that was recorded (digest {recorded})",
            hint=f"record again: {again}",
        )


def _place(operation: str) -> int:
    return OPERATIONS.index(operation) if operation in OPERATIONS else len(OPERATIONS)
