"""What a run came to, on the terminal: tables, findings, and the sentence that says why."""

import json
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from harness.cli.printing import echo_json, echo_line
from harness.cli.terminal import terminal
from harness.policy import named
from harness.report.authenticity.sections import evidence_lines
from harness.report.explored import explored_sentence
from harness.report.formats.summary_json import summary_document
from harness.report.formats.terminal import (
    NEAREST,
    benchmark_rows,
    benchmark_sentences,
    operation_rows,
    provider_rows,
    request_line,
)
from harness.report.known import in_order, reason_text
from harness.report.labels import GONE, confirmation_text, doubt_text, failure_rate
from harness.report.model import Report, Shown
from harness.report.overview.overview import overview
from harness.report.text import LONGEST, one_line, percent

PAGE = "index.html"
_LONGEST_ANSWER = 3_000
_LONGEST_EVIDENCE = 900
MANY = 4
"""From how many providers on their columns are narrow."""

INDENT = "    "
FULL = 72
"""Columns from which the figures of a benchmark stand on one line each."""

ON_ONE_LINE = (0, 1)
"""A provider, and a figure with its interval."""


def note(sentence: str) -> None:
    """Print a sentence beside the output of a verb."""
    echo_line(sentence, err=True)


def publish(report: Report, why: str, folder: Path | None, *, as_json: bool) -> None:
    """Print the comparison (or the summary as JSON), why it ended so, and where its page lies."""
    if as_json:
        echo_json(json.dumps(summary_document(report), ensure_ascii=False))
    else:
        _print(report, folder)
    note(why)
    if folder is not None:
        note(f"report: {folder / PAGE}")


def _print(report: Report, folder: Path | None) -> None:
    console = terminal()
    verdict = overview(report).sentence
    if verdict != report.banner.title:  # which stands above the table
        _say(console, verdict, longest=_LONGEST_ANSWER)
    _tables(console, report)
    for row in report.explored:
        _say(console, explored_sentence(row))
    _findings(console, report)
    for sentence in evidence_lines(report.evidence):
        _say(console, sentence, longest=_LONGEST_EVIDENCE)
    for shown in report.behaviours:
        _say(console, f"observed: {shown.provider} {shown.operation}: {shown.text}")
    for job in report.waiting:
        what = f"{job.provider} {job.operation}, job {job.job} ({job.case}): {job.why}"
        _say(console, f"to pick up: {what}")
    if report.waiting:
        resumed = f"harness run --resume {shlex.quote(str(folder or 'RUN'))}"
        _say(console, resumed if report.can_resume else GONE)


def _findings(console: Console, report: Report) -> None:
    """Print each finding on a line, and below it the request that shows it; what is known last."""
    for finding in report.broken:
        text = f"{confirmation_text(finding.finding)}{_large(finding)}"
        _finding(console, finding, f"broken: {named(finding)}: {text}")
    for finding in report.doubted:
        _finding(console, finding, _doubt(finding))
    for finding in report.expected:
        if finding.known is not None:
            text = f"{confirmation_text(finding.finding)}; {reason_text(finding.known)}"
            _finding(console, finding, f"known: {named(finding)}: {text}")
    for each in in_order(report.known):
        if each.state != "expected":
            _say(console, f"known deviation {each.state}: {each.sentence}")


def _doubt(shown: Shown) -> str:
    """Return the line of a finding that is not certain."""
    finding = shown.finding
    text = confirmation_text(finding)
    if finding.standing == "flaky":
        rate = f"{failure_rate(finding)}, {percent(shown.share)}"
        return f"flaky: {named(shown)}: {rate}: {text}{_large(shown)}"
    doubt = f" (not confirmed: {finding.doubt or 'asked only once'})"
    return f"suspected: {named(shown)}: {text}{doubt}{_large(shown)}"


def _finding(console: Console, finding: Shown, text: str) -> None:
    _say(console, text)
    _say(console, request_line(finding, console.width - len(INDENT)), before=INDENT)


def _large(shown: Shown) -> str:
    """Say why a finding's request is not the smallest one, if so."""
    why = shown.finding.not_reduced
    return f" (not made smaller: {why})" if why else ""


