"""One emulator for all tests here, started as a user starts it and spoken to over sockets."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.loopback import HUNG_S, loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Start = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], dict[str, str]]]]

SUBMIT = {
    "buble": "/api/v1/generations",
    "sub2api": "/v1/images/generations",
    "apiframe": "/v2/images/generate",
    "nanobanana": "/v1/images/generate",
    "aimlapi": "/v1/images/generations",
    "openai": "/v1/images/generations",
}
KEY = "Bearer any-key"
ACCOUNTS = ("any-key", "another", "another-key", "k")
POLL = {"buble": "/api/v1/generations/", "apiframe": "/v2/jobs/"}
MINIMAL: dict[str, dict[str, Any]] = {
    "buble": {"model": "openai/gpt-image-2", "prompt": "a cat"},
    "sub2api": {"model": "gpt-image-2", "prompt": "a cat"},
    "apiframe": {"model": "gpt-image-2", "prompt": "a cat"},
    "nanobanana": {"model": "gpt-image-2", "prompt": "a cat"},
    "aimlapi": {"model": "openai/gpt-image-2", "prompt": "a cat"},
    "openai": {"model": "gpt-image-2", "prompt": "a cat"},
}
APIFRAME_INNER = frozenset(
    {"quality", "background", "number_of_images", "output_format", "moderation", "aspect_ratio"}
)


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator and a client with a key."""

    urls: dict[str, str]
    client: httpx.Client

    def body(self, provider: str, /, **changes: object) -> dict[str, Any]:
        """A minimal valid body with changes; apiframe's own options go where they belong."""
        if provider != "apiframe":
            return MINIMAL[provider] | changes
        inner = {key: value for key, value in changes.items() if key in APIFRAME_INNER}
        outer = {key: value for key, value in changes.items() if key not in APIFRAME_INNER}
        return MINIMAL[provider] | ({"gptImage2Params": inner} if inner else {}) | outer

    def submit(self, provider: str, body: object, **headers: str) -> httpx.Response:
        return self.client.post(self.urls[provider] + SUBMIT[provider], json=body, headers=headers)

    def poll(self, provider: str, job: str) -> httpx.Response:
        return self.client.get(f"{self.urls[provider]}{POLL[provider]}{job}")

    def job(self, provider: str, /, **changes: object) -> dict[str, Any]:
        """Submit and poll once; without delays and faults the job is done by then."""
        reply = self.submit(provider, self.body(provider, **changes)).json()
        job = reply["data"]["id"] if provider == "buble" else reply["jobId"]
        polled: dict[str, Any] = self.poll(provider, job).json()
        return polled["data"] if provider == "buble" else polled

    def switch(self, provider: str, *names: str) -> httpx.Response:
        url = f"{self.urls[provider]}/__emulator/faults"
        return self.client.put(url, json={"faults": list(names)})

    def ledger(self, provider: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"{self.urls[provider]}/__emulator/ledger").json()
        return found

    def reset(self) -> None:
        for provider, url in self.urls.items():
            self.switch(provider)
            self.client.post(f"{url}/__emulator/reset")

    def image(self, url: str) -> tuple[str, tuple[int, int]]:
        """Download and decode; format in lower case and (width, height)."""
        return decoded(self.client.get(url).content)


def decoded(data: bytes) -> tuple[str, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return str(image.format).lower(), image.size


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """An emulator process and its base URLs; it is stopped at the end."""
    command = [sys.executable, "-m", "harness.emulator", "--json", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield process, json.loads(line)["providers"]
        finally:
            process.terminate()
            process.communicate(timeout=HUNG_S)


@contextmanager
def emulating(*flags: str) -> Iterator[Emulator]:
    """An emulator without pauses, and with all accounts, under these flags."""
    accounts = [part for key in ACCOUNTS for part in ("--key", key)]
    with (
        running("--time-scale", "0", *flags, *accounts) as (_, urls),
        loopback(authorization=KEY) as client,
    ):
        yield Emulator(urls, client)


@pytest.fixture(scope="session")
def _served() -> Iterator[Emulator]:
    with emulating() as emulator:
        yield emulator


@pytest.fixture
def emulator(_served: Emulator) -> Emulator:
    """The emulator without faults, with empty books."""
    _served.reset()
    return _served


@pytest.fixture
def start() -> Start:
    """The context manager that starts another emulator with other arguments."""
    return running
