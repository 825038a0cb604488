"""`harness watch`: a small canary each day, and an alert on a confirmed change."""

import json
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.options import TopicCommand, TopicOption, choices_of, json_option
from harness.cli.printing import echo, echo_json, echo_line
from harness.planning.watch_options import WatchOptions


@click.command(cls=TopicCommand)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@choices_of(WatchOptions)
@click.option(
    "--markdown",
    "as_markdown",
    is_flag=True,
    cls=TopicOption,
    topic="Output",
    help="Print watch.md on stdout, for a summary of CI.",
)
@json_option()
@click.pass_context
def watch(
    context: click.Context,
    /,
    *,
    folder: Path,
    options: WatchOptions,
    as_json: bool,
    as_markdown: bool,
) -> None:
    """Ask a little each day within a month's budget; alert only what is confirmed, once.

    Made to be called by cron or CI; DIR keeps what it knows. Exit codes: 0 nothing new (also while
    an alerted change stays, and where the month's budget is used up), 1 a confirmed change is
    alerted now, 2 wrong usage or another call at DIR, 3 our own failure, 4 nobody was reached.
    """
    # What a watch needs takes seconds to import, and `--help` is not to wait for it.
    from harness.api.canaries import watch as perform  # noqa: PLC0415
    from harness.cli.conclude import note  # noqa: PLC0415
    from harness.cli.configuration import configured_known  # noqa: PLC0415
    from harness.cli.progress import watching  # noqa: PLC0415
    from harness.watching.files import STATUS  # noqa: PLC0415
    from harness.watching.words import result_json  # noqa: PLC0415

    known = options.watch.known or configured_known(context)
    options = replace(options, watch=replace(options.watch, known=known))
    with watching() as listener:
        result = perform(options, folder, listener=listener)
    if as_json:
        echo_json(json.dumps(result_json(result), ensure_ascii=False))
    elif as_markdown and not options.watch.dry_run:
        echo((folder / STATUS).read_text("utf-8").rstrip("\n"))
    else:
        for sentence in (result.why, *result.notes):
            echo_line(sentence)
    if as_json or as_markdown:
        note(result.why)
    context.exit(result.exit_code)
