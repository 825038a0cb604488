"""A provider's cassettes as one tape, with the plan that was recorded beside them."""

from dataclasses import replace
from pathlib import Path

from harness.core.case import Plan
from harness.core.errors import UsageError
from harness.plan import plan_digest
from harness.runner.prepare import saved_plan
from harness.spec.provider import OPERATIONS
from harness.transport.cassette import Tape
from harness.transport.pictures import Pictures


def load_tape(folder: Path, pictures: Pictures) -> Tape:
    """Load all cassettes of one provider as one tape; RecordingError where one is not whole.

    One operation follows the other, as in `recorded_plan`: of equal requests (two downloads of one
    image) each shot is then handed its own, with its own times.
    """
    files = sorted(folder.glob("*.yaml"), key=lambda path: _place(path.stem))
    files = files or [folder / "generate.yaml"]
    tapes = [Tape.load(file, pictures=pictures) for file in files]
    exchanges = [exchange for tape in tapes for exchange in tape.exchanges]
    return Tape(exchanges, metadata=tapes[0].metadata, name=str(folder))


def recorded_plan(cassettes: Path, name: str, tape: Tape, operations: tuple[str, ...]) -> Plan:
    """Return the plan that a tape was recorded with, of these operations, one after the other.

    UsageError where the plan beside the cassettes is another one.
    """
    plan = saved_plan(cassettes, name)
    recorded = tape.metadata.get("plan_digest")
    if recorded != plan_digest(plan):
        raise UsageError(
            f"{cassettes / name}: the plan is not the one that was recorded (digest {recorded})",
            hint=f"record again: harness run --record --provider {name}",
        )
    shots = sorted(plan.shots, key=lambda shot: _place(shot.case.operation))  # stable
    return replace(plan, shots=tuple(one for one in shots if one.case.operation in operations))


def _place(operation: str) -> int:
    return OPERATIONS.index(operation) if operation in OPERATIONS else len(OPERATIONS)
