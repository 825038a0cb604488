"""A report in its run folder, with the files that its findings name: each whole or not at all."""

import errno
from pathlib import Path

from harness.assets import made
from harness.core.errors import StoreError
from harness.disk import write_whole
from harness.report.curl import FILES
from harness.report.html import html
from harness.report.junit import junit
from harness.report.markdown import markdown
from harness.report.model import Report
from harness.report.summary import as_json

_HINTS = {
    errno.ENOSPC: "free some space, then write it again with `harness report`; no record is lost",
    errno.EDQUOT: "free some space, then write it again with `harness report`; no record is lost",
    errno.EACCES: "make the folder writable, or choose another one with --out",
    errno.EPERM: "make the folder writable, or choose another one with --out",
    errno.EROFS: "choose a folder on a writable disk with --out",
}


def write(folder: Path, report: Report) -> tuple[Path, ...]:
    """Write `summary.json`, `index.html`, `summary.md` and `junit.xml`; return their paths.

    All four are drawn before the first is written, and each replaces its predecessor in one step.
    The reference images that the report names follow, under `files/`. StoreError with the path and
    the reason where one cannot be written.
    """
    pages = {
        "summary.json": as_json(report),
        "index.html": html(report),
        "summary.md": markdown(report),
        "junit.xml": junit(report),
    }
    paths = tuple(_replace(folder / name, text.encode()) for name, text in pages.items())
    for name in report.files:
        content = made(name)
        if not _holds(folder / FILES / name, content):
            _replace(folder / FILES / name, content)
    return paths


def _holds(path: Path, content: bytes) -> bool:
    """Tell whether a file is there already: an unread or unreadable one is written again."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "choose another folder with --out")
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written: {reason}", hint=hint) from error
    return path
