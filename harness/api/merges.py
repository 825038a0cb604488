"""The verb that joins the slices of a run."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.api.runs import report
from harness.core.slicing import Part
from harness.merging.merge import merged
from harness.report.formats.format import refuse_unknown_formats
from harness.run_result import RunResult
from harness.spec.catalogue import Spec


def merge(  # noqa: PLR0913 - what a merged run depends on
    folders: Sequence[str | Path],
    out: str | Path,
    *,
    partial: bool = False,
    specs: Sequence[Spec] = (),
    formats: Sequence[str] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> RunResult:
    """Join the run folders of all slices of a run into one, judge and report it; send nothing.

    `out` becomes a run folder like any other: `report`, `diff`, `history` and `frames` read it, and
    `header.parts` say what it was made of. The slices stay as they are. With `partial`, slices that
    are missing or have not come to their end are named in the notes, and their cases count as not
    sent. The `formats` on request are written, too; `note` hears of each part, and of what takes
    long.

    Raises UsageError where the folders are no slices of one run (it names what they differ in), a
    slice is there twice or a case was sent by two, `out` is there already and not empty, and,
    without `partial`, where slices are missing or unfinished; StoreError where `out` cannot be
    written.

        merge(["slice-1", "slice-2"], "whole").report.findings
    """
    refuse_unknown_formats(formats)
    done = merged([Path(each) for each in folders], Path(out), specs=specs, partial=partial)
    for part in done.parts:
        note(_told(part))
    return report(out, specs=specs, out=out, formats=formats, note=note)


def _told(part: Part) -> str:
    at = f" at {part.vantage}" if part.vantage else ""
    end = ", unfinished" if part.interrupted else ""
    return (
        f"slice {part.slice}{at}, {part.run}: {part.requests:,} cases, {part.images:,} images paid"
        f", clock moved by {part.moved_s:.3f} s{end}"
    )
