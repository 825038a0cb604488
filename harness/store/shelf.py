"""Values by digest, most of them on the disk: what is in memory of one is its place."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from harness.store.spool import Spool

T = TypeVar("T")

BLOCK, IN_MEMORY = 16, 64
"""A value that is far away costs the reading of 16; the last 1,000 or so are in memory."""

_DIGITS = 64
_LONGER = b"\xff"
"""What no text ends with in UTF-8: it keeps one from being as long as a digest."""


def packed(digest: str) -> bytes:
    """Return a SHA-256 in half its bytes; any other text in one or two more than it has."""
    if len(digest) == _DIGITS:
        try:
            raw = bytes.fromhex(digest)
        except ValueError:
            raw = b""
        if raw.hex() == digest:
            return raw
    text = b"?" + digest.encode("utf-8", "surrogatepass")
    return text + _LONGER if len(text) == _DIGITS // 2 else text


def unpacked(key: bytes) -> str:
    """Return the text that was packed."""
    if len(key) == _DIGITS // 2:
        return key.hex()
    return key[1:].removesuffix(_LONGER).decode("utf-8", "surrogatepass")


class Shelf(Mapping[str, T]):
    """A mapping that is filled by `put`; some 200 bytes of each value are in memory.

    It yields its keys in the order in which they were put first. Methods raise StoreError where the
    disk of temporary files does not take more.
    """

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._values: Spool[T] = Spool(block=BLOCK, in_memory=IN_MEMORY)

    def put(self, digest: str, value: T) -> None:
        """Keep a value under a digest, instead of an earlier one."""
        self._places[packed(digest)] = len(self._values)
        self._values.append(value)

    def __getitem__(self, digest: str) -> T:
        """Return the value of a digest; KeyError where there is none."""
        return self._values[self._places[packed(digest)]]

    def __contains__(self, digest: object) -> bool:
        """Tell whether there is a value, without reading it."""
        return isinstance(digest, str) and packed(digest) in self._places

    def __iter__(self) -> Iterator[str]:
        """Yield the digests."""
        return map(unpacked, self._places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)
