"""The attempts of a benchmark in the order of a report, most of them on the disk."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.stats.benchmark.model import Attempt, Reliability, Speed
from harness.store.spool import Spool, Values

TOGETHER = 32
"""How many attempts of a row are written, and read back, together."""

HELD = 64
"""How many of these are kept as values: a benchmark of two thousand never leaves memory."""


class Row(NamedTuple):
    """Whose attempts stand together."""

    workload: str
    stage: str
    provider: str
    basis: str
    vantage: str


def row_of(attempt: Attempt) -> Row:
    """Return the row of an attempt."""
    return Row(attempt.workload, attempt.stage, attempt.provider, attempt.basis, attempt.vantage)


class Observed(Values[Attempt]):
    """Attempts row by row, in a row by their intended start; equal ones by their case.

    Rows stand in the order of `rank`. In memory are 8 bytes for each attempt, and few attempts;
    iterating is a pass over the disk. Not for threads.
    """

    def __init__(self, attempts: Iterable[Attempt], rank: Callable[[Row], tuple[int, ...]]) -> None:
        self._chunks: Spool[tuple[Attempt, ...]] = Spool(block=1, in_memory=HELD)
        numbers: dict[Row, array[int]] = {}
        due_s: dict[Row, array[float]] = {}
        lasts: dict[Row, list[Attempt]] = {}
        for attempt in attempts:
            row = row_of(attempt)
            last = lasts.setdefault(row, [])
            last.append(attempt)
            due_s.setdefault(row, array("d")).append(attempt.due_s)
            if len(last) == TOGETHER:
                numbers.setdefault(row, array("Q")).append(len(self._chunks))
                self._chunks.append(tuple(last))
                last.clear()
        for row, last in lasts.items():
            numbers.setdefault(row, array("Q")).append(len(self._chunks))
            self._chunks.append(tuple(last))
        self.rows = tuple(sorted(lasts, key=lambda row: (rank(row), row)))
        """The rows in their order."""
        self._numbers = numbers
        self._orders = {row: self._order(row, due_s.pop(row)) for row in self.rows}
        self._ends = [*accumulate(len(self._orders[row]) for row in self.rows)]

    def _order(self, row: Row, due_s: "array[float]") -> NDArray[np.int64]:
        """Return the places of a row's attempts by time; only where two are equal, by case too."""
        starts = np.frombuffer(due_s, dtype=float)
        order = np.argsort(starts, kind="stable")
        same = np.flatnonzero(np.diff(starts[order]) == 0)
        for first, last in _runs(same):
            tied = order[first : last + 1]
            cases = {place: self._in_row(row, place).case for place in tied.tolist()}
            order[first : last + 1] = sorted(cases, key=lambda place: (cases[place], place))
        return order

    def _in_row(self, row: Row, place: int) -> Attempt:
        number, within = divmod(place, TOGETHER)
        return self._chunks[self._numbers[row][number]][within]

    def of(self, row: Row) -> Iterator[Attempt]:
        """Yield the attempts of a row in their order; nothing where there is no such row."""
        order = self._orders.get(row)
        if order is not None:
            for start in range(0, len(order), 1024):
                for place in order[start : start + 1024].tolist():
                    yield self._in_row(row, place)

    def __iter__(self) -> Iterator[Attempt]:
        """Yield all attempts in their order."""
        for row in self.rows:
            yield from self.of(row)

    def __len__(self) -> int:
        """Return how many attempts there are."""
        return self._ends[-1] if self._ends else 0

    def _value_at(self, place: int) -> Attempt:
        number = bisect_right(self._ends, place)
        row, before = self.rows[number], self._ends[number - 1] if number else 0
        return self._in_row(row, int(self._orders[row][place - before]))

    def __reduce__(self) -> tuple[type[tuple[Attempt, ...]], tuple[list[Attempt]]]:
        """Pickle the attempts: the file belongs to this process."""
        return tuple, (list(self),)


def _runs(same: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first and last places that are equal to each other, of places equal to the next."""
    if len(same):
        breaks = np.flatnonzero(np.diff(same) > 1)
        firsts, lasts = np.append(same[0], same[breaks + 1]), np.append(same[breaks], same[-1])
        yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)


def attempts_of(observations: Sequence[Attempt], of: Speed | Reliability) -> Iterator[Attempt]:
    """Yield the attempts that a row is about in their order, warm-up left out.

    A row that names no vantage point is about those of all.
    """
    rows = (
        (
            attempt
            for row in observations.rows
            if _about(row, of)
            for attempt in observations.of(row)
        )
        if isinstance(observations, Observed)
        else (attempt for attempt in observations if _about(row_of(attempt), of))
    )
    return (attempt for attempt in rows if not attempt.warm_up)


def _about(row: Row, of: Speed | Reliability) -> bool:
    named = (of.workload, of.stage, of.provider, of.basis)
    return row[:-1] == named and of.vantage in ("", row.vantage)
