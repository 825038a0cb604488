"""`harness judge`: conformance from traffic that somebody has already paid for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness import __version__
from harness.cli.conclude import Conclusion, conclude, publish
from harness.cli.options import json_option, known
from harness.core.errors import NothingTested, RecordingError, UsageError
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.report.text import one_line
from harness.runner.traffic.traffic import OUTSIDE, Traffic, judge_file, traffic_notes
from harness.spec.load import shipped_provider as shipped
from harness.spec.load import spec_digest
from harness.spec.provider import Provider
from harness.store.folder import RunFolder
from harness.store.line import Ended, Exchanged, Sent
from harness.transport.bodies.images import ImageCollector


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
    try:
        code = _judge(_named(files), provider, folder, as_json=as_json)
    finally:
        if folder is not None:
            folder.close()
    context.exit(code)


def _judge(
    files: Mapping[Path, str], provider: Provider, folder: RunFolder | None, *, as_json: bool
) -> int:
    pictures = ImageCollector(folder.keep_image if folder else lambda _name, _raw: None)
    traffic, refused = _read(files, provider, pictures)
    records = [record for one in traffic for record in one.records]
    said = (*traffic_notes(traffic, provider), *refused, *_places(records, provider))
    for line in said:
        click.echo(line, err=True)
    click.echo(_count(traffic, refused, provider), err=True)
    if not traffic:
        raise UsageError("none of these files is a recording")
    if not records:
        raise NothingTested(
            f"no exchange of {provider.name} in {_several(len(files), 'file')}",
            hint="what they hold is named above; is it another --provider's?",
        )
    header = _header(provider, records, said)
    conclusion = conclude(header, records, traffic=True)
    if not as_json:
        _print(records, conclusion, provider)
    if folder is not None:
        _keep(folder, header, records)
    publish(conclusion, folder.path if folder else None, as_json=as_json)
    return conclusion.code


def _named(files: Sequence[Path]) -> dict[Path, str]:
    """Return each file once, under the shortest end of its path that no other one shares."""
    once = list({file.resolve(): file for file in files}.values())
    names: dict[Path, str] = {}
    for file in once:
        parts = file.resolve().parts
        names[file] = next(
            (
                "/".join(parts[-length:])
                for length in range(1, len(parts))
                if all(
                    other is file or other.resolve().parts[-length:] != parts[-length:]
                    for other in once
                )
            ),
            file.name,
        )
    return names


def _read(
    files: Mapping[Path, str], provider: Provider, pictures: ImageCollector
) -> tuple[list[Traffic], list[str]]:
    """Read every file; one that is no recording is named and does not hide the others."""
    traffic: list[Traffic] = []
    refused: list[str] = []
    for file, name in files.items():
        try:
            traffic.append(judge_file(file, provider, pictures, name=name))
        except RecordingError as error:
            refused.append(str(error))
    return traffic, refused


def _places(records: Sequence[Record], provider: Provider) -> tuple[str, ...]:
    """Say who answered, where that was not the provider's own address: verdicts are about them."""
    own = urlsplit(provider.base_url).hostname
    hosts = dict.fromkeys(record.evidence.source for record in records)
    address = f"own address is {own}" if own else "address is each deployment's own"
    return tuple(
        "recorded from the harness's own emulator: what follows says nothing about the provider"
        if host == "emulator"
        else f"recorded at {host}; {provider.name}'s {address}: what follows is about {host}, "
        f"judged by {provider.name}'s documents"
        for host in hosts
        if host != own
    )


def _count(traffic: Sequence[Traffic], refused: Sequence[str], provider: Provider) -> str:
    """Return in one sentence what the files held."""
    expects = [record.shot.case.expect for one in traffic for record in one.records]
    judged = sum(expect != "observe" for expect in expects)
    strangers = sum(len(one.strangers) for one in traffic)
    unreadable = sum(len(one.unreadable) for one in traffic)
    return (
        f"{_several(len(expects), 'exchange')} of {provider.name}: {judged} on which its documents "
        f"promise something, {len(expects) - judged} only observed; {strangers} of other "
        f"endpoints; {unreadable} unreadable; {_several(len(refused), 'file')} that "
        f"{'is' if len(refused) == 1 else 'are'} no recording"
    )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
        name, case = record.shot.case.provider, record.shot.case.id
        folder.append(Sent(provider=name, case=case, shot=record.shot, evidence=record.evidence))
        for exchange in record.exchanges:
            folder.append(Exchanged(provider=name, case=case, exchange=exchange))
        if record.outcome is not None:
            folder.append(Ended(provider=name, case=case, outcome=record.outcome))


def _print(records: Sequence[Record], conclusion: Conclusion, provider: Provider) -> None:
    console = Console(markup=False)
    for record in records:
        case = record.shot.case
        table = Table(title=Text(case.id), title_justify="left", box=SIMPLE_HEAD, show_header=False)
        table.add_column(no_wrap=True, min_width=len("inconclusive"))
        table.add_column(overflow="fold")
        table.add_row("recorded", _plain(f"{record.evidence.source}, {record.evidence.date}"))
        table.add_row("request", _plain(case.why))
        table.add_row("outcome", _plain(_outcome(record, provider)))
        for verdict in conclusion.report.verdicts:
            if verdict.case == case.id:
                claim = verdict.check.replace("_", " ")
                table.add_row(verdict.status, _plain(f"{claim}: {verdict.why}"))
        console.print(table)


def _plain(text: str) -> Text:
    """Return a recording's own words as text: their brackets are no markup."""
    return Text(one_line(text, 600))


def _outcome(record: Record, provider: Provider) -> str:
    match record.outcome:
        case Images(pictures=pictures):
            alike = Counter(_pixels(one) for one in pictures)
            pixels = [told if times == 1 else f"{times} x {told}" for told, times in alike.items()]
            outside = record.shot.case.why.startswith(OUTSIDE)
            served = f"outside {provider.name}'s documents, yet served" if outside else "served"
            return f"{served} {_several(len(pictures), 'image')}: {'; '.join(pixels) or 'none'}"
        case Refused(error=error):
            named = f", parameter {error.parameter}" if error.parameter else ""
            code = f", code {error.code}" if error.code else ""
            return f"refused, class {error.error_class}{code}{named}: {error.message}"
        case Fault(error_class=error_class, why=why):
            return f"fault, class {error_class}: {why}"
        case _:
            return "nothing"


def _pixels(one: Picture) -> str:
    if one.state == "decoded":
        return f"{one.format} {one.width_px}x{one.height_px}, {one.size_bytes:,} bytes"
    return f"{one.state}: {one.why}"
