import io
import json

import pytest
from rich.table import Table
from rich.text import Text

from harness.cli.printing import echo, echo_json, echo_line, shown
from harness.cli.terminal import terminal

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \u202eturned\u202c \u2066in\u2069 a\rb\bc "
    "zero\u200bwidth \x00\x7f\x85 \u2028line \ue000 \U000e0041tag"
)
HIDDEN = {character for character in HOSTILE if not character.isprintable()}


def _hidden(text: str) -> set[str]:
    return HIDDEN & set(text)


def test_lines_show_what_hides(capsys: pytest.CaptureFixture[str]) -> None:
    echo(f"one\n{HOSTILE}", err=True)
    echo_line(f"{HOSTILE}\nforged: all promises held", err=True)

    err = capsys.readouterr().err
    assert _hidden(err) == set()
    assert len(err.splitlines()) == 3
    assert "\\u001b[31mred" in err
    assert "\\u000aforged" in err


def test_json_shows_nothing_hidden_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"message": HOSTILE, HOSTILE: "猫 é 🐱"}

    echo_json(json.dumps(document, ensure_ascii=False))

    out = capsys.readouterr().out
    assert _hidden(out) == set()
    assert "猫 é 🐱" in out
    assert json.loads(out) == document


def test_tables_and_texts_of_a_console_pass_the_same_border() -> None:
    file = io.StringIO()
    console = terminal(file=file, width=200)
    table = Table(title=Text(HOSTILE))
    table.add_column("what", overflow="fold")
    table.add_row(Text(HOSTILE))

    console.print(table)
    console.print(HOSTILE, soft_wrap=True)

    assert _hidden(file.getvalue()) == set()
    assert "\\u202eturned" in file.getvalue()


def test_what_is_plain_stays_as_it_is() -> None:
    text = "sub2api: 12 of 30 — “held” 猫\n  next line"

    assert shown(text) == text
