"""A finished run as cassettes: one folder per provider, the plan and its digest beside them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import __version__
from harness.core.case import Plan
from harness.core.errors import NothingTested
from harness.core.exchange import Exchange, Failure
from harness.core.record import Record
from harness.disk import write_whole
from harness.plan import plan_digest, to_json
from harness.runner.prepare import PLAN
from harness.store.line import IMAGES
from harness.transport.cassette import write


def record(
    run_folder: Path, records: Sequence[Record], plan: Plan, *, base_url: str, cassettes: Path
) -> Path:
    """Write the cassettes of one provider from what a run has kept; return their folder.

    Only finished shots are written, and the plan beside them holds just those, so that a replay
    asks for nothing that is not there. NothingTested where no shot was finished.
    """
    finished = [record for record in records if record.outcome is not None]
    if not finished:
        raise NothingTested(f"{plan.provider}: nothing was received that could be recorded")
    kept = {record.shot.case.id for record in finished}
    plan = replace(plan, shots=tuple(shot for shot in plan.shots if shot.case.id in kept))
    folder = cassettes / plan.provider
    source = finished[0].evidence.source
    for operation in dict.fromkeys(shot.case.operation for shot in plan.shots):
        exchanges = _exchanges(finished, plan, operation)
        write(
            folder / f"{operation}.yaml",
            exchanges,
            base_url=base_url,
            metadata={
                "provider": plan.provider,
                "operation": operation,
                "evidence": source,
                "recorded": finished[0].evidence.date,
                "by": finished[0].evidence.by,
                "harness": __version__,
                **({"emulator": __version__} if source == "emulator" else {}),
                "seed": plan.seed,
                "plan_digest": plan_digest(plan),
                "spec_digest": plan.spec_digest,
            },
            picture_bytes=lambda name: (run_folder / IMAGES / name).read_bytes(),
        )
    text = json.dumps(to_json(plan), ensure_ascii=False, indent=1) + "\n"
    write_whole(folder / PLAN, text.encode())
    return folder


def _exchanges(records: Sequence[Record], plan: Plan, operation: str) -> list[Exchange]:
    """Return one operation's round trips in the order of the plan.

    A replay follows the plan, so that of several equal requests (two downloads of one image) each
    case gets its own with its own times.
    """
    by_case = {record.shot.case.id: record for record in records}
    return [
        exchange
        for shot in plan.shots
        if shot.case.operation == operation
        for exchange in by_case[shot.case.id].exchanges
        if not isinstance(exchange.answer, Failure) or exchange.answer.kind != "not_on_tape"
    ]
