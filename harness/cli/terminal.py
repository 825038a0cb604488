"""The border to the terminal: all that the command prints passes here, and shows what it hides.

A provider's text may move the cursor, rename the window, turn the reading direction round. Each
such character is printed as its number; line ends of our own texts stay.
"""

import json
from typing import IO

import click
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from harness.report.text import hidden, visible


def shown(text: str) -> str:
    """Return a text as it may be printed: line ends stay, all else that is hidden is a number."""
    return visible(text, keep="\n")


def echo(text: str, *, err: bool = False) -> None:
    """Print lines of ours, with foreign words in them, on stdout or stderr."""
    click.echo(shown(text), err=err)


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


class _Shown:
    """A renderable whose texts hide nothing; rich's own control codes pass."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(shown(segment.text), segment.style)


class _Border(RenderHook):
    """A hook of rich: every renderable that is printed is wrapped."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(renderable) for renderable in renderables]


def terminal(  # noqa: PLR0913 - what rich's console is told
    *,
    stderr: bool = False,
    markup: bool = False,
    soft_wrap: bool = False,
    highlight: bool = True,
    file: IO[str] | None = None,
    width: int | None = None,
) -> Console:
    """Return a console behind the border."""
    console = Console(
        stderr=stderr,
        markup=markup,
        soft_wrap=soft_wrap,
        highlight=highlight,
        file=file,
        width=width,
    )
    console.push_render_hook(_Border())
    return console
