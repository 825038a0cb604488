"""From run folders to a history: indexed, put in order, drawn into series, searched for changes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, get_args

from harness.core.errors import NothingTested, UsageError
from harness.history.cache import Connection
from harness.history.change_points import beside, changes_of
from harness.history.folders import find_summaries
from harness.history.index import indexed
from harness.history.model import Base, Figure, History, Mark, MarkKind, Point, RunSeen, Series
from harness.history.order import StoredRun, in_order
from harness.history.promises import Shown, broken_last, timelines, turns
from harness.stats.change_points import METHOD

_FIGURES = get_args(Figure)
_BASES = get_args(Base)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What the index holds, in rows."""

    runs: list[StoredRun]
    providers: list[tuple[str, str, Base, str | None, str | None]]
    figures: list[tuple[str, str, str, Figure, str, float, float | None, float | None, int | None]]
    promises: list[tuple[str, str, str, str, bool]]
    notes: list[str]


def history_of(
    folder: Path,
    *,
    providers: Collection[str] = (),
    since: date | None = None,
    now: datetime | None = None,
) -> History:
    """Return the history of the runs below a folder, of these providers and from a day on.

    UsageError where it is no folder, or no run there has any of them. What cannot be read is left
    out and named in `notes`. `now` is the time by which dates are found to lie ahead.
    """
    try:
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is no folder" if folder.exists() else f"{folder} is not there",
                hint="name a folder with run folders in it",
            )
        whole = folder.resolve()
        found = find_summaries(whole)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    with indexed(whole, found.files) as database:
        stored = _read(database)
    runs, notes = in_order(stored.runs, now or datetime.now(UTC))
    notes = [*found.notes, *stored.notes, *notes]
    runs = [run for run in runs if since is None or run.created.date() >= since]
    if providers:
        known = {name for _, name, *_ in stored.providers}
        for name in providers:
            if name not in known:
                raise UsageError(
                    f"no run below {folder} has a provider {name!r}",
                    hint=f"they have {', '.join(sorted(known)[:20]) or 'none'}",
                )
    history = _drawn(folder, runs, stored, providers, notes)
    if not history.runs:
        raise NothingTested(_nothing(folder, since, notes), hint="name a folder with run folders")
    return history


def _nothing(folder: Path, since: date | None, notes: Sequence[str]) -> str:
    when = f" since {since}" if since else ""
    why = f": {notes[0]}" if notes else ""
    more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
    return f"{folder} has no run{when} that can be read{why}{more}"


def _read(database: Connection) -> _Stored:
    traffic: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for path, provider, base, requests in database.execute(
        "SELECT path, provider, base, requests FROM providers ORDER BY ALL"
    ).fetchall():
        traffic[path].append((provider, base, requests or 0))
    runs = database.execute(
        "SELECT path, run, harness, created, finished, interrupted, against, seed, benchmark"
        " FROM runs"
    ).fetchall()
    return _Stored(
        runs=[
            StoredRun(
                path=path,
                run=run,
                harness=harness,
                created=created,
                finished=finished,
                interrupted=interrupted,
                against=against,
                seed=seed,
                benchmark=benchmark,
                traffic=tuple(traffic[path]),
            )
            for path, run, harness, created, finished, interrupted, against, seed, benchmark in runs
        ],
        providers=database.execute(
            "SELECT path, provider, base, spec, plan FROM providers"
        ).fetchall(),
        figures=database.execute(
            "SELECT path, provider, about, figure, unit, value, low, high, n FROM figures"
        ).fetchall(),
        promises=database.execute(
            "SELECT path, provider, operation, promise, bool_or(state = 'broken') FROM promises"
            " SEMI JOIN (SELECT DISTINCT provider, operation, promise FROM promises"
            "            WHERE state = 'broken') AS ever USING (provider, operation, promise)"
            " WHERE state IN ('broken', 'passed') GROUP BY ALL"
        ).fetchall(),
        notes=[
            f"{path}: its summary.json {problem}; left out"
            for path, problem in database.execute(
                "SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path"
            ).fetchall()
        ],
    )


