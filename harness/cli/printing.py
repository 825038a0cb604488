"""The border to the terminal: all that the command prints passes here, and shows what it hides.

A provider's text may move the cursor, rename the window, turn the reading direction round. Each
such character is printed as its number; line ends of our own texts stay.
"""

import json

import click

from harness.report.text import hidden, visible


def shown(text: str) -> str:
    """Return a text as it may be printed: line ends stay, all else that is hidden is a number."""
    return visible(text, keep="\n")


def echo(text: str, *, err: bool = False) -> None:
    """Print lines of ours, with foreign words in them, on stdout or stderr."""
    click.echo(shown(text), err=err)


def echo_styled(text: str) -> None:
    """Print lines with styles of ours, whose foreign words are `shown` already."""
    click.echo(text)


def echo_line(text: str, *, err: bool = False) -> None:
    """Print one line, whatever it holds: a line end within it is shown as its number."""
    click.echo(visible(text), err=err)


def echo_json(text: str) -> None:
    """Print JSON, in which what is hidden is escaped as JSON escapes it: the value is the same."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(json.dumps(char)[1:-1] if _is_escaped(char) else char for char in text)
    click.echo(text)


def _is_escaped(character: str) -> bool:
    return character != "\n" and hidden(character)
