"""Where large bodies are taken apart: one at a time, in another process.

    Darkroom     asks; a thread of its own is where whoever asks waits
    developing   the process: finds images in bodies, decodes them
    Spool        the folder in which bodies and images lie meanwhile

The process is started for the first large body. Where it dies, what it was at is asked once more of
a new one. A body is then taken apart here; an image that has killed two of them is not decoded here
as well, but said to be broken.
"""

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import thread_time
from typing import Any, NamedTuple

import PIL

from harness.transport.bodies.decode import Decoded, decoded
from harness.transport.bodies.decoder_worker import READY
from harness.transport.bodies.scan import Cut, Image, Scan, scan
from harness.transport.bodies.spool import Spool

ENDS_WITHIN_S = 10.0
"""How long a process that nobody asks any more may take to end."""

_ROOTS = [str(Path(path).parent) for (path, *_) in ((Path(__file__).parents[2],), PIL.__path__)]
_MAIN = (
    f"import sys; sys.path += {_ROOTS!r}; "
    "from harness.transport.bodies.decoder_worker import main; main()"
)
COMMAND = (sys.executable, "-I", "-S", "-c", _MAIN)
"""Without what a virtual environment runs at its start, which is larger than all that is needed."""


class Development(NamedTuple):
    """What decoding an image told, and the seconds of one processor that it took."""

    told: Decoded
    cpu_s: float


class _LostError(Exception):
    """The process has ended before its answer."""


class _UnstartedError(Exception):
    """No such process can be started here."""


class ImageDecoder:
    """Takes large bodies apart; all threads may ask at once, and wait for one another."""

    def __init__(self, folder: Path | None = None, *, command: Sequence[str] = COMMAND) -> None:
        self.spool = Spool(folder)
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decoder")
        """Waiting for a process here keeps no other body waiting than large ones."""
        self._command = command
        self._process: _Process | None = None
        self._unable = False
        self._turn = Lock()

    def scan(self, body: Path) -> Scan:
        """Find the images of a body. OSError where they cannot be written or it cannot be read."""
        try:
            answer = self._asked("scan", body)
        except (_LostError, _UnstartedError):
            return scan(body)
        whole = answer["whole"]
        return Scan(
            whole=Image(*whole) if whole else None,
            cuts=tuple(
                Cut(start, end, text, Image(*im)) for start, end, text, im in answer["cuts"]
            ),
            open=answer["open"],
        )

    def decoded(self, image: Path) -> Development:
        """Decode an image; never raises, whatever its bytes are."""
        try:
            answer = self._asked("decode", image)
        except _UnstartedError:
            before = thread_time()
            return Development(decoded(image), thread_time() - before)
        except _LostError:
            return Development(Decoded(why="decoding it ended the process that decodes"), 0.0)
        return Development(Decoded(*answer["told"]), answer["cpu_s"])

    def close(self) -> None:
        """End the process and take the folder away; what is asked later starts anew."""
        with self._turn:
            self._end()
        self.spool.close()

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    def _asked(self, work: str, path: Path) -> dict[str, Any]:
        with self._turn:
            for _ in range(2):
                try:
                    answer = self._running().ask(work, path)
                except _LostError:
                    self._end()
                else:
                    if "errno" in answer:
                        raise OSError(answer["errno"], answer["why"])
                    return answer
        raise _LostError

    def _running(self) -> "_Process":
        if self._unable:
            raise _UnstartedError
        if self._process is None:
            try:
                self._process = _Process(self._command)
            except (OSError, _LostError):
                self._unable = True
                raise _UnstartedError from None
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class _Process:
    """The process that develops. OSError or _LostError where none can be had."""

    def __init__(self, command: Sequence[str]) -> None:
        popen = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for us alone. A session of its own would have a share of the processor of
            # its own as well, and be nice to nobody (Linux: autogroup).
            process_group=0,
        )
        self.pid = popen.pid
        self._popen = popen
        self.end = weakref.finalize(self, _ended, popen)
        if self._line() != READY:
            self.end()
            raise _LostError

    def ask(self, work: str, path: Path) -> dict[str, Any]:
        """Ask for a piece of work. Raises _LostError where no answer comes."""
        question = json.dumps((work, os.fspath(path))).encode() + b"\n"
        if self._popen.stdin is None:
            raise _LostError
        try:
            self._popen.stdin.write(question)
            self._popen.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line())
        except (OSError, ValueError):
            raise _LostError from None
        return answer

    def _line(self) -> bytes:
        return self._popen.stdout.readline() if self._popen.stdout else b""


def _ended(popen: subprocess.Popen[bytes]) -> None:
    """Let the process end, or make it."""
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
