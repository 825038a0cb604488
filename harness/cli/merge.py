"""`harness merge`: join the slices of a run into one run folder."""

from pathlib import Path

import click

from harness.cli.options import documents_option, format_option, json_option
from harness.spec.catalogue import Spec


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The merged run's folder."
)
@click.option(
    "--partial",
    is_flag=True,
    help="Merge what is there: slices that are missing or unfinished are named, not refused.",
)
@documents_option("Judge its provider by it, and not by what the runs keep.", configured=False)
@format_option()
@json_option("Options")
@click.pass_context
def merge(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    runs: tuple[Path, ...],
    out: Path,
    partial: bool,
    specs: tuple[Spec, ...],
    formats: tuple[str, ...],
    as_json: bool,
) -> None:
    """Join the run folders of all slices (run --slice I/N) into one and report it; send nothing."""
    # What a report needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import merge as joined  # noqa: PLC0415
    from harness.cli.conclude import note, publish  # noqa: PLC0415

    result = joined(runs, out, partial=partial, specs=specs, formats=formats, note=note)
    publish(result.report, result.why, result.folder, as_json=as_json)
    for sentence in result.notes:
        note(sentence)
    context.exit(result.exit_code)