def _tables(console: Console, report: Report) -> None:
    for counts in report.in_doubt:
        _say(console, doubt_text(counts))
    for table in _providers(report, console.width):
        console.print(table)
    console.line()
    if report.benchmark is not None:
        for table in _benchmark(report, whole=console.width >= FULL):
            console.print(table)
        for sentence in benchmark_sentences(report):
            _say(console, sentence, longest=_LONGEST_ANSWER)
    elif report.matrix.columns:
        console.print(_operations(report))
        console.line()


def _say(console: Console, text: str, *, longest: int = LONGEST, before: str = "") -> None:
    """Print foreign text as one line, with nothing hidden in it, behind what stands before it.

    A terminal has it broken between words; elsewhere it stays a line, for whoever searches it.
    """
    line = f"{before}{one_line(text, longest)}"
    console.print(line, markup=False, highlight=False, soft_wrap=not console.is_terminal)


def _providers(report: Report, width: int) -> Iterator[Table]:
    """Draw the comparison with one column per provider: six of them fit 80 characters.

    Where a figure would be broken into two lines, which reads as another one, each provider has a
    table of its own.
    """
    header, rows = provider_rows(report)
    if _longest_figure(rows) <= (width - _HEADS) // max(1, len(rows)) - _BETWEEN:
        yield _side_by_side(report)
        return
    for at, (name, *cells) in enumerate(rows):
        table = _table(None if at else report.banner.title)
        table.add_column(" provider")
        table.add_column(name, overflow="fold")
        for head, cell in zip(header[1:], cells, strict=True):
            table.add_row(f" {head}", cell)
        yield table


_HEADS, _BETWEEN = 10, 3
"""Columns that a table's first column takes, and those between two of the others."""


def _longest_figure(rows: Sequence[Sequence[str]]) -> int:
    words = (word for _, *cells in rows for cell in cells for word in cell.split())
    return max((len(word) for word in words if any(map(str.isdigit, word))), default=0)


def _side_by_side(report: Report) -> Table:
    header, rows = provider_rows(report)
    table = _table(report.banner.title)
    table.add_column(f" {header[0]}", overflow="fold")
    for row in rows:
        table.add_column(row[0], justify="right", overflow="fold")
    for place, name in enumerate(header[1:], 1):
        cells = (row[place] for row in rows)
        table.add_row(f" {name}", *(map(_narrow, cells) if len(rows) >= MANY else cells))
    return table


def _narrow(cell: str) -> str:
    """Return a cell on two lines where it can be: a number and its unit, a word and another."""
    before = " (" if "(" in cell else " "
    return cell.replace(", ", " ").replace(before, f"\n{before.strip()}")


def _table(title: str | None = None) -> Table:
    """Return a table without an outer edge: six providers and their names fit 80 characters.

    Its lines begin with a blank, and those of findings do not.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.show_edge = False
    return table


def _benchmark(report: Report, *, whole: bool) -> Iterator[Table]:
    """Draw a table for each workload, one line per provider and load: it fits 80 characters.

    Where there are fewer, not `whole`, cells break into lines: else columns would be missing.
    """
    (_, *header), rows = benchmark_rows(report)
    for workload, group in groupby(rows, key=itemgetter(0)):
        table = Table(title=workload, title_justify="left", caption_justify="left", box=SIMPLE_HEAD)
        for at, name in enumerate(header):
            side: JustifyMethod = "right" if at else "left"
            table.add_column(
                name, justify=side, overflow="fold", no_wrap=whole and at in ON_ONE_LINE
            )
        for _, *cells in group:
            table.add_row(*cells)
            if cells[0].endswith(NEAREST):
                table.caption = f"{NEAREST.strip()} nearest only, not ranked"
        yield table


def _operations(report: Report) -> Table:
    header, rows = operation_rows(report)
    table = _table()
    for at, name in enumerate(header):
        words = name in header[:2] or name == header[-1]
        side: JustifyMethod = "left" if words else "right"
        table.add_column(name if at else f" {name}", justify=side, overflow="fold")
    above = ""
    for provider, *cells in rows:
        table.add_row("" if provider == above else f" {provider}", *cells)
        above = provider
    return table
