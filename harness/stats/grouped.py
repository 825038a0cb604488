"""Records by what they have in common, as places in their sequence: no group holds a record."""

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from harness.store.spool import Picked

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)

MOST_CASES = 1_000
"""How many case ids (or image digests) a row names: the first ones; its counts are of all."""


def grouped(values: Sequence[T], key: Callable[[T], Key | None]) -> dict[Key, Sequence[T]]:
    """Return the values by their key, those without one left out, keys and values in their order.

    A group reads its values when it is used, each time anew.
    """
    places: dict[Key, array[int]] = {}
    for place, value in enumerate(values):
        if (its := key(value)) is not None:
            places.setdefault(its, array("Q")).append(place)
    return {its: Picked(values, found) for its, found in places.items()}


class First:
    """The first different texts of many, and no more of them than a row names."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Add a text, while there is room."""
        if len(self._texts) < MOST_CASES:
            self._texts[text] = None

    def extend(self, texts: Iterable[str]) -> None:
        """Add texts, while there is room."""
        for text in texts:
            self.add(text)

    @property
    def told(self) -> tuple[str, ...]:
        """The texts in the order in which they were added."""
        return tuple(self._texts)
