"""`harness report`: write reports again from run folders, with today's checks."""

from dataclasses import replace
from pathlib import Path

import click

from harness.cli.conclude import conclude, publish
from harness.cli.measuring import slo
from harness.cli.options import json_option
from harness.core.errors import StoreError, UsageError
from harness.core.exchange import Failure
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.store.reader import StoredRun, read_run


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write [the first RUN].")
@click.option("--slo", "ceiling", metavar="pQ<TIME", help="Hold a benchmark against a ceiling.")
@json_option
@click.pass_context
def report(
    context: click.Context,
    *,
    runs: tuple[Path, ...],
    out: Path | None,
    ceiling: str | None,
    as_json: bool,
) -> None:
    """Judge the records of one or more RUN folders again and write their report; send nothing."""
    folder = out or runs[0]
    pasts = [read_run(run) for run in runs]
    header, records = _joined(pasts)
    if ceiling is not None:
        if header.benchmark is None:
            raise UsageError(f"--slo: {runs[0]} is no benchmark", hint="leave --slo out")
        header = replace(header, benchmark=header.benchmark.against(slo(ceiling)))
    conclusion = conclude(
        header, records, off_tape=_off_tape(records), traffic=header.against == "recordings"
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}", hint="choose another --out") from None
    publish(conclusion, folder, as_json=as_json)
    context.exit(conclusion.code)


def _off_tape(records: list[Record]) -> list[str]:
    """Return what a replay asked for and did not find: our own failure, today as then."""
    return [
        exchange.answer.why
        for record in records
        for exchange in record.exchanges
        if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape"
    ]


def _joined(pasts: list[StoredRun]) -> tuple[RunHeader, list[Record]]:
    """Put several runs side by side; a provider may come from one of them only."""
    headers = [_honest(past.header) for past in pasts]
    first = headers[0]
    if len(headers) > 1 and any(header.benchmark for header in headers):
        raise UsageError(
            "a benchmark is reported alone: what was not measured in the same minutes is not "
            "compared",
            hint="report them one by one",
        )
    for header in headers[1:]:
        twice = sorted(set(first.evidence) & set(header.evidence))
        if twice:
            raise UsageError(
                f"{', '.join(twice)} is in more than one of these runs",
                hint="report them one by one",
            )
        first = replace(
            first,
            run=f"{first.run} + {header.run}",
            evidence={**first.evidence, **header.evidence},
            spec_digests={**first.spec_digests, **header.spec_digests},
            plan_digests={**first.plan_digests, **header.plan_digests},
            notes=(*first.notes, *header.notes),
            interrupted=first.interrupted or header.interrupted,
        )
    records = [record for past in pasts for record in _records(past)]
    return first, records


def _honest(header: RunHeader) -> RunHeader:
    """Return the header of a run that never came to its end (a crash, a kill) as interrupted."""
    if header.finished is not None:
        return header
    note = f"{header.run} was cut off or is still under way: only what it has received is shown"
    return replace(header, interrupted=True, notes=(*header.notes, note))


def _records(past: StoredRun) -> list[Record]:
    cut_off = "cut off while under way; it may have been paid for: go on with --resume"
    unfinished = [
        Record(
            shot=item.line.shot,
            evidence=item.line.evidence,
            outcome=None,
            exchanges=tuple(item.exchanges),
            skipped=cut_off,
        )
        for item in past.unfinished
    ]
    return [*past.records, *unfinished]
