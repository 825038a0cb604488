"""The disk under one run folder: names inside it only, plain files only, no link is followed.

`Disk` is all that a run folder and its reader ask of a disk; a simulation puts its own one there.
"""

import errno
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, Self

from harness.core.errors import UsageError
from harness.core.files import MEBIBYTE, too_large, wait_again
from harness.store.exclusive import hold
from harness.store.own import foreign
from harness.store.places import PLAIN, UNSUPPORTED, Place, opened

TEMPORARY = ".tmp-"
"""How the names of files begin that are not whole yet."""

READ_AT_MOST_BYTES = 256 * MEBIBYTE
"""Of one file of a run folder that is read whole; a journal is read in pieces, however large."""

_PIECE_BYTES = 256 * 1024
_COPIED_BYTES = 1024 * 1024


class Disk(Protocol):
    """The files of one run folder by their names in it: `run.json`, `images/NAME`.

    Methods raise OSError as the system does, and UsageError for a name that leads out of the folder
    and for anything that is no plain file of it (a link, a pipe, a device). Threads may call them.
    """

    def names(self, folder: str = "") -> list[str]:
        """Return the names in the run folder, or in one of its folders, sorted."""
        ...

    def exists(self, name: str) -> bool:
        """Tell whether there is a plain file of this name."""
        ...

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        ...

    def date_ns(self, name: str) -> int:
        """Return when a file was last written, in nanoseconds of the epoch."""
        ...

    def set_date_ns(self, name: str, date_ns: int) -> None:
        """Set when a file was last written."""
        ...

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        ...

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield a file's content from a byte on in pieces of any size: a journal is not held."""
        ...

    def append(self, name: str, content: bytes) -> None:
        """Write behind a file's end; not durable until `sync`. A part may be there on OSError."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut a file; not durable until `sync`."""
        ...

    def sync(self, name: str) -> None:
        """Return once a file's content and size are durable."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all; it and its name are durable when this returns.

        One whose name begins with a dot is for its owner alone.
        """
        ...

    def take(self, name: str, file: Path) -> None:
        """Put a file from elsewhere there, as `put` does; it is moved where that can be."""
        ...

    def make_folder(self, name: str) -> None:
        """Make a folder in the run folder, durably, where there is none yet."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself; nothing where there is none."""
        ...

    def reserve(self, name: str, size: int) -> None:
        """Let a file take exactly so much room on the disk, or raise OSError and change nothing."""
        ...

    def lock(self, name: str) -> None:
        """Make a file where there is none and lock it; BlockingIOError where another holds it.

        Its name is durable when this returns. The lock ends with `close`, or with the process.
        """
        ...

    def close(self) -> None:
        """Give up the lock and what is open; no method works afterwards."""
        ...


