"""Where keys stand, beside tomllib, which says only which there are."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.toml.lines import DEEPEST, KeyPath, dotted, key_lines

SHIPPED = sorted((Path(__file__).parents[2] / "harness").glob("*/*.toml"))

TEXT = '''# a comment = 1
name = "small" # name = "other"
'quoted.key' = 1
"a\\u0062c" = """
not = "a key"
\\""" still """"
literal = \'\'\'
[no.table]\'\'\'
site."google.com".up = true

[documents]
page = { file = "a.txt", "title" = 'x = { y = 1 }', at.line = 1979-05-27 07:32:00 }

  [deep . "er"]  # a comment ]
\tlist = [
    1, # [not.a.table]
    { a = 1,
      # 2
      b = [[2], [
        3]] },
  ]

[[rows]]
amount = 1
[rows.when]
quality = "low"
[[rows]]
amount = 2
[[rows.inner]]
x = 1
[[rows.inner]]
x = 2
[deep]
z = 1
'''

LINES: dict[KeyPath, int] = {
    ("name",): 2, ("quoted.key",): 3, ("abc",): 4, ("literal",): 7, ("site",): 9,
    ("site", "google.com"): 9, ("site", "google.com", "up"): 9, ("documents",): 11,
    ("documents", "page"): 12, ("documents", "page", "file"): 12,
    ("documents", "page", "title"): 12, ("documents", "page", "at"): 12,
    ("documents", "page", "at", "line"): 12, ("deep",): 34, ("deep", "er"): 14,
    ("deep", "er", "list"): 15, ("deep", "er", "list", 0): 16, ("deep", "er", "list", 1): 17,
    ("deep", "er", "list", 1, "a"): 17, ("deep", "er", "list", 1, "b"): 19,
    ("deep", "er", "list", 1, "b", 0): 19, ("deep", "er", "list", 1, "b", 0, 0): 19,
    ("deep", "er", "list", 1, "b", 1): 19, ("deep", "er", "list", 1, "b", 1, 0): 20,
    ("rows",): 23, ("rows", 0): 23, ("rows", 0, "amount"): 24, ("rows", 0, "when"): 25,
    ("rows", 0, "when", "quality"): 26, ("rows", 1): 27, ("rows", 1, "amount"): 28,
    ("rows", 1, "inner"): 29, ("rows", 1, "inner", 0): 29, ("rows", 1, "inner", 0, "x"): 30,
    ("rows", 1, "inner", 1): 31, ("rows", 1, "inner", 1, "x"): 32, ("deep", "z"): 34,
}  # fmt: skip


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key of what tomllib read, in tables and lists alike."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, content in inner:
        yield (*path, key)
        yield from paths(content, (*path, key))


def test_each_key_has_the_line_on_which_it_stands() -> None:
    expected = {**LINES, ("deep",): 33}
    found = key_lines(TEXT)

    assert dict(found.lines) == expected
    assert found.repeated == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_keys_of_shipped_files_are_those_that_tomllib_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert set(key_lines(text).lines) == set(paths(tomllib.loads(text)))


def test_windows_line_ends_count_once() -> None:
    assert dict(key_lines(TEXT.replace("\n", "\r\n")).lines) == dict(key_lines(TEXT).lines)


def test_a_key_given_twice_has_its_first_line_and_is_told() -> None:
    found = key_lines("a = 1\n[t]\nb = 1\nb = 2\n[t]\n")

    assert found.lines[("t", "b")] == 3
    assert found.repeated == ((("t", "b"), 4), (("t",), 5))


def test_a_key_that_is_not_there_is_looked_for_in_its_table() -> None:
    found = key_lines("a = 1\n[t.u]\nb = [1,\n2]\n")

    assert found.nearest("t.u.b.1") == ("t.u.b.1", 4)
    assert found.nearest("t.u.c.d") == ("t.u", 2)
    assert found.nearest("x.y") == ("", 1)
    assert (found.at(1), found.at(2), found.at(4), found.at(99)) == (
        "a",
        "t.u",
        "t.u.b.1",
        "t.u.b.1",
    )


# A writer of TOML in all its spellings, which knows the line of each key that it writes.

BARE = st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True)
PIECES = st.sampled_from(
    ("a", "b = 1", "[t]", "'", "#", " ", ".", "=", "{", "}", ",", "é", "\U0001f30a", "\\")
)
KEYS = BARE | st.lists(PIECES, max_size=3).map("".join)
SCALARS = st.sampled_from(
    (
        "1",
        "-0.5e3",
        "true",
        "inf",
        "0xff",
        "1979-05-27T07:32:00Z",
        "1979-05-27 07:32:00",
        "07:32:00",
        *("''", '""', '"a # b"', "'\\'", '"\\" = ] }"', "'[t]'", '"\\\\"'),
    )
)
LONG = st.sampled_from(
    (
        '""""""',
        "''''''",
        '"""\na = 1\n[t]\n"""',
        "'''\n\"\"\"\n'''",
        '"""\\\n  x\\""" """"',
        "'''a'''''",
    )
)
GAP = st.sampled_from(("", " ", "\t", "  "))
BREAK = st.sampled_from(("", " ", "\n", " # b = 1\n", "\n\n\t# ]\n"))


