"""The verb that looks at many runs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from harness.core.rate import Rate
from harness.history.cache import Connection
from harness.history.database import database_of
from harness.history.history import history_of
from harness.history.model import History
from harness.history.page import page_of
from harness.report.history_page import history_html


def history(
    folder: str | Path,
    *,
    providers: Sequence[str] = (),
    since: date | None = None,
    now: datetime | None = None,
) -> History:
    """Return what the runs below a folder showed over time, and what changed when; send nothing.

    Only these `providers`, all of them where none is named; only runs of the day `since` and later.
    Dates are held against `now`. An index is kept in the folder where it can be written to. What
    cannot be read is left out, and `History.notes` say why. UsageError where no run is left.
    """
    return history_of(Path(folder), providers=providers, since=since, now=now)


def database(
    folder: str | Path,
    *,
    exchange_rates: Mapping[str, Rate] | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Connection:
    """Return all runs below a folder as a DuckDB database with five views; send nothing.

    `runs` has a row for each run; `attempts`, `verdicts`, `findings` and `prices` have the columns
    of `frames`, and `run` and `folder` first, which join them. Verdicts and findings are what the
    runs said when they ended: nothing is judged again. `exchange_rates` say what one unit of a
    provider's price is worth in US dollars. `note` hears what is left out, and why; a table `notes`
    says it, too.

    What was read is kept below the folder, in `.harness-frames.duckdb`, if that can be; the folder
    of a run is never written into. The database is a copy in memory or reads only: what is done to
    it changes no run. UsageError where there is no such folder, NothingTested where it has no run.

        con = database("reports")
        con.sql("select provider, median(seconds_to_images) from attempts group by all").df()
    """
    return database_of(Path(folder), exchange_rates=exchange_rates or {}, note=note)


def history_page(history: History) -> str:
    """Return a history as one HTML page that loads nothing else."""
    return history_html(page_of(history))
