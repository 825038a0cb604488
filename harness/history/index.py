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
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import duckdb

from harness.core.files import read_at_most
from harness.history.extract import KEEP, NAMES, READ, SCHEMA, SEEN, STORE, TABLES, TAKE
from harness.history.folders import MOST_BYTES, SUMMARY, SummaryFile

CACHE = ".harness-history.duckdb"
VERSION = crc32("".join([*TABLES, READ, *KEEP, *STORE]).encode())
"""Of the tables and of what is taken for them; another one's cache is made anew."""

_BATCH_BYTES = 24 * 2**20
_BATCH_FILES = 64
_MOST_CACHE_BYTES = 2**31
_AT_ONCE = 2
_LEFT_BEHIND_S = 86_400

_ODD = frozenset("\\[*?")

Connection = duckdb.DuckDBPyConnection


@contextmanager
def indexed(folder: Path, files: Sequence[SummaryFile]) -> Iterator[Connection]:
    """Give the index of these summaries of a folder; it is kept for the next time, if that can be.

    A table `files` has each with the `problem` for which it was left out, or null.
    """
    work = _place_for_work(folder)
    database = _taken_over(work, folder) or _made_anew(work, folder)
    try:
        _bring_up_to_date(database, folder, files)
        yield database
        database.close()
        if work is not None:
            with suppress(OSError):
                work.replace(folder / CACHE)
    finally:
        database.close()
        _removed(work)


def _place_for_work(folder: Path) -> Path | None:
    """Return where the index can be made; None where the folder cannot be written to.

    Then it lives in memory, as below a folder whose name DuckDB takes for a pattern.
    """
    if _is_pattern(folder):
        return None
    try:
        _tidied(folder)
        handle, name = tempfile.mkstemp(prefix=f"{CACHE}.", suffix=".new", dir=folder)
    except OSError:
        return None
    os.close(handle)
    return Path(name)


def _is_pattern(folder: Path) -> bool:
    """Tell whether DuckDB takes a folder's name for another: its files are read for it, then."""
    return not _ODD.isdisjoint(str(folder))


def _tidied(folder: Path) -> None:
    """Remove what a process that was killed has left behind long ago."""
    for left in folder.glob(f"{CACHE}.*.new*"):
        if left.lstat().st_mtime < time.time() - _LEFT_BEHIND_S:
            left.unlink(missing_ok=True)


def _removed(work: Path | None) -> None:
    if work is not None:
        for left in (work, Path(f"{work}.wal")):
            with suppress(OSError):
                left.unlink()


def _taken_over(work: Path | None, folder: Path) -> Connection | None:
    """Open a copy of the cache; None where there is none, or it is not one of this version."""
    cache = folder / CACHE
    if work is None or not _can_be_read(cache):
        return None
    database = None
    try:
        shutil.copyfile(cache, work)
        database = _opened(work, folder)
        if _is_sound(database):
            return database
    except (OSError, duckdb.Error):
        pass
    if database is not None:
        database.close()
    return None


def _can_be_read(cache: Path) -> bool:
    """Tell whether a cache is a plain file of a size that we would write."""
    try:
        known = cache.lstat()
    except OSError:
        return False
    return stat.S_ISREG(known.st_mode) and 0 < known.st_size <= _MOST_CACHE_BYTES


def _is_sound(database: Connection) -> bool:
    """Tell whether a database has our tables, all of them readable; duckdb.Error where one is not.

    Nothing else is in it: a view of a stranger's would be run when it is asked.
    """
    kinds = database.execute(
        "SELECT table_name, table_type FROM information_schema.tables"
        " WHERE table_catalog = current_database()"
    ).fetchall()
    if set(kinds) != {(name, "BASE TABLE") for name in ("meta", *NAMES)}:
        return False
    if database.execute("SELECT version FROM meta").fetchall() != [(VERSION,)]:
        return False
    for name in NAMES:  # every block of it, while it can still be made anew
        database.execute(f"SELECT count(COLUMNS(*)) FROM {name}").fetchall()  # noqa: S608 - ours
    return True


def _made_anew(work: Path | None, folder: Path) -> Connection:
    """Return an empty index, in memory where there is no place for it."""
    _removed(work)
    database = _opened(work, folder)
    database.execute("CREATE TABLE meta (version BIGINT)")
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
        for _ in pool.map(read, _batches(folder, new)):
            pass
    for statement in STORE:
        database.execute(statement)


def _batches(folder: Path, files: Sequence[SummaryFile]) -> Iterator[list[SummaryFile]]:
    """Yield files to read together; what DuckDB cannot open by its name is read for itself."""
    batch: list[SummaryFile] = []
    size = 0
    for file in files:
        alone = _is_pattern(folder) or "\\" in file.path
        full = alone or size + file.size > _BATCH_BYTES or len(batch) == _BATCH_FILES
        if batch and full:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size = _BATCH_BYTES if alone else size + file.size
    if batch:
        yield batch


def _store(cursor: Connection, folder: Path, batch: Sequence[SummaryFile]) -> None:
    """Read files into the tables; where they cannot be read together, each for itself."""
    places = {str(folder / file.path / SUMMARY): file for file in batch}
    try:
        _read(cursor, [*places], folder)
    except (duckdb.Error, OSError) as error:
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


def _read(cursor: Connection, places: Sequence[str], folder: Path) -> None:
    if len(places) == 1 and ("\\" in places[0] or _is_pattern(folder)):
        content = read_at_most(Path(places[0]), MOST_BYTES)
        cursor.execute(TAKE, {"file": places[0], "content": content})
    else:
        cursor.execute(READ, {"files": [_literal(place) for place in places]})


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


def _literal(place: str) -> str:
    """Return a pattern that matches a path as it is: DuckDB takes every name for one."""
    return re.sub(r"[\[*?]", r"[\g<0>]", place)
