"""The index of a folder's runs: what their summaries say, in a database that is made again at will.

It lies in the folder as `.harness-history.duckdb`, and is a cache: a summary that is as it was
(path, size, time of its last change) is not read again.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb

from harness.core.files import read_at_most
from harness.history.cache import AT_ONCE, Cache, Connection, is_pattern, taken_over
from harness.history.extract import KEEP, NAMES, READ, SCHEMA, SEEN, STORE, TABLES, TAKE
from harness.history.folders import MOST_BYTES, SUMMARY, SummaryFile

CACHE = ".harness-history.duckdb"

_INDEX = Cache(file=CACHE, tables=TABLES, prepare=(SEEN,), taken="".join([READ, *KEEP, *STORE]))
_BATCH_BYTES = 24 * 2**20
_BATCH_FILES = 64


@contextmanager
def indexed(folder: Path, files: Sequence[SummaryFile]) -> Iterator[Connection]:
    """Give the index of these summaries of a folder; it is kept for the next time, if that can be.

    A table `files` has each with the `problem` for which it was left out, or null.
    """
    with taken_over(_INDEX, folder) as database:
        _bring_up_to_date(database, folder, files)
        yield database


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

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(read, _batches(folder, new)):
            pass
    for statement in STORE:
        database.execute(statement)


def _batches(folder: Path, files: Sequence[SummaryFile]) -> Iterator[list[SummaryFile]]:
    """Yield files to read together; what DuckDB cannot open by its name is read for itself."""
    batch: list[SummaryFile] = []
    size = 0
    for file in files:
        alone = is_pattern(folder) or "\\" in file.path
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
    if len(places) == 1 and ("\\" in places[0] or is_pattern(folder)):
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
