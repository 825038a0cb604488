"""Image files are inspected one at a time, in a process of their own that may end on any of them.

The process is started for the first file. Where it dies of one, or takes too long, that file is not
read, and the next one goes to a new process.
"""

import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Self

from harness.core.inspection import Inspection, Manifest, Signs
from harness.transport.inspection.anchors import NO_ANCHORS, Anchors
from harness.transport.inspection.inspector_worker import (
    CPU_AT_MOST_S,
    DATA_AT_MOST_BYTES,
    NOT_INSTALLED,
    OTHER_BYTES,
)
from harness.transport.worker_process import LostError, WorkerProcess, worker_command

__all__ = ["NOT_INSTALLED", "OTHER_BYTES", "TOO_LONG", "Inspector", "reads_manifests"]

COMMAND = worker_command(
    "harness.transport.inspection.inspector_worker", ["PIL", "numpy", "imagehash", "c2pa"]
)

WITHIN_S = 30.0
"""How long one file may take, on however busy a machine; a real one takes some hundredths."""

STARTS_WITHIN_S = 60.0

ENDED = (
    "reading it ended the process that reads, which may take "
    f"{DATA_AT_MOST_BYTES >> 20} MB and {CPU_AT_MOST_S} s of one processor"
)
TOO_LONG = "reading it took too long, and was ended"
UNSTARTED = "no process to read it can be started here"


def reads_manifests() -> bool:
    """Tell whether the extra is installed that signed manifests are read with."""
    return find_spec("c2pa") is not None


class _NotReadError(Exception):
    """A file was not read; the message says why."""


class Inspector:
    """Inspects files against a trust list; its callers wait for one another."""

    def __init__(
        self,
        anchors: Anchors = NO_ANCHORS,
        *,
        command: Sequence[str] = COMMAND,
        within_s: float = WITHIN_S,
    ) -> None:
        self.anchors = anchors
        self.cpu_s = 0.0
        """Seconds of one processor that the files took, the process's start aside."""
        self.lost_s = 0.0
        """Seconds that went to files that were not read, for they ended the process."""
        self._command = command
        self._within_s = within_s
        self._process: WorkerProcess | None = None
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def inspect(self, image: Path, digest: str = "", *, thumbnail: bool = False) -> Inspection:
        """Inspect a file; never raises, whatever it is.

        `digest` is the SHA-256 of the bytes that are meant: of others nothing is told. With
        `thumbnail`, a small copy is made as well.
        """
        with self._turn:
            inspection = self._manifest(image, digest)
            if inspection.why in (OTHER_BYTES, TOO_LONG, ENDED):  # it would do so again
                return inspection
            if not thumbnail:
                return replace(inspection, signs=self._signs(image))
            signs, small = self._pixels(image)
            return replace(inspection, signs=signs, thumbnail=small)

    def thumbnail(self, image: Path, digest: str) -> str:
        """Return a small copy of the file that has this digest; empty where none can be made."""
        with self._turn:
            try:
                return str(self._asked("thumbnail", str(image), digest).get("thumbnail", ""))
            except _NotReadError:
                return ""

    def close(self) -> None:
        """End the process; a later file starts another one."""
        with self._turn:
            self._end()

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    def _manifest(self, image: Path, digest: str) -> Inspection:
        try:
            answer = self._asked("manifest", str(image), digest)
            told = answer["manifest"] if answer["state"] == "read" else None
            return Inspection(
                digest=answer.get("digest") or digest,
                state=answer["state"],
                manifest=Manifest(**_tuples(told)) if told else None,
                anchors=self.anchors.digest,
                why=answer["why"],
            )
        except _NotReadError as error:
            why = str(error)
        except (TypeError, KeyError):
            self._end()
            why = ENDED
        if not digest:
            with suppress(OSError), image.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Inspection(digest=digest, state="not_read", anchors=self.anchors.digest, why=why)

    def _signs(self, image: Path) -> Signs | None:
        try:
            signs = self._asked("signs", str(image)).get("signs")
            return Signs(**signs) if signs else None
        except (_NotReadError, TypeError):
            return None

    def _pixels(self, image: Path) -> tuple[Signs | None, str]:
        """Return the signs and a small copy, for which the file is decoded once."""
        try:
            answer = self._asked("pixels", str(image))
            signs = answer.get("signs")
            return Signs(**signs) if signs else None, str(answer.get("thumbnail", ""))
        except (_NotReadError, TypeError):
            return None, ""

    def _asked(self, *question: str) -> dict[str, Any]:
        """Return the process's answer. Raises _NotReadError, which says why there is none."""
        try:
            process = self._started()
        except (OSError, LostError):
            self._end()
            raise _NotReadError(UNSTARTED) from None
        started_s = time.monotonic()
        try:
            answer = process.run(*question, within_s=self._within_s)
        except LostError:
            self._end()
            took_s = time.monotonic() - started_s
            self.lost_s += took_s
            raise _NotReadError(ENDED if took_s < self._within_s else TOO_LONG) from None
        self.cpu_s += answer.get("cpu_s", 0.0)
        return answer

    def _started(self) -> WorkerProcess:
        if self._process is None:
            self._process = WorkerProcess(self._command)
            self._process.run("trust", self.anchors.pem, within_s=STARTS_WITHIN_S)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.end()
            self._process = None


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
