"""The index of a folder's runs: what their summaries say, in a database that is made again at will.

It lies in the folder as `.harness-history.duckdb`, and is a cache: a summary that is as it was
(path, size, time of its last change) is not read again. Each command reads it as a copy of its own
and puts the new one in its place in one step, so that two at once do no harm. Where it is damaged,
of another version, or the folder cannot be written to, everything is read from the summaries.
"""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from harness.history.extract import KEEP, NAMES, READ, SCHEMA, SEEN, STORE, TABLES
from harness.history.folders import SUMMARY, SummaryFile

CACHE = ".harness-history.duckdb"
VERSION = 1
"""Of the tables and of what is taken for them; another one's cache is made anew."""

_BATCH_BYTES = 24 * 2**20
_BATCH_FILES = 64
_MOST_CACHE_BYTES = 2**31
_AT_ONCE = 2

Connection = duckdb.DuckDBPyConnection


@contextmanager
def indexed(folder: Path, files: Sequence[SummaryFile]) -> Iterator[Connection]:
    """Give the index of these summaries of a folder; it is kept for the next time, if that can be.

    A table `files` has each with the `problem` for which it was left out, or null.
    """
    work, database = _working_copy(folder)
    try:
        if database is None:
            database = _connected(work, folder)
        _bring_up_to_date(database, folder, files)
        yield database
        database.close()
        if work is not None:
            with suppress(OSError):
                work.replace(folder / CACHE)
    finally:
        database is None or database.close()
        if work is not None:
            for left in (work, Path(f"{work}.wal")):
                with suppress(OSError):
                    left.unlink()


def _working_copy(folder: Path) -> tuple[Path | None, Connection | None]:
    """Return the path of a copy of the cache and it opened, if it is sound; None for no path.

    Without a path the index lives in memory: the folder cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f"{CACHE}.", suffix=".new", dir=folder)
    except OSError:
        return None, None
    work, cache = Path(name), folder / CACHE
    try:
        with os.fdopen(handle, "wb") as copy:
            known = cache.lstat()
            if not stat.S_ISREG(known.st_mode) or known.st_size > _MOST_CACHE_BYTES:
                raise OSError
            with cache.open("rb") as file:
                shutil.copyfileobj(file, copy)
        return work, _sound(work, folder)
    except (OSError, duckdb.Error):
        with suppress(OSError):
            work.unlink()
        return work, None


def _sound(work: Path, folder: Path) -> Connection:
    """Open a copy of a cache; duckdb.Error where it is not what this version would have written."""
    database = _opened(work, folder)
    try:
        kinds = database.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_catalog = current_database()"
        ).fetchall()
        if {name for (name,) in kinds} != {"meta", *NAMES}:
            raise duckdb.Error
        if database.execute("SELECT version FROM meta").fetchall() != [(VERSION,)]:
            raise duckdb.Error
        for name in NAMES:  # every block of it, while it can still be made anew
            database.execute(f"SELECT count(COLUMNS(*)) FROM {name}").fetchall()  # noqa: S608
    except BaseException:
        database.close()
        raise
    return database


def _connected(work: Path | None, folder: Path) -> Connection:
    """Return an empty index, in memory where there is no path."""
    database = _opened(work, folder)
    database.execute("CREATE TABLE meta (version INTEGER)")
    database.execute("INSERT INTO meta VALUES (?)", [VERSION])
    for table in TABLES:
        database.execute(f"CREATE TABLE {table}")
    return database


def _opened(work: Path | None, folder: Path) -> Connection:
    """Open a database that reads files of the folder alone, loads nothing and spills nowhere."""
    database = duckdb.connect(
        ":memory:" if work is None else str(work),
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "temp_directory": "",
            "threads": str(_AT_ONCE),
        },
    )
    database.execute("ATTACH ':memory:' AS reading")
    database.execute(SEEN)
    quoted = str(folder).replace("'", "''")
    for setting in (
        f"allowed_directories = ['{quoted}']",
        "enable_external_access = false",
        "preserve_insertion_order = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return database


def _bring_up_to_date(database: Connection, folder: Path, files: Sequence[SummaryFile]) -> None:
    known = {
        SummaryFile(path=path, size=size, mtime_ns=mtime_ns)
        for path, size, mtime_ns in database.execute(
            "SELECT path, size, mtime_ns FROM files"
        ).fetchall()
    }
    gone = [file.path for file in known.difference(files)]
    if gone:
        for name in NAMES:
            database.execute(
                f"DELETE FROM {name} WHERE path IN (SELECT unnest($gone))",  # noqa: S608
                {"gone": gone},
            )
    new = [file for file in files if file not in known]

    def read(batch: Sequence[SummaryFile]) -> None:
        cursor = database.cursor()
        try:
            _store(cursor, folder, batch)
        finally:
            cursor.close()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(read, _batches(new)):
            pass
    for statement in STORE:
        database.execute(statement)


def _batches(files: Sequence[SummaryFile]) -> Iterator[list[SummaryFile]]:
    batch: list[SummaryFile] = []
    size = 0
    for file in files:
        if batch and (size + file.size > _BATCH_BYTES or len(batch) == _BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _store(cursor: Connection, folder: Path, batch: Sequence[SummaryFile]) -> None:
    """Read files into the tables; where they cannot be read together, each for itself."""
    places = {str(folder / file.path / SUMMARY): file for file in batch}
    try:
        cursor.execute(READ, {"files": [_literal(place) for place in places]})
    except duckdb.Error as error:
        if len(batch) > 1:
            for file in batch:
                _store(cursor, folder, [file])
            return
        _note(cursor, batch[0], f"cannot be read ({str(error).splitlines()[0][:200]})")
        return
    schemas = {
        place: None if it is None else (schema,)
        for place, it, schema in cursor.execute(
            "SELECT file, CASE WHEN it IS NOT NULL THEN 1 END, it.schema FROM got"
        ).fetchall()
    }
    cursor.execute(
        "UPDATE got SET path = mapped.path FROM"
        " (SELECT unnest($places) AS place, unnest($paths) AS path) AS mapped"
        " WHERE got.file = mapped.place",
        {"places": [*places], "paths": [file.path for file in places.values()]},
    )
    for statement in KEEP:
        cursor.execute(statement)
    for place, file in places.items():
        _note(cursor, file, _problem(schemas.get(place)))


def _problem(schema: tuple[int | None] | None) -> str | None:
    """Say why a file is left out: None for no JSON, else its schema as the one member."""
    if schema is None:
        return "is no JSON of a run (cut off, or damaged)"
    if schema[0] == SCHEMA:
        return None
    if schema[0] is None:
        return "says no schema: it is not a run's"
    return f"has schema {schema[0]}, of another version of the harness; this one reads {SCHEMA}"


def _note(cursor: Connection, file: SummaryFile, problem: str | None) -> None:
    cursor.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?)", [file.path, file.size, file.mtime_ns, problem]
    )


_SPECIAL: Callable[[re.Match[str]], str] = lambda found: (  # noqa: E731 - one line
    "?" if found[0] == "\\" else f"[{found[0]}]"
)


def _literal(place: str) -> str:
    """Return a pattern that matches a path as it is: DuckDB takes every name for one."""
    return re.sub(r"[\[*?\\]", _SPECIAL, place)
