"""What the image files of a run show beside their pixels: looked at after its last reply.

A run folder keeps it as `inspections.jsonl`, a line for each image: a cache, which may be missing,
old or damaged, and is then read again from the images that are there.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError
from harness.core.inspection import Inspection, Manifest
from harness.core.outcome import Images
from harness.core.record import Record
from harness.spec.catalogue import Catalogue
from harness.store.disk import LocalDisk
from harness.store.folder import RunFolder
from harness.store.line import IMAGES, INSPECTIONS
from harness.store.shelf import Shelf, packed, unpacked
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
    keys out of a stranger's words; as many files are looked at at once as there are `decoders`;
    `note` receives a sentence every few seconds.
    """

    anchors: Anchors | None = None
    decoders: int = 1
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


class _Kind(NamedTuple):
    """What many images have in common: whose they are, their files' ending, their size."""

    owner: str
    suffix: str
    is_cheap: bool


Delivered = dict[bytes, _Kind]
"""The final images that files may be there of, by their packed digests."""


def inspected(
    records: Iterable[Record], folder: Path, looking: Looking, *, keep: bool = True
) -> Mapping[str, Inspection]:
    """Return what the images that were delivered show, by their digests, in the records' order.

    Each file in the folder is looked at once; of an image without a file only what was found before
    is told, and withheld ones are not looked at. Never raises on what an image or the cache holds.
    With `keep`, the folder keeps what was found, and small copies that an older look did not make.
    Records pass once; of an image some 400 bytes are held, the rest is on the disk.
    """
    images = delivered(records)
    found = _earlier(folder, images) if images else Shelf[Inspection]()
    asked = [
        key
        for key, kind in images.items()
        if not _holds(found.get(unpacked(key)), looking.anchors)
        and _file(folder, key, kind).is_file()
    ]
    shown = _shown_small(images)
    if asked:
        looking = replace(looking, anchors=looking.anchors or NO_ANCHORS)
        _Round(
            folder=folder, asked=asked, images=images, looking=looking, shown=shown, found=found
        ).run()
    seen = frozenset(asked)
    small = _made_small(folder, images, shown - seen, found) if keep else 0
    if keep and (asked or small):
        _keep(folder, images, found)
    return found


def all_of(found: Sequence[Mapping[str, Inspection]]) -> Mapping[str, Inspection]:
    """Return what was found in several folders as one."""
    if len(found) == 1:
        return found[0]
    together = Shelf[Inspection]()
    for each in found:
        for digest, inspection in each.items():
            together.put(digest, inspection)
    return together


def delivered(records: Iterable[Record]) -> Delivered:
    """Return the final images that files may be there of."""
    kinds: dict[_Kind, _Kind] = {}
    images: Delivered = {}
    for record in records:
        if not isinstance(record.outcome, Images):
            continue
        for picture in record.outcome.pictures:
            if picture.state == "absent" or picture.withheld:
                continue
            _, _, suffix = file_name(picture).partition(".")
            is_cheap = picture.state == "decoded" and picture.size_bytes <= CHEAP_BYTES
            kind = _Kind(record.shot.case.provider, suffix, is_cheap)
            images[packed(picture.digest)] = kinds.setdefault(kind, kind)
    return images


def _file(folder: Path, key: bytes, kind: _Kind) -> Path:
    return folder / IMAGES / f"{unpacked(key)}.{kind.suffix}"


def _shown_small(images: Delivered) -> frozenset[bytes]:
    """Return which images have a small copy: the first of each provider, until they are enough."""
    turns: Counter[str] = Counter()
    first: list[tuple[int, int, bytes]] = []
    for number, (key, kind) in enumerate(images.items()):
        turns[kind.owner] += 1
        if turns[kind.owner] <= THUMBNAILS_AT_MOST:
            first.append((turns[kind.owner], number, key))
    return frozenset(key for _, _, key in sorted(first)[:THUMBNAILS_AT_MOST])


def _made_small(
    folder: Path, images: Delivered, shown: Iterable[bytes], found: Shelf[Inspection]
) -> int:
    """Add the small copies that were not asked for before; return how many."""
    made = 0
    with Inspector() as inspector:
        for key in sorted(shown):
            digest, file = unpacked(key), _file(folder, key, images[key])
            before = found.get(digest) if images[key].is_cheap else None
            if before is None or before.thumbnail is not None:
                continue
            if file.is_file() and inspector.lost_s < LOST_AT_MOST_S:
                found.put(digest, replace(before, thumbnail=inspector.thumbnail(file, digest)))
                made += 1
    return made


