"""The formats of recordings by name: each class registers itself where it is defined.

A format is tried on every file until one knows it; a new one is one decorated class in a module of
this package, and nothing else names it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.core.registry import Registry
from harness.transport.foreign.formats import Raw

Reads = Literal["document", "text", "bytes", "folder"]
"""What a format is found in: the value of a JSON or YAML file, its text or bytes, or a folder's
path."""


class Recorder(Protocol):
    """Reads the recordings of one format."""

    def entries(self, source: object) -> Iterable[object] | None:
        """Return the interactions of a recording, None where it is of another format.

        `source` is a value of JSON or YAML (`reads="document"`), a `str` (`"text"`), `bytes`
        (`"bytes"`) or a `Path` (`"folder"`). A list at one of the format's `lists` is a
        `StreamedList`: it can be iterated over again and again, and is never held whole. ValueError
        where it is this format, and not as it should be.
        """
        ...

    def raw(self, entry: object) -> Raw:
        """Read one interaction; ValueError (one line) where it cannot be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A registered format: `title` names it to users, with what it is known by."""

    name: str
    title: str
    reads: Reads
    lists: tuple[str, ...]
    recorder: Recorder
    begins: re.Pattern[bytes] | None = None


RECORDERS: Registry[Format] = Registry("recording format", package=__name__.rpartition(".")[0])


def recorder(  # noqa: PLR0913 - what a format is
    name: str,
    *,
    title: str,
    reads: Reads = "document",
    lists: tuple[str, ...] = (),
    rank: int = 0,
    begins: bytes = b"",
) -> Callable[[type[Recorder]], type[Recorder]]:
    """Register a class without state as the reader of a format.

    `lists` are the places of its interactions, keys joined by dots (`log.entries`; empty for the
    file itself): they are read one by one. Formats of lower `rank` are tried first. `begins` is a
    pattern of the first bytes of a format that is read as bytes. One without a `title` is known and
    not read: it says how to get what is.
    """

    def register(kind: type[Recorder]) -> type[Recorder]:
        entry = Format(
            name=name,
            title=title,
            reads=reads,
            lists=lists,
            recorder=kind(),
            begins=re.compile(begins) if begins else None,
        )
        RECORDERS.add(name, entry, rank=rank)
        return kind

    return register


def recognised(source: object, reads: Reads) -> tuple[Format, Iterable[object]] | None:
    """Return the format that knows `source`, and its interactions; None where none does."""
    for entry in RECORDERS.values():
        entries = entry.recorder.entries(source) if entry.reads == reads else None
        if entries is not None:
            return entry, entries
    return None


def may_be_binary(head: bytes) -> bool:
    """Tell whether a file with these first bytes may be of a format that is read as bytes."""
    return any(kind.begins and kind.begins.match(head) for kind in RECORDERS.values())


def places() -> frozenset[str]:
    """Return the places at which some format has its interactions."""
    return frozenset(place for entry in RECORDERS.values() for place in entry.lists)


def titles() -> str:
    """Return the formats that are read, as a part of a sentence: without how they are known."""
    return ", ".join(_KNOWN_BY.sub("", entry.title) for entry in RECORDERS.values() if entry.title)


_KNOWN_BY = re.compile(r" \(.*\)$")
