"""A run folder: header, journal and images by digest; nothing received is lost.

The journal is one JSON object a line (`harness.store.line`), appended and never rewritten: `sent`
before a request leaves, `exchanged` as soon as a round trip is over, `ended` when the request is
finished, `skipped` where it does not leave. A line that a crash cut off at the end is left out when
the journal is read.
"""

import errno
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

from harness.core.errors import StoreError, UsageError
from harness.core.record import RunHeader
from harness.store.disk import TEMPORARY, Disk, LocalDisk
from harness.store.header import dumped_header
from harness.store.line import (
    FORMAT,
    HEADER,
    IMAGES,
    JOURNAL,
    SEALED_FORMAT,
    TORN,
    JournalLine,
    no_run,
)
from harness.store.reader import stored_header, stored_journal, torn_note
from harness.store.seal import Torn, sealed

NOT_BEGUN = "nothing was sent; make room or choose another --out"
BEGUN = "what was received so far is in its journal; make room, then --resume it"
BALLAST = ".ballast"
BALLAST_BYTES = 16 * 1024 * 1024
"""Held back from the start and given up when the disk is full, so that what is in flight fits."""


class RunFolder:
    """Writes one run; every method raises StoreError where the disk will not take it.

    A folder has one writer: the journal is locked until it is closed or its process ends.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self.full = False
        """The disk is full: what is in flight may still be written, nothing new should be sent."""
        self.mended: str | None = None
        """What was cut off the journal when the folder was reopened, as a sentence."""
        self._disk = disk
        self._closed = False
        self._seq = 0
        self._synced = 0
        self._end = 0
        self._unchecked_bytes = 0
        self._room = Lock()

    @classmethod
    def create(cls, path: Path, *, disk: Disk | None = None) -> "RunFolder":
        """Make a new folder, or take an unused one; UsageError where something is there already."""
        taken = UsageError(
            f"{path} is there already and not empty",
            hint="choose another --out, or go on with --resume",
        )
        try:
            if disk is None:
                if path.exists() and not path.is_dir():
                    raise taken
                disk = LocalDisk.create(path)
            if not _unused(disk):
                disk.close()
                raise taken
            return cls._opened(path, disk)
        except OSError as error:
            raise _unwritable(path, error, NOT_BEGUN) from None

    @classmethod
    def reopen(cls, path: Path, *, disk: Disk | None = None) -> "RunFolder":
        """Go on with a folder; UsageError where it is none, or where a run still writes to it."""
        try:
            disk = disk or LocalDisk(path)
            begun = disk.exists(HEADER)
        except (FileNotFoundError, NotADirectoryError):
            raise no_run(path, "No such file or directory") from None
        except OSError as error:
            raise _unwritable(path, error, NOT_BEGUN) from None
        if not begun:
            disk.close()
            raise no_run(path, "No such file or directory")
        folder = cls._opened(path, disk)
        try:
            folder.mend()
        except OSError as error:
            folder.close()
            raise _unwritable(path, error, NOT_BEGUN) from None
        except UsageError:
            folder.close()
            raise
        return folder

    @classmethod
    def _opened(cls, path: Path, disk: Disk) -> "RunFolder":
        try:
            disk.lock(JOURNAL)
            disk.make_folder(IMAGES)
            _remove_unfinished(disk)
            _hold_back(disk)
        except BlockingIOError:
            disk.close()
            raise UsageError(
                f"{path} is being written to by another run", hint="wait until that has ended"
            ) from None
        except OSError as error:
            disk.close()
            raise _unwritable(path, error, NOT_BEGUN) from None
        except UsageError:
            disk.close()
            raise
        return cls(path, disk)

    def mend(self) -> None:
        """Make the journal's end one that the next line can follow, and all before it durable.

        What a crash has torn there is cut off and kept in `journal.torn`; `mended` says so. The
        journal keeps its date: it tells when the run stopped, by which its clock goes on.
        """
        header = stored_header(self.path, self._disk)
        content = stored_journal(self.path, self._disk, header)
        date_ns = self._disk.date_ns(JOURNAL)
        self._seq = self._synced = content.last
        if content.torn is not None:
            self._cut(content.torn, content.lines)
        elif content.unended:
            self._disk.append(JOURNAL, b"\n")
        self._disk.sync(JOURNAL)
        self._end = self._disk.size(JOURNAL)
        self._disk.set_date_ns(JOURNAL, date_ns)
        sealed_before = header.format >= SEALED_FORMAT
        self._unchecked_bytes = header.unchecked_bytes if sealed_before else self._end

    def _cut(self, torn: Torn, lines: Sequence[JournalLine | None]) -> None:
        """Cut off what is torn, and put back the whole lines that stand behind it."""
        tail = self._disk.read(JOURNAL)[torn.start :]
        before = self._disk.read(TORN) if self._disk.exists(TORN) else b""
        self._disk.put(TORN, before + tail)
        self._disk.truncate(JOURNAL, torn.start)
        whole = [line for line in lines[len(lines) - torn.whole :] if line is not None]
        self._seq = self._synced = torn.before
        self._disk.append(JOURNAL, self._sealed(whole))
        self._seq = self._synced = self._seq + len(whole)
        self.mended = torn_note(torn, f"kept in {TORN}")

    def _sealed(self, lines: Sequence[JournalLine]) -> bytes:
        return b"".join(
            sealed(line, seq=seq, synced=self._synced)
            for seq, line in enumerate(lines, self._seq + 1)
        )

    def write_header(self, header: RunHeader) -> None:
        """Write `run.json` whole or not at all, as of the format that lines are appended in."""
        header = replace(header, format=FORMAT, unchecked_bytes=self._unchecked_bytes)
        self.write_file(HEADER, dumped_header(header))

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file beside the journal, whole or not at all; threads may write the same one."""
        self._insist(lambda: self._disk.put(name, content))

    def keep_image(self, name: str, content: bytes) -> None:
        """Keep an image under its digest; the same image is written once."""
        if not self._disk.exists(f"{IMAGES}/{name}"):
            self.write_file(f"{IMAGES}/{name}", content)

    def keep_image_file(self, name: str, file: Path) -> None:
        """Keep an image that is in a file already, as `keep_image` does; the file may be moved."""
        if not self._disk.exists(f"{IMAGES}/{name}"):
            self._insist(lambda: self._disk.take(f"{IMAGES}/{name}", file))

    def append(self, *lines: JournalLine) -> None:
        """Append lines, in one step; they are on the disk when this returns."""
        if self._closed:
            raise StoreError(f"{self.path}: its journal is closed")
        raw = self._sealed(lines)

        def write() -> None:
            if self._disk.size(JOURNAL) != self._end:
                self._disk.truncate(JOURNAL, self._end)  # half a line would spoil the next one
            self._disk.append(JOURNAL, raw)
            self._disk.sync(JOURNAL)

        try:
            self._insist(write)
        except StoreError:
            with suppress(OSError):
                self._disk.truncate(JOURNAL, self._end)
            raise
        self._end += len(raw)
        self._seq = self._synced = self._seq + len(lines)

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
            self._disk.remove(BALLAST)

    def close(self) -> None:
        """Close the journal and give back what was held back."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):
            self._disk.remove(BALLAST)
        self._disk.close()


def _unused(disk: Disk) -> bool:
    names = set(disk.names())
    return names <= {IMAGES, JOURNAL, BALLAST} and not (names and disk.size(JOURNAL))


def _remove_unfinished(disk: Disk) -> None:
    """Remove files that were not whole when an earlier run was killed."""
    for folder in ("", f"{IMAGES}/"):
        for name in disk.names(folder.rstrip("/")):
            if name.startswith(TEMPORARY):
                disk.remove(f"{folder}{name}")


def _hold_back(disk: Disk) -> None:
    disk.remove(BALLAST)  # whatever it is, a link as well: it is made anew
    try:
        disk.reserve(BALLAST, BALLAST_BYTES)
    except OSError:
        disk.remove(BALLAST)
        raise


def _unwritable(path: Path, error: OSError, hint: str) -> StoreError:
    return StoreError(f"cannot write to {path}: {error.strerror or error}", hint=hint)
