"""A run folder: header, journal and images by digest; nothing received is lost.

The journal is one JSON object a line, appended and never rewritten: `sent` before a shot leaves,
`exchange` as soon as a round trip is over, `outcome` when the shot is finished, `skipped` where
nothing was sent. A line that a crash cut off at the end is left out when the journal is read.
"""

import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from harness.core.case import Shot
from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Exchange, Reply
from harness.core.outcome import Outcome
from harness.core.record import Evidence, Record
from harness.core.run import RunHeader

JOURNAL = "journal.jsonl"
HEADER = "run.json"
IMAGES = "images"
BALLAST = ".ballast"
BALLAST_BYTES = 16 * 1024 * 1024
"""Held back from the start and given up when the disk is full, so that what is in flight fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the journal; the fields that are given tell its kind."""

    provider: str
    case: str
    attempt: int = 1
    shot: Shot | None = None
    evidence: Evidence | None = None
    exchange: Exchange | None = None
    outcome: Outcome | None = None
    skipped: str | None = None


_LINE = TypeAdapter(Line)
_HEADER = TypeAdapter(RunHeader)


class RunFolder:
    """Writes one run; every method raises StoreError where the disk will not take it.

    A folder has one writer: the journal is locked until it is closed or its process ends.
    """

    def __init__(self, path: Path, journal: int) -> None:
        self.path = path
        self.full = False
        """The disk is full: what is in flight may still be written, nothing new should be sent."""
        self._journal: int | None = journal
        self._room = Lock()

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """Make a new folder, or take an unused one; UsageError where something is there already."""
        try:
            if path.exists() and not _unused(path):
                raise UsageError(
                    f"{path} is there already and not empty",
                    hint="choose another --out, or go on with --resume",
                )
            (path / IMAGES).mkdir(parents=True, exist_ok=True)
            return cls._opened(path)
        except OSError as error:
            raise _unusable(path, error) from None

    @classmethod
    def reopen(cls, path: Path) -> "RunFolder":
        """Go on with a folder; UsageError where it is none, or where a run still writes to it."""
        if not (path / HEADER).is_file():
            raise _no_run(path, "No such file or directory")
        try:
            (path / IMAGES).mkdir(exist_ok=True)
            folder = cls._opened(path)
            folder.mend()
        except OSError as error:
            raise _unusable(path, error) from None
        return folder

    @classmethod
    def _opened(cls, path: Path) -> "RunFolder":
        journal = os.open(path / JOURNAL, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o644)
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _hold_back(path / BALLAST)
        except BlockingIOError:
            os.close(journal)
            raise UsageError(
                f"{path} is being written to by another run", hint="wait until that has ended"
            ) from None
        except OSError:
            os.close(journal)
            raise
        return cls(path, journal)

    def mend(self) -> None:
        """Take away what a crash left of a last line, so that the next one starts on its own."""
        raw = (self.path / JOURNAL).read_bytes()
        last = raw.rpartition(b"\n")[2]
        if not last or self._journal is None:
            return
        try:
            _LINE.validate_json(last)
        except ValidationError:
            os.ftruncate(self._journal, len(raw) - len(last))
        else:  # only its end is missing
            _write_all(self._journal, b"\n")

    def write_header(self, header: RunHeader) -> None:
        """Write `run.json` whole or not at all."""
        self.write_file(HEADER, _HEADER.dump_json(header, indent=2) + b"\n")

    def write_file(self, name: str, content: bytes) -> None:
        """Write a file beside the journal, whole or not at all; threads may write the same one."""
        target = self.path / name

        def write() -> None:
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).chmod(0o644)  # mkstemp makes a file for its owner alone
                Path(temporary).replace(target)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink()  # on a full disk, half a file is in the way
                raise

        self._insist(write)

    def keep_image(self, name: str, content: bytes) -> None:
        """Keep an image under its digest; the same image is written once."""
        target = self.path / IMAGES / name
        if target.exists():
            return
        self.write_file(f"{IMAGES}/{name}", content)

    def append(self, line: Line) -> None:
        """Append a line; one that holds a served reply is on the disk when this returns."""
        raw = _LINE.dump_json(line, exclude_defaults=True) + b"\n"
        durable = isinstance(line.exchange, Exchange) and _served(line.exchange)

        journal = self._journal
        if journal is None:
            raise StoreError(f"{self.path}: its journal is closed")

        def write() -> None:
            start = os.fstat(journal).st_size
            try:
                _write_all(journal, raw)
            except OSError:
                os.ftruncate(journal, start)  # half a line would spoil the next one
                raise
            if durable:
                os.fsync(journal)

        self._insist(write)

    def _insist(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise _disk(self.path, error) from None
            try:
                self._make_room()
                write()
            except OSError as again:
                raise _disk(self.path, again) from None

    def _make_room(self) -> None:
        """Give up what was held back, or wait until another thread has."""
        with self._room:
            self.full = True
            (self.path / BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the journal and give back what was held back."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        (self.path / BALLAST).unlink(missing_ok=True)


def _unused(path: Path) -> bool:
    """Tell whether a folder is empty, or holds only what a run that never began has left."""
    if not path.is_dir():
        return False
    names = {entry.name for entry in path.iterdir()}
    if not names:
        return True
    return names <= {IMAGES, JOURNAL, BALLAST} and _is_empty(path / JOURNAL)


def _is_empty(file: Path) -> bool:
    return file.is_file() and file.stat().st_size == 0


def _hold_back(ballast: Path) -> None:
    try:
        with ballast.open("wb") as file:
            file.write(bytes(BALLAST_BYTES))  # zeros that are written, for a hole takes no room
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        ballast.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, raw: bytes) -> None:
    view = memoryview(raw)
    while view:
        view = view[os.write(descriptor, view) :]


def _served(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Reply) and exchange.answer.status < 300  # noqa: PLR2004


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"cannot write to {path}: {error.strerror or error}",
        hint="nothing was sent; make room or choose another --out",
    )


