"""Verdicts of a run as a stream: five to twenty for each record, most of the same few words.

They are kept in columns, a block at a time, on the disk; a pass over them costs a microsecond each.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from threading import RLock
from typing import Any, TypeVar

from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.store.spool import Spool, Values

BLOCK = 1024
"""How many verdicts are written, and read back, together."""

IN_MEMORY = 8
"""How many blocks are kept as values: those of a run of a few hundred requests never leave."""

_MOST_TEXTS = 4_096
_NAMES = tuple(each.name for each in fields(Verdict))
_PUTS: tuple[Callable[[object, object], None], ...] = tuple(
    getattr(Verdict, name).__set__ for name in _NAMES
)
_Columns = tuple[tuple[str | None, ...], ...]


class Verdicts(Values[Verdict]):
    """A sequence of verdicts that only grows. Threads may share it once it is whole."""

    def __init__(self, verdicts: Iterable[Verdict] = ()) -> None:
        self._blocks: Spool[_Columns] | None = None
        self._open: list[Verdict] = []
        self._cached: OrderedDict[int, list[Verdict]] = OrderedDict()
        self._texts: dict[str, str] = {}
        self._turn = RLock()
        for verdict in verdicts:
            self.append(verdict)

    def append(self, verdict: Verdict) -> None:
        """Add a verdict at the end."""
        self._open.append(verdict)
        if len(self._open) == BLOCK:
            self._close_block()

    def __len__(self) -> int:
        """Return how many verdicts there are."""
        return self._closed * BLOCK + len(self._open)

    def __iter__(self) -> Iterator[Verdict]:
        """Yield the verdicts in the order in which they were appended."""
        number = 0
        while number < self._closed:
            yield from self._read(number)
            number += 1
        at = number * BLOCK
        while at < len(self):
            yield self[at]
            at += 1

    def _value_at(self, place: int) -> Verdict:
        number, within = divmod(place, BLOCK)
        if number >= (closed := self._closed):
            return self._open[place - closed * BLOCK]
        return self._read(number)[within]

    def __reduce__(self) -> tuple[type["Verdicts"], tuple[list[Verdict]]]:
        """Pickle the verdicts: the file belongs to this process."""
        return Verdicts, (list(self),)

    @property
    def _closed(self) -> int:
        return 0 if self._blocks is None else len(self._blocks)

    def _close_block(self) -> None:
        if self._blocks is None:
            self._blocks = Spool(block=1, in_memory=1)
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        # One object for each text: it is written once in a block, and is one again when read.
        columns = (map(self._once, (getattr(each, name) for each in self._open)) for name in _NAMES)
        self._keep(self._closed, self._open)
        self._blocks.append(tuple(map(tuple, columns)))
        self._open = []

    def _once(self, text: str | None) -> str | None:
        return None if text is None else self._texts.setdefault(text, text)

    def _read(self, number: int) -> list[Verdict]:
        with self._turn:
            held = self._cached.get(number)
        if held is None:  # no lock is held while the block is read: others may pass meanwhile
            assert self._blocks is not None  # noqa: S101 - there are closed ones
            held = [*map(_made, *self._blocks[number])]
        with self._turn:
            self._keep(number, held)
        return held

    def _keep(self, number: int, verdicts: list[Verdict]) -> None:
        self._cached[number] = verdicts
        self._cached.move_to_end(number)
        while len(self._cached) > IN_MEMORY:
            self._cached.popitem(last=False)


def _made(*values: str | None) -> Verdict:
    """Return a verdict as it was: nothing is checked again."""
    made: Any = object.__new__(Verdict)
    for put, value in zip(_PUTS, values, strict=True):
        put(made, value)
    return made  # type: ignore[no-any-return]  # it is one


Told = TypeVar("Told")

Place = tuple[str, str, str]
"""Provider, operation and case."""


def beside(
    records: Sequence[Record],
    verdicts: Iterable[Verdict],
    told: Callable[[Record], Told],
) -> Iterator[tuple[Told | None, Sequence[Verdict]]]:
    """Yield the verdicts on each case, in their order, with what is `told` of its record.

    It is None where there is no such record. One pass over both where they stand in the same order,
    as `judge_records` has them. What is told of a record is kept for each of them otherwise: it
    should be small, and the same object where it is equal.
    """
    unread: Iterator[Record] = iter(records)
    index: Mapping[int, Told] | None = None
    for place, group in groupby(verdicts, _place_of_verdict):
        if index is None:
            record = next((each for each in unread if _place(each) == place), None)
            if record is not None:
                yield told(record), [*group]
                continue
            index = {hash(_place(each)): told(each) for each in records}
        yield index.get(hash(place)), [*group]


def _place(record: Record) -> Place:
    case = record.shot.case
    return case.provider, case.operation, case.id


def _place_of_verdict(verdict: Verdict) -> Place:
    return verdict.provider, verdict.operation, verdict.case
