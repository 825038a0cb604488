"""Files that others may have written are read up to a size, whatever they are."""

import errno
import os
from pathlib import Path

MEBIBYTE = 1024 * 1024


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """Return a file's content; OSError as the system raises it, and for a larger file.

    A file of holes, or a device without an end, takes no more memory than that; a pipe that nobody
    writes into is empty, and never waited for.
    """
    with open(path, "rb", opener=_at_once) as file:
        os.set_blocking(file.fileno(), True)
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise too_large(path)
    return content


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def too_large(path: Path | str) -> OSError:
    """Return the error for a file that is larger than what is read of it."""
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
