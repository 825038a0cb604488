"""What lies in a run folder is its own: plain files and folders, no link, pipe or device."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from harness.core.errors import UsageError


def insist_own(path: Path) -> None:
    """Raise UsageError where a path, or anything below it, is neither a plain file nor a folder.

    Links are named, not followed. Nothing is raised where there is nothing of that name.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise foreign(path, "a symbolic link")
        if stat.S_ISDIR(mode):
            _insist_below(path)
        elif not stat.S_ISREG(mode):
            raise foreign(path, "no plain file")


def _insist_below(folder: Path) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                insist_own(Path(entry.path))


def foreign(path: Path, kind: str) -> UsageError:
    """Return the error for what is no file of a run folder."""
    return UsageError(
        f"{path} is {kind}",
        hint="a run folder holds plain files of its own; remove it, or use another folder",
    )
