"""`harness report`: write reports again from run folders, with today's checks."""

import os
from pathlib import Path

import click

from harness.cli.options import (
    documents_option,
    exchange_rate_option,
    format_option,
    json_option,
    known_option,
    trust_anchors_option,
)
from harness.spec.catalogue import Spec


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write [the first RUN].")
@documents_option("Judge its provider by it, and not by what the run keeps.", configured=False)
@click.option("--slo", metavar="pQ<TIME", help="Hold a benchmark against a ceiling: 'p95<60s'.")
@click.option(
    "--reference",
    metavar="NAME",
    help="Compare each other provider's time, price and images with this one's.",
)
@exchange_rate_option()
@trust_anchors_option()
@known_option("Without it, what the run folder keeps of one.")
@format_option()
@click.option("--frames", is_flag=True, help="The same as --format csv --format parquet.")
@click.option(
    "--otel",
    is_flag=True,
    help="Export the run as OpenTelemetry spans, as the OTEL_EXPORTER_OTLP_* variables say.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write what another run is compared with by harness diff into a small file, too.",
)
@json_option("Options")
@click.pass_context
def report(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    runs: tuple[Path, ...],
    specs: tuple[Spec, ...],
    out: Path | None,
    slo: str | None,
    reference: str | None,
    rates: tuple[str, ...],
    trust_anchors: tuple[Path, ...],
    known: Path | None,
    formats: tuple[str, ...],
    frames: bool,
    otel: bool,
    baseline: Path | None,
    as_json: bool,
) -> None:
    """Judge the records of one or more RUN folders again and write their report; send nothing."""
    # What a report needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import report as judged_again  # noqa: PLC0415
    from harness.api.exporting import exported  # noqa: PLC0415
    from harness.cli.conclude import note, publish  # noqa: PLC0415
    from harness.cli.configuration import configured_known, current_config  # noqa: PLC0415
    from harness.planning.option_values import read_exchange_rates  # noqa: PLC0415
    from harness.planning.options import FRAME_FORMATS  # noqa: PLC0415
    from harness.report.baseline import write_baseline  # noqa: PLC0415
    from harness.telemetry.readiness import refuse_unready  # noqa: PLC0415

    if otel:
        refuse_unready(os.environ)
    result = judged_again(
        *runs,
        specs=specs,
        out=out or runs[0],
        slo=slo,
        reference=reference,
        exchange_rates=read_exchange_rates(rates),
        known_rates=current_config(context).rates,
        trust_anchors=trust_anchors,
        known=known,
        known_otherwise=configured_known(context),
        formats=tuple(dict.fromkeys((*formats, *(FRAME_FORMATS if frames else ())))),
        note=note,
    )
    publish(result.report, result.why, result.folder, as_json=as_json)
    for sentence in result.notes:
        note(sentence)
    if otel:
        result = exported(result)
        note(result.notes[-1])
    if baseline:
        write_baseline(baseline, result.baseline)
    context.exit(result.exit_code)
