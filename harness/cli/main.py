"""The `harness` command and the one place where errors become lines and exit codes."""

import os
import sys

import click

from harness import __version__
from harness.cli.emulate import emulate
from harness.cli.judge import judge
from harness.cli.plan import plan
from harness.cli.providers import providers
from harness.cli.report import report
from harness.cli.run import run
from harness.core.errors import HarnessError

INTERRUPTED = 130
PIPE_CLOSED = 141


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    r"""Check and compare image APIs that resell gpt-image-2.

    \b
    Exit codes: 0 all promises held, 1 a promise was broken, 2 wrong usage or nothing tested,
    3 our own failure, 4 unreachable, keys refused or inconclusive throughout, 130 interrupted.
    """


for verb in (run, plan, judge, report, emulate, providers):
    cli.add_command(verb)


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
        return _said(error.format_message(), error.exit_code)
    except HarnessError as error:
        return _said(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _said("interrupted", INTERRUPTED)
    except SystemExit:  # how click and rich end where stdout is closed, with the code of a finding
        return PIPE_CLOSED
    except BrokenPipeError:  # `harness plan | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        return _said(f"{error.filename or 'output'}: {error.strerror or error}", 3)
    return code if isinstance(code, int) else 0


def _said(message: str, code: int) -> int:
    click.echo(f"harness: {message}", err=True)
    return code
