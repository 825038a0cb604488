"""Whole runs against one emulator that stays: starting one takes longer than a run against it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.adaptive.strategies import follow_up_strategy
from harness.core.case import Plan, PlannedRequest
from harness.emulator.faults.authenticity import NEED_NATURAL
from harness.planning.conformance import plan_for
from harness.planning.options import EmulatorOptions, Options, Output, Planning, Target
from harness.policy import Conclusion
from harness.runner import endpoints, plans
from harness.runner.endpoints import emulator_process
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.run import Run, execute_run
from harness.spec.catalogue import Entry
from tests.loopback import ANY
from tests.shipped import SHIPPED, conclude

SCALE = 0.0002
UNHURRIED = 0.2
"""A run waits by this scale for pictures like photographs, and asks for few: drawing them takes
this machine's own time, which nothing scales."""


@contextmanager
def staying(patch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Serve until the end, and let every run have this emulator for its own."""
    with emulator_process(time_scale=SCALE, seed=0) as served:
        run_on(served, patch)
        yield served


def run_on(served: Mapping[str, str], patch: pytest.MonkeyPatch) -> None:
    """Let every run have this emulator for its own, while the patch lasts.

    Before each run its ledger is emptied, its faults are switched and its draws begin at the run's
    seed. Equal plans are made once.
    """
    patch.setattr(endpoints, "emulator_process", _switched(served))
    patch.setattr(plans, "plan_for", planned)


HEAVY_BYTES = 5_000_000
_PLANS: dict[tuple[object, ...], tuple[Plan, Plan]] = {}
"""Each whole, and without its heavy cases."""


def planned(entry: Entry, options: Options) -> Plan:
    """Plan each provider once for each seed and choice of operations: its plans are all alike.

    Cases with files of up to 50 MB take longer than all the others: they are sent where the fault
    is about such files, and without any fault at seed 0.
    """
    about_files = any(
        fault.endswith(("max_bytes", "mask_ignored")) for fault in options.emulator.faults
    )
    whole = about_files or not (options.emulator.faults or options.seed)
    key = (entry.name, options.seed, options.operations, options.planning.quick)
    if key not in _PLANS:
        plan = plan_for(entry, options)
        light = tuple(shot for shot in plan.shots if not _is_heavy(shot))
        _PLANS[key] = (plan, replace(plan, shots=light))
    return _PLANS[key][0 if whole else 1]


def _is_heavy(shot: PlannedRequest) -> bool:
    return any((part.size_bytes or 0) > HEAVY_BYTES for part in shot.request.form or ())


def _switched(served: Mapping[str, str]) -> Any:  # noqa: ANN401 - a context manager's factory
    @contextmanager
    def switched(
        *,
        time_scale: float,
        seed: int,
        chosen: EmulatorOptions,
        key: str | None = None,
    ) -> Iterator[Mapping[str, str]]:
        del time_scale, key  # those of the emulator that stays
        faults = chosen.faults
        for provider, address in served.items():
            own = [name.removeprefix(f"{provider}:") for name in faults]
            names = [name for name, full in zip(own, faults, strict=True) if name != full]
            ANY.put(f"{address}/__emulator/faults", json={"faults": names}).raise_for_status()
            ANY.post(f"{address}/__emulator/reset", json={"seed": seed}).raise_for_status()
        yield served

    return switched


def ledger(address: str) -> dict[str, Any]:
    """Return what the emulator's own books say of one provider since the last run began."""
    told: dict[str, Any] = ANY.get(f"{address}/__emulator/ledger").raise_for_status().json()
    return told


def performed(  # noqa: PLR0913 - what a run depends on
    out: Path,
    provider: str,
    operations: tuple[str, ...] = (),
    *,
    fault: str = "",
    seed: int = 0,
    quick: bool = False,
) -> Run:
    """Run one provider as `harness run --against emulator` does, with a fault or without.

    Without `operations` that is all that the provider has.
    """
    natural = fault in NEED_NATURAL
    options = Options(
        target=Target(against="emulator", providers=(provider,), operations=operations),
        planning=Planning(seed=seed, quick=quick or natural),
        emulator=EmulatorOptions(
            time_scale=UNHURRIED if natural else SCALE,
            faults=(f"{provider}:{fault}",) if fault else (),
        ),
        output=Output(out=out),
    )
    return execute_run(
        options, ProgressListener(), catalogue=SHIPPED, strategy=follow_up_strategy(options)
    )


def concluded(done: Run) -> Conclusion:
    """Judge a run as the command does."""
    return conclude(done.header, done.records)
