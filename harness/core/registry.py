"""Entries of one kind by name: each registers itself at the place where it is defined."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """A mapping from names to what was registered under them, ordered by rank, then by name.

    Before the first look-up every module of `package` is imported, so that what is defined there
    is registered. What other packages define is there once they have been imported.
    """

    def __init__(self, noun: str, *, package: str) -> None:
        self._noun = noun
        self._package = package
        self._complete = False
        self._entries: dict[str, tuple[int, Entry]] = {}

    def add(self, name: str, entry: Entry, *, rank: int = 0) -> None:
        """Register an entry; ValueError where another one has its name."""
        if name in self._entries:
            raise ValueError(f"the {self._noun} {name!r} is registered twice")
        self._entries[name] = (rank, entry)

    def __getitem__(self, name: str) -> Entry:
        return self._discovered()[name][1]

    def __iter__(self) -> Iterator[str]:
        entries = self._discovered()
        return iter(sorted(entries, key=lambda name: (entries[name][0], name)))

    def __len__(self) -> int:
        return len(self._discovered())

    def _discovered(self) -> Mapping[str, tuple[int, Entry]]:
        if not self._complete:
            for module in iter_modules(import_module(self._package).__path__, f"{self._package}."):
                import_module(module.name)
            self._complete = True
        return self._entries
