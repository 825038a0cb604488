"""`harness run`: plan, send, judge, measure, report."""

import click

from harness.cli.options import TopicCommand, choices_of, json_option
from harness.core.errors import UsageError
from harness.planning.options import Options


@click.command(cls=TopicCommand)
@choices_of(Options)
@json_option()
@click.pass_context
def run(context: click.Context, /, *, options: Options, as_json: bool) -> None:
    """Plan, send, judge, measure, report; by default replay the committed cassettes."""
    # What a run needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api import run as perform  # noqa: PLC0415
    from harness.cli.conclude import note, publish  # noqa: PLC0415
    from harness.cli.progress import watching  # noqa: PLC0415

    distribution = options.distribution
    if distribution.on:
        from harness.cli.on_engine import run_on  # noqa: PLC0415

        result = run_on(options)
    elif distribution.slices or distribution.vantages:
        raise UsageError(
            "--slices and --vantages are an engine's",
            hint="add --on ray, or send one part with --slice I/N",
        )
    else:
        with watching() as watch:
            result = perform(options, watch=watch)
    publish(result.report, result.why, result.folder, as_json=as_json)
    for sentence in result.notes:
        note(sentence)
    context.exit(result.exit_code)
