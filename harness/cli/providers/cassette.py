"""`harness providers cassette`: a recording with its images, for stock vcrpy."""

from pathlib import Path

import click

from harness.api import export_cassette
from harness.cli.printing import echo_line
from harness.report.text import count


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--operation", metavar="NAME", help="What was asked for [generate].")
@click.option(
    "--conversations",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The first so many that brought images: each with its polls and downloads.",
)
@click.option("--all", "everything", is_flag=True, help="All that was recorded, refusals, too.")
@click.option("--base-url", metavar="URL", help="Where your client sends to [the provider's own].")
@click.option(
    "--cassettes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that `run --record` wrote [the samples that come with the harness].",
)
def cassette(  # noqa: PLR0913 - one for each flag
    *,
    name: str,
    file: Path,
    operation: str | None,
    conversations: int,
    everything: bool,
    base_url: str | None,
    cassettes: Path | None,
) -> None:
    """Write a recording of provider NAME, with its images in it, to FILE.

    Stock vcrpy replays it: vcr.use_cassette("FILE", record_mode="none").
    """
    written = export_cassette(
        name,
        file,
        operation=operation,
        conversations=None if everything else conversations,
        base_url=base_url,
        cassettes=cassettes,
    )
    trips = count(written.round_trips, "round trip")
    echo_line(f"{file}: {trips}, {count(written.images, 'image')}, for {written.base_url}")
    if written.left_out:
        echo_line(f"{count(written.left_out, 'round trip')} without a reply left out", err=True)
