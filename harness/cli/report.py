"""`harness report`: write reports again from run folders, with today's checks."""

from dataclasses import replace
from pathlib import Path

import click

from harness.cli.conclude import conclude, publish
from harness.cli.options import json_option
from harness.core.errors import StoreError, UsageError
from harness.core.record import Record
from harness.core.run import RunHeader
from harness.store import Past, read_run


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write [the first RUN].")
@json_option
@click.pass_context
def report(
    context: click.Context, *, runs: tuple[Path, ...], out: Path | None, as_json: bool
) -> None:
    """Judge the records of one or more RUN folders again and write their report; send nothing."""
    folder = out or runs[0]
    pasts = [read_run(run) for run in runs]
    header, records = _joined(pasts)
    conclusion = conclude(header, records)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}", hint="choose another --out") from None
    publish(conclusion, folder, as_json=as_json)
    context.exit(conclusion.code)


def _joined(pasts: list[Past]) -> tuple[RunHeader, list[Record]]:
    """Put several runs side by side; a provider may come from one of them only."""
    first = pasts[0].header
    for past in pasts[1:]:
        twice = sorted(set(first.evidence) & set(past.header.evidence))
        if twice:
            raise UsageError(
                f"{', '.join(twice)} is in more than one of these runs",
                hint="report them one by one",
            )
        first = replace(
            first,
            run=f"{first.run} + {past.header.run}",
            evidence={**first.evidence, **past.header.evidence},
            spec_digests={**first.spec_digests, **past.header.spec_digests},
            plan_digests={**first.plan_digests, **past.header.plan_digests},
            notes=(*first.notes, *past.header.notes),
            interrupted=first.interrupted or past.header.interrupted,
        )
    records = [record for past in pasts for record in _records(past)]
    return first, records


def _records(past: Past) -> list[Record]:
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
        if item.line.shot is not None and item.line.evidence is not None
    ]
    return [*past.records, *unfinished]
