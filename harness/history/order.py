"""Runs in the order of their time, each once: clocks may be wrong, and folders copied."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.history.model import RunSeen

_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366)
"""A date further off than that is a clock that was not set: an axis to it would show nothing."""

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as the index has it; `traffic` is what it sent, as `provider, base, requests`."""

    path: str
    run: str | None
    harness: str | None
    created: str | None
    finished: str | None
    interrupted: bool | None
    against: str | None
    seed: str | None
    benchmark: bool
    traffic: tuple[tuple[str, str, int], ...] = ()


def in_order(stored: Iterable[StoredRun], now: datetime) -> tuple[list[RunSeen], list[str]]:
    """Return the runs, the earliest first, and what is odd about them, a sentence each.

    Left out are those without a date or with one that no run can have, and all but the first of
    several folders of one run.
    """
    runs: list[RunSeen] = []
    notes: list[str] = []
    first: dict[object, str] = {}
    for each in sorted(stored, key=lambda run: run.path):
        created = moment(each.created)
        if created is None:
            notes.append(f"{each.path}: says no day on which it ran; left out")
            continue
        if not _EARLIEST <= created <= now + _AHEAD:
            notes.append(f"{each.path}: says it ran on {created:%Y-%m-%d}; left out")
            continue
        same = (each.run, created, each.finished, each.against, each.seed, each.traffic)
        if same in first:
            notes.append(f"{each.path}: the same run as {first[same]}; counted once")
            continue
        first[same] = each.path
        runs.append(_seen(each, created))
    runs.sort(key=lambda run: (run.created, run.finished or run.created, run.run, run.path))
    return runs, [*notes, *_oddities(runs, now)]


def _seen(stored: StoredRun, created: datetime) -> RunSeen:
    return RunSeen(
        path=stored.path,
        run=stored.run or stored.path,
        harness=stored.harness or "",
        created=created,
        finished=moment(stored.finished),
        interrupted=bool(stored.interrupted),
        against=stored.against or "",
        benchmark=stored.benchmark,
        seed=stored.seed or "",
    )


def moment(text: str | None) -> datetime | None:
    """Read a date of ISO 8601, in UTC where it says no zone; None where it is none."""
    try:
        read = datetime.fromisoformat(text or "")
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _oddities(runs: list[RunSeen], now: datetime) -> Iterator[str]:
    backwards = [run.path for run in runs if run.finished and run.finished < run.created]
    if backwards:
        yield f"{_named(backwards)}: finished before it began (a clock went back); placed by that"
    ahead = [run.path for run in runs if run.created > now + timedelta(days=1)]
    if ahead:
        yield f"{_named(ahead)}: dated after today ({now:%Y-%m-%d}); placed where they say"
    equal = Counter(run.created for run in runs)
    twice = [run.path for run in runs if equal[run.created] > 1]
    if twice:
        yield f"{_named(twice)}: of one date with another; placed by their ends and names"
    cut = [run.path for run in runs if run.interrupted]
    if cut:
        yield f"{_named(cut)}: interrupted; what had arrived counts"


def _named(paths: list[str]) -> str:
    """Return the first few paths, and how many more there are."""
    named = ", ".join(paths[:_MOST_NAMES])
    more = len(paths) - _MOST_NAMES
    return f"{named} and {more:,} more" if more > 0 else named
