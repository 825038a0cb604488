"""The process that inspects image files, so that a hostile one costs nothing but itself.

It is told a trust list and then names of files, and answers with what they show. It has no network
and bounded memory, and takes a bounded time of one processor for each file.
"""

import hashlib
import json
import os
import stat
import sys
from contextlib import closing
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from io import BufferedReader, FileIO
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, BinaryIO

from harness.core.files import AT_ONCE
from harness.transport.bodies.formats import HEAD_BYTES, image_format
from harness.transport.inspection.signs import looked_at, signs_of
from harness.transport.inspection.thumbnails import thumbnail_of
from harness.transport.worker import READY, allow_cpu, step_back, take_answers

if TYPE_CHECKING:
    from harness.transport.inspection.manifests import Manifests

CPU_AT_MOST_S = 10
"""Seconds of one processor after which a file is a trap; a real one takes a fiftieth of one."""

DATA_AT_MOST_BYTES = 512 * 1024 * 1024
"""Memory of this process; it has 50 MB without an image."""

IMAGE_AT_MOST_BYTES = 256 * 1024 * 1024

EXTRA = "image-provider-harness[provenance]"
NOT_INSTALLED = f"install {EXTRA} to read signed manifests (Content Credentials)"
OTHER_BYTES = "its file holds other bytes than were received"


def main() -> None:
    """Serve the process that started this one."""
    answers = take_answers()
    step_back(DATA_AT_MOST_BYTES)
    os.environ["OPENBLAS_NUM_THREADS"] = (
        "1"  # its threads would take memory, and the run's processor
    )
    serve_inspecting(sys.stdin.buffer, answers)


def serve_inspecting(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the last question.

    ["trust", PEM] comes first, then for each file ["manifest", PATH, DIGEST] and ["signs", PATH],
    or ["pixels", PATH], which is signs and a thumbnail, so that whatever ends this process among
    its pixels leaves its manifest told. ["thumbnail", PATH, DIGEST] asks for that alone.
    """
    answers.write(READY)
    bench = _Bench("")
    for line in questions:
        allow_cpu(CPU_AT_MOST_S)
        match json.loads(line):
            case ["trust", str(pem)]:
                bench = _Bench(pem)
                answer: dict[str, Any] = {}
            case ["manifest", str(path), str(digest)]:
                answer = bench.manifest(Path(path), digest)
            case ["signs", str(path)]:
                answer = _signs(Path(path))
            case ["pixels", str(path)]:
                answer = _pixels(Path(path))
            case ["thumbnail", str(path), str(digest)]:
                answer = _thumbnail(Path(path), digest)
            case _:
                answer = {}
        answers.write(json.dumps(answer).encode() + b"\n")


class _Bench:
    """What files are looked at with."""

    def __init__(self, pem: str) -> None:
        self._missing = ""
        self._manifests: Manifests | None = None
        if find_spec("c2pa") is None:
            self._missing = NOT_INSTALLED
            return
        try:
            module = import_module("harness.transport.inspection.manifests")
            self._manifests = module.Manifests(pem)
        except (ImportError, OSError, RuntimeError) as error:
            self._missing = f"c2pa-python cannot be loaded: {error}"[:200]

    def manifest(self, path: Path, digest: str) -> dict[str, Any]:
        """Return what a manifest says, as JSON; a `digest` is that of the bytes that are meant."""
        before = process_time()
        try:
            with closing(_opened(path)) as image:
                answer = self._shown(image, digest)
        except OSError as error:
            return {"state": "not_read", "why": f"its file cannot be read: {error.strerror}"}
        return answer | {"cpu_s": process_time() - before}

    def _shown(self, image: BufferedReader, digest: str) -> dict[str, Any]:
        found = hashlib.file_digest(image, "sha256").hexdigest()
        if digest not in ("", found):
            return {"state": "not_read", "digest": digest, "why": OTHER_BYTES}
        image.seek(0)
        kind = image_format(image.read(HEAD_BYTES))
        image.seek(0)
        if self._manifests is None:
            return {"state": "not_read", "digest": found, "why": self._missing}
        state, manifest, why = self._manifests.read(kind, image)
        told = asdict(manifest) if manifest else None
        return {"state": state, "digest": found, "manifest": told, "why": why}


def _opened(path: Path) -> BufferedReader:
    """Open a plain file; OSError for anything else, and for one that is larger than any image."""
    number = os.open(path, os.O_RDONLY | AT_ONCE | getattr(os, "O_NOFOLLOW", 0))
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode) or about.st_size > IMAGE_AT_MOST_BYTES:
        os.close(number)
        raise OSError(0, "no plain file" if not stat.S_ISREG(about.st_mode) else "too large")
    return BufferedReader(FileIO(number))


def _signs(path: Path) -> dict[str, Any]:
    """Return the weak signs of a file; nothing where there are none to see."""
    before = process_time()
    try:
        signs = signs_of(path)
    except MemoryError:
        return {}
    return {"signs": asdict(signs) if signs else None, "cpu_s": process_time() - before}


def _pixels(path: Path) -> dict[str, Any]:
    """Return the weak signs of a file and its thumbnail, by decoding it once."""
    before = process_time()
    thumbnails = [""]
    try:
        signs = signs_of(path, lambda image: thumbnails.append(thumbnail_of(image)))
    except MemoryError:
        return {}
    told = asdict(signs) if signs else None
    return {"signs": told, "thumbnail": thumbnails[-1], "cpu_s": process_time() - before}


def _thumbnail(path: Path, digest: str) -> dict[str, Any]:
    """Return the thumbnail of a file that holds the bytes that are meant; empty without one."""
    before = process_time()
    try:
        with closing(_opened(path)) as image:
            meant = hashlib.file_digest(image, "sha256").hexdigest() == digest
            thumbnail = looked_at(image, thumbnail_of) if meant else None
    except (OSError, MemoryError):
        return {}
    return {"thumbnail": thumbnail or "", "cpu_s": process_time() - before}


if __name__ == "__main__":
    main()