def spelt(key: str, style: int) -> str:
    """A key bare where that can be, quoted in one of two ways, or with escapes."""
    plain = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    if plain and style == 0:
        return key
    if style == 1 and "'" not in key:
        return f"'{key}'"
    return (
        '"' + "".join(f"\\U{ord(char):08x}" if style == 2 else _escaped(char) for char in key) + '"'
    )


def _escaped(char: str) -> str:
    return {"\\": "\\\\", '"': '\\"'}.get(char, char)


class Written:
    """A text as it grows, with the line of each key."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {}

    def key(self, path: KeyPath) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def write(self, *parts: st.SearchStrategy[str] | str) -> None:
        for part in parts:
            self.text += part if isinstance(part, str) else self.draw(part)

    def dots(self, path: KeyPath, keys: list[str]) -> KeyPath:
        """Write keys joined by dots; the last is noted by who writes its value."""
        for place, key in enumerate(keys):
            self.write(*((GAP, ".", GAP) if place else ()))
            self.write(spelt(key, self.draw(st.integers(0, 3))))
            path = (*path, key)
            self.key(path)
        return path

    def value(self, path: KeyPath, depth: int) -> None:
        self.key(path)
        kind = self.draw(st.integers(0, 5 if depth else 2))
        if kind <= 1:
            self.write(SCALARS)
        elif kind == 2:
            self.write(LONG)
        elif kind == 3:
            self.inline(path, depth)
        else:
            self.items(path, depth)

    def items(self, path: KeyPath, depth: int) -> None:
        self.write("[", BREAK)
        number = self.draw(st.integers(0, 3))
        for place in range(number):
            self.value((*path, place), depth - 1)
            self.write(BREAK, "," if place < number - 1 else st.sampled_from(("", ",")), BREAK)
        self.write("]")

    def inline(self, path: KeyPath, depth: int) -> None:
        self.write("{", GAP)
        for place, key in enumerate(self.draw(st.lists(KEYS, max_size=3, unique=True))):
            self.write(*((GAP, ",", GAP) if place else ()))
            more = self.draw(st.lists(KEYS, max_size=1))
            inner = self.dots(path, [key, *more])
            self.write(GAP, "=", GAP)
            self.value(inner, depth - 1)
        self.write(GAP, "}")

    def pairs(self, path: KeyPath, keys: list[str]) -> None:
        for key in keys:
            self.write(GAP)
            inner = self.dots(path, [key, *self.draw(st.lists(KEYS, max_size=1))])
            self.write(GAP, "=", GAP)
            self.value(inner, 2)
            self.write(GAP, st.sampled_from(("\n", " # c = {\n", "\n\n")))


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A text of TOML, and the line of each of its keys."""
    written = Written(draw)
    names = draw(st.lists(KEYS, max_size=9, unique=True))
    written.pairs((), names[:2])
    for place, name in enumerate(names[2:]):
        several = draw(st.booleans())
        for number in range(draw(st.integers(1, 3)) if several else 1):
            written.write(GAP, "[[" if several else "[", GAP)
            path = written.dots((), [name] if several or place % 2 else [name, "in"])
            if several:
                if number:
                    written.lines[path] = written.lines[(*path, 0)]
                path = (*path, number)
                written.key(path)
            written.write(GAP, "]]" if several else "]", GAP, "\n")
            written.pairs(path, draw(st.lists(KEYS, max_size=2, unique=True)))
    return written.text, written.lines


@given(texts())
def test_a_text_in_any_spelling_has_tomllibs_keys_on_the_lines_they_were_written(
    drawn: tuple[str, dict[KeyPath, int]],
) -> None:
    text, lines = drawn
    found = key_lines(text)

    assert set(paths(tomllib.loads(text))) == set(found.lines)
    assert dict(found.lines) == lines


HOSTILE = st.lists(
    st.sampled_from(
        (
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            '"',
            "'",
            '"""',
            "'''",
            "\\",
            "=",
            ".",
            ",",
            "#",
            "\n",
            "\r",
            "a",
            "b",
            " ",
            "\t",
            "a = 1",
            "\n[a.b]\n",
            "\n[[a]]\n",
            "\x00",
            "\ud800",
            "é",
            "1979-05-27",
        )
    ),
    max_size=60,
).map("".join)


@given(HOSTILE | st.text())
def test_no_text_makes_it_raise_and_of_every_toml_it_finds_the_keys(text: str) -> None:
    found = key_lines(text)
    try:
        read = tomllib.loads(text)
    except (ValueError, RecursionError):
        return

    assert set(found.lines) == set(paths(read))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 200_000,
        "a = " + "{a=" * 100_000,
        ".".join(["a"] * 200_000) + " = 1",
        "[" + ".".join(["a"] * 200_000) + "]\nb = 1",
        "[[" * 100_000,
        'a = """' * 100_000,
        "\n".join(f"[[a.b]]\nc{number} = 1" for number in range(20_000)),
    ],
    ids=lambda text: text[:12],
)
def test_a_large_or_deep_text_costs_no_more_than_its_length(text: str) -> None:
    assert all(len(path) <= DEEPEST for path in key_lines(text).lines)


def test_paths_are_written_with_dots() -> None:
    assert dotted(("prices", "rows", 0, "amount")) == "prices.rows.0.amount"
