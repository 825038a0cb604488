"""A sequence as large as its disk: what is appended is kept in blocks, of which few are in memory.

Records, verdicts and attempts of a run flow through it: a pass reads one block after the other, and
what is held beside that is held for each promise or value, never for each record. The journal stays
the truth; a spool is made from it, belongs to one process and is gone with it.
"""

import errno
import os
import pickle
import tempfile
import weakref
import zlib
from abc import abstractmethod
from array import array
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, partial
from io import BytesIO
from itertools import accumulate, chain, count, groupby
from operator import add, eq
from threading import RLock
from typing import IO, Any, TypeVar, cast, overload

from harness.core.errors import StoreError
from harness.store.convoy import convoy_of_thread
from harness.store.disk import write_all
from harness.store.recent import Recent

T = TypeVar("T")

BLOCK = 64
"""How many values are written, and read back, together."""

IN_MEMORY = 32
"""How many blocks that were read are kept as values, of all spools of a process that do not say
otherwise: a run of a thousand requests never leaves memory."""

_COPIED_BYTES = 1024 * 1024


class Values(Sequence[T]):
    """A sequence that equals another one of the same values: a list, a tuple, one of these."""

    @abstractmethod
    def _value_at(self, place: int) -> T:
        """Return the value at a place from 0 on; IndexError where there is none."""

    def each_at(self, places: Iterable[int]) -> Iterator[T]:
        """Yield the values at some places from 0 on; IndexError where there is none."""
        return map(self._value_at, places)

    def _values_at(self, places: slice) -> Sequence[T]:
        """Return the sequence of some places, read when it is used."""
        return Picked(self, range(*places.indices(len(self))))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return a value by its place, or the sequence of some places, read when it is used."""
        if isinstance(index, slice):
            return self._values_at(index)
        place = index + len(self) if index < 0 else index
        if place < 0:
            raise IndexError(index)
        return self._value_at(place)

    def __eq__(self, other: object) -> bool:
        """Tell whether another sequence holds the same values in the same order."""
        if not isinstance(other, (Values, list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # it grows, and lists have none

    def __repr__(self) -> str:
        """Say how many values there are, and none of them."""
        return f"<{type(self).__name__} of {len(self)}>"


class Spool(Values[T]):
    """A sequence of values that only grows; most of it is in an unnamed file on the disk.

    Iterating is a pass in order; several may be under way at once, also while values are appended
    (a pass ends with what was there when it reached the end). A value that is read twice may be
    another object, equal to the first. Threads may share it. A process that was forked reads what
    was there, and what it appends is its own. Methods raise StoreError where the disk of temporary
    files does not take more, or does not give back what it took.
    """

    def __init__(
        self, values: Iterable[T] = (), *, block: int = BLOCK, in_memory: int | None = None
    ) -> None:
        """Make one of some values.

        With `in_memory` it keeps so many blocks itself, apart from those of other spools.
        """
        self._block = block
        self._number = next(_NUMBERS)
        self._recent = _SHARED if in_memory is None else Recent(in_memory)
        weakref.finalize(self, self._recent.forget, self._number)
        self._file: _Unnamed | None = None
        self._places = array("Q")
        self._end = 0
        self._open: list[T] = []
        self._turn = RLock()
        self.extend(values)

    def append(self, value: T) -> None:
        """Add a value at the end."""
        with self._turn:
            self._open.append(value)
            if len(self._open) == self._block:
                self._close_block()

    def extend(self, values: Iterable[T]) -> None:
        """Add values at the end."""
        for value in values:
            self.append(value)

    def __reduce__(self) -> tuple[type["Spool[T]"], tuple[list[T]]]:
        """Pickle the values: the file belongs to this process."""
        return type(self), (list(self),)

    def __len__(self) -> int:
        """Return how many values there are."""
        with self._turn:
            return len(self._places) * self._block + len(self._open)

    def __iter__(self) -> Iterator[T]:
        """Yield the values in the order in which they were appended."""
        number = 0
        while number < len(self._places):
            yield from self._read(number)
            number += 1
        at = number * self._block
        while at < len(self):
            yield self[at]
            at += 1

    def each_at(self, places: Iterable[int]) -> Iterator[T]:
        """Yield the values at some places; of those of one block in a row, it is read once."""
        last, held = -1, list[T]()
        for place in places:
            number, within = divmod(place, self._block)
            if number == last:
                yield held[within]
            elif number < len(self._places):
                last, held = number, self._read(number)
                yield held[within]
            else:
                yield self._value_at(place)

    def _value_at(self, place: int) -> T:
        number, within = divmod(place, self._block)
        with self._turn:
            if number >= (closed := len(self._places)):
                return self._open[place - closed * self._block]
        return self._read(number)[within]

    def _close_block(self) -> None:
        raw = _packed(self._written(self._open))
        try:
            if self._file is None or not self._file.is_own:
                self._file = _Unnamed(self._file, self._end)
            self._file.write(raw, self._end)
        except OSError as error:
            self._open.pop()  # a value that was refused is not there
            raise _no_room(error) from None
        number = len(self._places)
        self._places.append(self._end)
        self._end += len(raw)
        self._recent.put((self._number, number), self._open)
        self._open = []

    def load(self, number: int) -> list[T]:
        """Return a block, read from the disk."""
        with self._turn:
            end = self._places[number + 1] if number + 1 < len(self._places) else self._end
            try:
                raw = cast("_Unnamed", self._file).read(self._places[number], end)
            except OSError as error:
                raise _no_room(error) from None
        return self._read_back(pickle.loads(zlib.decompress(raw)))  # noqa: S301 - our own

    def _written(self, values: list[T]) -> list[Any]:
        """Return what is written of a block's values."""
        return values

    def _read_back(self, written: list[Any]) -> list[T]:
        """Return the values of a block of which this was written."""
        return written

    def _read(self, number: int) -> list[T]:
        held = self._recent.get((self._number, number))
        if held is None:
            convoy = convoy_of_thread()
            held = self.load(number) if convoy is None else convoy.wait(self, number)
            self._recent.put((self._number, number), held)
        return held


