"""Files that are there whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a crash leaves the file of before, or this one.

    It is on the disk when this returns; threads may write the same one. OSError where it cannot be
    written; half a file is not left in the way, as on a full disk it would be.
    """
    _put(path, lambda file: file.write(content))


def _put(path: Path, write: Callable[[BinaryIO], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # mkstemp makes a file for its owner alone
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def move_whole(source: Path, path: Path) -> None:
    """Put a file at `path` in one step, as `write_whole` does; it is moved where that can be.

    It is on the disk when this returns. OSError where it cannot be, and then it is where it was.
    """
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.chmod(0o644)
    try:
        source.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with source.open("rb") as file:
            _put(path, lambda copy: shutil.copyfileobj(file, copy))
