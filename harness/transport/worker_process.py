"""A process of our own that answers questions, so that what it looks at costs nothing but itself.

It reads one question per line, as JSON, and answers each with one line. What ends it (a signal, a
limit, a crash in a library) is a LostError here, and whoever asks starts another one.
"""

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import Any

from harness.transport.worker import READY

ENDS_WITHIN_S = 10.0
"""How long the process may take to end after its input was closed."""

FRUGAL = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""glibc gives the memory of an image back after it; otherwise it keeps up to 32 MB a piece."""


class LostError(Exception):
    """The process has ended before its answer."""


def worker_command(module: str, libraries: Iterable[str]) -> tuple[str, ...]:
    """Return the command of a process that runs a module's `main`, with these libraries in reach.

    One that is not installed is not in its reach. Nothing is imported here, and there what a
    virtual environment runs at its start is skipped, which is larger than all the rest.
    """
    roots = [str(Path(__file__).parents[2])]
    for name in libraries:
        places = spec.submodule_search_locations if (spec := find_spec(name)) else None
        roots += [str(Path(place).parent) for place in places or ()]
    main = f"import sys; sys.path += {[*dict.fromkeys(roots)]!r}; from {module} import main; main()"
    return (sys.executable, "-I", "-S", "-c", main)


class WorkerProcess:
    """A process that answers. OSError or LostError where it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        popen = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | FRUGAL,
            # Ctrl-C is for us alone. A session of its own would also get a share of the processor
            # of its own, whatever its niceness (Linux: autogroup).
            process_group=0,
        )
        self.pid = popen.pid
        self._popen = popen
        self.end = weakref.finalize(self, _ended, popen)
        if self._line() != READY:
            self.end()
            raise LostError

    def kill(self) -> None:
        """End the process in the middle of its work; whoever waits for an answer gets none."""
        self._popen.kill()

    def run(self, *question: object, within_s: float | None = None) -> dict[str, Any]:
        """Send a question and return its answer. Raises LostError where none arrives in time.

        Whoever takes longer than `within_s` is killed.
        """
        if within_s is None:
            return self._answer(question)
        timer = Timer(within_s, self.kill)
        timer.daemon = True
        timer.start()
        try:
            return self._answer(question)
        finally:
            timer.cancel()

    def _answer(self, question: Sequence[object]) -> dict[str, Any]:
        if self._popen.stdin is None:
            raise LostError
        try:
            self._popen.stdin.write(json.dumps(question).encode() + b"\n")
            self._popen.stdin.flush()
            answer = json.loads(self._line())
        except (OSError, ValueError):
            raise LostError from None
        if not isinstance(answer, dict):
            raise LostError
        return answer

    def _line(self) -> bytes:
        return self._popen.stdout.readline() if self._popen.stdout else b""


def _ended(popen: subprocess.Popen[bytes]) -> None:
    """Let the process end, or kill it."""
    with suppress(OSError):
        if popen.stdin is not None:
            popen.stdin.close()
    try:
        popen.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()
    if popen.stdout is not None:
        popen.stdout.close()
