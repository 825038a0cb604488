"""One emulator for all runs of a test process."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.core.case import Plan, Shot
from harness.runner import run
from harness.runner.options import Options
from tests.faults.runs import planned, staying

HEAVY_BYTES = 5_000_000


@pytest.fixture(scope="session", autouse=True)
def _served() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, staying(patch):
        yield


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the cases with files of up to 50 MB out: they take longer than all the others."""

    def lighter(name: str, options: Options) -> Plan:
        plan = planned(name, options)
        return replace(plan, shots=tuple(shot for shot in plan.shots if not _is_heavy(shot)))

    monkeypatch.setattr(run, "plan_for", lighter)


def _is_heavy(shot: Shot) -> bool:
    return any((part.size_bytes or 0) > HEAVY_BYTES for part in shot.request.form or ())
