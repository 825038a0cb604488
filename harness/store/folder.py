"""A run folder: header, journal and images by digest; nothing received is lost.

The journal is one JSON object a line (`harness.store.line`), appended and never rewritten: `sent`
before a request leaves, `exchanged` as soon as a round trip is over, `ended` when the request is
finished, `skipped` where it does not leave. A line that a crash cut off at the end is left out when
the journal is read. `.addresses.jsonl`, for its owner alone, holds what the journal lacks of the
addresses that requests under way need.
"""

import errno
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter

from harness.core.errors import StoreError, UsageError
from harness.core.files import too_large
from harness.core.record import RunHeader
from harness.store.disk import READ_AT_MOST_BYTES, TEMPORARY, Disk, LocalDisk
from harness.store.header import dumped_header
from harness.store.line import (
    CUT_ADDRESSES,
    DOCUMENTS,
    FORMAT,
    HEADER,
    IMAGES,
    JOURNAL,
    SEALED_FORMAT,
    SPECS,
    TORN,
    JournalLine,
    no_run,
)
from harness.store.own import insist_own
from harness.store.reader import stored_header, stored_journal, torn_note
from harness.store.seal import Torn, sealed

NOT_BEGUN = "nothing was sent; make room or choose another --out"
BEGUN = "what is in its journal is kept; make room, then --resume it"
BALLAST = ".ballast"
BALLAST_BYTES = 16 * 1024 * 1024
"""Held back from the start, and more with what is under way; given up when the disk is full, so
that what is in flight fits."""

_STEP_BYTES = 1024 * 1024
"""How much more than what is to be written is given up at once, for what the disk itself takes."""

_SHA256_DIGITS = 64
_CUT = TypeAdapter(tuple[str, str, dict[str, str]])

