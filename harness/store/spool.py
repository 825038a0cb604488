"""A sequence as large as its disk: what is appended is kept in blocks, of which few are in memory.

Records, verdicts and attempts of a run flow through it: a pass reads one block after the other, and
what is held beside that is held for each promise or value, never for each record. The journal stays
the truth; a spool is made from it, belongs to one process and is gone with it.
"""

import os
import pickle
import tempfile
import weakref
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from typing import IO, Any, TypeVar, cast, overload

T = TypeVar("T")

BLOCK = 64
"""How many values are written, and read back, together."""

IN_MEMORY = 8
"""How many blocks that were read are kept as values: a run of a few hundred requests never leaves
memory."""


class Spool(Sequence[T]):
    """A sequence of values that only grows; most of it is in an unnamed file on the disk.

    Iterating is a pass in order; several may be under way at once, also while values are appended
    (a pass ends with what was there when it reached the end). A value that is read twice may be
    another object, equal to the first. Not for threads.
    """

    def __init__(
        self, values: Iterable[T] = (), *, block: int = BLOCK, in_memory: int = IN_MEMORY
    ) -> None:
        self._block = block
        self._in_memory = in_memory
        self._file: IO[bytes] | None = None
        self._places = array("Q")
        self._ends = array("Q")
        self._end = 0
        self._cached: OrderedDict[int, list[T]] = OrderedDict()
        self._open: list[T] = []
        self.extend(values)

    def append(self, value: T) -> None:
        """Add a value at the end."""
        self._open.append(value)
        if len(self._open) == self._block:
            self._close_block()

    def extend(self, values: Iterable[T]) -> None:
        """Add values at the end."""
        for value in values:
            self.append(value)

    def __reduce__(self) -> tuple[type["Spool[T]"], tuple[list[T]]]:
        """Pickle the values: the file belongs to this process."""
        return Spool, (list(self),)

    def __len__(self) -> int:
        """Return how many values there are."""
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

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return a value by its place, or the sequence of some places, read when it is used."""
        if isinstance(index, slice):
            return Picked(self, range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        number, within = divmod(place, self._block)
        if number == len(self._places):
            return self._open[within]
        return self._read(number)[within]

    def _close_block(self) -> None:
        raw = _packed(self._open)
        if self._file is None:
            self._file = _unnamed()
            weakref.finalize(self, self._file.close)
        self._file.seek(self._end)
        self._file.write(raw)
        number = len(self._places)
        self._places.append(self._end)
        self._end += len(raw)
        self._ends.append(self._end)
        self._keep(number, self._open)
        self._open = []

    def _read(self, number: int) -> list[T]:
        held = self._cached.get(number)
        if held is None:
            raw = self._raw(self._places[number], self._ends[number])
            held = cast("list[T]", pickle.loads(zlib.decompress(raw)))  # noqa: S301 - our own
        self._keep(number, held)
        return held

    def _raw(self, start: int, end: int) -> bytes:
        file = cast("IO[bytes]", self._file)
        if hasattr(os, "pread"):  # a forked process shares the file's position, and moves none here
            return os.pread(file.fileno(), end - start, start)
        file.seek(start)
        return file.read(end - start)

    def _keep(self, number: int, values: list[T]) -> None:
        self._cached[number] = values
        self._cached.move_to_end(number)
        while len(self._cached) > self._in_memory:
            self._cached.popitem(last=False)


class Picked(Sequence[T]):
    """Some places of a sequence, in an order of their own; the values are read when used."""

    def __init__(self, whole: Sequence[T], places: Iterable[int]) -> None:
        self._whole = whole
        self._places = places if isinstance(places, range) else array("Q", places)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._places)

    def __iter__(self) -> Iterator[T]:
        """Yield the values in their order here."""
        return (self._whole[place] for place in self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return a value by its place here, or the sequence of some places."""
        if isinstance(index, slice):
            return Picked(self._whole, self._places[index])
        return self._whole[self._places[index]]


def picked(values: Sequence[T], keep: Callable[[T], bool]) -> Sequence[T]:
    """Return the values that `keep` holds of, in order, without holding them."""
    return Picked(values, (place for place, value in enumerate(values) if keep(value)))


def ordered(values: Sequence[T], key: Callable[[T], Any]) -> Sequence[T]:
    """Return the values in the order of a key, without holding them: only the keys are held.

    Equal keys keep their order, as with `sorted`.
    """
    keys = [key(value) for value in values]
    return Picked(values, sorted(range(len(keys)), key=keys.__getitem__))


class _Packer(pickle.Pickler):
    """Pickles frozen dataclasses with slots by their fields, five times as fast to read back."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as pickle has it
        kind = type(value)
        if is_dataclass(kind) and hasattr(kind, "__slots__"):
            return _made, (kind, *[getattr(value, name) for name in _names(kind)])
        return NotImplemented


def _packed(values: Sequence[object]) -> bytes:
    buffer = BytesIO()
    _Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(list(values))
    return zlib.compress(buffer.getvalue(), 1)


def _unnamed() -> IO[bytes]:
    return cast("IO[bytes]", tempfile.TemporaryFile(prefix="harness-", buffering=0))


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


__all__ = ["BLOCK", "IN_MEMORY", "Picked", "Spool", "ordered", "picked"]
