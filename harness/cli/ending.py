"""How the command ends: each error one line on stderr, and an exit code that is true of it."""

import codecs
import json
import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper

from harness.cli.printing import shown
from harness.report.text import shortened

OURS = 3
PIPE_CLOSED = 141

TRACEBACK = "HARNESS_TRACEBACK"
"""The environment variable that shows where an internal error comes from."""

_ESCAPED = "harness-escaped"
_LONGEST = 500
_LONGEST_LINE = 2_000
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SECRET_AT_LEAST = 6
"""Characters of an environment variable's value that may be a secret."""


def prepare_streams() -> None:
    """Let every text be written to any stdout and stderr, also to closed ones.

    What an encoding has not is written as JSON escapes it, so that JSON stays JSON. A closed
    descriptor is opened on nothing: a file of ours would else take its number, and what libraries
    print would go into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_ESCAPED, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def ended(code: int) -> int:
    """Write what stdout still holds and return the exit code: that of a failure to, if it fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return silence_stdout()
    except (OSError, ValueError) as error:  # a full disk; closed by whoever called us
        silence_stdout()
        return complain(f"output: {getattr(error, 'strerror', None) or error}", OURS)
    return code


def silence_stdout() -> int:
    """Let nothing more be written, not even at the exit of the process; return the code for it."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


def complain(message: str, code: int) -> int:
    """Write one line (a list of mistakes: its lines) to stderr, if anybody reads it.

    Each line is cut where it is too long to be read: what a stranger's file holds may stand in it.
    """
    text = "\n".join(shortened(line, _LONGEST_LINE) for line in shown(message).split("\n"))
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"harness: {text}\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return code


def internal_error(error: BaseException, *, traced: bool = False) -> int:
    """Report a failure of our own, where what was received lies, and how to see more of it."""
    where = "; ".join(getattr(error, "__notes__", ()))
    said = " ".join(str(error).split())[:_LONGEST] or "it says nothing more"
    text = f"internal error: {type(error).__name__}: {said}{f'; {where}' if where else ''}"
    if traced or os.environ.get(TRACEBACK, "") not in ("", "0"):
        text += "\n" + "".join(traceback.format_exception(error)).rstrip()
    else:
        text += f" (please report; --traceback or {TRACEBACK}=1 shows it)"
    return complain(_without_secrets(text), OURS)


def _without_secrets(text: str) -> str:
    """Take out what the environment holds under the name of a secret."""
    for name, content in os.environ.items():
        if len(content) >= _SECRET_AT_LEAST and any(word in name.upper() for word in _SECRET):
            text = text.replace(content, f"({name})")
    return text
