"""Files that are there whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from harness.store.disk import sync_folder


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a crash leaves the file of before, or this one.

    It and its name are on the disk when this returns; threads may write the same one. OSError where
    it cannot be written; half a file is not left in the way, as on a full disk it would be.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # mkstemp makes a file for its owner alone
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)
