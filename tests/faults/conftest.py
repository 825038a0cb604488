"""One emulator for all runs of a test process: starting one takes longer than a run against it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from harness.core.case import Plan, Shot
from harness.runner import run
from harness.runner.emulated import emulator
from harness.runner.prepare import new_plan

SCALE = 0.0002
HEAVY_BYTES = 5_000_000


@pytest.fixture(scope="session")
def served() -> Iterator[dict[str, str]]:
    """The emulator's addresses by provider."""
    with emulator(time_scale=SCALE, seed=0) as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def _switched(served: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run have the emulator that is there, emptied, and with its own faults switched on."""

    @contextmanager
    def switched(
        *, time_scale: float, seed: int, faults: Sequence[str] = (), port: int | None = None
    ) -> Iterator[dict[str, str]]:
        if seed:  # the emulator's own draws differ by seed
            with emulator(time_scale=time_scale, seed=seed, faults=faults, port=port) as other:
                yield other
            return
        for provider, address in served.items():
            own = [name.removeprefix(f"{provider}:") for name in faults]
            names = [name for name, full in zip(own, faults, strict=True) if name != full]
            httpx.put(f"{address}/__emulator/faults", json={"faults": names}).raise_for_status()
            httpx.post(f"{address}/__emulator/reset").raise_for_status()
        yield served

    monkeypatch.setattr(run, "emulator", switched)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the cases with files of up to 50 MB out: they take longer than all the others."""

    def planned(name: str, *, seed: int, operations: Sequence[str]) -> Plan:
        plan = new_plan(name, seed=seed, operations=operations)
        return replace(plan, shots=tuple(shot for shot in plan.shots if not _is_heavy(shot)))

    monkeypatch.setattr(run, "new_plan", planned)


def _is_heavy(shot: Shot) -> bool:
    return any((part.size_bytes or 0) > HEAVY_BYTES for part in shot.request.form or ())