_NUMBERS = count()
_SHARED = Recent(IN_MEMORY)


class Picked(Values[T]):
    """Some places of a sequence, in an order of their own; the values are read when used."""

    def __init__(self, whole: Sequence[T], places: Iterable[int]) -> None:
        self._whole = whole
        self._places = places if isinstance(places, range) else array("Q", places)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._places)

    def __iter__(self) -> Iterator[T]:
        """Yield the values in their order here."""
        return _each_of(self._whole, self._places)

    def each_at(self, places: Iterable[int]) -> Iterator[T]:
        """Yield the values at some places here."""
        return _each_of(self._whole, (self._places[place] for place in places))

    def _value_at(self, place: int) -> T:
        return self._whole[self._places[place]]

    def _values_at(self, places: slice) -> Sequence[T]:
        return Picked(self._whole, self._places[places])


class Chained(Values[T]):
    """Some sequences, one behind the other; what grows there grows here."""

    def __init__(self, parts: Iterable[Sequence[T]]) -> None:
        self._parts = tuple(parts)

    def __len__(self) -> int:
        """Return how many values there are."""
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[T]:
        """Yield the values of the first sequence, then those of the next."""
        return chain.from_iterable(self._parts)

    def each_at(self, places: Iterable[int]) -> Iterator[T]:
        """Yield the values at some places; those of one part in a row are read as its own."""
        ends = [*accumulate(map(len, self._parts))]
        for part, these in groupby(places, lambda place: bisect(ends, place)):
            if part == len(ends):
                raise IndexError(ends[-1] if ends else 0)
            within = map(partial(add, -ends[part - 1] if part else 0), these)
            yield from _each_of(self._parts[part], within)

    def _value_at(self, place: int) -> T:
        within = place
        for part in self._parts:
            if within < len(part):
                return part[within]
            within -= len(part)
        raise IndexError(place)


