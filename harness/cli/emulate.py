"""`harness emulate`: serve the six providers on loopback."""

import click

from harness.emulator.__main__ import main as serve


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def emulate(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Serve the six providers on loopback, with switchable faults."""
    try:
        code = serve(list(arguments))
    except SystemExit as end:  # argparse prints its own help and errors
        code = end.code if isinstance(end.code, int) else 2
    context.exit(code)
