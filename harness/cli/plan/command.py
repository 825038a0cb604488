"""`harness plan`: what would be sent, in which order, and what it would cost."""

import click

from harness.cli.options import TopicCommand, choices_of, json_option
from harness.cli.plan.options import PlanOptions


@click.command(cls=TopicCommand)
@choices_of(PlanOptions)
@json_option()
def plan(*, options: PlanOptions, as_json: bool) -> None:
    """Print what would be sent, in which order, and what it would cost; send nothing.

    Several --budget of one provider are compared; the cases listed are those of the largest.
    """
    from harness.cli.plan.conformance import show  # noqa: PLC0415 - planning takes longer to import than help

    show(options, as_json=as_json)
