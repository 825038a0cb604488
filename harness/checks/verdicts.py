"""Verdicts of a run as a stream: five to twenty for each record, most of the same few words.

They are kept in columns, a block at a time, on the disk; a pass over them costs a microsecond each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any, TypeVar

from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.store.spool import Spool

BLOCK = 1024
"""How many verdicts are written, and read back, together."""

IN_MEMORY = 8
"""How many blocks are kept as values: those of a run of a few hundred requests never leave."""

_MOST_TEXTS = 4_096
_NAMES = tuple(each.name for each in fields(Verdict))
_PUTS: tuple[Callable[[object, object], None], ...] = tuple(
    getattr(Verdict, name).__set__ for name in _NAMES
)


class Verdicts(Spool[Verdict]):
    """A sequence of verdicts that only grows, written in columns. Threads may share it."""

    def __init__(self, verdicts: Iterable[Verdict] = ()) -> None:
        self._texts: dict[str, str] = {}
        super().__init__(verdicts, block=BLOCK, in_memory=IN_MEMORY)

    def _written(self, values: list[Verdict]) -> list[Any]:
        """Return the columns, with one object for each text: it is written once in a block."""
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        return [[self._once(getattr(each, name)) for each in values] for name in _NAMES]

    def _once(self, text: str | None) -> str | None:
        return None if text is None else self._texts.setdefault(text, text)

    def _read_back(self, written: list[Any]) -> list[Verdict]:
        return [*map(_made, *written)]


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
