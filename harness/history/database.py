"""All runs below a folder as a database: runs, attempts, verdicts, findings, prices.

What was read is kept in the folder as `.harness-frames.duckdb`, and is a cache: a run whose files
are as they were is not read again. Where the folder is itself a run's, or cannot be written to, all
is read each time. No run's folder is ever written into.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from harness.core.errors import NothingTested, UsageError
from harness.core.rate import Rate
from harness.history.cache import Cache, Connection, is_pattern, taken_over
from harness.history.order import StoredRun, in_order
from harness.history.run_rows import PARQUET, RunFiles, find_runs, rows_of, written
from harness.report.frames.columns import FRAMES, MOMENT
from harness.report.frames.frames import NO_RATES
from harness.report.frames.rows import Row

CACHE = ".harness-frames.duckdb"
VERSION = 1
"""Raised where the rows are made in another way from the same files."""

RUNS = {
    "run": "the run's id",
    "folder": "its folder, below the one asked for; tells runs apart that have one id",
    "created_at": "when it began",
    "finished_at": "when it ended; missing for one under way, or killed",
    "against": "emulator, cassettes or live",
    "interrupted": "whether it ended before its plan did",
    "benchmark": "whether it measured, and did not test for conformance",
    "harness": "the version of the harness",
    "seed": "the seed of its draws",
}
"""The columns of `runs`; all views have `run` and `folder` first."""

_TYPES = {
    "string": "VARCHAR",
    "Int64": "BIGINT",
    "Float64": "DOUBLE",
    "boolean": "BOOLEAN",
    MOMENT: "TIMESTAMP WITH TIME ZONE",
}
RUN_TYPES = dict.fromkeys(RUNS, "VARCHAR") | {
    **dict.fromkeys(("created_at", "finished_at"), _TYPES[MOMENT]),
    **dict.fromkeys(("interrupted", "benchmark"), "BOOLEAN"),
}
_COLUMNS = {
    name: {column: _TYPES[known.type] for column, known in columns.items()}
    for name, columns in FRAMES.items()
}
_ABOUT = {
    **dict.fromkeys(("run", "harness", "created", "finished", "against", "seed"), "VARCHAR"),
    **dict.fromkeys(("interrupted", "benchmark"), "BOOLEAN"),
    "traffic": "VARCHAR",
}
_STORED: dict[str, dict[str, str]] = {
    "files": {"folder": "VARCHAR", "mark": "VARCHAR"},
    "notes": {"folder": "VARCHAR", "note": "VARCHAR"},
    "about": {"folder": "VARCHAR", **_ABOUT},
    **{name: {"folder": "VARCHAR", **columns} for name, columns in _COLUMNS.items()},
}


def _table(name: str, columns: Mapping[str, str]) -> str:
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    return f"{name} ({listed})"


_CACHE = Cache(
    file=CACHE,
    tables=tuple(_table(name, columns) for name, columns in _STORED.items()),
    taken=str(VERSION),
)
_BATCH_ROWS = 20_000


def database_of(
    folder: Path,
    *,
    exchange_rates: Mapping[str, Rate] = NO_RATES,
    note: Callable[[str], None] = lambda _sentence: None,
    now: datetime | None = None,
) -> Connection:
    """Return the runs below a folder as a database in memory, with a view for each frame.

    UsageError where it is no folder or cannot be read, NothingTested where no run lies there.
    """
    passed: list[str] = []
    try:
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is no folder" if folder.exists() else f"{folder} is not there",
                hint="name a folder with run folders in it",
            )
        whole = folder.resolve()
        runs = [*find_runs(whole, passed)]
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    if not runs:
        why = f": {passed[0]}" if passed else ""
        raise NothingTested(f"{folder} has no run{why}", hint="name a folder with run folders")
    database = _kept(whole, runs) or _read_anew(whole, runs)
    passed += _serve(database, exchange_rates, now or datetime.now(UTC))
    database.execute("CREATE TABLE notes (note VARCHAR)")
    for sentence in passed:
        database.execute("INSERT INTO notes VALUES (?)", [sentence])
        note(sentence)
    return database


def _kept(folder: Path, runs: Sequence[RunFiles]) -> Connection | None:
    """Bring the folder's cache up to date and open it; None where it cannot be kept there."""
    if is_pattern(folder) or any(run.path == "." for run in runs) or not os.access(folder, os.W_OK):
        return None
    with taken_over(_CACHE, folder) as store:
        _bring_up_to_date(store, folder, runs)
    database = _connected()
    try:
        _attach(database, folder / CACHE)
        known = database.execute("SELECT folder, mark FROM store.files").fetchall()
    except duckdb.Error:
        known = []
    if set(known) == {(run.path, run.mark) for run in runs}:
        return database
    database.close()
    return None


def _read_anew(folder: Path, runs: Sequence[RunFiles]) -> Connection:
    """Read all runs into a database in memory."""
    database = _connected()
    with tempfile.TemporaryDirectory(prefix="harness-") as place:
        with taken_over(_CACHE, Path(place), reads=folder) as store:
            _bring_up_to_date(store, folder, runs)
        _attach(database, Path(place) / CACHE, name="file")
        database.execute("ATTACH ':memory:' AS store")
        for name in _STORED:
            database.execute(f"CREATE TABLE store.{name} AS FROM file.{name}")
        database.execute("DETACH file")
    return database


def _connected() -> Connection:
    return duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": "false", "allow_community_extensions": "false"},
    )


