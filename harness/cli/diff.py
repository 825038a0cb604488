"""`harness diff`: what changed between two runs, and whether that is to stop a build."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import (
    TopicCommand,
    TopicOption,
    choices_of,
    json_option,
    known_option,
    spec_option,
)
from harness.core.errors import UsageError
from harness.planning.diff_options import DiffOptions

if TYPE_CHECKING:
    from harness.comparing.model import Diff

KNOWN = Path("known.toml")
"""Where known deviations are written, where no option and no configuration names their file."""

RECHECK = "recheck"
"""The run folder of what is asked again, below that of `--out`."""

_HERE = ""
"""`--accept` without a file."""

HELP = """Say what changed between two runs, and whether that is to stop a build.

Nothing is sent, unless --confirm asks again.

BASE and HEAD are run folders, judged again with today's checks, or files that `harness report
--baseline FILE` wrote. What cannot be compared is said, with the reason.

\b
harness diff baseline.json reports/2026-12-01T093000-live
harness diff BASE HEAD --fail-on broken,document --slower 20%
harness diff BASE HEAD --markdown >> "$GITHUB_STEP_SUMMARY"
harness diff BASE HEAD --confirm --max-images 20
harness diff BASE HEAD --accept known.toml --expires 2027-01-31

\b
broken        a promise that BASE kept and HEAD breaks
slower        time to pixels; dearer: what an image costs
failing       valid requests that are not served
document      a limit, a value or a price that the documents say otherwise
flaky         how often a promise is broken that is not broken each time
errors        a class of errors that BASE did not meet
authenticity  images that are drawn as asked, signed, fresh

\b
Exit codes: 0 nothing fails, 1 a change of these kinds does, or a known deviation
is stale or expired, 2 wrong usage or nothing could be compared, 3 our own failure,
4 HEAD was unreachable or inconclusive throughout, 130 interrupted.
"""


@click.command(cls=TopicCommand, help=HELP, short_help="Say what changed between two runs.")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("head", type=click.Path(path_type=Path), required=False)
@choices_of(DiffOptions)
@spec_option("Judge its provider by it, and not by what a run keeps.", configured=False)
@known_option("Without it, what HEAD keeps of one.")
@click.option(
    "--accept",
    is_flag=False,
    flag_value=_HERE,
    metavar="[FILE]",
    cls=TopicOption,
    topic="Known deviations",
    help="Write what HEAD newly breaks into FILE [that of --known, else known.toml].",
)
@click.option(
    "--expires",
    metavar="DAY",
    cls=TopicOption,
    topic="Known deviations",
    help="With --accept: the last day on which that is expected [in 30 days].",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    cls=TopicOption,
    topic="Output",
    help="Write diff.json and diff.md there, and recheck/, the run folder of --confirm.",
)
@click.option(
    "--markdown",
    "as_markdown",
    is_flag=True,
    cls=TopicOption,
    topic="Output",
    help="Print Markdown for a pull request on stdout.",
)
@json_option()
@click.pass_context
def diff(  # noqa: PLR0913 - one for each option
    context: click.Context,
    /,
    *,
    base: Path,
    head: Path | None,
    options: DiffOptions,
    specs: tuple[Path, ...],
    known: Path | None,
    accept: str | None,
    expires: str | None,
    out: Path | None,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Compare two runs; exit with 1 where a change fails the build."""
    if head is None:
        taken = f": --accept took {accept} for its file" if accept else ""
        raise UsageError(f"HEAD is missing{taken}", hint="write harness diff BASE HEAD --accept")
    if as_json and as_markdown:
        raise UsageError("--json and --markdown: both print on stdout", hint="leave one out")
    last = _day(expires, accept)
    # What judges runs takes seconds to import, and `--help` is not to wait for it.
    from harness.api.regressions import diff as compared  # noqa: PLC0415
    from harness.cli.conclude import note  # noqa: PLC0415
    from harness.cli.configuration import configured_known  # noqa: PLC0415
    from harness.cli.progress import watching  # noqa: PLC0415
    from harness.comparing.gate import gate_of  # noqa: PLC0415

    gate, otherwise = gate_of(options.diff), configured_known(context)
    file = None if accept is None else Path(accept) if accept else known or otherwise or KNOWN
    if file is not None and known in (None, file):  # what it has is known; it may not be there yet
        known = file if file.exists() else None
        otherwise = None if otherwise == file else otherwise
    asking = options.confirm.of_run(specs=specs, out=out and out / RECHECK)
    with watching() as watch:
        found = compared(
            base,
            head,
            specs=specs,
            fail_on=gate.fail_on,
            thresholds=gate.thresholds,
            known=known,
            known_otherwise=otherwise,
            confirm=asking,
            watch=watch,
            note=note,
        )
    if file is not None:
        found = _accepted(found, file, last)
    _publish(found, out, as_json=as_json, as_markdown=as_markdown)
    context.exit(found.exit_code)


def _day(expires: str | None, accept: str | None) -> date | None:
    """Read `--expires`; UsageError for what is no day to come, and without `--accept`."""
    if expires is None:
        return None
    if accept is None:
        raise UsageError("--expires goes with --accept")
    try:
        day = date.fromisoformat(expires) if len(expires) == len("2027-01-31") else None
    except ValueError:
        day = None
    if day is None:
        raise UsageError(f"--expires {expires}: no day", hint="like 2027-01-31")
    if day < date.today():  # noqa: DTZ011 - the user's own day
        raise UsageError(f"--expires {expires}: that day is over")
    return day


def _accepted(found: "Diff", file: Path, expires: date | None) -> "Diff":
    """Write what is accepted, say so, and return the diff as it is then."""
    from harness.api.acceptance import accept  # noqa: PLC0415 - as above
    from harness.cli.conclude import note  # noqa: PLC0415

    result = accept(found, file, expires=expires)
    for each in result.known:
        note(f"accepted until {each.expires}: {each.named}")
    number = len(result.known)
    said = "1 known deviation" if number == 1 else f"{number} known deviations"
    note(f"{file}: {said} more; write their reasons" if number else f"{file}: nothing to accept")
    return result.diff


def _publish(found: "Diff", out: Path | None, *, as_json: bool, as_markdown: bool) -> None:
    """Write the files first: whoever reads stdout may stop."""
    from harness.cli.compared import show  # noqa: PLC0415 - as above
    from harness.cli.conclude import note  # noqa: PLC0415
    from harness.cli.printing import echo, echo_json  # noqa: PLC0415
    from harness.comparing.words import sentence  # noqa: PLC0415
    from harness.report.formats.diff_json import diff_json  # noqa: PLC0415
    from harness.report.formats.diff_markdown import diff_markdown  # noqa: PLC0415

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "diff.json").write_text(diff_json(found), encoding="utf-8")
        (out / "diff.md").write_text(diff_markdown(found), encoding="utf-8")
        note(f"diff: {out / 'diff.md'}")
    if as_json:
        echo_json(diff_json(found).rstrip("\n"))
    elif as_markdown:
        echo(diff_markdown(found).rstrip("\n"))
    else:
        show(found)
    if as_json or as_markdown:
        note(sentence(found))
