"""One emulator and one process of each client for all tests of a worker; empty books for each test.

`make clients` installs the clients, each group into an environment of its own: none of them can
change a version that the harness is locked to. The drivers in drivers/ run there; the tests here
judge what they print. Retries are off everywhere, so that the books hold one line per call.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.reference_images import reference_bytes
from tests.clients.speaking import Client, Served, client, serving

GENERATIONS = {"openai-3": "clients", "openai-2": "clients-litellm"}
"""The two generations of openai's package and where each is installed: 3 on httpx2, 2 on httpx."""


@pytest.fixture(scope="session")
def _served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def served(_served: Served) -> Served:
    """The emulator without faults, with empty books."""
    _served.reset()
    return _served


@pytest.fixture(scope="session", params=list(GENERATIONS))
def openai(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    environment = GENERATIONS[cast("str", request.param)]
    home = tmp_path_factory.mktemp("home")
    with client(environment, "openai_calls", home) as running:
        yield running


@pytest.fixture(scope="session")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("home")
    with client("clients-litellm", "litellm_calls", home) as running:
        yield running


@pytest.fixture(scope="session")
def buble(_served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("home")
    with client("clients", "buble_calls", home, _served.urls["buble"]) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Write a reference image of harness.reference_images; return it as an argument of a driver's
    call."""

    def written(name: str) -> dict[str, str]:
        path = tmp_path / name
        path.write_bytes(reference_bytes(name))
        return {"file": str(path)}

    return written
