"""One process judges for all of pytest-xdist's: it writes a file, which each worker reads."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from harness.pytest_plugin.runs.judged import OURS, Asked, JudgedRun, NotJudgedError, read_judged

INPUT = "harness_judged"
"""The entry of a worker's input that names the files."""

_PAUSE_S = 0.01
_GIVEN_UP_S = 900.0


@dataclass(kw_only=True)
class JudgingProcesses:
    """Processes that judge run folders while pytest-xdist's workers start."""

    files: list[Path] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def started(cls, asked: Asked, most: int) -> "JudgingProcesses":
        """Start a process for each folder, or for several where there may not be so many."""
        here = Path(mkdtemp(prefix="harness-judged-"))
        started = cls()
        for number in range(min(most, len(asked.folders))):
            part = Asked(**{**asdict(asked), "folders": asked.folders[number::most]})
            started._start(part, here / f"{number}.json")
        return started

    def _start(self, asked: Asked, file: Path) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "harness.pytest_plugin.runs.judging", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(json.dumps(asdict(asked)).encode())
        process.stdin.close()
        process.stdin = None
        self.files.append(file)
        self.processes.append(process)

    def judged(self) -> tuple[JudgedRun, ...]:
        """Wait for the end, and return what was judged; NotJudgedError where that failed."""
        for process in self.processes:
            _, said = process.communicate()
            if process.returncode:
                lines = said.decode(errors="replace").strip().splitlines() or ["no word"]
                raise NotJudgedError(f"internal error: {lines[-1]}", OURS)
        return tuple(run for file in self.files for run in read_judged(file))

    def end(self) -> None:
        """Remove the files; a process that still judges is ended."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.files:
            rmtree(self.files[0].parent, ignore_errors=True)


def judged_elsewhere(files: Sequence[str]) -> tuple[JudgedRun, ...]:
    """Return what another process judges, as soon as it is there; NotJudgedError where it fails."""
    return tuple(run for file in files for run in read_judged(_awaited(Path(file))))


def _awaited(file: Path) -> Path:
    until = time.monotonic() + _GIVEN_UP_S
    while not file.exists():
        if time.monotonic() > until or not file.parent.exists():
            raise NotJudgedError("internal error: nobody judges the runs", OURS)
        time.sleep(_PAUSE_S)
    return file
