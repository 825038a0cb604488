"""Several sequences as one, without a copy of any."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar, overload

from harness.store.spool import Picked

T = TypeVar("T")


class Joined(Sequence[T]):
    """The values of several sequences, one after the other; what grows there grows here."""

    def __init__(self, *parts: Sequence[T]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        """Return how many values there are."""
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[T]:
        """Yield the values in order: a pass over each sequence."""
        return chain.from_iterable(self._parts)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return a value by its place, or the sequence of some places, read when it is used."""
        if isinstance(index, slice):
            return Picked(self, range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if place >= 0:
            for part in self._parts:
                if place < len(part):
                    return part[place]
                place -= len(part)
        raise IndexError(index)