NO_ROOM = "the disk is full, so the rest was not sent"
ALL_KEPT = "all that was received is kept; make room, then --resume it"


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
        self._held = BALLAST_BYTES
        self._reserved = 0

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
            if disk is None:
                insist_own(path.resolve(strict=True))
                disk = LocalDisk(path)
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
        behind: list[JournalLine] = []

        def take(line: JournalLine | None, is_behind: bool) -> None:  # noqa: FBT001 - as `Take`
            if is_behind and line is not None:
                behind.append(line)

        content = stored_journal(self.path, self._disk, header, take)
        date_ns = self._disk.date_ns(JOURNAL)
        self._seq = self._synced = max(content.last, header.sealed_lines)
        if content.torn is not None:
            self._cut(content.torn, behind)
        elif content.unended:
            self._disk.append(JOURNAL, b"\n")
        self._disk.sync(JOURNAL)
        self._end = self._disk.size(JOURNAL)
        self._disk.set_date_ns(JOURNAL, date_ns)
        sealed_before = header.format >= SEALED_FORMAT
        self._unchecked_bytes = header.unchecked_bytes if sealed_before else self._end

    def _cut(self, torn: Torn, whole: Sequence[JournalLine]) -> None:
        """Cut off what is torn, and put back the whole lines that stand behind it."""
        if self._disk.size(JOURNAL) - torn.start > READ_AT_MOST_BYTES:
            raise too_large(JOURNAL)
        tail = b"".join(self._disk.pieces(JOURNAL, torn.start))
        before = self._disk.read(TORN) if self._disk.exists(TORN) else b""
        self._disk.put(TORN, before + tail)
        self._disk.truncate(JOURNAL, torn.start)
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
        header = replace(
            header,
            format=FORMAT,
            unchecked_bytes=self._unchecked_bytes,
            sealed_lines=self._synced,
        )
        self.write_file(HEADER, dumped_header(header))

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file beside the journal, whole or not at all; threads may write the same one."""
        self._insist(lambda: self._disk.put(name, content), len(content))

    def write_pieces(self, name: str, pieces: Callable[[], Iterable[bytes]]) -> None:
        """Write a large file beside the journal, whole or not at all, which is never held whole."""

        def write() -> None:
            with tempfile.TemporaryDirectory(prefix="harness-") as place:
                file = Path(place) / "file"
                with file.open("wb") as open_file:
                    open_file.writelines(pieces())
                self._disk.take(name, file)

        self._insist(write, 0)

    def keep_spec(self, provider: str, text: str) -> None:
        """Keep a provider's TOML, whole or not at all; the run is judged by it."""
        self._keep_toml(SPECS, provider, text)

    def keep_document(self, provider: str, text: str) -> None:
        """Keep the TOML of a shipped provider, whole or not at all, to be compared with later."""
        self._keep_toml(DOCUMENTS, provider, text)

    def _keep_toml(self, folder: str, provider: str, text: str) -> None:
        self._insist(lambda: self._disk.make_folder(folder), 0)
        self.write_file(f"{folder}/{provider}.toml", text.encode())

    def keep_image(self, name: str, content: bytes) -> None:
        """Keep an image under its digest; the same image is written once."""
        if not self._keeps(name):
            self.write_file(f"{IMAGES}/{name}", content)

    def keep_image_file(self, name: str, file: Path) -> None:
        """Keep an image that is in a file already, as `keep_image` does; the file may be moved."""
        if not self._keeps(name):
            size = file.stat().st_size  # of a file on another disk, all of it is written here
            self._insist(lambda: self._disk.take(f"{IMAGES}/{name}", file), size)

    def _keeps(self, name: str) -> bool:
        """Tell whether an image is there; one whose bytes have another digest is written again."""
        file, digest = f"{IMAGES}/{name}", name.partition(".")[0]
        if not self._disk.exists(file):
            return False
        is_digest = len(digest) == _SHA256_DIGITS
        return not is_digest or hashlib.sha256(self._disk.read(file)).hexdigest() == digest

    def cut_addresses(self) -> dict[tuple[str, str], dict[str, str]]:
        """Return what `keep_cut_addresses` kept last; nothing where that cannot be read."""
        try:
            raw = self._disk.read(CUT_ADDRESSES)
            kept = [_CUT.validate_json(line) for line in raw.splitlines()]
        except (OSError, ValueError):
            return {}
        return {(provider, case): values for provider, case, values in kept}

    def keep_cut_addresses(self, needed: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
        """Keep what was cut out of addresses, by provider and case; the file goes with the last."""
        if not needed:
            with suppress(OSError):
                self._disk.remove(CUT_ADDRESSES)
            return
        lines = [_CUT.dump_json((*place, dict(values))) for place, values in needed.items()]
        self.write_file(CUT_ADDRESSES, b"".join(line + b"\n" for line in lines))

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
            self._insist(write, len(raw))
        except StoreError:
            with suppress(OSError):
                self._disk.truncate(JOURNAL, self._end)
            raise
        self._end += len(raw)
        self._seq = self._synced = self._seq + len(lines)

    def reserve(self, size: int) -> bool:
        """Hold back so much of the disk for a request before it leaves; tell whether that could be.

        What is under way then fits, however full the disk is by the time it is received.
        """
        with self._room:
            if self.full or self._closed:
                return False
            wanted = max(BALLAST_BYTES, self._reserved + size)
            if wanted > self._held:
                try:
                    self._disk.reserve(BALLAST, wanted)
                except OSError:
                    return False
                self._held = wanted
            self._reserved += size
            return True

    def is_held(self, size: int) -> bool:
        """Tell whether so much more can be reserved without asking the disk."""
        with self._room:
            return not self.full and self._reserved + size <= self._held

    def release(self, size: int) -> None:
        """Say that a request has ended for which so much was held back."""
        with self._room:
            self._reserved -= size
            if self.full and not self._closed:
                self._hold(min(self._held, self._reserved))

    def no_room(self) -> StoreError:
        """Return the error of a run that ends because nothing more can be held back."""
        self.full = True
        return StoreError(f"{self.path}: {NO_ROOM}", hint=ALL_KEPT)

    def _insist(self, write: Callable[[], None], size: int) -> None:
        """Write so many bytes; on a full disk, give up what is held back, step by step."""
        while True:
            held = self._held  # before: another thread may give up the last of it meanwhile
            try:
                write()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not held:
                    raise _unwritable(self.path, error, BEGUN) from None
                self._make_room(size)
            else:
                return

    def _make_room(self, size: int) -> None:
        """Give up what is held back beyond what is under way, or else a part of that."""
        with self._room:
            needed = max(BALLAST_BYTES, self._reserved)
            if not self.full and self._held > needed:
                self._hold(needed)
                return
            self.full = True
            self._hold(max(0, self._held - size - _STEP_BYTES))

    def _hold(self, size: int) -> None:
        with suppress(OSError):
            if size:
                self._disk.reserve(BALLAST, size)
            else:
                self._disk.remove(BALLAST)
        self._held = size

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
    begun = not names <= {IMAGES, JOURNAL, BALLAST, SPECS, DOCUMENTS} or JOURNAL not in names
    return not names or not (begun or disk.size(JOURNAL))


def _remove_unfinished(disk: Disk) -> None:
    """Remove files that were not whole when an earlier run was killed."""
    there = [name for name in (SPECS, DOCUMENTS) if name in disk.names()]
    folders = ["", f"{IMAGES}/", *(f"{name}/" for name in there)]
    for folder in folders:
        for name in disk.names(folder.rstrip("/")):
            if name.startswith(TEMPORARY):
                disk.remove(f"{folder}{name}")


def _hold_back(disk: Disk) -> None:
    if disk.exists(BALLAST):  # of a run that was killed; a link is refused here
        disk.remove(BALLAST)  # and made anew, for it may be a hard link
    try:
        disk.reserve(BALLAST, BALLAST_BYTES)
    except OSError:
        disk.remove(BALLAST)
        raise


def _unwritable(path: Path, error: OSError, hint: str) -> StoreError:
    return StoreError(f"cannot write to {path}: {error.strerror or error}", hint=hint)
