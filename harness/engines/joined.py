"""The folders of all slices joined in the run folder itself, beside `slices/`."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.api.merges import merge
from harness.planning.options import Options
from harness.run_result import RunResult
from harness.runner.keeping import remove_images
from harness.store.disk import LocalDisk
from harness.store.line import IMAGES, INSPECTIONS

MERGED = ".merged"
"""Where the folders are joined before their files are moved: `harness merge` makes a new folder."""


def joined(
    parts: Sequence[Path],
    out: Path,
    options: Options,
    *,
    partial: bool,
    note: Callable[[str], None],
) -> RunResult:
    """Join run folders in `out`, in place of what an earlier joining left there; report on it.

    Raises as `harness.api.merge` does: the slices are as they were then.
    """
    shutil.rmtree(out / MERGED, ignore_errors=True)
    fresh = out / MERGED / out.resolve().name  # a run is called by its folder
    fresh.parent.mkdir()
    result = merge(
        parts,
        fresh,
        partial=partial,
        specs=options.target.documents,
        formats=options.output.on_request,
        note=note,
    )
    for entry in sorted(fresh.iterdir(), key=lambda entry: entry.name == "run.json"):
        target = out / entry.name
        if target.is_dir():
            shutil.rmtree(target)
        entry.replace(target)
    shutil.rmtree(out / MERGED)
    removed = () if partial else tuple(_unwanted_removed(parts, out, options, result))
    return replace(result, folder=out, notes=(*result.notes, *removed))


def _unwanted_removed(
    parts: Sequence[Path], out: Path, options: Options, result: RunResult
) -> Iterator[str]:
    """Remove the image files that are not to be kept, those of the slices, too; say so."""
    choice = options.output.keep_images
    if choice == "all":
        return
    shown_by = {
        (shown.finding.provider, case)
        for shown in result.report.all_findings
        for case in shown.finding.cases
    }
    for part in parts:  # whoever joins them again has no image to look at
        _hand_over(out, part)
    yield from remove_images(out, choice, result.records, result.inspections, found_in=shown_by)
    kept = _images(out)
    for part in parts:
        for name in _images(part) - kept:
            (part / IMAGES / name).unlink(missing_ok=True)


def _hand_over(out: Path, part: Path) -> None:
    """Give a slice what was found in the images of all: a line names its image."""
    disk = LocalDisk(out)
    other = LocalDisk(part)
    try:
        if disk.exists(INSPECTIONS):
            other.put(INSPECTIONS, disk.read(INSPECTIONS))
    finally:
        disk.close()
        other.close()


def _images(folder: Path) -> set[str]:
    with suppress(FileNotFoundError):
        return {file.name for file in (folder / IMAGES).iterdir()}
    return set()
