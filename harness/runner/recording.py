"""A finished run as cassettes, and back: a folder per provider, the plan and its digest beside."""

import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import NothingTested, RecordingError, StoreError, UsageError
from harness.core.exchange import Exchange, Failure
from harness.core.files import read_at_most
from harness.core.jsonvalue import Json, mistake
from harness.core.record import Provenance, Record
from harness.core.version import harness_version
from harness.planning.options import CASSETTES
from harness.planning.plan import FILE_AT_MOST_BYTES, dumped, plan_digest, read_plan
from harness.runner.scanning import scan_paths
from harness.sensitive.search import Search
from harness.spec.provider import OPERATIONS, Provider
from harness.store.disk import LocalDisk, write_whole
from harness.store.line import IMAGES
from harness.store.spool import picked
from harness.transport.base import undisturbed
from harness.transport.bodies.images import ImageCollector
from harness.transport.cassettes.cassette import Tape, write_cassette

PLAN = "plan.json"
BENCHMARK_TAPE = "benchmark.yaml"
BENCHMARK_PLAN = "benchmark-plan.json"
BENCHMARK = "benchmark.json"
"""What a recorded benchmark is made of, beside the cassettes of conformance."""

BENCHMARKS = TypeAdapter(Benchmark)
PACKAGE = Path(__file__).parents[1]
SAMPLES = (PACKAGE / "samples", PACKAGE.parent / "cassettes")
"""Where recorded samples come with the harness: in an installed package, in a checkout."""

RECORD_BENCHMARK = "harness run --only benchmark --record --against emulator"


def into(cassettes: Path) -> str:
    """Return the flag by which cassettes are recorded there; empty for the usual folder."""
    usual = cassettes in (CASSETTES, *SAMPLES)
    return "" if usual else f" --cassettes {shlex.quote(str(cassettes))}"


def is_recorded(cassettes: Path) -> bool:
    """Tell whether a folder holds cassettes of ours, and not those of another tool."""
    plans = (cassettes.glob(f"*/{name}") for name in (PLAN, BENCHMARK_PLAN))
    return any(True for found in plans for _ in found)


def sample_folder() -> Path | None:
    """Return the recorded samples that come with the harness; None where it has none."""
    return next(filter(is_recorded, SAMPLES), None)


def withheld_notes(withheld: Mapping[str, str]) -> tuple[str, ...]:
    """Say which images were judged and not kept."""
    return tuple(
        f"image {digest[:12]} was judged and not kept: its bytes hold a secret ({secret})"
        for digest, secret in withheld.items()
    )


