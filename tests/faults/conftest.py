"""One emulator for all runs of these tests in a process; other folders know nothing of it."""

from collections.abc import Iterator, Mapping

import pytest

from harness.runner.endpoints import emulator_process
from tests.faults.runs import SCALE, run_on


@pytest.fixture(scope="session")
def served() -> Iterator[Mapping[str, str]]:
    with emulator_process(time_scale=SCALE, seed=0) as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def _runs_on_it(served: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    run_on(served, monkeypatch)
