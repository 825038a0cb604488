"""A client of somebody else as a process of its own, and the emulator that it drives."""

import io
import json
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.loopback import loopback
from tests.runner.processes import emulator

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
"""After this a client that does not answer is ended; importing litellm alone takes 7 s of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A running driver; see drivers/loop.py for the lines that go in and out."""

    process: "subprocess.Popen[str]"
    log: Path

    def ask(self, call: str, **arguments: object) -> dict[str, Any]:
        """Make one call that has to succeed."""
        answer = self._answer(call, arguments)
        assert "error" not in answer, f"{call} raised {answer['error']}"
        return answer

    def refused(self, call: str, **arguments: object) -> dict[str, Any]:
        """Make one call that has to raise; return what loop.py tells of the exception."""
        answer = self._answer(call, arguments)
        assert "error" in answer, f"{call} raised nothing"
        error: dict[str, Any] = answer["error"]
        return error

    def _answer(self, call: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        watch = threading.Timer(PATIENCE_S, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        assert line, f"the client died at {call}:\n{self.log.read_text(encoding='utf-8')[-3000:]}"
        answer: dict[str, Any] = json.loads(line)
        assert answer.pop("strayed") == [], "the client turned to an address beyond loopback"
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running emulator, and a connection to it that is no client's."""

    urls: dict[str, str]
    connection: httpx.Client

    def switch(self, provider: str, *faults: str) -> None:
        """Switch these faults on, and all others off."""
        url = f"{self.urls[provider]}/__emulator/faults"
        self.connection.put(url, json={"faults": faults}).raise_for_status()

    def reset(self) -> None:
        """Empty the books of the providers that clients drive, and switch their faults off."""
        for provider in ("sub2api", "aimlapi", "buble"):
            self.switch(provider)
            self.connection.post(f"{self.urls[provider]}/__emulator/reset").raise_for_status()

    def books(self, provider: str) -> list[tuple[str, str, int, str | None, float]]:
        """Return method, path, status, the reason of a refusal and the price of every request."""
        ledger = self.connection.get(f"{self.urls[provider]}/__emulator/ledger").json()
        return [
            (one["method"], one["path"], one["status"], one["rule"], one["cost"]["amount"])
            for one in ledger["entries"]
        ]

    def fetched(self, url: str) -> bytes:
        """Download what a reply points to, without a key."""
        return self.connection.get(url).raise_for_status().content


@contextmanager
def serving() -> Iterator[Served]:
    """Run an emulator in a thousandth of its time."""
    with (
        emulator("--time-scale", "0.001") as running,
        loopback() as connection,
    ):
        yield Served(urls=running.urls, connection=connection)


@contextmanager
def client(environment: str, driver: str, home: Path, *arguments: str) -> Iterator[Client]:
    """Run a driver with the Python of an environment, an empty HOME and no variables of ours."""
    log = home / f"{driver}.log"
    python = python_of(environment)
    command = [str(python), "-m", "tests.clients.drivers.loop", driver, *arguments]
    variables = {
        "HOME": str(home),
        "PATH": "",
        "DO_NOT_TRACK": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the import asks the internet for prices
    }
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env=variables,
        ) as process,
    ):
        try:
            yield Client(process=process, log=log)
        finally:
            process.kill()


def python_of(environment: str, root: Path = ROOT) -> Path:
    """Return the Python of `.venv-NAME`; fail the test where that is missing or outdated."""
    python = root / f".venv-{environment}" / "bin" / "python"
    lock = root / f"requirements-{environment}.lock"
    stamp = root / f".venv-{environment}" / ".made"
    if not stamp.is_file() or stamp.read_bytes() != lock.read_bytes():
        state = "older than its lock" if stamp.is_file() else "missing"
        pytest.fail(f".venv-{environment} is {state}: run `make clients`", pytrace=False)
    return python


def picture(text: str | bytes) -> tuple[str, tuple[int, int]]:
    """Decode the whole image in bytes or base64; return its format and (width, height) in px."""
    raw = text if isinstance(text, bytes) else b64decode(text, validate=True)
    with Image.open(io.BytesIO(raw)) as image:
        image.load()
        return str(image.format).lower(), image.size
