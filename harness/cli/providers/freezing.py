"""`harness providers freeze`: the documents of today, kept for later runs to be held to."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.options import providers_option, spec_option
from harness.cli.printing import echo, echo_line
from harness.core.version import harness_version
from harness.spec.catalogue import catalogue_of
from harness.spec.frozen import write_frozen


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@providers_option()
@spec_option("Without --provider, only the providers of these files.")
def freeze(*, folder: Path, names: Sequence[str], specs: tuple[Path, ...]) -> None:
    """Write the providers' TOMLs as they are today into DIR, with a manifest.

    `--frozen DIR` then plans and judges by them, also when the TOMLs that ship have moved on.
    Nothing in DIR may be changed: a set that was altered is refused.
    """
    catalogue = catalogue_of(specs)
    for sentence in catalogue.left_out(names):
        echo_line(sentence, err=True)
    entries = [catalogue.entry(name) for name in catalogue.chosen(names)]
    day = datetime.now(UTC).date().isoformat()
    write_frozen(
        folder,
        {entry.name: entry.text for entry in entries},
        {entry.name: entry.digest for entry in entries},
        day=day,
        harness=harness_version(),
    )
    echo(f"{folder}: the documents of {day}: {', '.join(entry.name for entry in entries)}")
