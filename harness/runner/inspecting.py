"""What the image files of a run show beside their pixels: looked at after its last reply.

A run folder keeps it as `inspections.jsonl`, a line for each image: a cache, which may be missing,
old or damaged, and is then read again from the images that are there.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError
from harness.core.exchange import Picture
from harness.core.inspection import Inspection, Manifest
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.catalogue import Catalogue
from harness.store.disk import LocalDisk
from harness.store.folder import RunFolder
from harness.store.line import IMAGES, INSPECTIONS
from harness.transport.bodies.images import file_name
from harness.transport.inspection.anchors import NO_ANCHORS, Anchors, read_anchors
from harness.transport.inspection.inspector import NOT_INSTALLED, Inspector, reads_manifests
from harness.transport.redaction import Redactor

__all__ = ["Looking", "cleaner", "image_place", "inspected", "read_anchors"]

Clean = Callable[[str], str]
Note = Callable[[str], None]

TELLS_EVERY_S = 5.0
"""How often somebody who waits hears of it."""

LOST_AT_MOST_S = 60.0
"""How long files of one provider may keep us that end the process; its others are left unread."""

TOO_OFTEN = "too many images of this provider ended the process that reads them"

THUMBNAILS_AT_MOST = 600
"""How many small copies a run keeps: 600 of them are 2 to 3 MB, and take some seconds at most."""

CHEAP_BYTES = 16 * 1024 * 1024
"""Larger files are not read again for a small copy alone."""

_LINE = TypeAdapter(Inspection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How images are looked at.

    Without `anchors`, what was found before holds, whatever list it was read with. `clean` cuts
    keys out of a stranger's words; `note` receives a sentence every few seconds.
    """

    anchors: Anchors | None = None
    clean: Clean = str
    note: Note = lambda _sentence: None


def cleaner(keys: Mapping[str, str], catalogue: Catalogue) -> Clean:
    """Return what cuts keys by their variables, and what looks like one, out of a text."""
    shapes = (provider.auth.key_shape for provider in catalogue.providers.values())
    return Redactor(dict(keys), tuple(dict.fromkeys(filter(None, shapes)))).known


class ImagePlace:
    """Where images lie while they are looked at: in a run folder, or nowhere for long."""

    def __init__(self, path: Path, folder: RunFolder | None) -> None:
        self.path = path
        self.lost = 0
        """How many images the disk did not take, and which are not looked at."""
        self._folder = folder

    def keep(self, name: str, content: bytes) -> None:
        """Take an image. StoreError where a run folder cannot keep it."""
        if self._folder is not None:
            self._folder.keep_image(name, content)
            return
        try:
            (self.path / IMAGES / name).write_bytes(content)
        except OSError:
            self.lost += 1
            with suppress(OSError):
                (self.path / IMAGES / name).unlink()


@contextmanager
def image_place(folder: RunFolder | None, note: Note) -> Iterator[ImagePlace]:
    """Yield the place of images: the run folder, or else one that is removed afterwards."""
    if folder is not None:
        yield ImagePlace(folder.path, folder)
        return
    with TemporaryDirectory(prefix="harness-") as temporary:
        (Path(temporary) / IMAGES).mkdir()
        place = ImagePlace(Path(temporary), None)
        yield place
        if place.lost:
            note(f"{place.lost:,} images were not looked at: {temporary} could not take them")


def inspected(
    records: Sequence[Record], folder: Path, looking: Looking, *, keep: bool = True
) -> dict[str, Inspection]:
    """Return what the images that were delivered show, by their digests.

    Each file in the folder is looked at once; of an image without a file only what was found before
    is told, and withheld ones are not looked at. Never raises on what an image or the cache holds.
    With `keep`, the folder keeps what was found, and small copies that an older look did not make.
    """
    pictures = delivered(records)
    before = _earlier(folder) if pictures else {}
    found = {digest: each for digest, each in before.items() if digest in pictures}
    wanted = looking.anchors or NO_ANCHORS
    asked = {
        digest: picture
        for digest, picture in pictures.items()
        if not _holds(found.get(digest), looking.anchors)
        and (folder / IMAGES / file_name(picture)).is_file()
    }
    owners = _owners(records)
    shown = _shown_small(pictures, owners)
    seen: dict[str, Inspection] = {}
    if asked:
        looking = replace(looking, anchors=wanted)
        seen = _looked_at(folder / IMAGES, asked, owners, looking, shown=shown)
    if keep:
        lacking = {digest: pictures[digest] for digest in shown if digest not in seen}
        seen |= _made_small(folder / IMAGES, lacking, found)
    found |= seen
    if keep and seen:
        _keep(folder, before | found)
    return {digest: found[digest] for digest in pictures if digest in found}


