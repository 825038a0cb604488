"""One emulator for all tests of engines: it starts for longer than most of them run."""

from collections.abc import Iterator

import pytest

from tests.runner.processes import KNOWN, Emulator, emulator


@pytest.fixture(scope="session")
def shop() -> Iterator[Emulator]:
    """Return an emulator that knows the test keys."""
    with emulator("--time-scale", "0.001", *KNOWN) as found:
        yield found
