"""The folders of all slices joined in the run folder itself, beside `slices/`."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.api.merges import merge
from harness.planning.options import Options
from harness.run_result import RunResult, without_images
from harness.store.disk import LocalDisk
from harness.store.line import INSPECTIONS

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
    result = replace(result, folder=out)
    choice = options.output.keep_images
    if partial or choice == "all":
        return result
    for part in parts:  # whoever joins them again has no image to look at
        _hand_over(out, part)
    return without_images(result, choice, parts=parts)


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
