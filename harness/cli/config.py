"""`harness config`: each choice that holds, and where it comes from."""

import click

from harness.cli.options import Gathered, TopicCommand, json_option, typed_choices
from harness.planning.options import Options


@click.command(cls=TopicCommand)
@typed_choices(Options)
@json_option()
def config(*, typed: Gathered, as_json: bool) -> None:
    """Show each choice of a run like this, its value, and where that comes from; send nothing.

    A value is a default, or comes from FILE:LINE of a configuration, or from a flag that is typed
    here. Keys come from the environment only: shown is which of them are set, and nothing of them.
    """
    # What reads a configuration takes time to import, and `--help` is not to wait for it.
    from harness.cli.origins import show  # noqa: PLC0415

    show(typed, as_json=as_json)
