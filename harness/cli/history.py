"""`harness history`: what many runs showed over time, and what changed when."""

from datetime import datetime
from pathlib import Path

import click

from harness.cli.options import json_option

HELP = """Draw what the runs below DIR showed over months, and say what changed when.

Nothing is sent or judged again: each run's summary.json is read, of this version and of earlier
ones. A change is looked for in all runs of a figure, never between two neighbours. Figures of an
emulator, of recordings and of live providers are kept apart, and so are a benchmark's workloads.

An index is kept as DIR/.harness-history.duckdb, and made again where it is not right; the page is
DIR/history.html. What cannot be read is left out, and told.

With --sql, DuckDB answers: harness history reports --sql "select provider,
median(seconds_to_images) from attempts group by all"

\b
Exit codes: 0 it tells, whatever changed; 2 wrong usage or no run there; 3 our own failure.
"""


@click.command(help=HELP, short_help="Say what changed over many runs, and when.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--provider",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this provider (repeatable).",
)
@click.option(
    "--since",
    metavar="DAY",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only runs of this day (2026-03-01) and later.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the page [DIR/history.html; none with --json].",
)
@click.option(
    "--sql",
    metavar="QUERY",
    help="Ask the runs' attempts, verdicts, findings and prices instead; CSV, or JSON with --json.",
)
@json_option("Options")
@click.pass_context
def history(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    folder: Path,
    names: tuple[str, ...],
    since: datetime | None,
    out: Path | None,
    sql: str | None,
    as_json: bool,
) -> None:
    """Index the runs, say what changed, write the page."""
    if sql is not None:
        if names or since or out:
            raise click.UsageError("--sql goes with --json alone: say the rest in the query")
        _ask(folder, sql, as_json=as_json)
        return
    # What reads runs takes a second to import, and `--help` is not to wait for it; the functions
    # behind `harness.api.history`, without what the other verbs need.
    from harness.cli.over_time import as_json_text, show  # noqa: PLC0415
    from harness.cli.printing import echo_json, echo_line  # noqa: PLC0415
    from harness.core.errors import StoreError  # noqa: PLC0415
    from harness.history.history import history_of  # noqa: PLC0415
    from harness.history.page import write_page  # noqa: PLC0415

    seen = history_of(folder, providers=names, since=since.date() if since else None)
    if as_json:
        echo_json(as_json_text(seen))
    else:
        show(seen)
    if out is not None or not as_json:
        page = out or folder / "history.html"
        try:
            write_page(seen, page)
            echo_line(f"page: {page}", err=True)
        except StoreError as error:
            if out is not None:
                raise
            echo_line(f"no page: {error}", err=True)
    context.exit(seen.exit_code)


def _ask(folder: Path, sql: str, *, as_json: bool) -> None:
    """Print what a query of the runs' database returns; notes go to the standard error."""
    # As above.
    from harness.cli.printing import echo_line  # noqa: PLC0415
    from harness.history.asked import answer  # noqa: PLC0415

    text = answer(folder, sql, as_json=as_json, note=lambda said: echo_line(said, err=True))
    click.echo(text, nl=False)
