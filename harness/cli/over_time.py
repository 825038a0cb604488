"""How `harness history` prints what changed: sentences, a table of last figures, or JSON."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.cli.printing import echo
from harness.cli.terminal import terminal
from harness.history.model import ChangePoint, History, Mark, PromiseChange, Series
from harness.history.overview import (
    HEADS,
    Last,
    Trend,
    all_changes,
    is_worse,
    last_figures,
    sentence_of,
)
from harness.report.text import count, one_line

_WIDEST = 80
_MOST_CHANGES = 15
_MOST_NOTES = 10
_MOST_ROWS = 40
_MARKS = {True: "▲", False: "▼", None: "◆"}


def as_json_text(history: History) -> str:
    """Return a history as JSON: one line, its keys are those of `History`.

    `rows` are its figures, a row for each run and figure, flat; dates are ISO 8601 in UTC.
    """
    return json.dumps(
        {
            "schema": 1,
            "folder": history.folder,
            "sentence": sentence_of(history),
            "runs": [
                {
                    "path": run.path,
                    "run": run.run,
                    "harness": run.harness,
                    "created": run.created.isoformat(),
                    "finished": run.finished.isoformat() if run.finished else None,
                    "interrupted": run.interrupted,
                    "against": run.against,
                    "seed": run.seed,
                    "benchmark": run.benchmark,
                }
                for run in history.runs
            ],
            "rows": [row for series in history.series for row in _rows(history, series)],
            "changes": [
                {**_dated(history, change.run), **_fields(change)} for change in history.changes
            ],
            "promises": [
                {**_dated(history, turn.run), **_fields(turn)} for turn in history.promises
            ],
            "marks": [{**_dated(history, mark.run), **_fields(mark)} for mark in history.marks],
            "broken": [
                dict(zip(("provider", "base", "operation", "promise"), each, strict=True))
                for each in history.broken
            ],
            "notes": list(history.notes),
            "method": history.method,
            "exit_code": history.exit_code,
        },
        ensure_ascii=False,
    )


def _fields(each: ChangePoint | PromiseChange | Mark) -> dict[str, object]:
    return {key: value for key, value in asdict(each).items() if key != "run"}


def _dated(history: History, run: int) -> dict[str, object]:
    seen = history.runs[run]
    return {"created": seen.created.isoformat(), "run": seen.run, "path": seen.path}


def _rows(history: History, series: Series) -> Iterator[dict[str, object]]:
    for point in series.points:
        yield {
            **_dated(history, point.run),
            "provider": series.provider,
            "base": series.base,
            "about": series.about,
            "figure": series.figure,
            "unit": series.unit,
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "n": point.n,
        }


def show(history: History) -> None:
    """Print a history within 80 columns: the sentence, what changed, each provider's last run."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    _say(sentence_of(history), width)
    changes = all_changes(history)
    for change in changes[:_MOST_CHANGES]:
        _say(f"{_MARKS[is_worse(change)]} {change.sentence}", width)
    if len(changes) > _MOST_CHANGES:
        _say(f"and {count(len(changes) - _MOST_CHANGES, 'earlier change')}, on the page", width)
    terminal(highlight=False, width=width).print(_table(history))
    if (more := len(last_figures(history)) - _MOST_ROWS) > 0:
        _say(f"and {count(more, 'more provider')}: --provider NAME chooses", width)
    for line in history.notes[:_MOST_NOTES]:
        _say(f"note: {line}", width)
    if len(history.notes) > _MOST_NOTES:
        _say(f"and {count(len(history.notes) - _MOST_NOTES, 'more note')}, on the page", width)


def _say(text: str, width: int) -> None:
    echo(
        textwrap.fill(
            one_line(text, 600), max(width, 40), subsequent_indent="  ", break_on_hyphens=False
        )
    )


def _table(history: History) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("provider", no_wrap=True)
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("last", no_wrap=True)
    table.add_column("promises", overflow="fold")
    for head, _ in HEADS:
        table.add_column(head, justify="right", overflow="fold")
    for row in last_figures(history)[:_MOST_ROWS]:
        table.add_row(
            "\n".join([one_line(row.provider, 14), *_base(row)]),
            f"{row.runs:,}",
            row.day,
            _promises(row),
            *(
                _cell(trend, about=figure == "median")
                for trend, (_, figure) in zip(row.figures, HEADS, strict=True)
            ),
        )
    return table


def _promises(row: Last) -> str:
    held = "-" if row.held is None else f"{row.held} held"
    return f"{row.broken} broken\n{held}" if row.broken else held


def _base(row: Last) -> list[str]:
    return [] if row.base == "live" else row.base.replace(", ", ",\n").split("\n")


def _cell(trend: Trend | None, *, about: bool) -> str:
    if trend is None:
        return "-"
    moved = trend.moved.partition(" since")[0].replace(" times", "x")
    mark = f"{_MARKS[trend.worse]} {moved}" if moved else ""
    return "\n".join(filter(None, (trend.value, mark, one_line(trend.about, 24) if about else "")))
