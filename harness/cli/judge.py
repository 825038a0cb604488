"""`harness judge`: conformance from traffic that somebody has already paid for."""

import click


@click.command()
def judge() -> None:
    """Judge exchanges recorded elsewhere."""
