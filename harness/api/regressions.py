"""The verbs that compare two runs."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from harness.comparing.accepting import acceptable, with_accepted
from harness.comparing.compare import compare
from harness.comparing.known import known_shown
from harness.comparing.model import DEFAULT_FAIL_ON, Baseline, ChangeKind, Diff, Thresholds
from harness.core.errors import StoreError, UsageError
from harness.known.file import appended, known_in, known_text, read_known
from harness.known.model import KnownDeviation
from harness.spec.catalogue import Spec

ACCEPTED_FOR = timedelta(days=30)
"""How long a deviation is expected that was accepted without a day."""


def baseline(
    source: str | Path,
    *,
    specs: Sequence[Spec] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> Baseline:
    """Return what a run showed: of a run folder, judged again, or of a baseline's file."""
    raise NotImplementedError


def diff(  # noqa: PLR0913 - two runs, and how they are compared
    base: str | Path,
    head: str | Path,
    *,
    specs: Sequence[Spec] = (),
    fail_on: Sequence[ChangeKind] = DEFAULT_FAIL_ON,
    thresholds: Thresholds | None = None,
    known: str | Path | Sequence[KnownDeviation] = (),
    today: date | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Diff:
    """Compare two runs, each a run folder or a baseline's file; send nothing.

    `known` are deviations that are expected, or the file that holds them; on `today` (the user's)
    some of them have expired. `Diff.exit_code` is that of the command. Raises UsageError for what
    is no run, no baseline, or no such file.

        diff("baseline.json", "reports/2026-12-01T093000-live").exit_code
    """
    expected = read_known(Path(known)) if isinstance(known, str | Path) else known
    sides = [baseline(each, specs=specs, note=note) for each in (base, head)]
    day = today or date.today()  # noqa: DTZ011 - the user's own day
    return compare(
        *sides,
        sources=(str(base), str(head)),
        fail_on=fail_on,
        thresholds=thresholds,
        known=known_shown(sides[1], expected, day.isoformat()),
    )


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
    target = path.resolve()
    temporary: Path | None = None
    try:
        with NamedTemporaryFile("wb", dir=target.parent, prefix=".known-", delete=False) as file:
            temporary = Path(file.name)
            file.write(text.encode("utf-8"))
        temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.replace(temporary, target)  # noqa: PTH105 - Path.replace says the same
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()
        raise StoreError(f"known deviations: {path}: {error.strerror or error}") from None
