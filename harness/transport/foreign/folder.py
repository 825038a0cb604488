"""The plain files of a folder that somebody sent, within bounds."""

from collections.abc import Collection
from pathlib import Path

FILES_AT_MOST = 10_000
BYTES_AT_MOST = 256 * 1024 * 1024
"""Of all files together: they are held at once."""


def plain_files(folder: Path, *, without: Collection[str] = ()) -> dict[str, bytes]:
    """Return the files of a folder and of those in it, by their path within it, sorted.

    Links are left out, since they may lead anywhere, and so are hidden files and those whose names
    end in one of `without`. ValueError where they are too many or too large.
    """
    found = []
    for path in folder.rglob("*"):
        if (
            path.suffix.lower() in without
            or path.is_symlink()
            or path.name.startswith(".")
            or not path.is_file()
        ):
            continue
        found.append(path)
        if len(found) > FILES_AT_MOST:
            raise ValueError(f"a folder of more than {FILES_AT_MOST:,} files")
    if sum(path.stat().st_size for path in found) > BYTES_AT_MOST:
        raise ValueError(f"a folder whose files hold more than {BYTES_AT_MOST:,} bytes")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}
