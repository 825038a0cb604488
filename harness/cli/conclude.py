"""What a run came to, on the terminal: tables, findings, and the sentence that says why."""

import json
import shlex
from collections.abc import Iterator
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
)
from harness.report.labels import GONE, confirmation_text, doubt_text, failure_rate
from harness.report.model import Report, Shown
from harness.report.text import LONGEST, one_line, percent

PAGE = "index.html"
_LONGEST_ANSWER = 3_000
_LONGEST_EVIDENCE = 900
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
    for finding in report.findings:
        _say(
            console,
            f"broken: {named(finding)}: {confirmation_text(finding.finding)}{_large(finding)}",
        )
    for finding in report.flaky:
        rate = f"{failure_rate(finding.finding)}, {percent(finding.share)}"
        text = f"{rate}: {confirmation_text(finding.finding)}{_large(finding)}"
        _say(console, f"flaky: {named(finding)}: {text}")
    for finding in report.unconfirmed:
        doubt = f" (not confirmed: {finding.finding.doubt or 'asked only once'})"
        text = f"{confirmation_text(finding.finding)}{doubt}{_large(finding)}"
        _say(console, f"suspected: {named(finding)}: {text}")


def _large(shown: Shown) -> str:
    """Say why a finding's request is not the smallest one, if so."""
    why = shown.finding.not_reduced
    return f" (not made smaller: {why})" if why else ""


def _tables(console: Console, report: Report) -> None:
    for counts in report.in_doubt:
        _say(console, doubt_text(counts))
    console.print(_providers(report))
    if report.benchmark is not None:
        for table in _benchmark(report):
            console.print(table)
        for sentence in benchmark_sentences(report):
            _say(console, sentence, longest=_LONGEST_ANSWER)
    elif report.matrix.columns:
        console.print(_operations(report))


def _say(console: Console, text: str, *, longest: int = LONGEST) -> None:
    """Print foreign text as one line, with nothing hidden in it."""
    console.print(one_line(text, longest), markup=False, soft_wrap=True)


def _providers(report: Report) -> Table:
    """Draw the comparison with one column per provider: six of them fit 80 characters."""
    header, rows = provider_rows(report)
    table = Table(title=report.banner.title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column(header[0], overflow="fold")
    for row in rows:
        table.add_column(row[0], justify="right", overflow="fold")
    for place, name in enumerate(header[1:], 1):
        table.add_row(name, *(row[place] for row in rows))
    return table


def _benchmark(report: Report) -> Iterator[Table]:
    """Draw a table for each workload, one line per provider and load: it fits 80 characters."""
    (_, *header), rows = benchmark_rows(report)
    for workload, group in groupby(rows, key=itemgetter(0)):
        table = Table(title=workload, title_justify="left", caption_justify="left", box=SIMPLE_HEAD)
        for at, name in enumerate(header):
            side: JustifyMethod = "right" if at else "left"
            table.add_column(name, justify=side, overflow="fold", no_wrap=at in ON_ONE_LINE)
        for _, *cells in group:
            table.add_row(*cells)
            if cells[0].endswith(NEAREST):
                table.caption = f"{NEAREST.strip()} nearest only, not ranked"
        yield table


def _operations(report: Report) -> Table:
    header, rows = operation_rows(report)
    table = Table(box=SIMPLE_HEAD)
    for name in header:
        words = name in header[:2] or name == header[-1]
        table.add_column(name, justify="left" if words else "right", overflow="fold")
    above = ""
    for provider, *cells in rows:
        table.add_row("" if provider == above else provider, *cells)
        above = provider
    return table