def delivered(records: Sequence[Record]) -> dict[str, Picture]:
    """Return the final images that files may be there of, by their digests."""
    return {
        picture.digest: picture
        for record in records
        if isinstance(record.outcome, Images)
        for picture in record.outcome.pictures
        if picture.state != "absent" and not picture.withheld
    }


def _owners(records: Sequence[Record]) -> dict[str, str]:
    """Return whose images they are."""
    return {
        picture.digest: record.shot.case.provider
        for record in records
        if isinstance(record.outcome, Images)
        for picture in record.outcome.pictures
    }


def _shown_small(pictures: Mapping[str, Picture], owners: Mapping[str, str]) -> frozenset[str]:
    """Return which images have a small copy: the first of each provider, until they are enough."""
    turns: dict[str, int] = {}
    turn: dict[str, int] = {}
    for digest in pictures:
        turn[digest] = turns[owners[digest]] = turns.get(owners[digest], 0) + 1
    return frozenset(sorted(pictures, key=turn.__getitem__)[:THUMBNAILS_AT_MOST])


def _made_small(
    images: Path, pictures: Mapping[str, Picture], found: Mapping[str, Inspection]
) -> dict[str, Inspection]:
    """Return what was found before, with the small copies that were not asked for then."""
    files = {
        digest: images / file_name(picture)
        for digest, picture in pictures.items()
        if digest in found and found[digest].thumbnail is None
        if picture.state == "decoded" and picture.size_bytes <= CHEAP_BYTES
    }
    with Inspector() as inspector:
        return {
            digest: replace(found[digest], thumbnail=inspector.thumbnail(file, digest))
            for digest, file in sorted(files.items())
            if file.is_file() and inspector.lost_s < LOST_AT_MOST_S
        }


def _holds(found: Inspection | None, anchors: Anchors | None) -> bool:
    """Tell whether what was found before need not be looked for again."""
    if found is None or (found.why == NOT_INSTALLED and reads_manifests()):
        return False
    return anchors is None or found.anchors == anchors.digest


def _looked_at(
    images: Path,
    pictures: Mapping[str, Picture],
    owners: Mapping[str, str],
    looking: Looking,
    *,
    shown: Container[str],
) -> dict[str, Inspection]:
    found: dict[str, Inspection] = {}
    lost_s: dict[str, float] = {}
    told_s = monotonic()
    with Inspector(looking.anchors or NO_ANCHORS) as inspector:
        for digest, picture in pictures.items():
            owner, before_s = owners[digest], inspector.lost_s
            if lost_s.get(owner, 0.0) >= LOST_AT_MOST_S:
                found[digest] = Inspection(digest=digest, state="not_read", why=TOO_OFTEN)
                continue
            file = images / file_name(picture)
            inspection = inspector.inspect(file, digest, thumbnail=digest in shown)
            lost_s[owner] = lost_s.get(owner, 0.0) + inspector.lost_s - before_s
            found[digest] = _cleaned(inspection, looking.clean)
            if monotonic() - told_s >= TELLS_EVERY_S:
                told_s = monotonic()
                looking.note(f"looking at images: {len(found):,} of {len(pictures):,}")
    return found


def _cleaned(inspection: Inspection, clean: Clean) -> Inspection:
    """Return an inspection without keys: a packed manifest was not searched with its image."""
    manifest = inspection.manifest
    return replace(
        inspection,
        manifest=manifest and _cleaned_manifest(manifest, clean),
        why=clean(inspection.why),
    )


def _cleaned_manifest(manifest: Manifest, clean: Clean) -> Manifest:
    return replace(
        manifest,
        signer=clean(manifest.signer),
        common_name=clean(manifest.common_name),
        generator=clean(manifest.generator),
        agents=tuple(map(clean, manifest.agents)),
        actions=tuple(map(clean, manifest.actions)),
        failures=tuple(map(clean, manifest.failures)),
    )


def _earlier(folder: Path) -> dict[str, Inspection]:
    """Return what a folder keeps of earlier looks; damaged lines are left out."""
    found: dict[str, Inspection] = {}
    with suppress(OSError, HarnessError):
        disk = LocalDisk(folder)
        try:
            raw = disk.read(INSPECTIONS) if disk.exists(INSPECTIONS) else b""
        finally:
            disk.close()
        for line in raw.splitlines():
            with suppress(ValidationError):
                inspection = _LINE.validate_json(line)
                found[inspection.digest] = inspection
    return found


def _keep(folder: Path, found: Mapping[str, Inspection]) -> None:
    """Write what was found, whole or not at all; a disk that does not take it keeps nothing."""
    lines = map(partial(_LINE.dump_json, exclude_defaults=True), found.values())
    with suppress(OSError, HarnessError):
        disk = LocalDisk(folder)
        try:
            disk.put(INSPECTIONS, b"".join(line + b"\n" for line in lines))
        finally:
            disk.close()
