"""One run of the action, which several recipes go on with."""

import pytest

from tests.recipes.acting import SMALL, acted
from tests.recipes.ci import Machine


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    made = Machine(tmp_path_factory.mktemp("action") / "machine")
    (made.place / "path" / "python").symlink_to(made.place / "bin" / "python")
    return made


@pytest.fixture(scope="session")
def first(machine: Machine) -> dict[str, str]:
    """A run that breaks a promise, which is recorded for a replay, and its baseline."""
    return acted(
        machine,
        provider="sub2api",
        against="emulator",
        max_images="2",
        args=f"{SMALL}\n--fault\nsub2api:wrong_format\n--record",
        write_baseline="baseline.json",
    )
