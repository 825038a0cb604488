"""A history as the plain values of its page: sentences, panels of lines, tables by month."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import median
from urllib.parse import quote

from harness.core.errors import StoreError
from harness.history.change_points import figure_text
from harness.history.model import ChangePoint, Figure, History, PromiseChange, Series
from harness.history.overview import (
    HEADS,
    Last,
    all_changes,
    is_worse,
    last_figures,
    sentence_of,
)
from harness.report.charts.timeline import Line, Moment, Sign
from harness.report.history_page import (
    HistoryPage,
    LastRow,
    MonthRow,
    Panel,
    ProviderHistory,
    Said,
    history_html,
)
from harness.report.text import count

_PANELS: tuple[tuple[str, tuple[Figure, ...]], ...] = (
    ("Promises broken", ("broken", "flaky", "unconfirmed")),
    ("Promises held", ("held", "not tried")),
    ("Time to pixels", ("median", "p95")),
    ("Price of an image", ("price",)),
    ("Requests failed", ("failed",)),
    ("Authenticity", ("drawn as asked", "with a manifest", "signed by the maker", "fresh")),
)
"""Which figures share a drawing."""

_MOST_PROVIDERS = 40
_MOST_PANELS = 60
"""Drawings of one provider; of all together no more than `_MOST_IN_ALL`."""
_MOST_IN_ALL = 240

Change = ChangePoint | PromiseChange
ByChange = dict[int, str]


def page_of(history: History, place: Path | None = None) -> HistoryPage:
    """Return the page of a history; one that lies in the folder `place` links the runs' reports."""
    changes = all_changes(history)
    anchors = {id(change): f"c{at}" for at, change in enumerate(changes, 1)}
    first, last = history.runs[0].created, history.runs[-1].created
    every = last_figures(history)
    rows = every[:_MOST_PROVIDERS]
    return HistoryPage(
        title=f"What changed in {count(len(history.runs), 'run')}",
        span=f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, below {history.folder}",
        sentence=sentence_of(history),
        first=first,
        last=last,
        heads=[head for head, _ in HEADS],
        rows=[
            _row(row, f"p{at}", _report(history, row.run, place)) for at, row in enumerate(rows, 1)
        ],
        said=[
            Said(
                day=f"{history.runs[change.run].created:%Y-%m-%d}",
                text=change.sentence,
                worse=is_worse(change),
                anchor=anchors[id(change)],
                report=_report(history, change.run, place),
            )
            for change in changes
        ],
        sections=[*_sections(history, rows, anchors)],
        notes=history.notes,
        method=history.method,
        more=len(every) - len(rows),
        emulated=any(row.base.startswith("emulator") for row in rows),
    )


def write_page(history: History, path: Path) -> None:
    """Write the page to a file; StoreError where it cannot be."""
    try:
        html = history_html(page_of(history, path.parent))
        path.write_text(html, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="name another --out"
        ) from None


def _report(history: History, run: int, place: Path | None) -> str:
    """Return the address of a run's own report, seen from a folder; empty where it has none."""
    report = Path(history.folder) / history.runs[run].path / "index.html"
    if place is None or not report.is_file():
        return ""
    return quote(os.fsencode(os.path.relpath(report.resolve(), place.resolve())))


def _row(row: Last, anchor: str, report: str) -> LastRow:
    broken = row.broken or 0
    held = "-" if row.held is None else f"{row.held} held"
    return LastRow(
        provider=row.provider,
        base=row.base,
        runs=row.runs,
        last=row.day,
        promises=f"{broken} broken, {held}" if broken else held,
        broken=broken > 0,
        cells=tuple(
            ("-", "", None)
            if trend is None
            else (trend.value, " ".join(filter(None, (trend.about, trend.moved))), trend.worse)
            for trend in row.figures
        ),
        anchor=anchor,
        report=report,
    )