def _attach(database: Connection, file: Path, *, name: str = "store") -> None:
    quoted = str(file).replace("'", "''")
    database.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")


def _bring_up_to_date(store: Connection, folder: Path, runs: Sequence[RunFiles]) -> None:
    """Read the runs whose files are others than before, and forget those that are gone."""
    known = set(store.execute("SELECT folder, mark FROM files").fetchall())
    wanted = {(run.path, run.mark) for run in runs}
    if gone := [path for path, _ in known - wanted]:
        for name in _STORED:
            store.execute(
                f"DELETE FROM {name} WHERE folder IN (SELECT unnest($gone))",  # noqa: S608 - ours
                {"gone": gone},
            )
    waiting = _Waiting(store)
    for run in runs:
        if (run.path, run.mark) not in known:
            parquet = run.has_parquet and _took_parquet(store, folder, run)
            seen = rows_of(folder, run, parquet=parquet)
            waiting.add("files", [{"mark": run.mark}], run.path)
            waiting.add("notes", [{"note": said} for said in seen.notes], run.path)
            waiting.add("about", [seen.about] if seen.about else [], run.path)
            for name, rows in seen.rows.items():
                waiting.add(name, rows, run.path)
    waiting.flush()


def _took_parquet(store: Connection, folder: Path, run: RunFiles) -> bool:
    """Take attempts and prices from a run's Parquet; False where it is not as we write it today."""
    if is_pattern(folder / run.path):
        return False
    for file in PARQUET:
        name, place = file.removesuffix(".parquet"), str(folder / run.path / file)
        try:
            found = store.execute(
                "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($place))",
                {"place": place},
            ).fetchall()
            if dict(found) != _COLUMNS[name]:
                raise duckdb.InvalidInputException(place)
            store.execute(
                f"INSERT INTO {name} BY NAME SELECT $run AS folder, * FROM read_parquet($place)",  # noqa: S608 - ours
                {"run": run.path, "place": place},
            )
        except duckdb.Error:
            for each in _COLUMNS:
                store.execute(f"DELETE FROM {each} WHERE folder = ?", [run.path])  # noqa: S608
            return False
    return True


class _Waiting:
    """Rows that wait to be stored: many at once are a tenth of the time."""

    def __init__(self, store: Connection) -> None:
        self._store = store
        self._texts: dict[str, list[str]] = {name: [] for name in _STORED}
        self._rows = 0

    def add(self, name: str, rows: Sequence[Row], folder: str) -> None:
        for row in rows:
            self._texts[name].append(written(row, folder))
            self._rows += 1
            if self._rows >= _BATCH_ROWS:
                self.flush()

    def flush(self) -> None:
        for name, texts in self._texts.items():
            if texts:
                kinds = json.dumps(_STORED[name])
                self._store.execute(
                    f"INSERT INTO {name} BY NAME SELECT unnest(json_transform(each, '{kinds}'))"  # noqa: S608 - ours
                    " FROM (SELECT unnest($texts) AS each)",
                    {"texts": texts},
                )
                texts.clear()
        self._rows = 0


def _serve(database: Connection, rates: Mapping[str, Rate], now: datetime) -> list[str]:
    """Make the views of what is stored; return what is odd about the runs, a sentence each."""
    seen, notes = in_order(_stored(database), now)
    said = database.execute("FROM store.notes ORDER BY ALL").fetchall()
    database.execute("SET TimeZone = 'UTC'")
    database.execute("CREATE TABLE " + _table("runs", RUN_TYPES))
    for run in seen:
        about = [run.run, run.path, run.created, run.finished, run.against, run.interrupted]
        about += [run.benchmark, run.harness, run.seed]
        database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", about)
    database.execute("CREATE TABLE rates (provider VARCHAR, unit VARCHAR, usd DOUBLE)")
    for name, rate in rates.items():
        worth = [name, rate.unit.lower(), float(rate.usd)]
        database.execute("INSERT INTO rates VALUES (?, ?, ?)", worth)
    for name in _COLUMNS:
        database.execute(_view(name))
    return [*(f"{path}: {why}" for path, why in said), *notes]


def _view(name: str) -> str:
    if name != "prices":
        return (
            f"CREATE VIEW {name} AS SELECT runs.run, it.* FROM store.{name} AS it"  # noqa: S608
            " JOIN runs USING (folder)"
        )
    worth = "CASE WHEN lower(it.unit) <> 'usd' THEN it.{} * rates.usd END"
    return (
        "CREATE VIEW prices AS SELECT runs.run, it.* REPLACE ("  # noqa: S608 - ours
        f"coalesce({worth.format('amount')}, it.usd) AS usd,"
        f" coalesce({worth.format('amount_per_image')}, it.usd_per_image) AS usd_per_image)"
        " FROM store.prices AS it JOIN runs USING (folder) LEFT JOIN rates"
        " ON it.provider = rates.provider AND rates.unit IN ('', lower(it.unit))"
    )


def _stored(database: Connection) -> Iterator[StoredRun]:
    names = ("run", "harness", "created", "finished", "interrupted", "against", "seed", "benchmark")
    for path, traffic, *about in database.execute(
        f"SELECT folder, traffic, {', '.join(names)} FROM store.about ORDER BY folder"  # noqa: S608
    ).fetchall():
        known: dict[str, Any] = dict(zip(names, about, strict=True))
        known["benchmark"] = bool(known["benchmark"])
        sent = [(str(name), str(base), number) for name, base, number in json.loads(traffic)]
        yield StoredRun(path=path, traffic=tuple(sent), **known)