def _each_of(values: Sequence[T], places: Iterable[int]) -> Iterator[T]:
    return values.each_at(places) if isinstance(values, Values) else map(values.__getitem__, places)


def chained(parts: Iterable[Sequence[T]]) -> Sequence[T]:
    """Return sequences one behind the other, without holding their values; a single one as it is.

    Those that are empty are left out: they may not grow any more.
    """
    filled = [part for part in parts if len(part)]
    return filled[0] if len(filled) == 1 else Chained(filled)


def picked(values: Sequence[T], keep: Callable[[T], bool]) -> Sequence[T]:
    """Return the values that `keep` holds of, in order, without holding them."""
    return Picked(values, (place for place, value in enumerate(values) if keep(value)))


def ordered(values: Sequence[T], key: Callable[[T], Any]) -> Sequence[T]:
    """Return the values in the order of a key, without holding them: only the keys are held.

    Equal keys keep their order, as with `sorted`; values without a key, None, are left out.
    """
    places, keys = array("Q"), list[Any]()
    for place, value in enumerate(values):
        if (its := key(value)) is not None:
            places.append(place)
            keys.append(its)
    return Picked(values, (places[at] for at in sorted(range(len(keys)), key=keys.__getitem__)))


class _Packer(pickle.Pickler):
    """Pickles frozen dataclasses with slots by their fields, five times as fast to read back."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as pickle has it
        kind = type(value)
        if is_dataclass(kind) and hasattr(kind, "__slots__"):
            return _made, (kind, *[getattr(value, name) for name in _names(kind)])
        return NotImplemented


def _packed(values: list[Any]) -> bytes:
    buffer = BytesIO()
    _Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(values)
    return zlib.compress(buffer.getvalue(), 1)


class _Unnamed:
    """A file without a name: the disk is free of it when it is forgotten, or its process ends."""

    def __init__(self, before: "_Unnamed | None" = None, end: int = 0) -> None:
        """Make a file; OSError where it cannot be made. It begins as another one does."""
        file = tempfile.TemporaryFile(prefix="harness-", buffering=0)  # noqa: SIM115 - kept open
        self._file = cast("IO[bytes]", file)
        weakref.finalize(self, file.close)
        self._process = os.getpid()
        for at in range(0, end, _COPIED_BYTES):
            if before is not None:
                self.write(before.read(at, min(at + _COPIED_BYTES, end)), at)

    @property
    def is_own(self) -> bool:
        """Whether this process made it, and no other one appends to it."""
        return self._process == os.getpid()

    def write(self, raw: bytes, at: int) -> None:
        """Write all of it from a place on."""
        self._file.seek(at)
        write_all(self._file.fileno(), raw)

    def read(self, start: int, end: int) -> bytes:
        """Return what was written from one place to another."""
        read = bytearray()
        while len(read) < end - start:
            piece = self._piece(start + len(read), end)
            if not piece:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            read += piece
        return bytes(read)

    def _piece(self, start: int, end: int) -> bytes:
        if hasattr(os, "pread"):  # a forked process shares the file's position, and moves none here
            return os.pread(self._file.fileno(), end - start, start)
        self._file.seek(start)
        return self._file.read(end - start)


def _no_room(error: OSError) -> StoreError:
    folder = tempfile.tempdir or "the folder of temporary files"
    return StoreError(
        f"{folder} does not hold what is too much for memory: {error.strerror or error}",
        hint="make room there, or let TMPDIR be a folder with room, and try again",
    )


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any dataclass
    return tuple(each.name for each in fields(kind))


@cache
def _setters(kind: Any) -> tuple[Callable[[object, object], None], ...]:  # noqa: ANN401
    return tuple(getattr(kind, name).__set__ for name in _names(kind))


def _made(kind: type, *values: object) -> object:
    """Return a dataclass with slots of these values, as it was: nothing is checked again."""
    made: object = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(made, value)
    return made


__all__ = [
    "BLOCK",
    "IN_MEMORY",
    "Chained",
    "Picked",
    "Spool",
    "Values",
    "chained",
    "ordered",
    "picked",
]
