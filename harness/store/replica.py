"""A run folder's disk whose journal counts as written only once another machine holds it, too.

What is not there yet of a change goes out in batches, one after the other: who asks for the next
batch says which one it has made durable. A journal's `sync` returns when all that was written
before is held over there, so that no request leaves, and nothing follows from a reply, of which
only this machine knows. Who is never asked again can therefore send nothing new: it is fenced off.
"""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from harness.core.files import MEBIBYTE
from harness.store.disk import Disk
from harness.store.line import JOURNAL

BATCH_BYTES = 16 * MEBIBYTE
"""About how much goes out at once: a file that passes it is the last one of its batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the other side is to make durable: files whole, None for one that is gone.

    The journal is cut to `offset` bytes, then `journal` follows. Batches count from 1.
    """

    number: int
    files: tuple[tuple[str, bytes | None], ...] = ()
    offset: int = 0
    journal: bytes = b""

    @property
    def empty(self) -> bool:
        """Whether it brings nothing."""
        return not self.files and not self.journal


@dataclass(slots=True)
class _Change:
    """When a file was changed first and last since the other side holds it."""

    first: int
    last: int


@dataclass(slots=True)
class _Journal:
    """The journal's end: `tail` is what the other side does not hold, from byte `base` on."""

    base: int = 0
    tail: bytearray = field(default_factory=bytearray)
    synced: int = 0
    """How much of the tail is durable here."""
    sent: int = 0
    """How much of the tail is in the batch that is out."""


class ReplicatedDisk:
    """A `Disk` that hands out what changes on it; `pull` and `fence` come from other threads."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._turn = Condition()
        self._changes: dict[str, _Change] = {}
        self._clock = 0
        self._number = 0
        self._out: dict[str, int] = {}
        self._fenced = False
        held = disk.size(JOURNAL) if disk.exists(JOURNAL) else 0
        self._journal = _Journal(base=held)

    def pull(self, have: int, wait_s: float, *, woken: Callable[[], bool] = lambda: False) -> Batch:
        """Take note that batch `have` is durable over there; return the next one.

        Waits so long for a change, and no longer than until `woken` (see `wake`); a batch without
        any says that there is none. A batch that is asked for again is made again.
        """
        with self._turn:
            if have == self._number:
                self._acknowledge()
            self._turn.wait_for(lambda: self._waiting() or self._fenced or woken(), wait_s)
            return self._batch()

    def wake(self) -> None:
        """Let a `pull` that waits look whether it is woken."""
        with self._turn:
            self._turn.notify_all()

    def fence(self) -> None:
        """Let nothing be written to the journal any more: whoever waits for it fails."""
        with self._turn:
            self._fenced = True
            self._turn.notify_all()

    def changed(self, name: str) -> None:
        """Take note of a file that was written past this disk."""
        with self._turn:
            self._change(name)

    @property
    def settled(self) -> bool:
        """Whether the other side holds everything."""
        with self._turn:
            return not self._waiting()

    def names(self, folder: str = "") -> list[str]:
        """Return the names in the run folder, or in one of its folders, sorted."""
        return self._disk.names(folder)

    def exists(self, name: str) -> bool:
        """Tell whether there is a plain file of this name."""
        return self._disk.exists(name)

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        return self._disk.size(name)

    def date_ns(self, name: str) -> int:
        """Return when a file was last written, in nanoseconds of the epoch."""
        return self._disk.date_ns(name)

    def set_date_ns(self, name: str, date_ns: int) -> None:
        """Set when a file was last written."""
        self._disk.set_date_ns(name, date_ns)

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return self._disk.read(name)

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield a file's content from a byte on, in pieces."""
        return self._disk.pieces(name, start)

    def append(self, name: str, content: bytes) -> None:
        """Write behind a file's end."""
        with self._turn:
            self._disk.append(name, content)
            if name == JOURNAL:
                self._journal.tail += content
            else:
                self._change(name)

    def truncate(self, name: str, size: int) -> None:
        """Cut a file."""
        with self._turn:
            self._disk.truncate(name, size)
            if name != JOURNAL:
                self._change(name)
                return
            journal = self._journal
            kept = max(0, size - journal.base)
            journal.base = min(journal.base, size)
            del journal.tail[kept:]
            journal.synced, journal.sent = min(journal.synced, kept), min(journal.sent, kept)

    def sync(self, name: str) -> None:
        """Return once a file's content is durable, the journal's over there as well.

        With it all files that were changed before. OSError once this disk is fenced off.
        """
        self._disk.sync(name)
        if name != JOURNAL:
            return
        with self._turn:
            self._journal.synced = len(self._journal.tail)
            if self._journal.tail:
                self._change(JOURNAL)
            before = self._clock
            self._turn.wait_for(lambda: self._fenced or self._is_held(before))
            if not self._is_held(before):
                raise OSError(errno.ECANCELED, "given up by its driver")

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        with self._turn:
            self._disk.put(name, content)
            self._change(name)

    def take(self, name: str, file: Path) -> None:
        """Put a file from elsewhere there."""
        with self._turn:
            self._disk.take(name, file)
            self._change(name)

    def make_folder(self, name: str) -> None:
        """Make a folder in the run folder; it goes out with what is written into it."""
        self._disk.make_folder(name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._turn:
            self._disk.remove(name)
            self._change(name)

    def reserve(self, name: str, size: int) -> None:
        """Let a file take so much room here; nobody else is sent that."""
        self._disk.reserve(name, size)

    def lock(self, name: str) -> None:
        """Lock a file of this machine."""
        self._disk.lock(name)

    def close(self) -> None:
        """Leave all open: what was written still goes out; `give_up` ends that."""

    def give_up(self) -> None:
        """Give up the lock and what is open; nothing is handed out any more."""
        self.fence()
        self._disk.close()

    def _change(self, name: str) -> None:
        self._clock += 1
        change = self._changes.setdefault(name, _Change(self._clock, self._clock))
        change.last = self._clock
        self._turn.notify_all()

    def _waiting(self) -> bool:
        return bool(self._changes)

    def _is_held(self, before: int) -> bool:
        return all(change.first > before for change in self._changes.values())

    def _acknowledge(self) -> None:
        """Forget what the batch that was out has brought over."""
        for name, last in self._out.items():
            change = self._changes[name]
            if change.last == last:
                del self._changes[name]
            else:
                change.first = last + 1
        self._out = {}
        journal = self._journal
        journal.base += journal.sent
        del journal.tail[: journal.sent]
        journal.synced, journal.sent = journal.synced - journal.sent, 0
        self._turn.notify_all()

    def _batch(self) -> Batch:
        """Make the next batch: what was changed first goes out first."""
        self._number += 1
        self._out, files, size = {}, [], 0
        for name, change in sorted(self._changes.items(), key=lambda each: each[1].first):
            if size >= BATCH_BYTES:
                break
            self._out[name] = change.last
            if name != JOURNAL:
                content = self._disk.read(name) if self._disk.exists(name) else None
                files.append((name, content))
                size += len(content or b"")
        journal = self._journal
        journal.sent = journal.synced if JOURNAL in self._out else 0
        return Batch(
            number=self._number,
            files=tuple(files),
            offset=journal.base,
            journal=bytes(journal.tail[: journal.sent]),
        )
