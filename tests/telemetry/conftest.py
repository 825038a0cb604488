"""A run with findings, replayed once from the committed recordings."""

from pathlib import Path

import pytest

from harness import Options, Output, RunResult, Target, api

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Apiframe's `generate` as it was recorded from an emulator with faults; its folder stays."""
    return api.run(
        Options(
            target=Target(against="cassettes", providers=("apiframe",), operations=("generate",)),
            output=Output(
                cassettes=ROOT / "cassettes-with-faults",
                out=tmp_path_factory.mktemp("telemetry") / "run",
            ),
        )
    )
