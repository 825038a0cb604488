"""The slices of a run on this machine's disk: a folder for each, as its place has handed it over.

DIR/slices/2-of-4/     the run folder of the second of four slices
DIR/slices/state.json  how many there are, where they run, and which have ended
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import StoreError, UsageError
from harness.core.record import RunHeader
from harness.core.slicing import Slice
from harness.store.disk import LocalDisk, write_whole
from harness.store.header import read_header
from harness.store.line import DOCUMENTS, HEADER, JOURNAL, SPECS
from harness.store.replica import Batch

SLICES = "slices"
STATE = "state.json"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a run was cut. `begun` once every slice has its plan here: before, nothing was sent."""

    slices: int
    vantages: tuple[str, ...] = ()
    begun: bool = False
    ended: tuple[int, ...] = ()

    def vantage(self, part: Slice) -> str:
        """Return where a slice runs: the vantage points take their turns."""
        return self.vantages[(part.index - 1) % len(self.vantages)] if self.vantages else ""

    @property
    def parts(self) -> tuple[Slice, ...]:
        """All slices."""
        return tuple(Slice(index=at, of=self.slices) for at in range(1, self.slices + 1))


_STATES = TypeAdapter(State)


class SliceCopy:
    """A slice's run folder here. What `write` was given is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._disk = LocalDisk.create(path)

    def write(self, batch: Batch) -> None:
        """Write what a place has handed over; StoreError where the disk does not take it."""
        try:
            for name, content in batch.files:
                self._put(name, content)
            if batch.journal or self._journal_size() > batch.offset:
                self._write_journal(batch)
        except OSError as error:
            raise StoreError(
                f"cannot write to {self.path}: {error.strerror or error}",
                hint="what is in it is kept; make room, then --resume it",
            ) from None

    def _put(self, name: str, content: bytes | None) -> None:
        if content is None:
            with suppress(FileNotFoundError):  # its folder never came
                self._disk.remove(name)
            return
        if "/" in name:
            self._disk.make_folder(name.partition("/")[0])
        self._disk.put(name, content)

    def _journal_size(self) -> int:
        return self._disk.size(JOURNAL) if self._disk.exists(JOURNAL) else 0

    def _write_journal(self, batch: Batch) -> None:
        size = self._journal_size()
        if size < batch.offset:
            raise StoreError(
                f"{self.path / JOURNAL} has {size:,} bytes, and a slice goes on at byte "
                f"{batch.offset:,}",
                hint="was it changed meanwhile?",
            )
        if size > batch.offset:
            self._disk.truncate(JOURNAL, batch.offset)
        self._disk.append(JOURNAL, batch.journal)
        self._disk.sync(JOURNAL)

    def header(self) -> RunHeader | None:
        """Return its header, if it is here already."""
        if not self._disk.exists(HEADER):
            return None
        return read_header(self._disk.read(HEADER), self.path)

    def files(self) -> dict[str, bytes]:
        """Return what another place needs to go on: all but the images."""
        folders = [name for name in (SPECS, DOCUMENTS) if name in self._disk.names()]
        names = [name for name in self._disk.names() if self._is_file(name)]
        names += [f"{folder}/{name}" for folder in folders for name in self._disk.names(folder)]
        return {name: self._disk.read(name) for name in names}

    def _is_file(self, name: str) -> bool:
        return (self.path / name).is_file()

    def clear(self) -> None:
        """Remove what is here of a slice that has not begun."""
        for name in self.files():
            self._disk.remove(name)

    def close(self) -> None:
        """Give it up."""
        self._disk.close()


class SlicesFolder:
    """All slices of one run; one process writes them at a time."""

    def __init__(self, path: Path, state: State) -> None:
        self.path = path
        self.state = state
        try:
            self._disk = LocalDisk.create(path / SLICES)
            self._disk.lock(_LOCK)
        except BlockingIOError:
            raise UsageError(
                f"{path} is being written to by another run", hint="wait until that has ended"
            ) from None
        except OSError as error:
            raise StoreError(f"cannot write to {path}: {error.strerror or error}") from None

    @classmethod
    def create(cls, path: Path, state: State) -> "SlicesFolder":
        """Begin a run; UsageError where something is there already."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(
                f"{path} is there already and not empty",
                hint="choose another --out, or go on with --resume",
            )
        made = cls(path, state)
        made.keep(state)
        return made

    @classmethod
    def reopen(cls, path: Path) -> "SlicesFolder":
        """Go on with a run; UsageError where none was cut here, or it has sent nothing."""
        try:
            state = _STATES.validate_json((path / SLICES / STATE).read_bytes())
        except (OSError, ValidationError):
            raise UsageError(
                f"{path} is no run whose slices an engine runs",
                hint="leave --on out to go on with a run of one process",
            ) from None
        if not state.begun:
            raise UsageError(
                f"{path}: nothing was sent, not every slice had its plan",
                hint="begin it again with another --out",
            )
        return cls(path, state)

    def copy(self, part: Slice) -> SliceCopy:
        """Return a slice's folder."""
        return SliceCopy(self.folder(part))

    def folder(self, part: Slice) -> Path:
        """Return where a slice's folder is."""
        return self.path / SLICES / f"{part.index}-of-{part.of}"

    def begun(self) -> None:
        """Keep that every slice has its plan here."""
        self.keep(replace(self.state, begun=True))

    def ended(self, part: Slice) -> None:
        """Keep that a slice has sent all that it was to send."""
        self.keep(replace(self.state, ended=tuple(sorted({*self.state.ended, part.index}))))

    def keep(self, state: State) -> None:
        """Write the state; StoreError where that cannot be."""
        self.state = state
        file = self.path / SLICES / STATE
        try:
            write_whole(file, _STATES.dump_json(state) + b"\n")
        except OSError as error:
            raise StoreError(f"cannot write to {file}: {error.strerror or error}") from None

    def close(self) -> None:
        """Let others write to it."""
        self._disk.close()
