"""A provider that does not ship, for tests: a TOML outside the package, and a server for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.runner.endpoints import emulator_process
from tests.shipped import FOLDER

KEY = "sk-of-acme-0123456789abcdefghij"
BAD = 'name = "bad"\ntitle = 3\n'


def acme_toml(folder: Path) -> Path:
    """A user's TOML: a gateway of the kind of sub2api, with a key variable of its own."""
    text = (FOLDER / "sub2api.toml").read_text("utf-8")
    text = text.replace('name = "sub2api"', 'name = "acme"', 1)
    text = text.replace('title = "sub2api"', 'title = "Acme Images"', 1)
    path = folder / "acme.toml"
    path.write_text(text.replace("SUB2API_API_KEY", "ACME_API_KEY"), "utf-8")
    return path


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that keeps sub2api's documents, on loopback."""
    with emulator_process(time_scale=0.0005, seed=0) as served:
        yield served["sub2api"]