def _sections(
    history: History, rows: Sequence[Last], anchors: ByChange
) -> Iterator[ProviderHistory]:
    changes: dict[object, list[ChangePoint]] = defaultdict(list)
    for change in history.changes:
        changes[_key(change)].append(change)
    allowed = min(_MOST_PANELS, max(6, _MOST_IN_ALL // max(len(rows), 1)))
    groups = groupby(history.series, key=lambda each: (each.provider, each.base))
    for at, (row, ((provider, base), series)) in enumerate(zip(rows, groups, strict=False), 1):
        panels = [*_panels(history, [*series], changes, anchors)]
        days = f"the last on {row.day}"
        yield ProviderHistory(
            title=provider if base == "live" else f"{provider} ({base})",
            anchor=f"p{at}",
            lead=f"{count(row.runs, 'run')}, {days}.",
            broken=[
                f"{operation} {promise}"
                for name, on, operation, promise in history.broken
                if (name, on) == (provider, base)
            ],
            marks=[
                f"{history.runs[mark.run].created:%Y-%m-%d}: {mark.text}"
                f" (run {history.runs[mark.run].run})"
                for mark in history.marks
                if (mark.provider, mark.base) == (provider, base)
            ],
            panels=panels[:allowed],
            more=max(0, len(panels) - allowed),
        )


def _key(each: ChangePoint | Series) -> object:
    return (each.provider, each.base, each.about, each.figure, each.unit)


def _panels(
    history: History,
    series: Sequence[Series],
    changes: dict[object, list[ChangePoint]],
    anchors: ByChange,
) -> Iterator[Panel]:
    for title, figures in _PANELS:
        drawn: dict[tuple[str, str], list[Series]] = defaultdict(list)
        for each in series:
            if each.figure in figures:
                drawn[each.about, each.unit].append(each)
        for (about, unit), lines in drawn.items():
            lines.sort(key=lambda each: figures.index(each.figure))
            found = [change for each in lines for change in changes[_key(each)]]
            turned: list[Change] = [
                turn
                for turn in history.promises
                if "broken" in figures
                and (turn.provider, turn.base) == (lines[0].provider, lines[0].base)
            ]
            yield Panel(
                title=f"{title}, {about}" if about else title,
                unit=unit,
                lines=[_line(history, each, changes[_key(each)]) for each in lines],
                signs=[
                    *_marks(history, lines[0]),
                    *(_sign(history, change, anchors) for change in (*turned, *found)),
                ],
                months=[*_months(history, lines)],
                said=_said(history, title, lines, len(found) + len(turned)),
                whole=unit == "promises",
                least_top=0.05 if unit == "share" else 0.0,
            )


def _line(history: History, series: Series, changes: Sequence[ChangePoint]) -> Line:
    moments = [
        Moment(
            at=history.runs[point.run].created,
            value=point.value,
            low=point.low,
            high=point.high,
            words=_words(history, series, at),
        )
        for at, point in enumerate(series.points)
    ]
    bounds = [history.runs[change.run].created for change in changes]
    ends = [moments[0].at, *bounds, moments[-1].at]
    levels = [changes[0].before, *(change.after for change in changes)] if changes else []
    return Line(
        name=series.figure,
        moments=moments,
        levels=[
            (begin, end, level) for begin, end, level in zip(ends, ends[1:], levels, strict=False)
        ],
    )


def _words(history: History, series: Series, at: int) -> str:
    point = series.points[at]
    run = history.runs[point.run]
    n = f", n = {point.n}" if point.n is not None else ""
    return f"{run.created:%Y-%m-%d}: {figure_text(point.value, series.unit)}{n} (run {run.run})"


def _marks(history: History, series: Series) -> Iterator[Sign]:
    for mark in history.marks:
        if (mark.provider, mark.base) == (series.provider, series.base):
            run = history.runs[mark.run]
            words = f"{run.created:%Y-%m-%d}: {mark.text}"
            yield Sign(at=run.created, kind=mark.kind, words=words)


def _sign(history: History, change: Change, anchors: ByChange) -> Sign:
    kind = {True: "worse", False: "better", None: "other"}[is_worse(change)]
    return Sign(
        at=history.runs[change.run].created,
        kind=kind,
        words=change.sentence,
        anchor=anchors[id(change)],
    )


def _months(history: History, lines: Sequence[Series]) -> Iterator[MonthRow]:
    """Yield the months, the latest first, each line's middle and range in it."""
    figures: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in lines])
    for at, series in enumerate(lines):
        for point in series.points:
            figures[f"{history.runs[point.run].created:%Y-%m}"][at].append(point.value)
    for month in sorted(figures, reverse=True):
        values = figures[month]
        yield MonthRow(
            month=month,
            runs=max(map(len, values)),
            cells=tuple(
                _cell(value, series.unit) for value, series in zip(values, lines, strict=True)
            ),
        )


def _cell(values: Sequence[float], unit: str) -> str:
    if not values:
        return "-"
    low, middle, high = (
        figure_text(each, unit) for each in (min(values), median(values), max(values))
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def _said(history: History, title: str, lines: Sequence[Series], changes: int) -> str:
    """Return the drawing's alternative text: its last figures, and how much changed."""
    last = ", ".join(
        f"{each.figure} {figure_text(each.points[-1].value, each.unit)}" for each in lines
    )
    day = history.runs[lines[0].points[-1].run].created
    about = f" of {lines[0].about}" if lines[0].about else ""
    return f"{title}{about}: {last} on {day:%Y-%m-%d}; {count(changes, 'change')}"
