"""Large bodies are scanned and their images decoded in other processes, a few at once.

    ImageDecoder     sends the work; its callers wait on threads of its own, one for each process
    decoder_worker   a process: it finds images in bodies and decodes them
    Spool            the folder in which bodies and images lie meanwhile
    DecoderQueue     how long replies waited for a process, and how often none was free

A process is started where work finds none idle, up to as many as there may be. Where one dies, its
work is sent once more to a new one. After that a body is scanned in this process; an image that
ended two of them is not decoded here but reported as broken.
"""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from time import monotonic, thread_time
from typing import Any, BinaryIO, NamedTuple, TypeVar

from harness.transport.bodies.decode import Decoded, decoded
from harness.transport.bodies.scan import Cut, Image, Scan, scan
from harness.transport.bodies.spool import Spool
from harness.transport.worker_process import LostError, WorkerProcess, worker_command

COMMAND = worker_command("harness.transport.bodies.decoder_worker", ["PIL"])


CORES_EACH = 2
"""A decoder takes one core, and leaves another one to what receives."""

T = TypeVar("T")


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


def usual_decoders() -> int:
    """Return how many decoders a machine has by default: one for each two cores, at least one."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, cores // CORES_EACH)


@dataclass(slots=True)
class DecoderQueue:
    """What replies waited for after their last byte: a free decoder, or a thread of ours.

    `waited_s` is the sum over `replies`, `longest_s` the longest; `full` counts the large ones that
    found as many before them as there are decoders. The event loop alone writes it.
    """

    decoders: int = 1
    replies: int = 0
    full: int = 0
    waited_s: float = 0.0
    longest_s: float = 0.0
    most: int = 0
    _now: int = 0

    async def through(self, executor: Executor | None, work: Callable[[], T]) -> tuple[T, float]:
        """Return what `work` returns, done on a thread, and the seconds until that began.

        Without an executor it is one of the event loop's, for bodies that are not large.
        """
        came_s = monotonic()

        def begun() -> tuple[T, float]:
            waited_s = monotonic() - came_s
            return work(), waited_s

        self.replies += 1
        large = executor is not None
        self.full += large and self._now >= self.decoders
        self._now += large
        self.most = max(self.most, self._now)
        try:
            done, waited_s = await asyncio.get_running_loop().run_in_executor(executor, begun)
        finally:
            self._now -= large
        self.waited_s += waited_s
        self.longest_s = max(self.longest_s, waited_s)
        return done, waited_s


class ImageDecoder:
    """Scans large bodies and decodes large images, at most `decoders` at once; others wait.

    Each of its processes has a limit of memory of its own.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        decoders: int | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.spool = Spool(folder)
        self.decoders = decoders or usual_decoders()
        self.queue = DecoderQueue(decoders=self.decoders)
        self.thread = ThreadPoolExecutor(max_workers=self.decoders, thread_name_prefix="decoder")
        """Its callers wait for the processes, so that only large bodies wait for large ones."""
        self._command = command
        self._idle: list[WorkerProcess] = []
        self._busy: list[WorkerProcess] = []
        self._unable = False
        self._aborted = False
        self._turns = BoundedSemaphore(self.decoders)
        self._books = Lock()
        self._closing = Lock()

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
        with self._books:
            processes = (*self._busy, *self._idle)
        for process in processes:
            process.kill()

    def close(self) -> None:
        """End the processes and remove the folder; later work starts both again."""
        with self._closing:  # of two who wait for all turns, neither would get them
            for _ in range(self.decoders):
                self._turns.acquire()
            try:
                with self._books:
                    ended, self._idle = self._idle, []
                for process in ended:
                    process.end()
            finally:
                for _ in range(self.decoders):
                    self._turns.release()
        self.spool.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The numbers of the processes that there are."""
        with self._books:
            return tuple(process.pid for process in (*self._busy, *self._idle))

    @property
    def pid(self) -> int | None:
        """The number of one of the processes, while there is one."""
        return next(iter(self.pids), None)

    def _run(self, work: str, path: Path) -> dict[str, Any]:
        with self._turns:
            for fresh in (False, True):
                self._refuse_aborted()
                try:
                    with self._lent(fresh=fresh) as process:
                        answer = process.run(work, os.fspath(path))
                except LostError:
                    continue
                if "errno" in answer:
                    raise OSError(answer["errno"], answer["why"])
                return answer
        self._refuse_aborted()
        raise LostError

    def _refuse_aborted(self) -> None:
        if self._aborted:
            raise OSError(errno.ECANCELED, "the run was stopped")

    @contextmanager
    def _lent(self, *, fresh: bool) -> Iterator[WorkerProcess]:
        """Lend a process, a new one where none is idle; whoever raises has ended it.

        With `fresh` it is a new one: an idle one may have been killed as well.
        """
        with self._books:
            process = self._idle.pop() if self._idle else None
        if process is not None and fresh:
            process.end()
            process = None
        process = process or self._started()
        with self._books:
            self._busy.append(process)
        if self._aborted:  # it was in neither list when all others were killed
            process.kill()
        try:
            yield process
        except BaseException:
            with self._books:
                self._busy.remove(process)
            process.end()
            raise
        with self._books:
            self._busy.remove(process)
            self._idle.append(process)

    def _started(self) -> WorkerProcess:
        if self._unable:
            raise _UnstartedError
        try:
            return WorkerProcess(self._command)
        except (OSError, LostError):
            self._unable = True
            raise _UnstartedError from None