def _drawn(
    folder: Path,
    runs: Sequence[RunSeen],
    stored: _Stored,
    providers: Collection[str],
    notes: Sequence[str],
) -> History:
    bases = {
        (path, provider): base
        for path, provider, base, *_ in stored.providers
        if not providers or provider in providers
    }
    shown = {path for path, _ in bases}
    runs = [run for run in runs if run.path in shown]
    at = {run.path: place for place, run in enumerate(runs)}
    series = tuple(_series(stored, bases, at))
    lines = timelines(
        Shown(
            provider=provider,
            base=bases[path, provider],
            operation=f"{operation} in a benchmark" if runs[at[path]].benchmark else operation,
            promise=promise,
            run=at[path],
            broken=broken,
        )
        for path, provider, operation, promise, broken in stored.promises
        if path in at and (path, provider) in bases
    )
    marks = tuple(_marks(stored, bases, runs, at))
    changes = [beside(change, marks) for each in series for change in changes_of(each, runs)]
    return History(
        folder=str(folder),
        runs=tuple(runs),
        series=series,
        changes=tuple(sorted(changes, key=lambda change: change.run)),
        promises=tuple(sorted(turns(lines, runs), key=lambda turn: turn.run)),
        marks=marks,
        broken=broken_last(lines),
        notes=tuple(notes),
        method=METHOD,
    )


def _series(
    stored: _Stored, bases: dict[tuple[str, str], Base], at: dict[str, int]
) -> Iterator[Series]:
    """Yield the series in order of provider, base and what they are about."""
    points: dict[tuple[str, Base, str, Figure, str], dict[int, Point]] = defaultdict(dict)
    for path, provider, about, figure, unit, value, low, high, n in stored.figures:
        if path in at and (base := bases.get((path, provider))) is not None:
            run = at[path]
            points[provider, base, about, figure, unit][run] = Point(
                run=run, value=value, low=low, high=high, n=n
            )
    order = {figure: place for place, figure in enumerate(_FIGURES)}
    for key in sorted(
        points, key=lambda key: (key[0], _BASES.index(key[1]), key[2], order[key[3]], key[4])
    ):
        provider, base, about, figure, unit = key
        yield Series(
            provider=provider,
            base=base,
            about=about,
            figure=figure,
            unit=unit,
            points=tuple(point for _, point in sorted(points[key].items())),
        )


def _marks(
    stored: _Stored,
    bases: dict[tuple[str, str], Base],
    runs: Sequence[RunSeen],
    at: dict[str, int],
) -> Iterator[Mark]:
    """Yield where a provider's documents or the harness are others than in the run before."""
    rows: dict[tuple[str, Base], list[_Row]] = defaultdict(list)
    for path, provider, base, spec, plan in stored.providers:
        if path in at and (path, provider) in bases:
            run = at[path]
            rows[provider, base].append(_Row(run, spec, None if runs[run].benchmark else plan))
    for (provider, base), seen in sorted(rows.items()):
        seen.sort(key=lambda row: row.run)
        kinds: tuple[tuple[MarkKind, list[tuple[int, str | None]]], ...] = (
            ("documents", [(row.run, row.spec) for row in seen]),
            ("harness", [(row.run, runs[row.run].harness) for row in seen]),
            ("plan", [*_lasting((row.run, row.plan) for row in seen)]),
        )
        for kind, told in kinds:
            for run, now in _moved(told):
                text = f"harness {now}" if kind == "harness" else _MOVED[kind]
                yield Mark(provider=provider, base=base, run=run, kind=kind, text=text)


class _Row(NamedTuple):
    """The digests of a provider's documents and plan in a run; a benchmark's plan is another."""

    run: int
    spec: str | None
    plan: str | None


_MOVED = {"documents": "documents changed", "plan": "another plan"}


def _lasting(told: Iterable[tuple[int, str | None]]) -> Iterator[tuple[int, str | None]]:
    """Yield what held for two runs or more: plans of ever new seeds are no change of plan."""
    for _, group in groupby(told, key=lambda each: each[1]):
        same = [*group]
        if len(same) > 1:
            yield from same


def _moved(told: Iterable[tuple[int, str | None]]) -> Iterator[tuple[int, str]]:
    """Yield the runs in which something was another than when it was last known."""
    before = None
    for run, now in told:
        if now and before and now != before:
            yield run, now
        before = now or before
