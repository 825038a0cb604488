"""A finished run as cassettes: one folder per provider, the plan and its digest beside them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import __version__
from harness.core.benchmark import Benchmark
from harness.core.case import Plan
from harness.core.errors import NothingTested
from harness.core.exchange import Exchange, Failure
from harness.core.jsonvalue import Json
from harness.core.record import Record
from harness.planning.conformance import PLAN
from harness.planning.plan import dumped, plan_digest
from harness.runner.replayed import BENCHMARK, BENCHMARK_PLAN, BENCHMARK_TAPE, BENCHMARKS
from harness.store.atomic import write_whole
from harness.store.line import IMAGES
from harness.transport.cassettes.cassette import write_cassette


def record(  # noqa: PLR0913 - what a recording is made of
    run_folder: Path,
    records: Sequence[Record],
    plan: Plan,
    *,
    base_url: str,
    cassettes: Path,
    benchmark: Benchmark | None = None,
) -> Path:
    """Write the cassettes of one provider from what a run has kept; return their folder.

    Only finished shots are written, and the plan beside them holds just those, so that a replay
    asks for nothing that is not there. A benchmark is one cassette of its own, with its design
    beside it. NothingTested where no shot was finished.
    """
    finished = [record for record in records if record.outcome is not None]
    if not finished:
        raise NothingTested(f"{plan.provider}: nothing was received that could be recorded")
    kept = {record.shot.case.id for record in finished}
    plan = replace(plan, shots=tuple(shot for shot in plan.shots if shot.case.id in kept))
    folder = cassettes / plan.provider
    tapes = {shot.case.operation: f"{shot.case.operation}.yaml" for shot in plan.shots}
    if benchmark is not None:
        tapes = dict.fromkeys(tapes, BENCHMARK_TAPE)
    for file in dict.fromkeys(tapes.values()):
        operations = [operation for operation, tape in tapes.items() if tape == file]
        write_cassette(
            folder / file,
            _exchanges(finished, plan, operations),
            base_url=base_url,
            metadata=_metadata(finished[0], plan, operations),
            picture_bytes=lambda name: (run_folder / IMAGES / name).read_bytes(),
        )
    write_whole(folder / (PLAN if benchmark is None else BENCHMARK_PLAN), dumped(plan))
    if benchmark is not None:
        write_whole(folder / BENCHMARK, BENCHMARKS.dump_json(benchmark, indent=1) + b"\n")
    return folder


def _metadata(first: Record, plan: Plan, operations: Sequence[str]) -> dict[str, Json]:
    source = first.evidence.source
    return {
        "provider": plan.provider,
        "operation": ", ".join(operations),
        "evidence": source,
        "recorded": first.evidence.date,
        "by": first.evidence.by,
        "harness": __version__,
        **({"emulator": __version__} if source == "emulator" else {}),
        "seed": plan.seed,
        "plan_digest": plan_digest(plan),
        "spec_digest": plan.spec_digest,
    }


def _exchanges(records: Sequence[Record], plan: Plan, operations: Sequence[str]) -> list[Exchange]:
    """Return the round trips of these operations in the order of the plan.

    A replay follows the plan, so that of several equal requests (two downloads of one image) each
    case gets its own with its own times.
    """
    by_case = {record.shot.case.id: record for record in records}
    return [
        exchange
        for shot in plan.shots
        if shot.case.operation in operations
        for exchange in by_case[shot.case.id].exchanges
        if not isinstance(exchange.answer, Failure) or exchange.answer.kind != "not_on_tape"
    ]
