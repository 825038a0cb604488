"""Bodies on their way: small ones in memory, large ones in files, written beside the event loop.

One thread writes for all bodies. What waits for it is bounded: a reader then waits as well, and
with it the sender. So is what lies on the disk until it is read: unusually large bodies wait for
one another, and the oldest goes on. A body that the disk does not take stays in memory, for it is
paid for, as far as there is room for it.
"""

import asyncio
import os
import shutil
import tempfile
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Lock
from time import monotonic

from harness.core.errors import StoreError
from harness.core.files import AT_ONCE
from harness.store.disk import write_all

IN_MEMORY_BYTES = 256 * 1024
"""A body up to this stays in memory."""

TOGETHER_IN_MEMORY_BYTES = 16 * 1024 * 1024
"""How much of all bodies may lie in memory until they are read: of more than 64 at once, each has
its share, and what is larger waits as a file."""

BATCH_BYTES = 128 * 1024
"""How much of a body is written at once, or more where more has come at once."""

WAITING_BYTES = 4 * 1024 * 1024
"""How much of all bodies may wait to be written."""

REFUSED_AT_MOST_BYTES = 96 * 1024 * 1024
"""How much of all bodies may stay in memory because the disk takes no more."""

READ_BACK_AT_MOST_BYTES = 128 * 1024 * 1024
"""Of a body on disk, so much is read back where its images cannot be unpacked beside it."""

USUAL_BYTES = 64 * 1024 * 1024
"""A body up to this never waits for others to be read: ten images of 4.5 MiB in base64 are less."""

TOGETHER_AT_MOST_BYTES = 4 * 1024 * 1024 * 1024
"""How much of all bodies lies on the disk before larger ones wait; never more than is free there,
so that at most half of a disk is taken."""

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]

Piece = bytes | bytearray


