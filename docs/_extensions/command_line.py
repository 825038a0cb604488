"""The command line's reference, made of click's commands as `--help` shows them.

A page says `<!-- harness: run -->` where the options of a verb are to stand, and
`<!-- harness: providers try -->` for one below it. Each option has an anchor: `#run-max-images`.
"""

import argparse
import re
from collections.abc import Iterator
from typing import Any

import click
from sphinx.application import Sphinx

from harness.cli.main import cli
from harness.cli.options import TopicOption
from harness.emulator.__main__ import _parser as emulator_parser

MARK = re.compile(r"^<!-- harness:(?P<words>[\w -]*) -->$", re.MULTILINE)


def found(words: list[str]) -> tuple[click.Command, click.Context]:
    """Return the command of these words, in its context."""
    command: click.Command = cli
    context = click.Context(cli, info_name="harness", **cli.context_settings)
    for word in words:
        assert isinstance(command, click.Group)
        following = command.get_command(context, word)
        assert following is not None, word
        command = following
        context = click.Context(command, info_name=word, parent=context, **command.context_settings)
    return command, context


def reference(words: list[str]) -> str:
    """Return the reference of a command as Markdown: usage, what it does, its options by topic."""
    if words == ["emulate"]:
        return "\n".join(_emulate())
    command, context = found(words)
    return "\n".join(_command(command, context, "-".join(words) or "harness"))


def _command(command: click.Command, context: click.Context, prefix: str) -> Iterator[str]:
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    yield from ("```text", usage, "```", "")
    yield from _prose(command.help or "")
    topics: dict[str, list[str]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or not isinstance(parameter, click.Option):
            continue
        heading = parameter.topic if isinstance(parameter, TopicOption) else "Options"
        name = next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0])
        topics.setdefault(heading, []).extend(_option(record[0], record[1], f"{prefix}{name}"))
    for heading, lines in topics.items():
        yield from ("", f"**{heading}**", "", *lines)


def _option(name: str, meaning: str, anchor: str) -> list[str]:
    return [f"[`{name}`]{{#{anchor} .option}}", f": {_escaped(meaning)}", ""]


def _escaped(text: str) -> str:
    """Return a help text as Markdown: its back quotes stay, all else is plain."""
    parts = re.split(r"(`[^`]*`)", text.replace("\n", " "))
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*_<>\[\]{}#|$~])", r"\\\1", part)
        for part in parts
    )


def _prose(text: str) -> Iterator[str]:
    """Yield a command's help: paragraphs, and blocks that are not to be wrapped as they are."""
    for block in re.split(r"\n\s*\n", text.replace("\r", "").strip("\n")):
        if block.startswith("\b"):
            yield from ("```text", block.removeprefix("\b").strip("\n"), "```", "")
        elif block.strip():
            yield from (_escaped(" ".join(block.split())), "")


def _emulate() -> Iterator[str]:
    parser = emulator_parser()
    parser.prog = "harness emulate"
    yield from ("```text", " ".join(parser.format_usage().removeprefix("usage: ").split()), "```")
    yield from ("", _escaped(parser.description or ""), "", "**Options**", "")
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of them
        shown = ", ".join(action.option_strings)
        value = action.metavar if action.nargs != 0 else None
        name = f"{shown} {value}" if value else shown
        yield from _option(name, _meaning(parser, action), f"emulate{action.option_strings[-1]}")
    if parser.epilog:
        yield from ("```text", parser.epilog.strip("\n"), "```")


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    words = (action.help or "") % {**vars(action), "prog": parser.prog}
    return words[:1].upper() + words[1:]


def _read(_app: Sphinx, _name: str, content: list[str]) -> None:
    content[0] = MARK.sub(lambda mark: reference(mark["words"].split()), content[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Put the references in as a page is read."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
