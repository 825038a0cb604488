"""How `harness diff` prints what changed: a sentence, then a sentence for each change, by group."""

import shutil
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from harness.cli.printing import echo
from harness.cli.terminal import terminal
from harness.comparing.model import Diff
from harness.comparing.words import ground, groups, sentence
from harness.report.text import one_line

_NARROWEST, _WIDEST = 40, 80
_MOST = 20
"""Sentences of one group; those that fail a build are all there, up to `_MOST_FAILING`."""

_MOST_FAILING = 100
_LONGEST = 600
_ELSEWHERE = "more; --json has them all"


def show(diff: Diff) -> None:
    """Print a diff within 80 columns; a command to copy stays on one line."""
    width = max(min(shutil.get_terminal_size().columns, _WIDEST), _NARROWEST)
    console = terminal(highlight=False, width=width)
    _print(console, sentence(diff), longest=2_000)
    if diff.recheck is not None:
        _print(console, diff.recheck.sentence)
    for group in groups(diff):
        most = _MOST_FAILING if group.name == "fails" else _MOST
        _section(console, group.heading, group.sentences, group.shown_by, most=most)
        if group.command:
            _print(console, "to find out:", before="  ")
            echo(f"  {one_line(group.command, 2_000)}")
    _section(console, "Not compared", diff.not_compared)
    _section(console, "What it rests on", ground(diff))


def _section(
    console: Console,
    heading: str,
    lines: Sequence[str],
    shown_by: Sequence[Sequence[str]] = (),
    *,
    most: int = _MOST,
) -> None:
    if not lines:
        return
    echo("")
    number = f" ({len(lines):,})" if len(lines) > 1 else ""
    _print(console, f"{heading}{number}:")
    for at, line in enumerate(lines[:most]):
        _print(console, line, before="- ")
        for each in shown_by[at] if shown_by else ():  # a path to copy stays on one line
            echo(f"  {one_line(each, _LONGEST)}")
    if len(lines) > most:
        _print(console, f"... and {len(lines) - most:,} {_ELSEWHERE}", before="  ")


def _print(console: Console, text: str, *, before: str = "", longest: int = _LONGEST) -> None:
    """Print foreign text as one sentence, broken between words, and by the width of its letters."""
    for line in _broken(console, one_line(text, longest), before):
        echo(line)


def _broken(console: Console, text: str, before: str) -> Iterator[str]:
    for line in Text(text).wrap(console, console.width - len(before)):
        yield f"{before}{line.plain.rstrip()}"
        before = " " * len(before)
