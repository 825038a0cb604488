"""The emulator as a user starts it, for requests that go over a socket."""

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.loopback import HUNG_S, loopback

KEY = {"Authorization": "Bearer any-key", "X-API-Key": "any-key"}


@pytest.fixture(scope="session")
def served() -> Iterator[dict[str, httpx.Client]]:
    """A client of each provider's twin, with a key."""
    command = [sys.executable, "-m", "harness.emulator", "--json", "--time-scale", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            urls = json.loads(process.stdout.readline())["providers"]
            clients = {name: loopback(url) for name, url in urls.items()}
            yield clients
            for client in clients.values():
                client.close()
        finally:
            process.terminate()
            process.communicate(timeout=HUNG_S)
