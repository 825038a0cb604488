"""The command and the emulator as processes of their own, as users run them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.loopback import ANY, HUNG_S
from tests.shipped import NAMES

KEYS = {f"{name.upper()}_API_KEY": f"test-key-of-{name}" for name in NAMES}
KNOWN = tuple(part for key in KEYS.values() for part in ("--key", key))
"""Options of an emulator that knows these keys: it would take the first one for its only one."""
HARNESS = (sys.executable, "-c", "from harness.cli.main import main; main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


def environment(**changes: str) -> dict[str, str]:
    """The environment of a command: test keys, and none of the caller's own."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, **KEYS, **changes}


def harness(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ended:
    """Run the command to its end."""
    done = subprocess.run(
        [*HARNESS, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG_S,
        env=dict(env or environment()),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def started(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = HARNESS,
) -> "subprocess.Popen[str]":
    """Start the command and return at once."""
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=dict(env or environment()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running emulator."""

    urls: dict[str, str]

    def at(self, *names: str) -> list[str]:
        """The options that aim a live run at it."""
        return [
            part
            for name in names
            for part in ("--provider", name, "--base-url", f"{name}={self.urls[name]}")
        ]

    def ledger(self, name: str) -> list[dict[str, Any]]:
        """Every request that this provider saw."""
        found = ANY.get(f"{self.urls[name]}/__emulator/ledger").json()
        entries: list[dict[str, Any]] = found["entries"]
        return entries

    def posts(self, name: str) -> list[str]:
        """The digests of all bodies that were posted."""
        return [one["body_sha256"] for one in self.ledger(name) if one["method"] == "POST"]

    def switch(self, name: str, *faults: str) -> None:
        """Switch these faults on, and all others off."""
        url = f"{self.urls[name]}/__emulator/faults"
        ANY.put(url, json={"faults": faults}).raise_for_status()

    def reset(self) -> None:
        """Empty the books and switch all faults off."""
        for name, url in self.urls.items():
            self.switch(name)
            ANY.post(f"{url}/__emulator/reset").raise_for_status()


@contextmanager
def emulator(*arguments: str) -> Iterator[Emulator]:
    """Start an emulator and stop it in the end."""
    command = [sys.executable, "-m", "harness.emulator", "--json", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Emulator(urls=json.loads(process.stdout.readline())["providers"])
        finally:
            process.terminate()
            process.communicate(timeout=HUNG_S)
