"""Each key of a TOML has its line, also those of tables within one line."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.toml_lines import Key, line_of, lines_of

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("harness/*/*.toml"), ROOT / "pyproject.toml"])

ODD = '''a = 1
"b.c" = { x = [1,
 2], y = """
# q "" ]
""", z = 'w' } # c = 1
[[t.u]]
k = "\\"\\u0041"
[t.u.v]
[[ t . "u" ]]
k = 2021-01-01 00:00:00
d.'e f'.g = true
'''


def keys(node: object, above: Key = ()) -> Iterator[Key]:
    entries: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        entries = list(node.items())
    if isinstance(node, list):
        entries = list(enumerate(node))
    for name, each in entries:
        yield (*above, name)
        yield from keys(each, (*above, name))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_key_that_tomllib_reads_has_a_line_and_no_other(file: Path) -> None:
    text = file.read_text()
    lines = lines_of(text)

    assert set(lines) == set(keys(tomllib.loads(text)))
    for key, line in lines.items():
        if isinstance(key[-1], str):
            assert key[-1] in text.splitlines()[line - 1]


def test_lines_go_on_behind_texts_lists_and_tables_of_several_lines() -> None:
    lines = lines_of(ODD)

    assert set(lines) == set(keys(tomllib.loads(ODD)))
    assert (lines["b.c", "x", 1], lines["b.c", "y"], lines["b.c", "z"]) == (3, 3, 5)
    assert (lines["t", "u"], lines["t", "u", 0, "v"], lines["t", "u", 1]) == (6, 8, 9)
    assert lines["t", "u", 1, "d", "e f", "g"] == 11


def test_line_ends_of_windows_are_line_ends() -> None:
    assert lines_of("a = 1\r\n\r\n[b]\r\nc = 2\r\n")["b", "c"] == 4


def test_a_key_without_a_line_is_where_its_table_is() -> None:
    lines = lines_of("[a]\n\nb = 1\n")

    assert line_of(lines, ("a", "missing", 3)) == 1
    assert line_of(lines, ("missing",)) is None


def test_of_a_text_that_is_no_toml_the_beginning_is_found() -> None:
    assert lines_of("a = 1\nb = ]\n[c\n")["a",] == 1
    assert lines_of("x = " + "[" * 100_000)["x",] == 1