class Spool:
    """A folder for bodies, and the thread that writes them.

    Without a `folder` it is a temporary one of the system. A given folder belongs to this spool
    alone: it is emptied, for what lies in it is from a run that was killed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.waiting = 0
        self.paused_s = 0.0
        """For how long bodies were not read on, for the disk was behind; all of them together."""
        self._refused_bytes = 0
        self._given = folder
        self._folder: Path | None = None
        self._removal: weakref.finalize[[Path], Spool] | None = None
        self._numbers = count()
        self._making = Lock()
        self._lock = Lock()  # an event loop waits for this one
        self._delayed: list[Waiter] = []
        self._crowded_out: list[Waiter] = []
        self._lying: weakref.WeakKeyDictionary[Incoming, int] = weakref.WeakKeyDictionary()
        self._bodies: weakref.WeakSet[Incoming] = weakref.WeakSet()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")

    def body(self, *, in_memory: int = IN_MEMORY_BYTES) -> "Incoming":
        """Begin a body; of many at once, less than `in_memory` of each stays there."""
        share = TOGETHER_IN_MEMORY_BYTES // (len(self._bodies) + 1)
        body = Incoming(self, min(in_memory, share))
        self._bodies.add(body)
        return body

    def path(self) -> Path:
        """Return a name for a new file in an existing folder. OSError where none can be made."""
        with self._making:
            folder = self._folder or self._made()
        return folder / str(next(self._numbers))

    def write(self, body: "Incoming", piece: Piece) -> Future[None]:
        """Write a piece on the writing thread, after those before it."""
        with self._lock:
            self.waiting += len(piece)
            self._lying[body] = self._lying.get(body, 0) + len(piece)
        return self._writer.submit(self._written, body, piece)

    def hold(self, size_bytes: int) -> bool:
        """Take or give back room in memory for what the disk refuses; tell whether there was any.

        A negative size gives back.
        """
        with self._lock:
            if self._refused_bytes + size_bytes > REFUSED_AT_MOST_BYTES:
                return False
            self._refused_bytes += size_bytes
            return True

    @property
    def is_behind(self) -> bool:
        """Tell whether more waits to be written than should."""
        return self.waiting > WAITING_BYTES

    async def room(self) -> None:
        """Wait until less is waiting to be written."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self.is_behind:
                return
            waiter: asyncio.Future[None] = loop.create_future()
            self._delayed.append((loop, waiter))
        await waiter

    def is_crowded(self, body: "Incoming") -> bool:
        """Tell whether a body is to wait until others were read; the oldest one never is."""
        with self._lock:
            return self._is_crowded(body)

    def _is_crowded(self, body: "Incoming") -> bool:
        if body.size_bytes <= USUAL_BYTES or next(iter(self._lying), body) is body:
            return False
        return sum(self._lying.values()) > min(TOGETHER_AT_MOST_BYTES, self._free_bytes())

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._folder or self._given or tempfile.gettempdir()).free
        except OSError:
            return TOGETHER_AT_MOST_BYTES

    async def cleared(self, body: "Incoming") -> None:
        """Wait until a body was removed, unless this one need not wait."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self._is_crowded(body):
                return
            waiter: asyncio.Future[None] = loop.create_future()
            self._crowded_out.append((loop, waiter))
        await waiter

    def clear(self, body: "Incoming") -> None:
        """Say that a body was removed."""
        with self._lock:
            self._lying.pop(body, None)
            woken, self._crowded_out = self._crowded_out, []
        _wake(woken)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        with self._making:
            if self._removal is not None:
                self._removal()
            self._folder = None

    def _made(self) -> Path:
        if self._given is None:
            folder = Path(tempfile.mkdtemp(prefix="harness-bodies-"))
        else:
            folder = self._given
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        self._folder = folder
        self._removal = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _written(self, body: "Incoming", piece: Piece) -> None:
        try:
            body.write(piece)
        finally:
            with self._lock:
                self.waiting -= len(piece)
                room = max(0, WAITING_BYTES - self.waiting) // BATCH_BYTES
                # When nothing waits to be written any more, nobody would wake the others later.
                awake = room if self.waiting else len(self._delayed)
                woken, self._delayed = self._delayed[:awake], self._delayed[awake:]
            _wake(woken)


def _wake(woken: list[Waiter]) -> None:
    for loop, waiter in woken:
        with suppress(RuntimeError):  # its event loop has ended
            loop.call_soon_threadsafe(_end, waiter)


def _end(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


class Incoming:
    """One body as it arrives; one task adds to it, and after its end any thread may read it.

    `size_bytes` is how much of it has arrived; `crowded_out` is true while it waits for others.
    """

    def __init__(self, spool: Spool, in_memory: int) -> None:
        self.size_bytes = 0
        self.crowded_out = False
        self._spool = spool
        self._in_memory = in_memory
        self._held = bytearray()
        self._last: Future[None] | None = None
        # The rest is the writing thread's, until its last piece is written.
        self._path: Path | None = None
        self._file = -1
        self._on_disk = 0
        self._refused: list[Piece] = []
        self._lost = False

    @property
    def is_large(self) -> bool:
        """Tell whether it is more than what stays in memory."""
        return self.size_bytes > self._in_memory

    def add(self, chunk: bytes) -> bool:
        """Take what has arrived; true where the caller should wait for `room` before more."""
        self.size_bytes += len(chunk)
        if self.is_large and not self._held and len(chunk) >= BATCH_BYTES:
            self._write(chunk)
            return self._must_wait()
        self._held += chunk
        if not self.is_large or len(self._held) < BATCH_BYTES:
            return False
        self._write_held()
        return self._must_wait()

    def _must_wait(self) -> bool:
        return self._spool.is_behind or self._spool.is_crowded(self)

    async def room(self) -> None:
        """Wait until more may be added."""
        came_s = monotonic()
        await self._spool.room()
        while self._spool.is_crowded(self):
            self.crowded_out = True
            await self._spool.cleared(self)
        self.crowded_out = False
        self._spool.paused_s += monotonic() - came_s

    def path(self) -> Path | None:
        """Return the file that holds all of it, once it does; None where none does. Blocks."""
        if not self.is_large:
            return None
        self._end()
        return None if self._refused else self._path

    def start(self, size: int) -> bytes:
        """Return what it begins with. Blocks."""
        if self._last is None:
            return bytes(self._held[:size])
        self._end()
        with suppress(OSError):
            if self._path is not None and self._on_disk:
                with self._path.open("rb") as file:
                    return file.read(size)
        return bytes(self._refused[0][:size]) if self._refused else b""

    def whole(self) -> bytes:
        """Return all of it. Blocks; StoreError where what was written cannot be read."""
        if self._last is None:
            return bytes(self._held)
        self._end()
        if self._lost or self._on_disk > READ_BACK_AT_MOST_BYTES:
            raise StoreError(
                f"the disk has no room for a reply of {self.size_bytes:,} bytes and its images",
                hint="make room on that disk, then --resume the run",
            )
        if not self._path or not self._on_disk:
            return b"".join(self._refused)
        try:
            with self._path.open("rb") as file:
                return b"".join((file.read(self._on_disk), *self._refused))
        except OSError as error:
            raise StoreError(
                f"{self._path}: a reply of {self.size_bytes:,} bytes cannot be read back: {error}",
                hint="look after that disk, then --resume the run",
            ) from None

    def discard(self) -> None:
        """Remove it, and the files of its images beside it."""
        if self._last is None:
            return
        self._end()
        self._spool.hold(-sum(map(len, self._refused)))
        self._refused = []
        if self._path is not None:
            for file in (self._path, *self._path.parent.glob(f"{self._path.name}.*")):
                with suppress(OSError):
                    file.unlink()
        self._spool.clear(self)

    def write(self, piece: Piece) -> None:
        """Write a piece behind those before it, or keep it in memory; never raises OSError."""
        if self._refused:
            self._refuse(piece)
            return
        try:
            if self._path is None:
                self._path = self._spool.path()
                self._file = os.open(
                    self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | AT_ONCE, 0o600
                )
            write_all(self._file, piece)
        except OSError:
            self._refuse(piece)
        else:
            self._on_disk += len(piece)

    def _refuse(self, piece: Piece) -> None:
        """Keep a piece in memory; where there is no room either, the body is lost."""
        self._lost = self._lost or not self._spool.hold(len(piece))
        self._refused.append(b"" if self._lost else piece)

    def _write_held(self) -> None:
        held, self._held = self._held, bytearray()
        self._write(held)

    def _write(self, piece: Piece) -> None:
        self._last = self._spool.write(self, piece)

    def _end(self) -> None:
        if self._held:
            self._write_held()
        if self._last is not None:
            self._last.result()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
