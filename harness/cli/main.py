"""The `harness` command and the one place where errors become lines and exit codes."""

import os
import sys
from collections import UserDict

import click

from harness.cli.printing import echo
from harness.core.errors import HarnessError
from harness.core.version import harness_version

INTERRUPTED = 130
PIPE_CLOSED = 141


VERBS = {
    "run": "Plan, send, judge, measure, report; by default from cassettes.",
    "plan": "Print what would be sent and what it would cost; send nothing.",
    "judge": "Judge traffic that was recorded elsewhere; send nothing.",
    "report": "Judge the records of earlier runs again; send nothing.",
    "explain": "Say whether a request is within each provider's documents.",
    "emulate": "Serve the five providers on loopback, with switchable faults.",
    "scan": "Look for keys and personal data in files; send nothing.",
    "providers": "List, show, validate or export what the documents promise.",
}
"""Each verb and its line in `--help`, which stands here so that `--help` imports no verb."""


def _loaded(verb: str) -> click.Command:
    """Import a verb: none pays for what another needs."""
    command: click.Command
    # ruff: disable[PLC0415] - that is what this function is for
    match verb:
        case "run":
            from harness.cli.run import run as command
        case "plan":
            from harness.cli.plan import plan as command
        case "judge":
            from harness.cli.judge import judge as command
        case "report":
            from harness.cli.report import report as command
        case "explain":
            from harness.cli.explain import explain as command
        case "scan":
            from harness.cli.scan import scan as command
        case "emulate":
            from harness.cli.emulate import emulate as command
        case _:
            from harness.cli.providers import providers as command
    # ruff: enable[PLC0415]
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
@click.version_option(harness_version(), prog_name="harness")
def cli() -> None:
    """Ask one question of the command line."""


def main() -> None:
    """Run the command; every error is one line on stderr, and never a traceback."""
    sys.exit(status(sys.argv[1:]))


def status(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code."""
    try:
        code = cli.main(args=arguments, prog_name="harness", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _report(error.format_message(), error.exit_code)
    except HarnessError as error:
        return _report(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _report("interrupted", INTERRUPTED)
    except SystemExit:  # how click and rich end where stdout is closed, with the code of a finding
        return PIPE_CLOSED
    except BrokenPipeError:  # `harness plan | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        return _report(f"{error.filename or 'output'}: {error.strerror or error}", 3)
    return code if isinstance(code, int) else 0


def _report(message: str, code: int) -> int:
    echo(f"harness: {message}", err=True)
    return code
