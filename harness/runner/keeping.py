"""Which image files a run folder keeps once its images were looked at and its records judged.

Digests, sizes and what was seen of an image stay in the journal and in `inspections.jsonl`. Files
are removed last, so that a run which is killed leaves too many and never too few. One that was not
looked at stays, and so do all of a run that was interrupted: whoever resumes it looks at them.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.exchange import Failure, Picture, Reply
from harness.core.inspection import Inspection
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.record import Record
from harness.planning.options import KeepImages
from harness.store.disk import LocalDisk
from harness.store.line import IMAGES

KEEP_IMAGES = "--keep-images"

Case = tuple[str, str]
"""A provider's name and the id of one of its cases."""


def not_kept(choices: Mapping[str, Json]) -> str:
    """Say of a run's choices which of its image files are not there; empty where all are."""
    match choices.get("keep_images"):
        case "none":
            return f"image files are not kept ({KEEP_IMAGES} none)"
        case "findings":
            return f"only the image files of findings are kept ({KEEP_IMAGES} findings)"
        case _:
            return ""


def remove_images(
    folders: Sequence[Path],
    choice: KeepImages,
    records: Iterable[Record],
    inspections: Mapping[str, Inspection],
    *,
    found_in: Container[Case],
) -> Iterator[str]:
    """Remove the image files that a choice does not keep; yield a sentence about the first folder.

    `found_in` are the cases that show a finding. All `folders` hold images of these records, and
    keep the same. Raises nothing: what cannot be removed stays.
    """
    if choice == "all":
        return
    kept = _wanted(records, choice, inspections, found_in)
    (removed, size_bytes), *_ = [_removed(folder, kept) for folder in folders]
    yield f"{removed:,} image files removed, {size_bytes:,} bytes ({KEEP_IMAGES} {choice})"


def _removed(folder: Path, kept: Container[str]) -> tuple[int, int]:
    """Remove a folder's images but those of these digests; return how many, and their bytes."""
    removed = size_bytes = 0
    with suppress(OSError, HarnessError):
        disk = LocalDisk(folder)
        try:
            for name in disk.names(IMAGES):
                if name.partition(".")[0] not in kept:
                    size_bytes += disk.size(f"{IMAGES}/{name}")
                    disk.remove(f"{IMAGES}/{name}")
                    removed += 1
        finally:
            disk.close()
    return removed, size_bytes


def _wanted(
    records: Iterable[Record],
    choice: KeepImages,
    inspections: Mapping[str, Inspection],
    found_in: Container[Case],
) -> set[str]:
    """Return the digests of the files that stay."""
    kept: set[str] = set()
    for record in records:
        case = record.shot.case
        if choice == "findings" and (case.provider, case.id) in found_in:
            kept.update(picture.digest for picture in _pictures(record))
        elif isinstance(record.outcome, Images):
            kept.update(
                picture.digest
                for picture in record.outcome.pictures
                if picture.digest not in inspections
            )
    return kept


def _pictures(record: Record) -> Iterator[Picture]:
    """Yield all images of a request: those it was answered with, and those on their way."""
    for exchange in record.exchanges:
        match exchange.answer:
            case Reply(pictures=pictures) | Failure(partial=Reply(pictures=pictures)):
                yield from pictures.values()
            case _:
                pass
    if isinstance(record.outcome, Images):
        yield from record.outcome.pictures
