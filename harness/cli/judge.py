"""`harness judge`: conformance from traffic that somebody has already paid for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness import __version__
from harness.cli.conclude import Conclusion, conclude, publish
from harness.cli.options import json_option, known
from harness.core.errors import NothingTested, RecordingError, UsageError
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.runner.judged import Traffic, judge_file, notes
from harness.spec.load import provider as shipped
from harness.spec.load import spec_digest
from harness.spec.provider import Provider
from harness.store import Line, RunFolder
from harness.transport.pictures import Pictures


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--provider", "name", required=True, metavar="NAME", help="Whose documents apply.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a run folder here.")
@json_option
@click.pass_context
def judge(
    context: click.Context, *, files: tuple[Path, ...], name: str, out: Path | None, as_json: bool
) -> None:
    """Judge exchanges recorded elsewhere (vcrpy YAML or JSON, Ruby VCR YAML, HAR); send nothing."""
    provider = shipped(known(name))
    folder = RunFolder.create(out) if out else None
    pictures = Pictures(folder.keep_image if folder else lambda _name, _raw: None)
    traffic, refused = _read(files, provider, pictures)
    for line in (*notes(traffic, provider), *refused):
        click.echo(line, err=True)
    records = [record for one in traffic for record in one.records]
    if not traffic:
        raise UsageError("none of these files is a recording")
    if not records:
        raise NothingTested(f"no exchange of {provider.name} in {len(files)} files")
    header = _header(provider, records, (*notes(traffic, provider), *refused))
    conclusion = conclude(header, records, traffic=True)
    if not as_json:
        _print(records, conclusion)
    if folder is not None:
        _keep(folder, header, records)
        publish(conclusion, folder.path, as_json=as_json)
    else:
        publish(conclusion, None, as_json=as_json)
    context.exit(conclusion.code)


def _read(
    files: Sequence[Path], provider: Provider, pictures: Pictures
) -> tuple[list[Traffic], list[str]]:
    """Read every file; one that is no recording is named and does not hide the others."""
    traffic: list[Traffic] = []
    refused: list[str] = []
    for file in files:
        try:
            traffic.append(judge_file(file, provider, pictures))
        except RecordingError as error:
            refused.append(str(error))
    return traffic, refused


def _header(provider: Provider, records: Sequence[Record], said: Sequence[str]) -> RunHeader:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    first = records[0].evidence
    days = sorted({one.evidence.date[:10] for one in records if one.evidence.date != "unknown"})
    date = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "unknown"
    hosts = ", ".join(sorted({one.evidence.source for one in records}))
    return RunHeader(
        run=f"judged {provider.name}",
        harness=__version__,
        created=now,
        finished=now,
        against="recordings",
        seed=0,
        evidence={provider.name: replace(first, source=hosts, date=date, by="others")},
        spec_digests={provider.name: spec_digest(provider.name)},
        plan_digests={},
        notes=tuple(said),
    )


def _keep(folder: RunFolder, header: RunHeader, records: Sequence[Record]) -> None:
    folder.write_header(header)
    for record in records:
        case = record.shot.case
        line = Line(provider=case.provider, case=case.id)
        folder.append(replace(line, shot=record.shot, evidence=record.evidence))
        for exchange in record.exchanges:
            folder.append(replace(line, exchange=exchange))
        folder.append(replace(line, outcome=record.outcome))
    folder.close()


def _print(records: Sequence[Record], conclusion: Conclusion) -> None:
    console = Console()
    for record in records:
        case = record.shot.case
        table = Table(title=case.id, title_justify="left", box=SIMPLE_HEAD, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row("recorded", f"{record.evidence.source}, {record.evidence.date}")
        table.add_row("request", case.why)
        table.add_row("outcome", _outcome(record.outcome))
        for verdict in conclusion.report.verdicts:
            if verdict.case == case.id:
                claim = verdict.check.replace("_", " ")
                table.add_row(verdict.status, f"{claim}: {verdict.why}")
        console.print(table)


def _outcome(outcome: Outcome | None) -> str:
    match outcome:
        case Images(pictures=pictures):
            shown = [
                f"{one.format} {one.width_px}x{one.height_px}, {one.size_bytes:,} bytes"
                if one.state == "decoded"
                else f"{one.state}: {one.why}"
                for one in pictures
            ]
            return f"served {len(pictures)}: {'; '.join(shown) or 'no image'}"
        case Refused(error=error):
            named = f", parameter {error.parameter}" if error.parameter else ""
            code = f", code {error.code}" if error.code else ""
            return f"refused, class {error.error_class}{code}{named}: {error.message}"
        case Fault(error_class=error_class, why=why):
            return f"fault, class {error_class}: {why}"
        case _:
            return "nothing"
