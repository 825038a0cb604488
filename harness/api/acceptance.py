"""Newly broken promises, written into a file of known deviations."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harness.comparing.accepting import acceptable, with_accepted
from harness.comparing.model import Diff
from harness.core.errors import StoreError, UsageError
from harness.known.file import appended, known_in, known_text
from harness.known.model import KnownDeviation
from harness.store.disk import write_through

ACCEPTED_FOR = timedelta(days=30)
"""How long a deviation is expected that was accepted without a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What was accepted, and the diff as it is with that known."""

    diff: Diff
    known: tuple[KnownDeviation, ...]


def accept(
    diff: Diff, file: str | Path, *, expires: date | None = None, today: date | None = None
) -> Accepted:
    """Write the promises that HEAD newly breaks into a file of known deviations, behind the others.

    All that the file has stays as it is. They are expected up to the day on which they expire, 30
    days from `today` by default. Raises UsageError for a file that cannot be read, or holds
    mistakes, which is left alone; StoreError where it cannot be written.
    """
    path, day = Path(file), today or date.today()  # noqa: DTZ011 - the user's own day
    last = expires or day + ACCEPTED_FOR
    found = [*acceptable(diff, since=day.isoformat(), expires=last.isoformat())]
    if path.exists() and not path.is_file():
        raise UsageError(f"known deviations: {path} is no plain file")
    text = known_text(path) if path.exists() else ""
    there = {each.place for each in known_in(text, str(path))}
    fresh = tuple({each.place: each for each in found if each.place not in there}.values())
    if fresh:
        whole = appended(text, fresh)
        known_in(whole, str(path))  # what is written can be read
        _replace(path, whole)
    return Accepted(diff=with_accepted(diff, fresh), known=fresh)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, where a link leads to; it keeps its permissions."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        write_through(path, text.encode())
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise StoreError(f"known deviations: {path}: {error.strerror or error}") from None
