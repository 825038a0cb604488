"""The verb that looks at many runs."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from harness.core.errors import StoreError
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


def write_history_page(history: History, path: Path) -> Path:
    """Write the page to a file; StoreError where it cannot be."""
    try:
        path.write_text(history_page(history), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="name another --out"
        ) from None
    return path
