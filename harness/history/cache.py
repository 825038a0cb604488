"""A database in a folder that is made again at will: what was read of the folder's runs.

Each command reads it as a copy of its own and puts the new one in its place in one step, so that
two at once do no harm. Where it is damaged, of another version, or the folder cannot be written to,
it is made anew.
"""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import duckdb

_MOST_BYTES = 2**31
_LEFT_BEHIND_S = 86_400
_ODD = frozenset("\\[*?")

AT_ONCE = 2
"""The threads of a database."""

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A kind of cache: the name of its file, its `tables` (`name (column TYPE, ...)`).

    `prepare` are statements for each connection; what they make is in `reading`, a database in
    memory. `taken` is all else that decides what the tables hold: another one's cache is made anew.
    """

    file: str
    tables: tuple[str, ...]
    prepare: tuple[str, ...] = ()
    taken: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(table.partition(" ")[0] for table in self.tables)

    @property
    def version(self) -> int:
        """A number of the tables and of what is taken for them."""
        return crc32("".join([*self.tables, self.taken]).encode())


@contextmanager
def taken_over(cache: Cache, folder: Path, *, reads: Path | None = None) -> Iterator[Connection]:
    """Give a folder's cache, or an empty one, to be brought up to date; then put it in its place.

    It may read the files below `reads`, the folder itself by default.
    """
    work, reads = _place_for_work(cache, folder), reads or folder
    known = folder / cache.file
    database = _copied(cache, work, known, reads) or _made_anew(cache, work, reads)
    try:
        yield database
        database.close()
        if work is not None:
            with suppress(OSError):
                work.replace(folder / cache.file)
    finally:
        database.close()
        _removed(work)


def is_pattern(folder: Path) -> bool:
    """Tell whether DuckDB takes a folder's name for another: its files are read for it, then."""
    return not _ODD.isdisjoint(str(folder))


def _place_for_work(cache: Cache, folder: Path) -> Path | None:
    """Return where the database can be made; None where the folder cannot be written to.

    Then it lives in memory, as below a folder whose name DuckDB takes for a pattern.
    """
    if is_pattern(folder):
        return None
    try:
        _tidied(cache, folder)
        handle, name = tempfile.mkstemp(prefix=f"{cache.file}.", suffix=".new", dir=folder)
    except OSError:
        return None
    os.close(handle)
    return Path(name)


def _tidied(cache: Cache, folder: Path) -> None:
    """Remove what a process that was killed has left behind long ago."""
    for left in folder.glob(f"{cache.file}.*.new*"):
        if left.lstat().st_mtime < time.time() - _LEFT_BEHIND_S:
            left.unlink(missing_ok=True)


def _removed(work: Path | None) -> None:
    if work is not None:
        for left in (work, Path(f"{work}.wal")):
            with suppress(OSError):
                left.unlink()


def _copied(cache: Cache, work: Path | None, known: Path, reads: Path) -> Connection | None:
    """Open a copy of the cache; None where there is none, or it is not one of this version."""
    if work is None or not _can_be_read(known):
        return None
    database = None
    try:
        shutil.copyfile(known, work)
        database = _opened(cache, work, reads)
        if _is_sound(cache, database):
            return database
    except (OSError, duckdb.Error):
        pass
    if database is not None:
        database.close()
    return None


def _can_be_read(known: Path) -> bool:
    """Tell whether a cache is a plain file of a size that we would write."""
    try:
        found = known.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MOST_BYTES


def _is_sound(cache: Cache, database: Connection) -> bool:
    """Tell whether a database has our tables, all of them readable; duckdb.Error where one is not.

    Nothing else is in it: a view of a stranger's would be run when it is asked.
    """
    kinds = database.execute(
        "SELECT table_name, table_type FROM information_schema.tables"
        " WHERE table_catalog = current_database()"
    ).fetchall()
    if set(kinds) != {(name, "BASE TABLE") for name in ("meta", *cache.names)}:
        return False
    if database.execute("SELECT version FROM meta").fetchall() != [(cache.version,)]:
        return False
    for name in cache.names:  # every block of it, while it can still be made anew
        database.execute(f"SELECT count(COLUMNS(*)) FROM {name}").fetchall()  # noqa: S608 - ours
    return True


def _made_anew(cache: Cache, work: Path | None, reads: Path) -> Connection:
    """Return an empty database, in memory where there is no place for it."""
    _removed(work)
    database = _opened(cache, work, reads)
    database.execute("CREATE TABLE meta (version BIGINT)")
    database.execute("INSERT INTO meta VALUES (?)", [cache.version])
    for table in cache.tables:
        database.execute(f"CREATE TABLE {table}")
    return database


def _opened(cache: Cache, work: Path | None, reads: Path) -> Connection:
    """Open a database that reads files of one folder alone, loads nothing and spills nowhere."""
    database = duckdb.connect(
        ":memory:" if work is None else str(work),
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "temp_directory": "",
            "threads": str(AT_ONCE),
        },
    )
    database.execute("ATTACH ':memory:' AS reading")
    for statement in cache.prepare:
        database.execute(statement)
    quoted = str(reads).replace("'", "''")
    for setting in (
        f"allowed_directories = ['{quoted}']",
        "enable_external_access = false",
        "preserve_insertion_order = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return database
