"""The frames of one run or of several, made and written.

Every column has a fixed type and its unit in its name, whatever the records hold: a run without a
single image has the same columns as any other. `columns` says what each holds.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.core.errors import StoreError, UsageError
from harness.core.rate import Rate
from harness.core.record import Record, RunHeader
from harness.report.frames.columns import FRAMES, RUN, Columns
from harness.report.frames.rows import (
    Row,
    attempt_row,
    finding_row,
    price_rows,
    verdict_row,
)
from harness.report.model import Report
from harness.store.disk import write_whole
from harness.store.own import insist_own

if TYPE_CHECKING:  # pandas takes 0.3 s to load: it is loaded where a frame is made
    import pandas as pd

NO_RATES: Mapping[str, Rate] = MappingProxyType({})

Tables = dict[str, list[Row]]
"""The rows of each frame, by its name."""

_FORMULAS = {*"=+-@"}
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Four tidy frames: attempts, verdicts, findings, prices; of one run, or of several.

    `verdicts`, `findings` and `prices` join `attempts` on provider and case, and on `run`, which
    all of them have where they are of several runs. `harness.report.frames.columns` says what each
    column holds.
    """

    attempts: "pd.DataFrame"
    verdicts: "pd.DataFrame"
    findings: "pd.DataFrame"
    prices: "pd.DataFrame"

    @property
    def named(self) -> dict[str, "pd.DataFrame"]:
        """The frames by their names."""
        return {name: getattr(self, name) for name in FRAMES}

    def csv(self) -> dict[str, bytes]:
        """Return each frame as CSV (RFC 4180, UTF-8), by the name of its file.

        A text that a spreadsheet would calculate has an apostrophe before it.
        """
        return {
            f"{name}.csv": _as_text(frame).to_csv(index=False).encode()
            for name, frame in self.named.items()
        }

    def parquet(self) -> dict[str, bytes]:
        """Return each frame as Parquet, by the name of its file.

        UsageError where pyarrow, which writes Parquet, is not installed.
        """
        insist_parquet()
        files = {}
        for name, frame in self.named.items():
            content = io.BytesIO()
            frame.to_parquet(content, index=False)
            files[f"{name}.parquet"] = content.getvalue()
        return files

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write all as CSV and Parquet, each file whole or not at all; return the files.

        UsageError where pyarrow is not installed; StoreError where the folder cannot be written.
        """
        return write_files(folder, {**self.csv(), **self.parquet()})


def write_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files into a run folder; StoreError where it cannot be written, as the system says."""
    paths = []
    try:
        for name, content in files.items():
            insist_own(folder / name)  # what is written there would replace a link
            write_whole(folder / name, content)
            paths.append(folder / name)
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror or error}", hint="make the folder writable"
        ) from None
    return tuple(paths)


def insist_parquet() -> None:
    """Raise UsageError where pyarrow, which writes Parquet, is not installed."""
    if find_spec("pyarrow") is None:
        raise UsageError("Parquet needs pyarrow", hint="install image-provider-harness[parquet]")


def frames_of(
    records: Sequence[Record],
    report: Report | None,
    rates: Mapping[str, Rate] = NO_RATES,
) -> Frames:
    """Return the frames of a run, in the order in which its requests ended.

    `rates` say what a provider's unit is worth; a benchmark's own are known. Without a report there
    are no verdicts and no findings.
    """
    return framed(tables_of(records, report, rates))


def tables_of(
    records: Sequence[Record],
    report: Report | None,
    rates: Mapping[str, Rate] = NO_RATES,
) -> Tables:
    """Return the rows of a run's frames."""
    return {
        "attempts": [*attempts_of(records, report.header if report else None)],
        "verdicts": [verdict_row(verdict) for verdict in report.verdicts] if report else [],
        "findings": [finding_row(shown) for shown in report.all_findings] if report else [],
        "prices": [*prices_of(records, report.header if report else None, rates)],
    }


def attempts_of(records: Iterable[Record], header: RunHeader | None) -> Iterator[Row]:
    """Yield the rows of attempts; without a header nobody knows on which day they left."""
    clocks = header.clocks if header else {}
    for record in records:
        yield attempt_row(record, clocks.get(record.shot.case.provider, ()))


def prices_of(
    records: Iterable[Record], header: RunHeader | None, rates: Mapping[str, Rate] = NO_RATES
) -> Iterator[Row]:
    """Yield the rows of prices; the rates of a benchmark's header hold where no other is known."""
    if header and header.benchmark:
        rates = {**header.benchmark.design.exchange_rates, **rates}
    for record in records:
        yield from price_rows(record, rates)


def joined_tables(runs: Iterable[tuple[str, Tables]]) -> Tables:
    """Put runs below each other, each row with its `run` first."""
    all_rows: Tables = {name: [] for name in FRAMES}
    for run, tables in runs:
        for name, rows in tables.items():
            all_rows[name] += [{"run": run, **row} for row in rows]
    return all_rows


def run_names(runs: Iterable[tuple[str, Path | None]]) -> list[str]:
    """Name runs, each by an id and a folder, so that no two have one name."""
    known = [*runs]
    times = Counter(run for run, _ in known)
    names: list[str] = []
    for at, (run, folder) in enumerate(known, 1):
        name = run if times[run] == 1 else str(folder or f"{run} ({at})")
        names.append(name if name not in names else f"{name} ({at})")
    return names


def framed(tables: Tables, *, several: bool = False) -> Frames:
    """Return rows as frames; `several` runs have a column that names the run."""
    made = {
        name: _frame(RUN | columns if several else columns, tables[name])
        for name, columns in FRAMES.items()
    }
    return Frames(**made)


def _frame(columns: Columns, rows: Sequence[Row]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - see above

    return pd.DataFrame(
        {
            name: pd.array([plain(row.get(name)) for row in rows], dtype=column.type)  # type: ignore[call-overload]  # a name of a type
            for name, column in columns.items()
        }
    )


def plain(content: object) -> object:
    """Return a text without what no table holds: NUL, and halves of surrogate pairs, as escapes."""
    if not isinstance(content, str):
        return content
    whole = content.replace("\0", "\\u0000")
    return whole if whole.isascii() else whole.encode("utf-8", "backslashreplace").decode()


def _as_text(frame: "pd.DataFrame") -> "pd.DataFrame":
    texts = {
        name: frame[name].map(uncalculated)
        for name in frame.columns
        if frame[name].dtype == "string"
    }
    return frame.assign(**texts)


def uncalculated(content: object) -> object:
    """Return a text that a spreadsheet would take for a formula with an apostrophe before it."""
    formula = isinstance(content, str) and content.lstrip()[:1] in _FORMULAS
    return f"'{content}" if formula else content
