"""One folder of the disk and the names in it: by descriptor where the system can, else by path.

`HeldFolder` is held open, so that it stays the same one whatever its path leads to meanwhile, and
no link is followed in any step. Windows has neither: `NamedFolder` asks before each step whether a
name is a link, and who exchanges it between the question and the step is not noticed.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Protocol, Self

from harness.core.files import AT_ONCE

UNSUPPORTED = (errno.EINVAL, errno.ENOTSUP)

PLAIN = AT_ONCE | getattr(os, "O_NOFOLLOW", 0)
"""Opening a FIFO never waits, a link is an OSError; what is no plain file is for the caller."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Place(Protocol):
    """A folder and the names in it. Methods raise OSError as the system does."""

    def open(self, base: str, flags: int, mode: int = 0o644) -> int:
        """Return the descriptor of a file; OSError of ELOOP where it is a link."""
        ...

    def status(self, base: str) -> os.stat_result:
        """Return what is known of a name; of a link, not of what it leads to."""
        ...

    def names(self) -> list[str]:
        """Return the names in the folder, sorted."""
        ...

    def inside(self, name: str) -> "Place":
        """Open a folder in it; OSError of ELOOP or ENOTDIR where it is a link or no folder."""
        ...

    def make_folder(self, base: str) -> None:
        """Make a folder in it."""
        ...

    def remove(self, base: str) -> None:
        """Remove a file, or a link itself."""
        ...

    def rename(self, base: str, new: str) -> None:
        """Give a file another name; a file that has it is replaced."""
        ...

    def take(self, file: Path, base: str) -> bool:
        """Move a file that is open there, and tell whether that could be."""
        ...

    def sync(self) -> None:
        """Return once the names are durable, where the system promises anything about names."""
        ...

    def close(self) -> None:
        """Give up the folder."""
        ...


class HeldFolder:
    """A folder by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open folder."""
        self._descriptor = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open an existing folder; OSError where it is none."""
        return cls(os.open(path, _FOLDER))

    def open(self, base: str, flags: int, mode: int = 0o644) -> int:
        """Return the descriptor of a file."""
        return os.open(base, flags | PLAIN, mode, dir_fd=self._descriptor)

    def status(self, base: str) -> os.stat_result:
        """Return what is known of a name."""
        return os.stat(base, dir_fd=self._descriptor, follow_symlinks=False)

    def names(self) -> list[str]:
        """Return the names in the folder, sorted."""
        with os.scandir(self._descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def inside(self, name: str) -> Self:
        """Open a folder in it."""
        return type(self)(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._descriptor))

    def make_folder(self, base: str) -> None:
        """Make a folder in it."""
        os.mkdir(base, dir_fd=self._descriptor)

    def remove(self, base: str) -> None:
        """Remove a file, or a link itself."""
        os.unlink(base, dir_fd=self._descriptor)

    def rename(self, base: str, new: str) -> None:
        """Give a file another name."""
        os.rename(base, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def take(self, file: Path, base: str) -> bool:
        """Move a file that is open there; not from another disk."""
        try:
            os.rename(file, base, dst_dir_fd=self._descriptor)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def sync(self) -> None:
        """Return once the names are durable."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in UNSUPPORTED:  # some network file systems keep names durable alone
                raise

    def close(self) -> None:
        """Give up the folder."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class NamedFolder:
    """A folder by its path, where folders cannot be held open."""

    def __init__(self, path: Path) -> None:
        """Take a folder's absolute path."""
        self._path = path

    @classmethod
    def at(cls, path: Path) -> Self:
        """Take an existing folder; OSError where it is none."""
        if not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return cls(path.absolute())

    def open(self, base: str, flags: int, mode: int = 0o644) -> int:
        """Return the descriptor of a file."""
        path = self._path / base
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        return os.open(path, flags | PLAIN, mode)

    def status(self, base: str) -> os.stat_result:
        """Return what is known of a name."""
        return (self._path / base).lstat()

    def names(self) -> list[str]:
        """Return the names in the folder, sorted."""
        return sorted(path.name for path in self._path.iterdir())

    def inside(self, name: str) -> Self:
        """Take a folder in it."""
        path = self._path / name
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        return self.at(path)

    def make_folder(self, base: str) -> None:
        """Make a folder in it."""
        (self._path / base).mkdir()

    def remove(self, base: str) -> None:
        """Remove a file, or a link itself."""
        (self._path / base).unlink()

    def rename(self, base: str, new: str) -> None:
        """Give a file another name."""
        (self._path / base).replace(self._path / new)

    def take(self, file: Path, base: str) -> bool:  # noqa: ARG002 - see below
        """Never move: Windows moves no file that is open, and this one is."""
        return False

    def sync(self) -> None:
        """Promise nothing: names are as durable as the file system keeps them."""

    def close(self) -> None:
        """Nothing is held."""


def opened(path: Path) -> Place:
    """Open an existing folder; OSError where it is none."""
    holds = hasattr(os, "O_DIRECTORY") and os.open in os.supports_dir_fd
    return HeldFolder.at(path) if holds else NamedFolder.at(path)
