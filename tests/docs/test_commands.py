"""Every command and example of the documentation, run as a reader types it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.cli.main import cli
from tests.docs.pages import DOCS, Block, blocks_of, pages
from tests.docs.session import Reader, commands, copied, reader, unprinted

RUN = {"commands", "python", "file", "output"}
ELSEWHERE = 20
"""Blocks that need a key or a network: a page that adds one says so here."""


def _named(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def _runs(page: Path) -> list[Block]:
    return [block for block in blocks_of(page) if block.kind in RUN]


PAGES = [page for page in pages() if any(b.kind in {"commands", "python"} for b in _runs(page))]
FIRST = [_runs(page)[0].text for page in PAGES]


@pytest.fixture(scope="module")
def kept() -> dict[str, tuple[Path, str]]:
    """What the commands that several pages begin with left behind and printed: they run once."""
    return {}


@pytest.fixture
def at_page(tmp_path: Path) -> Iterator[Reader]:
    someone = reader(tmp_path)
    yield someone
    someone.leaves()


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_a_page_comes_out_as_it_says(
    page: Path,
    at_page: Reader,
    kept: dict[str, tuple[Path, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    blocks = _runs(page)
    first = blocks[0].text
    if first in kept:
        folder, at_page.printed = kept[first]
        copied(folder, at_page.root)
        blocks = blocks[1:]
    elif FIRST.count(first) > 1:
        at_page.follow(blocks[0])
        folder = tmp_path_factory.mktemp("begun")
        copied(at_page.root, folder)
        kept[first] = folder, at_page.printed
        blocks = blocks[1:]

    for block in blocks:
        at_page.follow(block)


def _elsewhere() -> list[Block]:
    return [block for page in pages() for block in blocks_of(page) if block.kind == "elsewhere"]


def test_only_so_many_blocks_run_elsewhere() -> None:
    assert len(_elsewhere()) <= ELSEWHERE


def test_commands_that_need_a_key_have_options_that_there_are() -> None:
    lines = [line for b in _elsewhere() if b.language == "sh" for line in commands(b.text)]
    typed = [shlex.split(line, comments=True) for line in lines]

    assert all(typed)
    verbs = [words[1:] for words in typed if words[0] == "harness"]
    assert len(verbs) >= 5
    for words in verbs:
        understood(words)


def understood(words: list[str]) -> None:
    """Let click parse a command, and change nothing."""
    command: click.Command = cli
    context = click.Context(cli, info_name="harness", **cli.context_settings)
    while isinstance(command, click.Group):
        name = words.pop(0)
        following = command.get_command(context, name)
        assert following, name
        command, context = following, click.Context(following, info_name=name, parent=context)
    values, _, order = command.make_parser(context).parse_args(args=words)
    for parameter in order:
        if parameter.name in values:
            parameter.type_cast_value(context, values[parameter.name])


def test_a_flag_that_is_none_is_told() -> None:
    with pytest.raises(click.NoSuchOption):
        understood(["run", "--max-image", "3"])
    with pytest.raises(click.BadParameter):
        understood(["run", "--max-images", "many"])


def test_an_exit_code_that_is_another_one_is_told(at_page: Reader) -> None:
    wrong = Block(
        kind="commands",
        language="sh",
        text="harness explain --provider apiframe --n 11\n",
        caption="",
        classes=frozenset(),
    )

    with pytest.raises(AssertionError, match="ends with 1, not 0"):
        at_page.follow(wrong)


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ("a b\nc", ""),
        ("a ... c", ""),
        ("c\na", "a"),
        ("a b d", "a b d"),
        ("...", ""),
    ],
)
def test_output_is_held_against_what_was_printed(wanted: str, missing: str) -> None:
    assert unprinted(wanted, "a  b\n   c\n") == missing
