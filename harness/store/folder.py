"""A run folder: header, journal and images by digest; nothing received is lost.

The journal is one JSON object a line (`harness.store.line`), appended and never rewritten: `sent`
before a request leaves, `exchanged` as soon as a round trip is over, `ended` when the request is
finished, `skipped` where it does not leave. A line that a crash cut off at the end is left out when
the journal is read.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Exchange, Reply
from harness.core.record import RunHeader
from harness.store.atomic import move_whole, write_whole
from harness.store.line import (
    FORMAT,
    HEADER,
    HEADERS,
    IMAGES,
    JOURNAL,
    Exchanged,
    JournalLine,
    dumped,
    no_run,
    read_any_line,
)

NOT_BEGUN = "nothing was sent; make room or choose another --out"
BEGUN = "what was received so far is in its journal; make room, then --resume it"
BALLAST = ".ballast"
BALLAST_BYTES = 16 * 1024 * 1024
"""Held back from the start and given up when the disk is full, so that what is in flight fits."""


class RunFolder:
    """Writes one run; every method raises StoreError where the disk will not take it.

    A folder has one writer: the journal is locked until it is closed or its process ends.
    """

    def __init__(self, path: Path, journal: int) -> None:
        self.path = path
        self.full = False
        """The disk is full: what is in flight may still be written, nothing new should be sent."""
        self._journal: int | None = journal
        self._room = Lock()

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """Make a new folder, or take an unused one; UsageError where something is there already."""
        try:
            if path.exists() and not _unused(path):
                raise UsageError(
                    f"{path} is there already and not empty",
                    hint="choose another --out, or go on with --resume",
                )
            (path / IMAGES).mkdir(parents=True, exist_ok=True)
            return cls._opened(path)
        except OSError as error:
            raise _unwritable(path, error, NOT_BEGUN) from None

    @classmethod
    def reopen(cls, path: Path) -> "RunFolder":
        """Go on with a folder; UsageError where it is none, or where a run still writes to it."""
        if not (path / HEADER).is_file():
            raise no_run(path, "No such file or directory")
        try:
            (path / IMAGES).mkdir(exist_ok=True)
            folder = cls._opened(path)
            folder.mend()
        except OSError as error:
            raise _unwritable(path, error, NOT_BEGUN) from None
        return folder

    @classmethod
    def _opened(cls, path: Path) -> "RunFolder":
        journal = os.open(path / JOURNAL, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o644)
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _hold_back(path / BALLAST)
        except BlockingIOError:
            os.close(journal)
            raise UsageError(
                f"{path} is being written to by another run", hint="wait until that has ended"
            ) from None
        except OSError:
            os.close(journal)
            raise
        return cls(path, journal)

    def mend(self) -> None:
        """Cut off what a crash left of a last line, so that the next one starts on its own.

        The journal keeps its date: it tells when the run stopped, by which its clock goes on.
        """
        before = (self.path / JOURNAL).stat()
        raw = (self.path / JOURNAL).read_bytes()
        last = raw.rpartition(b"\n")[2]
        if not last or self._journal is None:
            return
        try:
            read_any_line(last)
        except ValueError:
            os.ftruncate(self._journal, len(raw) - len(last))
        else:  # only its end is missing
            _write_all(self._journal, b"\n")
        os.utime(self.path / JOURNAL, ns=(before.st_atime_ns, before.st_mtime_ns))

    def write_header(self, header: RunHeader) -> None:
        """Write `run.json` whole or not at all, as of the format that lines are appended in."""
        header = replace(header, format=FORMAT)
        self.write_file(HEADER, HEADERS.dump_json(header, indent=2) + b"\n")

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file beside the journal, whole or not at all; threads may write the same one."""
        self._insist(lambda: write_whole(self.path / name, content))

    def keep_image(self, name: str, content: bytes) -> None:
        """Keep an image under its digest; the same image is written once."""
        if not (self.path / IMAGES / name).exists():
            self.write_file(f"{IMAGES}/{name}", content)

    def keep_image_file(self, name: str, file: Path) -> None:
        """Keep an image that is in a file already, as `keep_image` does; the file may be moved."""
        target = self.path / IMAGES / name
        if not target.exists():
            self._insist(lambda: move_whole(file, target))

    def append(self, line: JournalLine) -> None:
        """Append a line; one that holds a served reply is on the disk when this returns."""
        raw = dumped(line)
        durable = isinstance(line, Exchanged) and _served(line.exchange)
        journal = self._journal
        if journal is None:
            raise StoreError(f"{self.path}: its journal is closed")

        def write() -> None:
            start = os.fstat(journal).st_size
            try:
                _write_all(journal, raw)
            except OSError:
                os.ftruncate(journal, start)  # half a line would spoil the next one
                raise
            if durable:
                os.fsync(journal)

        self._insist(write)

    def _insist(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise _unwritable(self.path, error, BEGUN) from None
            try:
                self._make_room()
                write()
            except OSError as again:
                raise _unwritable(self.path, again, BEGUN) from None

    def _make_room(self) -> None:
        """Give up what was held back, or wait until another thread has."""
        with self._room:
            self.full = True
            (self.path / BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the journal and give back what was held back."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        (self.path / BALLAST).unlink(missing_ok=True)


def _unused(path: Path) -> bool:
    if not path.is_dir():
        return False
    names, journal = {entry.name for entry in path.iterdir()}, path / JOURNAL
    begun = not names <= {IMAGES, JOURNAL, BALLAST} or not journal.is_file()
    return not names or not (begun or journal.stat().st_size)


def _hold_back(ballast: Path) -> None:
    try:
        with ballast.open("wb") as file:
            file.write(bytes(BALLAST_BYTES))  # zeros that are written, for a hole takes no room
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        ballast.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, raw: bytes) -> None:
    view = memoryview(raw)
    while view:
        view = view[os.write(descriptor, view) :]


def _served(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Reply) and exchange.answer.status < 300  # noqa: PLR2004


def _unwritable(path: Path, error: OSError, hint: str) -> StoreError:
    return StoreError(f"cannot write to {path}: {error.strerror or error}", hint=hint)
