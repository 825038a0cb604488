"""What is known of each case, on the disk: 8 bytes of memory for each, and a few of its block."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from harness.core.digests import digest64
from harness.store.spool import Spool

T = TypeVar("T")
Key = tuple[str, ...]


class Keyed(Mapping[Key, T], Generic[T]):
    """Values by the words of a case, most of them on the disk; of equal keys the last one counts.

    They are found by 64 bits of a digest of their key, which is compared with the key itself.
    """

    def __init__(self, entries: Iterable[tuple[Key, T]] = ()) -> None:
        self._entries: Spool[tuple[Key, T]] = Spool(block=256)
        digests = array("Q")
        for key, value in entries:
            self._entries.append((key, value))
            digests.append(_digest(key))
        self._places = array("I", sorted(range(len(digests)), key=digests.__getitem__))
        self._digests = array("Q", (digests[place] for place in self._places))

    def __getitem__(self, key: Key) -> T:
        """Return a key's value."""
        for value in self.every(key):
            return value
        raise KeyError(key)

    def every(self, key: Key) -> Iterator[T]:
        """Yield all values of a key, the last one first."""
        digest = _digest(key)
        at = bisect_left(self._digests, digest)
        end = at
        while end < len(self._digests) and self._digests[end] == digest:
            end += 1
        for place in reversed(self._places[at:end]):
            its, value = self._entries[place]
            if its == key:
                yield value

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys in the order of their entries, each once."""
        for place, (key, _) in enumerate(self._entries):
            if self._first(key) == place:
                yield key

    def __len__(self) -> int:
        """Return how many different keys there are."""
        digests = self._digests
        return sum(not at or digests[at - 1] != digest for at, digest in enumerate(digests))

    def _first(self, key: Key) -> int:
        """Return the place of a key's first entry."""
        return self._places[bisect_left(self._digests, _digest(key))]


class Summed(Keyed[float]):
    """Numbers by the words of a case; those of equal keys are added up."""

    def __getitem__(self, key: Key) -> float:
        """Return the sum of a key's numbers."""
        found = [*self.every(key)]
        if not found:
            raise KeyError(key)
        return sum(reversed(found), 0.0)


def _digest(key: Key) -> int:
    return digest64("\0".join(key))
