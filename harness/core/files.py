"""Files that others may have written are read up to a size, whatever they are."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MEBIBYTE = 1024 * 1024

AT_ONCE = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
"""Flags of `os.open`: nothing is waited for, no process that we start inherits it, and no byte is
another one on Windows. What is read or written afterwards is waited for after `wait_again`."""


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """Return a file's content; OSError as the system raises it, and for a larger file.

    A file of holes, or a device without an end, takes no more memory than that; a pipe that nobody
    writes into is empty, and never waited for.
    """
    with opened_at_once(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise too_large(path)
    return content


@contextmanager
def opened_at_once(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read it, bit by bit, whatever it is; OSError as the system raises it."""
    with open(path, "rb", opener=_at_once) as file:
        wait_again(file.fileno())
        yield file


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | AT_ONCE)


def wait_again(descriptor: int) -> None:
    """Let reading and writing wait; a system without `O_NONBLOCK` (Windows) always does."""
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)


def too_large(path: Path | str) -> OSError:
    """Return the error for a file that is larger than what is read of it."""
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