def record(  # noqa: PLR0913 - what a recording is made of
    run_folder: Path,
    records: Sequence[Record],
    plan: Plan,
    *,
    base_url: str,
    cassettes: Path,
    search: Search,
    benchmark: Benchmark | None = None,
    faults: Sequence[str] = (),
) -> Path:
    """Write the cassettes of one provider from what a run has kept; return their folder.

    They are written aside, searched for secrets, and only then put in their places: StoreError
    where one is found, and the cassettes of before stay as they are.

    Only finished requests are written, and the plan beside them holds just those, so that a replay
    asks for nothing that is not there. A benchmark is one cassette of its own, with its design
    beside it. `faults` are those that the emulator had switched on: whoever replays is told.
    NothingTested where no request was finished.
    """
    finished = picked(records, lambda record: record.outcome is not None)
    if not finished:
        raise NothingTested(f"{plan.provider}: nothing was received that could be recorded")
    finished_ids = {record.shot.case.id for record in finished}
    plan = replace(plan, shots=tuple(shot for shot in plan.shots if shot.case.id in finished_ids))
    folder, aside = cassettes / plan.provider, cassettes / f".{plan.provider}.new"
    tapes = {shot.case.operation: f"{shot.case.operation}.yaml" for shot in plan.shots}
    if benchmark is not None:
        tapes = dict.fromkeys(tapes, BENCHMARK_TAPE)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        for file in dict.fromkeys(tapes.values()):
            operations = [operation for operation, tape in tapes.items() if tape == file]
            write_cassette(
                aside / file,
                _exchanges(finished, plan, operations),
                base_url=base_url,
                metadata=_metadata(finished[0], plan, operations, faults),
                picture_bytes=partial(_image, run_folder),
            )
        write_whole(aside / (PLAN if benchmark is None else BENCHMARK_PLAN), dumped(plan))
        if benchmark is not None:
            write_whole(aside / BENCHMARK, BENCHMARKS.dump_json(benchmark, indent=1) + b"\n")
        refuse_secrets(aside, folder, search)
        _moved(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _image(run_folder: Path, name: str) -> bytes:
    disk = LocalDisk(run_folder)
    try:
        return disk.read(f"{IMAGES}/{name}")
    finally:
        disk.close()


_NAMED_AT_MOST = 5


def refuse_secrets(written: Path, folder: Path, search: Search) -> None:
    """Raise StoreError where a file holds a secret; it is named by its place in `folder`."""
    leaks = [
        f"{folder / leak.path.relative_to(written)}:{leak.line}: {leak.kind}"
        for leak in scan_paths([written], search)
    ]
    if leaks:
        more = f" and {len(leaks) - _NAMED_AT_MOST} more" if len(leaks) > _NAMED_AT_MOST else ""
        raise StoreError(
            f"not recorded, for it would hold secrets: {'; '.join(leaks[:_NAMED_AT_MOST])}{more}",
            hint="nothing was written there; `harness scan` names what the run folder holds",
        )


def _moved(aside: Path, folder: Path) -> None:
    """Put files in their places, images first: a cassette never names one that is not there."""
    files = sorted(aside.rglob("*"), key=lambda file: file.parent == aside)
    for file in files:
        if file.is_file():
            place = folder / file.relative_to(aside)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
            except OSError as error:
                raise StoreError(f"{place} cannot be written: {error.strerror}") from error


def _metadata(
    first: Record, plan: Plan, operations: Sequence[str], faults: Sequence[str]
) -> dict[str, Json]:
    source = first.evidence.source
    return {
        "provider": plan.provider,
        "operation": ", ".join(operations),
        "evidence": source,
        "recorded": first.evidence.date,
        "by": first.evidence.by,
        "harness": harness_version(),
        **({"emulator": harness_version()} if source == "emulator" else {}),
        **({"faults": list(faults)} if faults else {}),
        "seed": plan.seed,
        "plan_digest": plan_digest(plan),
        "spec_digest": plan.spec_digest,
    }


def _exchanges(records: Sequence[Record], plan: Plan, operations: Sequence[str]) -> list[Exchange]:
    """Return the round trips of these operations in the order of the plan.

    A replay follows the plan, so that of several equal requests (two downloads of one image) each
    case gets its own with its own times.
    """
    places = {record.shot.case.id: place for place, record in enumerate(records)}
    return [
        exchange
        for shot in plan.shots
        if shot.case.operation in operations
        for exchange in undisturbed(records[places[shot.case.id]].exchanges)
        if not isinstance(exchange.answer, Failure) or exchange.answer.kind != "not_on_tape"
    ]


def load_tape(folder: Path, pictures: ImageCollector) -> Tape:
    """Load all cassettes of one provider as one; RecordingError where one is not whole.

    One operation follows the other, as in `recorded_plan`: of equal requests (two downloads of one
    image) each request is then handed its own, with its own times.
    """
    files = [file for file in folder.glob("*.yaml") if file.name != BENCHMARK_TAPE]
    files = sorted(files, key=lambda path: _place(path.stem)) or [folder / "generate.yaml"]
    tapes = [Tape.load(file, pictures=pictures) for file in files]
    exchanges = [exchange for tape in tapes for exchange in tape.exchanges]
    return Tape(exchanges, metadata=tapes[0].metadata, name=str(folder))


def recorded_plan(
    cassettes: Path, provider: Provider, tape: Tape, operations: tuple[str, ...]
) -> Plan:
    """Return the plan that a cassette was recorded with, of these operations, one after the other.

    UsageError where the plan beside the cassettes is another one.
    """
    name = provider.name
    plan = saved_plan(cassettes, provider)
    again = f"harness run --against emulator --record --provider {name}{into(cassettes)}"
    _same(tape, plan, cassettes / name, again)
    return replayed(plan, provider, operations)


def replayed(plan: Plan, provider: Provider, operations: Sequence[str]) -> Plan:
    """Return of a plan that was recorded what a replay asks of these operations, in its order."""
    shots = sorted(plan.shots, key=lambda shot: _place(shot.case.operation))  # stable
    chosen = provider.chosen(operations)
    return replace(plan, shots=tuple(shot for shot in shots if shot.case.operation in chosen))


def recorded_evidence(tape: Tape) -> Provenance:
    """Return what a cassette says that it rests on."""
    return Provenance(
        kind="recorded",
        source=str(tape.metadata.get("evidence", "unknown")),
        date=str(tape.metadata.get("recorded", "unknown")),
        by=str(tape.metadata.get("by", "unknown")),
    )


def recorded_faults(tapes: Mapping[str, Tape]) -> Iterator[str]:
    """Yield a sentence for each provider whose emulator had faults switched on."""
    for name, tape in tapes.items():
        faults = tape.metadata.get("faults")
        if isinstance(faults, list) and faults:
            yield f"{name}: recorded from the emulator with faults: {', '.join(map(str, faults))}"


def recorded_benchmark(
    cassettes: Path, providers: Sequence[Provider], pictures: ImageCollector
) -> tuple[Benchmark, dict[str, Plan], dict[str, Tape]]:
    """Return a benchmark as it was recorded, of these providers: its plans and cassettes by name.

    UsageError where a provider has none, or where they were not measured together; RecordingError
    where one is not whole.
    """
    benchmarks: dict[str, Benchmark] = {}
    plans: dict[str, Plan] = {}
    tapes: dict[str, Tape] = {}
    names = [provider.name for provider in providers]
    for name, provider in zip(names, providers, strict=True):
        folder = cassettes / name
        benchmarks[name] = _benchmark_in(folder)
        tapes[name] = Tape.load(folder / BENCHMARK_TAPE, pictures=pictures)
        plans[name] = saved_plan(cassettes, provider, BENCHMARK_PLAN)
        _same(tapes[name], plans[name], folder, RECORD_BENCHMARK + into(cassettes))
        if benchmarks[name] != benchmarks[names[0]]:
            raise UsageError(
                f"{cassettes}: {names[0]} and {name} were not recorded in one benchmark",
                hint=f"name one with --provider, or record them together: "
                f"{RECORD_BENCHMARK}{into(cassettes)}",
            )
    return _of(benchmarks[names[0]], names), plans, tapes


def _benchmark_in(folder: Path) -> Benchmark:
    path = folder / BENCHMARK
    if not path.is_file() or not (folder / BENCHMARK_TAPE).is_file():
        raise UsageError(
            f"{folder} holds no benchmark",
            hint=f"record one: {RECORD_BENCHMARK}{into(folder.parent)}",
        )
    try:
        return BENCHMARKS.validate_json(read_at_most(path, FILE_AT_MOST_BYTES))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise RecordingError(
            f"{path}: {mistake(error)}", hint=f"record it: {RECORD_BENCHMARK}{into(folder.parent)}"
        ) from None


def _of(benchmark: Benchmark, names: Sequence[str]) -> Benchmark:
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


def _place(operation: str) -> tuple[int, str]:
    """Return what orders operations: ours first, then those of other names by these."""
    ours = (*OPERATIONS, operation)
    return ours.index(operation), operation


def saved_plan(folder: Path, provider: Provider, file: str = PLAN) -> Plan:
    """Read the plan beside a provider's cassette.

    Raises RecordingError where it is missing, unreadable or not what its requests say.
    """
    name = provider.name
    again = f"harness run --against emulator --record --provider {name}{into(folder)}"
    hint = f"record it: {again}"
    return read_plan(folder / name / file, provider=provider, hint=hint)
