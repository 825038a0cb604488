"""Which image files are meant by the paths that somebody gives: files, and folders of them."""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from harness.core.files import MEBIBYTE, read_at_most
from harness.inspection.model import NotInspected
from harness.planning.options import KeepImages
from harness.store.line import HEADER, IMAGES
from harness.transport.bodies.formats import HEAD_BYTES, image_format
from harness.transport.inspection.inspector_worker import IMAGE_AT_MOST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePath:
    """An image file as it was named, and where it lies with every link followed."""

    name: str
    path: Path
    size_bytes: int


def image_paths(paths: Sequence[str | Path]) -> Iterator[ImagePath | NotInspected]:
    """Yield each image file once, in the order given, and what else a path leads to, with why.

    Of a folder, and the folders within it, only images are meant; of a run folder, those that were
    delivered. Never raises.
    """
    seen: set[Path] = set()
    for given in paths:
        for each in _of(Path(given)):
            if isinstance(each, NotInspected):
                yield each
            elif each.path not in seen:
                seen.add(each.path)
                yield each


def _of(path: Path) -> Iterator[ImagePath | NotInspected]:
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            yield _file(path)
            return
    except (OSError, ValueError, RuntimeError) as error:
        yield NotInspected(name=str(path), why=_reason(error))
        return
    run = (path / HEADER).is_file() and (path / IMAGES).is_dir()
    found = [each for each in map(_file, _within(path / IMAGES if run else path)) if _fits(each)]
    if not found:
        why = (_not_kept(path) if run else "") or "a folder without an image"
        yield NotInspected(name=str(path), why=why)
    yield from found


def _not_kept(run: Path) -> str:
    """Return why a run folder has no image, where it was told to keep none."""
    try:
        header = json.loads(read_at_most(run / HEADER, MEBIBYTE))
        choice = header["choices"]["keep_images"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f"not kept (--keep-images {choice})" if choice in get_args(KeepImages) else ""


def _within(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those within it, by name; links to folders are left."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(root) / name


def _fits(each: ImagePath | NotInspected) -> bool:
    return isinstance(each, ImagePath)


def _file(path: Path) -> ImagePath | NotInspected:
    """Tell whether a file begins as an image; one that is no plain file is not opened."""
    name = str(path)
    try:
        about, real = path.stat(), path.resolve()
        if not stat.S_ISREG(about.st_mode):
            return NotInspected(name=name, why="no plain file")
        if about.st_size > IMAGE_AT_MOST_BYTES:
            most = f"{IMAGE_AT_MOST_BYTES >> 20} MB"
            return NotInspected(name=name, why=f"{about.st_size:,} bytes: larger than {most}")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError, RuntimeError) as error:
        return NotInspected(name=name, why=_reason(error))
    if not head:
        return NotInspected(name=name, why="the file is empty")
    if not image_format(head):
        return NotInspected(name=name, why="no image: it begins as none of the known formats")
    return ImagePath(name=name, path=real, size_bytes=about.st_size)


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__
