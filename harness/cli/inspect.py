"""`harness inspect`: what image files show, for whoever already has them."""

import json
from pathlib import Path

import click

from harness.cli.options import json_option, spec_option, trust_anchors_option
from harness.cli.printing import echo_json, echo_line

HELP = """Say whether image files were really drawn as asked, by whom, and in which quality.

Nothing is sent. A folder stands for the images in it. The pixels are decoded; a signed manifest
(C2PA) is read where the extra [provenance] is installed; the tokens of --usage are compared with
what the model's maker counts for these pixels, and without them each quality's are shown. Where
--asked names no model, it is the one that drew by the manifest, or else the provider's.

\b
harness inspect a.png --asked size=1024x1024,quality=high --usage 7024

\b
Exit codes: 0 nothing contradicts what was asked for, 1 something does (size, format, quality by
tokens, bytes altered since they were signed), 2 wrong usage or no image file.
"""


@click.command(help=HELP, short_help="Say what image files show.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--asked",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="What was asked for: size=1024x1024,quality=high,output_format=png,n=1.",
)
@click.option(
    "--usage",
    type=click.IntRange(1, 1_000_000_000),
    metavar="TOKENS",
    help="The output tokens that the reply counts, of all these files together.",
)
@trust_anchors_option()
@click.option("--provider", "name", metavar="NAME", help="Whose model it is [openai].")
@spec_option("Its provider's model is meant where no other one is named.", configured=False)
@json_option("Options")
@click.pass_context
def inspect(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    asked: tuple[str, ...],
    usage: int | None,
    trust_anchors: tuple[Path, ...],
    name: str | None,
    specs: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Inspect the files; exit with 1 where one contradicts what was asked for."""
    # What inspecting needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import inspect as inspected  # noqa: PLC0415
    from harness.cli.conclude import note  # noqa: PLC0415
    from harness.inspection.words import document, lines  # noqa: PLC0415

    found = inspected(
        files,
        asked=asked,
        usage=usage,
        trust_anchors=trust_anchors,
        provider=name,
        specs=specs,
        note=note,
    )
    for other in found.others:
        note(f"{other.name}: {other.why}")
    if as_json:
        echo_json(json.dumps(document(found), ensure_ascii=False))
    else:
        for line in lines(found):
            echo_line(line)
    context.exit(found.exit_code)