def _holds(found: Inspection | None, anchors: Anchors | None) -> bool:
    """Tell whether what was found before need not be looked for again."""
    if found is None or (found.why == NOT_INSTALLED and reads_manifests()):
        return False
    return anchors is None or found.anchors == anchors.digest


@dataclass(slots=True, kw_only=True)
class _Round:
    """One look at the files that are `asked`; as many threads as there are decoders share it."""

    folder: Path
    asked: Sequence[bytes]
    images: Delivered
    looking: Looking
    shown: Container[bytes]
    found: Shelf[Inspection]
    _next: int = 0
    _done: int = 0
    _told_s: float = field(default_factory=monotonic)
    _lost_s: dict[str, float] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def run(self) -> None:
        """Look at all of them."""
        at_once = min(self.looking.decoders, len(self.asked))
        if at_once == 1:
            self._work()
            return
        with ThreadPoolExecutor(at_once, thread_name_prefix="inspector") as pool:
            for work in [pool.submit(self._work) for _ in range(at_once)]:
                work.result()

    def _work(self) -> None:
        with Inspector(self.looking.anchors or NO_ANCHORS) as inspector:
            while (key := self._taken()) is not None:
                before_s = inspector.lost_s
                inspection = self._inspected(inspector, key)
                with self._turn:
                    self._keep(key, inspection, inspector.lost_s - before_s)

    def _taken(self) -> bytes | None:
        with self._turn:
            if self._next == len(self.asked):
                return None
            self._next += 1
            return self.asked[self._next - 1]

    def _inspected(self, inspector: Inspector, key: bytes) -> Inspection:
        digest, kind = unpacked(key), self.images[key]
        if self._lost_s.get(kind.owner, 0.0) >= LOST_AT_MOST_S:
            return Inspection(digest=digest, state="not_read", why=TOO_OFTEN)
        file = _file(self.folder, key, kind)
        inspection = inspector.inspect(file, digest, thumbnail=key in self.shown)
        return _cleaned(inspection, self.looking.clean)

    def _keep(self, key: bytes, inspection: Inspection, lost_s: float) -> None:
        owner = self.images[key].owner
        self.found.put(unpacked(key), inspection)
        self._lost_s[owner] = self._lost_s.get(owner, 0.0) + lost_s
        self._done += 1
        if monotonic() - self._told_s >= TELLS_EVERY_S:
            self._told_s = monotonic()
            self.looking.note(f"looking at images: {self._done:,} of {len(self.asked):,}")


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


LINE_AT_MOST_BYTES = 1024 * 1024
"""A longer line of the cache is damage."""


def _lines(folder: Path) -> Iterator[tuple[bytes, Inspection]]:
    """Yield what a folder keeps of earlier looks, with its lines; damaged ones are left out."""
    with suppress(OSError, HarnessError):
        disk = LocalDisk(folder)
        try:
            for line in _split(disk.pieces(INSPECTIONS)) if disk.exists(INSPECTIONS) else ():
                with suppress(ValidationError):
                    yield line, _LINE.validate_json(line)
        finally:
            disk.close()


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > LINE_AT_MOST_BYTES:
            rest = b"?"
    if rest:
        yield rest


def _earlier(folder: Path, images: Container[bytes]) -> Shelf[Inspection]:
    """Return what a folder keeps of earlier looks at these images."""
    found = Shelf[Inspection]()
    for _, inspection in _lines(folder):
        if packed(inspection.digest) in images:
            found.put(inspection.digest, inspection)
    return found


def _keep(folder: Path, images: Delivered, found: Shelf[Inspection]) -> None:
    """Write what was found, whole or not at all; a disk that does not take it keeps nothing.

    What was kept of other images stays.
    """
    with suppress(OSError, HarnessError), TemporaryDirectory(prefix="harness-") as temporary:
        path = Path(temporary) / INSPECTIONS
        with path.open("wb") as file:
            for line, inspection in _lines(folder):
                if packed(inspection.digest) not in images:
                    file.write(line + b"\n")
            for digest in map(unpacked, images):
                if digest in found:
                    file.write(_LINE.dump_json(found[digest], exclude_defaults=True) + b"\n")
        disk = LocalDisk(folder)
        try:
            disk.take(INSPECTIONS, path)
        finally:
            disk.close()
