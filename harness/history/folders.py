"""Where runs lie below a folder: plain files of a bounded size, links not followed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.files import MEBIBYTE

SUMMARY = "summary.json"
OWN = ("run.json", "journal.jsonl")
"""What a run's folder holds from its beginning on."""

MOST_BYTES = 128 * MEBIBYTE
MOST_FOLDERS = 100_000
DEEPEST = 16
_WITHIN_A_RUN = {"files", "findings", "images"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFile:
    """A `summary.json`: its run's folder below the one looked through, `.` for that itself."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The summaries below a folder in order of their paths, and what was passed over, in words."""

    files: tuple[SummaryFile, ...]
    notes: tuple[str, ...]


def find_summaries(folder: Path) -> Found:
    """Look through a folder; OSError where it cannot be listed itself."""
    files: list[SummaryFile] = []
    notes: list[str] = []
    for path, entries in run_folders(folder, notes):
        _read_run(path, entries, files, notes)
    return Found(files=tuple(files), notes=tuple(notes))


def run_folders(folder: Path, notes: list[str]) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield the path of each run's folder with what is in it; `notes` hears what is passed over.

    OSError where the folder cannot be listed itself.
    """
    with os.scandir(folder):
        pass
    waiting, seen = [("", 0)], 0
    while waiting:
        below, depth = waiting.pop()
        seen += 1
        if seen > MOST_FOLDERS:
            notes.append(f"more than {MOST_FOLDERS:,} folders: the others were not looked into")
            break
        try:
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{below}: cannot be listed ({error.strerror}); left out")
            continue
        names = {entry.name for entry in entries}
        run = SUMMARY in names or bool(names.intersection(OWN))
        if run:
            yield below or ".", entries
        inner = [*_folders(entries, run=run)]
        if inner and depth == DEEPEST:
            notes.append(f"{below}: lies {DEEPEST} folders deep; not looked into further")
            continue
        waiting += [(os.path.join(below, name), depth + 1) for name in reversed(inner)]  # noqa: PTH118 - relative


def _folders(entries: list[os.DirEntry[str]], *, run: bool) -> Iterator[str]:
    for entry in entries:
        if run and entry.name in _WITHIN_A_RUN:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield entry.name


def _read_run(
    path: str, entries: list[os.DirEntry[str]], files: list[SummaryFile], notes: list[str]
) -> None:
    entry = next((entry for entry in entries if entry.name == SUMMARY), None)
    if entry is None:
        notes.append(
            f"{path}: cut off before its report was written (no {SUMMARY});"
            f" `harness report` writes it"
        )
    elif not entry.is_file(follow_symlinks=False):
        kind = "a link" if entry.is_symlink() else "no plain file"
        notes.append(f"{path}: its {SUMMARY} is {kind}; left out")
    elif not is_text(path):
        notes.append(f"{path}: its name is not UTF-8; left out")
    else:
        known = entry.stat(follow_symlinks=False)
        if known.st_size == 0:
            notes.append(f"{path}: its {SUMMARY} is empty; left out")
        elif known.st_size > MOST_BYTES:
            size, most = known.st_size // MEBIBYTE, MOST_BYTES // MEBIBYTE
            notes.append(
                f"{path}: its {SUMMARY} has {size:,} MiB, more than the {most} that are read;"
                " left out"
            )
        else:
            files.append(SummaryFile(path=path, size=known.st_size, mtime_ns=known.st_mtime_ns))


def is_text(path: str) -> bool:
    """Tell whether a path can be written down: not all bytes that a system takes are UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
