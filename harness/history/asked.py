"""One question to the runs below a folder, in SQL, and its answer as text."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from harness.core.errors import UsageError
from harness.history.database import database_of
from harness.report.frames.frames import uncalculated


def answer(folder: Path, sql: str, *, as_json: bool, note: Callable[[str], None]) -> str:
    """Return what a query returns: CSV with a header, or JSON, a list of objects.

    The query reads no file and changes none: the database is in memory, and has no access to
    others. UsageError, with DuckDB's sentence, for a query that it does not take.
    """
    database = database_of(folder, note=note)
    try:
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        found = database.execute(sql)
        names, rows = [column[0] for column in found.description or ()], found.fetchall()
    except duckdb.Error as error:
        raise UsageError(
            f"--sql: {str(error).splitlines()[0]}",
            hint='the views are runs, attempts, verdicts, findings, prices; "case" is quoted',
        ) from None
    finally:
        database.close()
    if as_json:
        said = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        return json.dumps(said, indent=2, ensure_ascii=True, default=str) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([uncalculated(_plain(cell)) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell: object) -> object:
    """Return a value as CSV and JSON have it: moments in ISO 8601; what is no number is missing."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124 - NaN alone is not itself
        return None
    return cell