class LocalDisk:
    """A folder of this machine: the same one whatever its path leads to (see `places`)."""

    def __init__(self, path: Path) -> None:
        """Open an existing folder; OSError where it is none."""
        self.path = path
        self._root: Place | None = opened(path)
        self._kept: dict[str, int] = {}

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a folder, and those above it, where they are not there; their names are durable."""
        missing = []
        above = path.absolute()
        while not above.exists():
            missing.append(above)
            above = above.parent
        path.mkdir(parents=True, exist_ok=True)
        for each in missing or [path.absolute()]:
            with suppress(PermissionError):  # its folder is another user's, who made it earlier
                sync_folder(each.parent)
        return cls(path)

    def names(self, folder: str = "") -> list[str]:
        """Return the names in the run folder, or in one of its folders, sorted."""
        if not folder:
            return self._here().names()
        with self._place(f"{folder}/_") as (place, _):
            return place.names()

    def exists(self, name: str) -> bool:
        """Tell whether there is a plain file of this name."""
        try:
            self._status(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        return self._status(name).st_size

    def date_ns(self, name: str) -> int:
        """Return when a file was last written, in nanoseconds of the epoch."""
        return self._status(name).st_mtime_ns

    def set_date_ns(self, name: str, date_ns: int) -> None:
        """Set when a file was last written."""
        with self._opened(name, os.O_RDONLY) as file:
            named = os.utime in os.supports_fd
            os.utime(file if named else self.path / name, ns=(date_ns, date_ns))

    def read(self, name: str) -> bytes:
        """Return a file's content; a larger one than any run writes is an OSError."""
        with self._opened(name, os.O_RDONLY) as file, os.fdopen(os.dup(file), "rb") as reading:
            if os.fstat(file).st_size > READ_AT_MOST_BYTES:
                raise too_large(name)
            return reading.read()

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """Yield a file's content from a byte on, a quarter of a MiB at a time."""
        with self._opened(name, os.O_RDONLY) as file:
            os.lseek(file, start, os.SEEK_SET)
            while piece := os.read(file, _PIECE_BYTES):
                yield piece

    def append(self, name: str, content: bytes) -> None:
        """Write behind a file's end; a part may be there on OSError."""
        write_all(self._held(name), content)

    def truncate(self, name: str, size: int) -> None:
        """Cut a file."""
        os.ftruncate(self._held(name), size)

    def sync(self, name: str) -> None:
        """Return once a file's content and size are durable."""
        os.fsync(self._held(name))

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, durably."""
        self._put(name, lambda file: write_all(file, content))

    def take(self, name: str, file: Path) -> None:
        """Move a plain file there, or copy it from another disk, durably."""
        # Windows syncs only what is open for writing.
        access = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
        source = os.open(file, access | PLAIN)
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise OSError(errno.EINVAL, "not a plain file", str(file))
            _set_mode(source, 0o644)
            os.fsync(source)
            with self._place(name) as (place, base):
                if place.take(file, base):
                    place.sync()
                    return
            self._put(name, lambda copy: _copy(source, copy))
        finally:
            os.close(source)

    def make_folder(self, name: str) -> None:
        """Make a folder in the run folder, durably, where there is none yet."""
        with self._place(name) as (place, base):
            with suppress(FileExistsError):
                place.make_folder(base)
            place.sync()
        with self._place(f"{name}/_") as (folder, _):
            folder.sync()

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself; nothing where there is none."""
        with self._place(name) as (place, base), suppress(FileNotFoundError):
            place.remove(base)

    def reserve(self, name: str, size: int) -> None:
        """Let a file take exactly so much room on the disk."""
        with self._opened(name, os.O_RDWR | os.O_CREAT) as file:
            before = os.fstat(file).st_size
            try:
                if size > before:
                    _allocate(file, before, size - before)
                else:
                    os.ftruncate(file, size)
            except OSError:
                os.ftruncate(file, before)
                raise

    def lock(self, name: str) -> None:
        """Make a file where there is none and lock it."""
        file = self._held(name)
        hold(file)
        self._here().sync()

    def close(self) -> None:
        """Give up the lock and what is open."""
        held, self._kept = self._kept, {}
        for file in held.values():
            os.close(file)
        root, self._root = self._root, None
        if root is not None:
            root.close()

    def _here(self) -> Place:
        if self._root is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(self.path))
        return self._root

    def _held(self, name: str) -> int:
        """Return a file that is open for appending from now on."""
        file = self._kept.get(name)
        if file is None:
            file = self._open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            self._kept[name] = file
        return file

    @contextmanager
    def _opened(self, name: str, flags: int) -> Iterator[int]:
        file = self._open(name, flags)
        try:
            yield file
        finally:
            os.close(file)

    def _open(self, name: str, flags: int) -> int:
        """Open a plain file; one that is written has no other name, for that may be elsewhere."""
        with suppress(FileNotFoundError):
            self._status(name, written=flags & os.O_ACCMODE != os.O_RDONLY)
        with self._place(name) as (place, base):
            try:
                file = place.open(base, flags)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise self._foreign(name, "a symbolic link") from None
                raise
        if not stat.S_ISREG(os.fstat(file).st_mode):  # exchanged since it was looked at
            os.close(file)
            raise self._foreign(name, "no plain file")
        return file

    def _status(self, name: str, *, written: bool = False) -> os.stat_result:
        with self._place(name) as (place, base):
            status = place.status(base)
        if stat.S_ISLNK(status.st_mode):
            raise self._foreign(name, "a symbolic link")
        if not stat.S_ISREG(status.st_mode):
            raise self._foreign(name, "no plain file")
        if written and status.st_nlink > 1:
            raise self._foreign(name, "a hard link: the same file has another name")
        return status

    @contextmanager
    def _place(self, name: str) -> Iterator[tuple[Place, str]]:
        """Open the folder that a name is in, and return it with the name there."""
        *folders, base = name.split("/")
        if not all(_is_plain_name(part) for part in (*folders, base)) or len(folders) > 1:
            raise UsageError(f"{self.path}: {name!r} is no name of a file in a run folder")
        if not folders:
            yield self._here(), base
            return
        try:
            place = self._here().inside(folders[0])
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise self._foreign(folders[0], "no folder, or a symbolic link") from None
            raise
        try:
            yield place, base
        finally:
            place.close()

    def _put(self, name: str, write: Callable[[int], None]) -> None:
        with self._place(name) as (place, base):
            temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            mode = 0o600 if base.startswith(".") else 0o644
            file = place.open(temporary, flags, mode)
            try:
                try:
                    _set_mode(file, mode)  # as `take` does, whatever the process' mask is
                    write(file)
                    os.fsync(file)
                finally:
                    os.close(file)
                place.rename(temporary, base)
            except BaseException:
                with suppress(OSError):
                    place.remove(temporary)
                raise
            place.sync()

    def _foreign(self, name: str, kind: str) -> UsageError:
        return foreign(self.path / name, kind)


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a crash leaves the file of before, or this one.

    It and its name are on the disk when this returns; threads may write the same one. OSError where
    it cannot be written; half a file is not left in the way, as on a full disk it would be.
    """
    disk = LocalDisk(path.parent)
    try:
        disk.put(path.name, content)
    finally:
        disk.close()


def move_whole(path: Path, file: Path) -> None:
    """Put a file at `path` in one step, as `write_whole` does; its old name may be gone then."""
    disk = LocalDisk(path.parent)
    try:
        disk.take(path.name, file)
    finally:
        disk.close()


def write_through(path: Path, content: bytes) -> None:
    """Put `content` whole where a path leads: a link, a device or a pipe there is not replaced.

    OSError where it cannot be written; a pipe that nobody reads is not waited for.
    """
    if path.exists() and not path.is_file():
        with open(path, "wb", opener=_without_waiting) as file:
            wait_again(file.fileno())
            file.write(content)
        return
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    write_whole(target, content)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags & ~os.O_CREAT | getattr(os, "O_NONBLOCK", 0))


def sync_folder(path: Path) -> None:
    """Return once the names in a folder are durable."""
    folder = opened(path)
    try:
        folder.sync()
    finally:
        folder.close()


def _set_mode(file: int, mode: int) -> None:
    """Set who may read a file; Windows leaves that to the folder that it is in."""
    if sys.platform != "win32":
        os.fchmod(file, mode)


def _allocate(file: int, start: int, size: int) -> None:
    """Take room on the disk; where it cannot be taken otherwise, by zeros that are written."""
    try:
        os.posix_fallocate(file, start, size)
    except (AttributeError, OSError) as error:  # macOS has no such function
        if isinstance(error, OSError) and error.errno not in UNSUPPORTED:
            raise
        os.lseek(file, start, os.SEEK_SET)
        for done in range(0, size, _COPIED_BYTES):
            write_all(file, bytes(min(_COPIED_BYTES, size - done)))


def write_all(descriptor: int, raw: bytes | bytearray) -> None:
    """Write all of it, in as many steps as the system takes."""
    view = memoryview(raw)
    while view:
        view = view[os.write(descriptor, view) :]


def _copy(source: int, target: int) -> None:
    while piece := os.read(source, _COPIED_BYTES):
        write_all(target, piece)


def _is_plain_name(name: str) -> bool:
    return name not in ("", ".", "..") and "\0" not in name
