"""One emulator for all runs of a test process."""

from collections.abc import Iterator

import pytest

from tests.faults.runs import staying


@pytest.fixture(scope="session", autouse=True)
def _served() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, staying(patch):
        yield
