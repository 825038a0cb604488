"""How much of a run files hold that are read whole: of more they hold what matters, and say so."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

from harness.core.verdict import Verdict

MOST_VERDICTS = 200_000
"""Of up to so many verdicts, `summary.json` and `junit.xml` hold each; of more, none that passed.

`--format csv` and `--format parquet` write every one."""

MOST_ATTEMPTS = 20_000
"""How many requests of a benchmark `summary.json` holds, the first ones; `--format csv` all."""

T = TypeVar("T")


class Written(Sequence[T]):
    """Rows that are written one after the other, and how many are `left_out`."""

    def __init__(self, rows: Sequence[T], left_out: int) -> None:
        self._rows, self.left_out = rows, left_out

    def __iter__(self) -> Iterator[T]:
        """Yield the rows that are written."""
        return islice(iter(self._rows), len(self))

    def __len__(self) -> int:
        """Return how many rows are written."""
        return len(self._rows) - self.left_out

    def __getitem__(self, index: int) -> T:  # type: ignore[override]  # no slices
        """Return a row."""
        return self._rows[index]


class WrittenVerdicts(Written[Verdict]):
    """The verdicts of a run, without those that passed where there are very many."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        few = len(verdicts) <= MOST_VERDICTS
        super().__init__(verdicts, 0 if few else sum(each.status == "pass" for each in verdicts))

    def __iter__(self) -> Iterator[Verdict]:
        """Yield the verdicts that are written."""
        if not self.left_out:
            return iter(self._rows)
        return (each for each in self._rows if each.status != "pass")


def first_rows(rows: Sequence[T], most: int) -> Written[T]:
    """Return the first rows, and how many are left out."""
    return Written(rows, max(len(rows) - most, 0))
