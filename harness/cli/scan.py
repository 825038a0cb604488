"""`harness scan`: keys and personal data in files that are to be committed or handed on."""

import json
from pathlib import Path

import click

from harness.cli.options import json_option, spec_option
from harness.cli.printing import echo

FOUND = 4
"""The exit code where something was found; 1 means a broken promise and nothing else."""


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@spec_option("The key that it names is looked for, too.")
@json_option("Options")
@click.pass_context
def scan(
    context: click.Context, /, *, paths: tuple[Path, ...], specs: tuple[Path, ...], as_json: bool
) -> None:
    r"""Look for keys and personal data in files and folders; send nothing, change nothing.

    Finds the values of the providers' key variables in every spelling (escaped, base64,
    hexadecimal, split), what looks like a key, token, private key, cookie, mail address, account or
    organisation, and signatures in addresses; in the texts of images, too. Prints FILE:LINE: KIND
    and never what it found; line 0 is a file's name or an image.

    \b
    Exit codes: 0 nothing found, 4 something found, 2 a path that cannot be read.
    """
    # What scanning needs takes time to import, and `--help` is not to wait for it.
    from harness.runner.scanning import scan as scanned  # noqa: PLC0415

    leaks = scanned(paths, specs=specs)
    for leak in leaks:
        if as_json:
            entry = {"file": str(leak.path), "line": leak.line, "kind": leak.kind}
            echo(json.dumps(entry))
        else:
            echo(f"{leak.path}:{leak.line}: {leak.kind}")
    found = f"{len(leaks):,} found" if leaks else "nothing found"
    echo(f"harness: scan: {found}", err=True)
    context.exit(FOUND if leaks else 0)
