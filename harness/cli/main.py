"""The `harness` command and the one place where errors become lines and exit codes."""

import sys
from collections import UserDict
from importlib import import_module

import click

from harness.cli.ending import (
    OURS,
    PIPE_CLOSED,
    complain,
    ended,
    internal_error,
    prepare_streams,
    silence_stdout,
)
from harness.cli.heap import share_heap
from harness.cli.interruption import INTERRUPTED, INTERRUPTION
from harness.core.errors import HarnessError
from harness.core.version import harness_version

VERBS = {
    "run": "Plan, send, judge, measure, report; by default from cassettes.",
    "plan": "Print what would be sent and what it would cost; send nothing.",
    "judge": "Judge traffic that was recorded elsewhere; send nothing.",
    "report": "Judge the records of earlier runs again; send nothing.",
    "merge": "Join the slices of a run into one run; send nothing.",
    "diff": "Say what changed between two runs, and whether it stops a build.",
    "history": "Say what changed over many runs, and when; send nothing.",
    "watch": "Ask a little each day; alert only a confirmed change, once.",
    "choose": "Say which provider serves your work, and why; send nothing.",
    "inspect": "Say what image files show: as asked, by whom, in which quality.",
    "explain": "Say whether a request is within each provider's documents.",
    "emulate": "Serve the six providers on loopback, with switchable faults.",
    "scan": "Look for keys and personal data in files; send nothing.",
    "providers": "List, show, validate or export what the documents promise.",
    "config": "Show what holds, and which file or flag says so; send nothing.",
}
"""Each verb and its line in `--help`, which stands here so that `--help` imports no verb."""


def _loaded(verb: str) -> click.Command:
    """Import a verb: none pays for what another needs. The module and the command have its name."""
    command: click.Command = getattr(import_module(f"harness.cli.{verb}"), verb)
    return command


class Verbs(UserDict[str, click.Command]):
    """The verbs by name, each imported when it is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        return _loaded(name) if name in VERBS else super().__getitem__(name)


class Questions(click.Group):
    """A group whose help lists its verbs without importing them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write each verb with its line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name]) for name in self.commands])


GLOBAL = ("--config", "--no-config")
"""Options of the command itself, of which a verb does not know."""

HELP = """Check and compare image APIs that resell gpt-image-2.

\b
Exit codes: 0 all promises held, 1 a promise was broken, 2 wrong usage or nothing tested,
3 our own failure, 4 unreachable, keys refused or inconclusive throughout, 130 interrupted.
"""


@click.group(
    cls=Questions,
    commands=Verbs(dict.fromkeys(VERBS, click.Command(None))),
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    envvar="HARNESS_CONFIG",
    type=click.Path(),
    metavar="FILE",
    help="Read these defaults, not those of the nearest harness.toml (or HARNESS_CONFIG).",
)
@click.option("--no-config", is_flag=True, help="Read no defaults from any file.")
@click.option("--traceback", is_flag=True, help="Show where an internal error comes from.")
@click.version_option(harness_version(), prog_name="harness")
def cli(*, config: str | None, no_config: bool, traceback: bool) -> None:
    """Ask one question of the command line; the verbs look up what is given here."""


def main() -> None:
    """Run the command and end the process; every error is one line on stderr."""
    try:
        prepare_streams()
        INTERRUPTION.catch()
        share_heap()
        code = ended(status(sys.argv[1:]))
    except KeyboardInterrupt:  # at the very beginning, or while an error was told
        code = INTERRUPTED
    sys.exit(INTERRUPTION.leave(code))


def status(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code; never raises.

    1 comes from a verdict alone: an exception that no other code is meant for is our own failure.
    """
    try:
        code = cli.main(args=[*arguments], prog_name="harness", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - Python's own exit code for it would be 1
        return _code_of(error, arguments)
    return code if isinstance(code, int) else 0


def _said(error: click.ClickException) -> str:
    """Return what click says of a mistake, or where an option belongs that is the command's own."""
    if isinstance(error, click.NoSuchOption) and error.option_name in GLOBAL:
        return f"{error.option_name} stands before the verb: harness {error.option_name} ..."
    return error.format_message()


def _code_of(error: BaseException, arguments: list[str]) -> int:
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            return complain(_said(error), error.exit_code)
        case HarnessError():
            return complain(str(error), error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            return complain("interrupted", INTERRUPTED)
        case SystemExit():  # how click and rich end where stdout is closed, with a finding's code
            return PIPE_CLOSED
        case BrokenPipeError():  # `harness plan | head` has read enough
            return silence_stdout()
        case _:
            return _unforeseen(error, traced="--traceback" in arguments)


def _unforeseen(error: BaseException, *, traced: bool) -> int:
    if INTERRUPTION.signals:  # what a library made of the interruption
        return complain("interrupted", INTERRUPTED)
    if isinstance(error, OSError):
        return complain(f"{error.filename or 'output'}: {error.strerror or error}", OURS)
    return internal_error(error, traced=traced)
