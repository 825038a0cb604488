"""The verb that looks at many runs."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

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


def history_page(history: History) -> str:
    """Return a history as one HTML page that loads nothing else."""
    return history_html(page_of(history))
