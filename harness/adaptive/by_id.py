"""Values by the ids of their cases; most of them are on the disk."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from harness.store.spool import Spool

T = TypeVar("T")

_IN_MEMORY = 16
"""How many blocks of values that were read stay in memory."""


class ById(Mapping[str, T]):
    """A mapping of which only the ids are held, in the order in which they came first.

    The plain requests (`OPERATION/base`), with which others are compared, stay in memory. A value
    that is read twice may be another object, equal to the first. Nothing is taken out.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._values: Spool[T] = Spool(in_memory=_IN_MEMORY)
        self._plain: dict[str, T] = {}

    def __setitem__(self, case_id: str, value: T) -> None:
        """Keep a value."""
        self._places[case_id] = len(self._values)
        self._values.append(value)
        if case_id.endswith("/base"):
            self._plain[case_id] = value

    def __getitem__(self, case_id: str) -> T:
        """Return the value of a case; KeyError where there is none."""
        if case_id in self._plain:
            return self._plain[case_id]
        return self._values[self._places[case_id]]

    def __contains__(self, case_id: object) -> bool:
        """Tell whether there is a value; nothing is read."""
        return case_id in self._places

    def __iter__(self) -> Iterator[str]:
        """Yield the ids."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)
