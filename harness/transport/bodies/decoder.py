"""Large bodies are scanned and their images decoded one at a time, in another process.

    ImageDecoder     sends the work; its callers wait on a thread of its own
    decoder_worker   the process: it finds images in bodies and decodes them
    Spool            the folder in which bodies and images lie meanwhile

The process is started for the first large body. Where it dies, its work is sent once more to a new
one. After that a body is scanned in this process; an image that ended two of them is not decoded
here but reported as broken.
"""

import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import thread_time
from typing import Any, BinaryIO, NamedTuple

from harness.transport.bodies.decode import Decoded, decoded
from harness.transport.bodies.scan import Cut, Image, Scan, scan
from harness.transport.bodies.spool import Spool
from harness.transport.worker_process import LostError, WorkerProcess, worker_command

COMMAND = worker_command("harness.transport.bodies.decoder_worker", ["PIL"])


class Development(NamedTuple):
    """A decoded image, and the seconds of one processor that decoding took."""

    image: Decoded
    cpu_s: float


def timed(source: BinaryIO | Path) -> Development:
    """Decode an image in this thread; never raises, whatever its bytes are."""
    before = thread_time()
    image = decoded(source)
    return Development(image, thread_time() - before)


class _UnstartedError(Exception):
    """No such process can be started here."""


class ImageDecoder:
    """Scans large bodies and decodes large images; threads wait for one another."""

    def __init__(self, folder: Path | None = None, *, command: Sequence[str] = COMMAND) -> None:
        self.spool = Spool(folder)
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decoder")
        """Its callers wait for the process, so that only large bodies wait for large ones."""
        self._command = command
        self._process: WorkerProcess | None = None
        self._unable = False
        self._aborted = False
        self._turn = Lock()

    def scan(self, body: Path) -> Scan:
        """Find the images of a body. OSError where they cannot be written or it cannot be read."""
        try:
            answer = self._run("scan", body)
        except (LostError, _UnstartedError):
            return scan(body)
        whole = answer["whole"]
        return Scan(
            whole=Image(*whole) if whole else None,
            cuts=tuple(
                Cut(start, end, text, Image(*im) if im else None)
                for start, end, text, im in answer["cuts"]
            ),
            open=answer["open"],
            excess=answer["excess"],
        )

    def decoded(self, image: Path) -> Development:
        """Decode an image; never raises, whatever its bytes are."""
        try:
            answer = self._run("decode", image)
        except _UnstartedError:
            return timed(image)
        except LostError:
            return Development(Decoded(why="decoding it ended the process that decodes"), 0.0)
        return Development(Decoded(*answer["told"]), answer["cpu_s"])

    def abort(self) -> None:
        """End what is being scanned or decoded, and whatever comes yet: it raises OSError."""
        self._aborted = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process and remove the folder; later work starts both again."""
        with self._turn:
            self._end()
        self.spool.close()

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    def _run(self, work: str, path: Path) -> dict[str, Any]:
        with self._turn:
            for _ in range(2):
                if self._aborted:
                    raise OSError(errno.ECANCELED, "the run was stopped")
                try:
                    answer = self._started().run(work, os.fspath(path))
                except LostError:
                    self._end()
                else:
                    if "errno" in answer:
                        raise OSError(answer["errno"], answer["why"])
                    return answer
        if self._aborted:
            raise OSError(errno.ECANCELED, "the run was stopped")
        raise LostError

    def _started(self) -> WorkerProcess:
        if self._unable:
            raise _UnstartedError
        if self._process is None:
            try:
                self._process = WorkerProcess(self._command)
            except (OSError, LostError):
                self._unable = True
                raise _UnstartedError from None
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
