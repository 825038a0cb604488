"""One emulator for all machines here; with HARNESS_LIFECYCLE=live, only the live machine runs."""

import os
from collections.abc import Iterator

import pytest

from tests.runner.processes import Emulator, emulator


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the live machine run where it was asked for, alone, and nowhere else."""
    live = os.environ.get("HARNESS_LIFECYCLE") == "live"
    here = [one for one in items if one.path.parent.name == "lifecycle"]
    out = [one for one in here if (one.path.name == "test_live.py") != live]
    config.hook.pytest_deselected(items=out)
    items[:] = [one for one in items if one not in out]


@pytest.fixture(scope="module")
def shop() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.001") as found:
        yield found
