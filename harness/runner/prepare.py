"""Which plan a run follows: a new one from the documents, or the one saved beside a cassette."""

import json
from collections.abc import Sequence
from pathlib import Path

from harness.cases.build import Builder
from harness.cases.draw import accepted, drawn, refused
from harness.cases.written import written_cases
from harness.core.case import Case, Plan
from harness.core.errors import RecordingError
from harness.core.jsontype import Json, canonical
from harness.plan import from_json, plan
from harness.spec.load import provider as shipped
from harness.spec.load import spec_digest
from harness.spec.provider import OPERATIONS

DRAWN_VALID = 6
DRAWN_REFUSED = 12
PLAN = "plan.json"


def new_plan(name: str, *, seed: int, operations: Sequence[str] = OPERATIONS) -> Plan:
    """Plan one provider from its documents; the same for the same seed, in any process.

    Of `operations`, those that the provider has are planned.
    """
    provider = shipped(name)
    cases: list[Case] = []
    for operation in provider.operations:
        if operation in operations:
            cases += written_cases(provider, operation)
            cases += drawn_cases(name, operation, seed=seed)
    return plan(provider, cases, seed=seed, spec_digest=spec_digest(name))


def drawn_cases(
    name: str,
    operation: str,
    *,
    seed: int,
    valid: int = DRAWN_VALID,
    broken: int = DRAWN_REFUSED,
) -> tuple[Case, ...]:
    """Draw whole valid requests and singly broken ones, in addition to the written cases.

    A valid request that differs from another in its prompt alone would be paid for nothing.
    """
    builder = Builder(shipped(name), operation)
    known = {_beside_prompt(builder.base(prompt=""))}
    found = []
    for case in drawn(accepted(builder, cheap=True), count=valid, seed_=seed):
        shape = _beside_prompt(case.arguments)
        found += [case] if shape not in known else []
        known.add(shape)
    found += drawn(refused(builder), count=broken, seed_=seed)
    return tuple({case.id: case for case in found}.values())


def _beside_prompt(arguments: dict[str, Json]) -> str:
    return canonical({name: value for name, value in arguments.items() if name != "prompt"})


def saved_plan(folder: Path, name: str) -> Plan:
    """Read the plan beside a provider's cassette.

    Raises RecordingError where it is missing, unreadable or not what its requests say.
    """
    path = folder / name / PLAN
    hint = f"record it: harness run --record --against emulator --provider {name}"
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}", hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: not JSON ({error})", hint=hint) from None
    return from_json(saved, provider=shipped(name), where=str(path))


def plans(
    names: Sequence[str], *, seed: int, operations: Sequence[str] = OPERATIONS
) -> tuple[Plan, ...]:
    """Plan several providers."""
    return tuple(new_plan(name, seed=seed, operations=operations) for name in names)
