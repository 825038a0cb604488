"""`harness judge`: conformance from traffic that somebody has already paid for."""

from pathlib import Path

import click

from harness.cli.options import json_option, spec_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--provider", "name", metavar="NAME", help="Whose documents apply.")
@spec_option("Its provider's documents apply where no other one is named.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a run folder here.")
@json_option("Options")
@click.pass_context
def judge(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    name: str | None,
    specs: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Judge exchanges recorded elsewhere (vcrpy YAML or JSON, Ruby VCR YAML, HAR); send nothing."""
    # What judging needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import judge as judged  # noqa: PLC0415
    from harness.cli.conclude import note, publish  # noqa: PLC0415
    from harness.cli.judged import show  # noqa: PLC0415

    result = judged(files, name, specs=specs, out=out, note=note)
    if not as_json:
        show(result.records, result.report)
    publish(result.report, result.why, result.folder, as_json=as_json)
    context.exit(result.exit_code)
