"""A disk that forgets, tears and fills up as real ones may, at moments that a seed chooses.

What is appended is in the page cache until it is synced. A killed process leaves the page cache to
its successor; a power cut does not: then of each file that was not synced any part of the new
blocks is there, in any order, and a lost block reads as zeros.
"""

import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

BLOCK = 512
EVEN = 0.5
Crash = Literal["kill", "power"]


class Crashed(SystemExit):
    """The simulated process ends here; asyncio lets a SystemExit through at once."""


@dataclass(slots=True)
class Blocks:
    """A file: what is durable of it, and what a power cut may take."""

    durable: bytes = b""
    volatile: bytes = b""
    cut: bytes | None = None
    """What was durable before it was cut, as long as that is not synced."""
    reserved: int = 0
    date_ns: int = 0

    @property
    def content(self) -> bytes:
        """What a process reads."""
        return self.durable + self.volatile

    def settle(self) -> None:
        """Make all of it durable."""
        self.durable, self.volatile, self.cut = self.content, b"", None


@dataclass(slots=True, kw_only=True)
class Moments:
    """When the next crash comes, and of which kind: before, in or after the `steps`-th step.

    A step is a write to the disk, a request or a reply. None is never.
    """

    steps: int | None = None
    kind: Crash = "kill"
    taken: int = 0

    @property
    def passed(self) -> bool:
        """Whether the crash has come."""
        return self.steps is not None and self.taken >= self.steps

    def step(self) -> bool:
        """Count a step; tell whether this is the one."""
        self.taken += 1
        return self.taken == self.steps


@dataclass(slots=True, kw_only=True)
class SimulatedDisk:
    """The files of one run folder, for `harness.store.disk.Disk`; it outlives the processes.

    `room` is how many bytes may still be written, None for any number.
    """

    rng: random.Random
    moments: Moments = field(default_factory=Moments)
    room: int | None = None
    files: dict[str, Blocks] = field(default_factory=dict)
    tears: bool = True
    now_ns: Callable[[], int] = lambda: 0
    locked: bool = False

    # ------------------------------------------------------------------------ as the store asks
    def names(self, folder: str = "") -> list[str]:
        """Return the names in a folder."""
        inside = f"{folder}/" if folder else ""
        below = {name.removeprefix(inside) for name in self.files if name.startswith(inside)}
        return sorted({name.partition("/")[0] for name in below})

    def exists(self, name: str) -> bool:
        """Tell whether there is a file."""
        return name in self.files

    def size(self, name: str) -> int:
        """Return a file's size."""
        return len(self.read(name))

    def date_ns(self, name: str) -> int:
        """Return when a file was last written, on the virtual clock."""
        return self._file(name).date_ns

    def set_date_ns(self, name: str, date_ns: int) -> None:
        """Set when a file was last written."""
        self._file(name).date_ns = date_ns

    def read(self, name: str) -> bytes:
        """Return a file's content; FileNotFoundError where there is none."""
        return self._file(name).content

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield a file's content in pieces of a block."""
        content = self.read(name)
        for at in range(start, len(content), BLOCK):
            yield content[at : min(at + BLOCK, len(content))]

    def append(self, name: str, content: bytes) -> None:
        """Append to a file; a crash or a full disk may leave a part of it."""
        blocks = self.files.setdefault(name, Blocks())
        if self.moments.step():
            blocks.volatile += content[: self.rng.randrange(len(content) + 1)]
            raise Crashed
        fits = self._fitting(len(content))
        blocks.volatile += content[:fits]
        blocks.date_ns = self.now_ns()
        if fits < len(content):
            raise _full()

    def truncate(self, name: str, size: int) -> None:
        """Cut a file; a power cut before it is synced may bring back what was durable."""
        content = self.read(name)[:size]
        blocks = self._file(name)
        blocks.cut = blocks.cut or blocks.durable
        blocks.durable = blocks.durable[:size]
        blocks.volatile = content[len(blocks.durable) :]

    def sync(self, name: str) -> None:
        """Make a file durable; a crash on the way may have done so or not."""
        now = self.moments.step()
        if now and self.rng.random() < EVEN:
            raise Crashed
        self._file(name).settle()
        if now:
            raise Crashed

    def put(self, name: str, content: bytes) -> None:
        """Put a file there whole, and durable; a crash on the way leaves this one or the other."""
        now = self.moments.step()
        if now and self.rng.random() < EVEN:
            raise Crashed
        if self._fitting(len(content)) < len(content):
            raise _full()
        self.files[name] = Blocks(durable=content, date_ns=self.now_ns())
        if now:
            raise Crashed

    def take(self, name: str, file: Path) -> None:
        """Move a file in; the simulation has none outside."""
        raise NotImplementedError(name, file)

    def make_folder(self, name: str) -> None:
        """Folders need no making: a file's name says where it is."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        gone = self.files.pop(name, None)
        if gone is not None and self.room is not None:
            self.room += gone.reserved + len(gone.content)

    def reserve(self, name: str, size: int) -> None:
        """Let a file take exactly so much room, or change nothing."""
        before = self.files[name].reserved if name in self.files else 0
        if self.room is not None:
            if size - before > self.room:
                raise _full()
            self.room -= size - before
        self.files[name] = Blocks(reserved=size)

    def lock(self, name: str) -> None:
        """Make a file where there is none and lock it."""
        if self.locked:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable", name)
        self.locked = True
        self.files.setdefault(name, Blocks())

    def close(self) -> None:
        """Give up the lock."""
        self.locked = False

    # ------------------------------------------------------------------------------ as it fails
    def crash(self, kind: Crash) -> None:
        """End the process; with the power, what was not synced is gone in part."""
        self.locked = False
        for blocks in self.files.values():
            if kind == "power":
                self._cut(blocks)
            blocks.settle()

    def _cut(self, blocks: Blocks) -> None:
        """Leave of a file what a power cut leaves."""
        if blocks.cut is not None and self.rng.random() < EVEN:
            blocks.durable, blocks.volatile = blocks.cut, b""
        elif blocks.volatile:
            blocks.volatile = self._survivors(blocks.volatile)

    def _file(self, name: str) -> Blocks:
        try:
            return self.files[name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", name) from None

    def durable_bytes(self) -> bytes:
        """Return all that is on the disk, names included."""
        return b"\n".join(name.encode() + b"\n" + self.files[name].content for name in self.files)

    def _survivors(self, volatile: bytes) -> bytes:
        """Return what a power cut leaves of blocks that were not synced."""
        fate = self.rng.random()
        if fate < EVEN / 2:
            return b""
        if fate < EVEN or not self.tears:
            return volatile[: self.rng.randrange(len(volatile) + 1)]
        blocks = [volatile[at : at + BLOCK] for at in range(0, len(volatile), BLOCK)]
        lost = [bytes(len(block)) if self.rng.random() < EVEN else block for block in blocks]
        return b"".join(lost)

    def _fitting(self, size: int) -> int:
        """Take room on the disk; return how much of the size there was room for."""
        if self.room is None:
            return size
        fits = min(size, max(self.room, 0))
        self.room -= fits
        return fits


def _full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")
