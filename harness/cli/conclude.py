"""From records to reports and an exit code: the same for a run, a replay and judged traffic."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from harness.checks.check import CHECKS
from harness.checks.judge import judge_records
from harness.cli.benchmark import missed, unmeasured, unserved
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.core.verdict import Verdict
from harness.diagnosis.findings import findings
from harness.report.compose import compose
from harness.report.figures import percent
from harness.report.formats.benchmark_table import NEAREST, benchmark_rows, benchmark_sentences
from harness.report.formats.summary_json import summary_document
from harness.report.formats.terminal import operation_rows, provider_rows
from harness.report.formats.write import write_report
from harness.report.labels import confirmation_text, failure_rate
from harness.report.model import Report, Shown
from harness.report.text import LONGEST, count, one_line
from harness.report.waiting import GONE
from harness.spec.load import shipped_provider as shipped

ANSWERS = ("accepts_what_it_documents", "refuses_what_it_forbids")
_LONGEST_ANSWER = 3_000
ON_ONE_LINE = (0, 1)
"""A provider, and a figure with its interval."""

HELD, BROKEN, NOTHING, OURS, UNCLEAR, INTERRUPTED = 0, 1, 2, 3, 4, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """A report with the exit code that follows from it, and the sentence that says why."""

    report: Report
    code: int
    why: str


def conclude(
    header: RunHeader,
    records: Sequence[Record],
    *,
    off_tape: Sequence[str] = (),
    traffic: bool = False,
) -> Conclusion:
    """Judge the records and compose the report; sends and writes nothing.

    In recorded `traffic` any word counts as judged: nobody chose the requests.
    """
    providers = {name: shipped(name) for name in header.evidence}
    verdicts = judge_records(records, providers)
    measured = header.benchmark is not None  # each asks for something else, and nothing again
    repeatable = not (traffic or measured) and _could_be_repeated(header, records)
    found = findings(records, verdicts, providers, repeatable=repeatable)
    report = compose(header, records, verdicts, found, providers)
    telling = tuple(CHECKS) if traffic else ANSWERS
    unclear = [name for name in header.evidence if not _judged(name, verdicts, telling)]
    if header.interrupted:
        code, why = INTERRUPTED, "interrupted; what was received is kept, go on with --resume"
    elif off_tape:
        said = "1 request is" if len(off_tape) == 1 else f"{len(off_tape)} requests are"
        code, why = OURS, f"{said} not on the tape: {off_tape[0]}"
    elif measured:
        code, why = _measured(report, records)
    else:
        code, why = _outcome(report, records, unclear)
        if (
            code == HELD
            and not report.flaky
            and all(record.shot.case.expect == "observe" for record in records)
        ):
            why = "nothing broken: the documents promise nothing on these requests"
    return Conclusion(report=report, code=code, why=why)


def _could_be_repeated(header: RunHeader, records: Sequence[Record]) -> bool:
    """Tell whether a suspicion could be asked again: of a tape only if it was when recorded."""
    asked_again = any(record.shot.case.stage == "confirm" for record in records)
    return header.against != "cassettes" or asked_again


def _measured(report: Report, records: Sequence[Record]) -> tuple[int, str]:
    """Return how a benchmark ends: what it met is measured, and broken promises are told."""
    crashed = _crashed(report)
    broken = f"{count(len(report.findings), 'promise')} broken" if report.findings else ""
    told = "; ".join(filter(None, [broken, missed(report)]))
    for code, why in (
        (NOTHING, unmeasured(records)),
        (OURS, crashed),
        (BROKEN, told),
        (UNCLEAR, unserved(records)),
    ):
        if why:
            return code, why
    return HELD, "measured; all promises that were tried held"


def _crashed(report: Report) -> str:
    crashed = [verdict for verdict in report.verdicts if verdict.status == "error"]
    return f"{crashed[0].check} crashed on {crashed[0].case}: {crashed[0].why}" if crashed else ""


def _outcome(report: Report, records: Sequence[Record], unclear: Sequence[str]) -> tuple[int, str]:
    if crashed := _crashed(report):
        return OURS, crashed
    if report.findings:
        doubts = [_flaky(report), _unconfirmed(report)]
        broken = f"{count(len(report.findings), 'promise')} broken"
        return BROKEN, "; ".join([broken, *filter(None, doubts)])
    if report.unconfirmed:
        return UNCLEAR, "; ".join(filter(None, [_unconfirmed(report), _flaky(report)]))
    if unclear:
        return (
            UNCLEAR,
            f"nothing could be judged of {', '.join(unclear)}: {_reason(records, unclear)}",
        )
    if report.flaky:
        return HELD, f"no promise broken for certain; {_flaky(report)}"
    return HELD, "all promises that were tried held"


def _unconfirmed(report: Report) -> str:
    if not report.unconfirmed:
        return ""
    suspicions = count(len(report.unconfirmed), "suspicion")
    doubts = dict.fromkeys(item.finding.doubt for item in report.unconfirmed)
    return f"{suspicions} could not be confirmed: {next(iter(doubts)) or 'asked only once'}"


def _flaky(report: Report) -> str:
    if not report.flaky:
        return ""
    first = report.flaky[0]
    return f"{len(report.flaky)} flaky: {_named(first)} ({failure_rate(first.finding)})"


def _named(item: Shown) -> str:
    return f"{item.finding.provider} {item.finding.operation} {item.name}"


def _judged(name: str, verdicts: Sequence[Verdict], telling: Sequence[str]) -> bool:
    """Tell whether a provider served or refused anything that it had to, or broke a promise."""
    return any(
        verdict.provider == name
        and (verdict.status == "fail" or (verdict.status == "pass" and verdict.check in telling))
        for verdict in verdicts
    )


def _reason(records: Sequence[Record], unclear: Sequence[str]) -> str:
    mine = (record for record in records if record.shot.case.provider in unclear)
    skipped = next((record.skipped for record in mine if record.skipped), None)
    return skipped or "every verdict is inconclusive"


def publish(conclusion: Conclusion, folder: Path | None, *, as_json: bool) -> None:
    """Write every format and print the comparison (or the summary as JSON)."""
    written = write_report(folder, conclusion.report) if folder else ()
    if as_json:
        click.echo(json.dumps(summary_document(conclusion.report), ensure_ascii=False))
    else:
        _print(conclusion.report, folder)
    click.echo(conclusion.why, err=True)
    for page in written:
        if page.suffix == ".html":
            click.echo(f"report: {page}", err=True)


def _print(report: Report, folder: Path | None) -> None:
    console = Console(markup=False)
    _tables(console, report)
    for item in report.findings:
        _say(console, f"broken: {_named(item)}: {confirmation_text(item.finding)}")
    for item in report.flaky:
        often = f"{failure_rate(item.finding)}, {percent(item.share)}"
        _say(console, f"flaky: {_named(item)}: {often}: {confirmation_text(item.finding)}")
    for item in report.unconfirmed:
        doubt = f" (not confirmed: {item.finding.doubt or 'asked only once'})"
        _say(console, f"suspected: {_named(item)}: {confirmation_text(item.finding)}{doubt}")
    for job in report.waiting:
        what = f"{job.provider} {job.operation}, job {job.job} ({job.case}): {job.why}"
        _say(console, f"to pick up: {what}")
    if report.waiting:
        resumed = f"harness run --resume {folder or 'RUN'}"
        _say(console, resumed if report.can_resume else GONE)


def _tables(console: Console, report: Report) -> None:
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
    """Draw the comparison with one column per provider: five of them fit 80 characters."""
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
    for workload, own in groupby(rows, key=itemgetter(0)):
        table = Table(title=workload, title_justify="left", caption_justify="left", box=SIMPLE_HEAD)
        for at, name in enumerate(header):
            side: JustifyMethod = "right" if at else "left"
            table.add_column(name, justify=side, overflow="fold", no_wrap=at in ON_ONE_LINE)
        for _, *cells in own:
            table.add_row(*cells)
            if cells[0].endswith(NEAREST):
                table.caption = f"{NEAREST.strip()} nearest only, not ranked"
        yield table


def _operations(report: Report) -> Table:
    """Draw one line per operation, those of a provider under its name."""
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
