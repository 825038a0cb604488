"""Run folders that were judged, as pytest shows them: tests, how each ends, and an exit code.

One process judges, and writes what it found into a file of JSON; others read it. Imports nothing of
the harness.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.pytest_plugin.promises.promise_tests import Ending

OURS = 3
"""The exit code of a failure of our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTest:
    """A test of a run folder, and how it ends."""

    id: str
    paid: bool
    ending: Ending
    message: str
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run folder: the exit code of `harness report` for it, why, and its tests."""

    folder: str
    code: int
    why: str
    tests: tuple[JudgedTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be judged, and by what: `--harness-run` and the options beside it, as texts."""

    folders: tuple[str, ...]
    specs: tuple[str, ...] = ()
    known: str | None = None
    known_otherwise: str | None = None


class NotJudgedError(Exception):
    """A folder could not be judged; `code` is the exit code that says why."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def write_judged(file: Path, judged: Sequence[JudgedRun] | NotJudgedError) -> None:
    """Write what was judged, or why nothing was; a reader sees all of it, or no file."""
    if isinstance(judged, NotJudgedError):
        content: object = {"error": str(judged), "code": judged.code}
    else:
        content = {"runs": [asdict(run) for run in judged]}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    os.replace(part, file)  # noqa: PTH105 - on every system in one step


def read_judged(file: Path) -> tuple[JudgedRun, ...]:
    """Read back what another process has judged; NotJudgedError where it could not."""
    content = json.loads(file.read_text(encoding="utf-8"))
    if "error" in content:
        raise NotJudgedError(content["error"], content["code"])
    return tuple(_run(each) for each in content["runs"])


def _run(content: dict[str, object]) -> JudgedRun:
    tests = content.pop("tests")
    assert isinstance(tests, list)  # noqa: S101 - written above
    return JudgedRun(tests=tuple(map(_test, tests)), **content)  # type: ignore[arg-type]  # as above


def _test(content: dict[str, object]) -> JudgedTest:
    properties = content.pop("properties")
    assert isinstance(properties, list)  # noqa: S101 - written above
    pairs = tuple((str(name), str(text)) for name, text in properties)
    return JudgedTest(properties=pairs, **content)  # type: ignore[arg-type]  # as above