def _disk(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"cannot write to {path}: {reason}",
        hint="what was received so far is in its journal; make room, then --resume it",
    )


@dataclass(slots=True)
class Unfinished:
    """A shot that was sent and of which no outcome was written."""

    line: Line
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a run folder holds: finished records, and shots that were under way when it stopped."""

    header: RunHeader
    records: tuple[Record, ...]
    unfinished: tuple[Unfinished, ...]


def read_run(path: Path) -> Past:
    """Read a run folder back; UsageError where it is none or was altered."""
    try:
        header = _HEADER.validate_json((path / HEADER).read_bytes())
    except OSError as error:
        raise _no_run(path, error.strerror or str(error)) from None
    except ValidationError as error:
        raise UsageError(f"{path / HEADER}: {_first(error)}") from None
    under_way: dict[tuple[str, str], Unfinished] = {}
    records: dict[tuple[str, str], Record] = {}  # a later attempt replaces an earlier one
    for line in _lines(path / JOURNAL):
        key = (line.provider, line.case)
        if line.shot is not None and line.skipped is None:
            records.pop(key, None)  # it left again: what counts is how this attempt ends
            under_way[key] = Unfinished(line)
        elif line.skipped is not None and key in under_way:
            continue  # it left earlier and may be paid: skipping it now does not undo that
        elif line.exchange is not None and key in under_way:
            under_way[key].exchanges.append(line.exchange)
        elif line.shot is not None or line.outcome is not None:
            records[key] = _finished(line, under_way.pop(key, None))
    return Past(
        header=header, records=tuple(records.values()), unfinished=tuple(under_way.values())
    )


def _no_run(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no run folder: {HEADER}: {why}", hint="give a folder that harness run wrote"
    )


def _finished(line: Line, begun: Unfinished | None) -> Record:
    shot = line.shot or (begun.line.shot if begun else None)
    evidence = line.evidence or (begun.line.evidence if begun else None)
    if shot is None or evidence is None:
        raise UsageError(f"journal: the outcome of {line.case} has no beginning")
    return Record(
        shot=shot,
        evidence=evidence,
        outcome=line.outcome,
        exchanges=tuple(begun.exchanges) if begun else (),
        skipped=line.skipped,
    )


def _lines(path: Path) -> Iterator[Line]:
    try:
        raw = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    lines = raw.split(b"\n")
    for number, content in enumerate(lines, 1):
        if not content:
            continue
        try:
            yield _LINE.validate_json(content)
        except ValidationError as error:
            if number == len(lines):  # cut off by a crash: no newline follows
                return
            raise UsageError(
                f"{path}, line {number}: {_first(error)}",
                hint="the journal was altered; remove that line to leave its record out",
            ) from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
