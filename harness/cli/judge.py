"""`harness judge`: conformance from traffic that somebody has already paid for."""

from pathlib import Path

import click
from click.core import ParameterSource

from harness.cli.options import (
    documents_option,
    format_option,
    json_option,
    known_option,
    trust_anchors_option,
)
from harness.spec.catalogue import Spec


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--provider", "name", metavar="NAME", help="Whose documents apply.")
@documents_option("Its provider's documents apply where no other one is named.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a run folder here.")
@format_option()
@trust_anchors_option()
@known_option()
@json_option("Options")
@click.pass_context
def judge(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    name: str | None,
    specs: tuple[Spec, ...],
    out: Path | None,
    formats: tuple[str, ...],
    trust_anchors: tuple[Path, ...],
    known: Path | None,
    as_json: bool,
) -> None:
    """Judge exchanges recorded elsewhere; send nothing.

    A file's format is told by what it holds: cassettes (vcrpy, Ruby VCR, go-vcr), HAR and others,
    as they are or packed (gzip, bzip2, xz, zstd, zlib), in UTF-8, UTF-16 or UTF-32.
    """
    # What judging needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import judge as judged  # noqa: PLC0415
    from harness.cli.conclude import note, publish  # noqa: PLC0415
    from harness.cli.configuration import configured_known  # noqa: PLC0415
    from harness.cli.judged import show  # noqa: PLC0415
    from harness.cli.progress import reading  # noqa: PLC0415

    typed = context.get_parameter_source("formats") != ParameterSource.DEFAULT
    with reading() as watch:
        result = judged(
            files,
            name,
            specs=specs,
            out=out,
            trust_anchors=trust_anchors,
            known=known or configured_known(context),
            formats=formats if typed or out else (),  # a configuration refuses no command
            note=note,
            watch=watch,
        )
    if not as_json:
        show(result.records, result.report)
    publish(result.report, result.why, result.folder, as_json=as_json)
    for sentence in result.notes:
        note(sentence)
    context.exit(result.exit_code)
