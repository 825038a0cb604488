"""On which line of a TOML each key stands: tomllib reads values and forgets where they were."""

import re
from contextlib import suppress
from dataclasses import dataclass, field

Key = tuple[str | int, ...]
"""Keys from the outermost on; an integer is the place of an item in a list, from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_TEXTS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
"""What a text looks like, longer quotes first."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def lines_of(text: str) -> dict[Key, int]:
    """Return the line, from 1 on, of every table, key and list item of a TOML.

    The text is one that tomllib has read; of another, what comes before the first mistake is found.
    """
    reader = _Reader(text=text.replace("\r\n", "\n"))
    with suppress(_OddError, RecursionError):
        reader.read()
    return reader.lines


def line_of(lines: dict[Key, int], key: Key) -> int | None:
    """Return the line of a key, or of the nearest table around it that has one."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


class _OddError(Exception):
    """The text is no TOML from here on."""


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    lines: dict[Key, int] = field(default_factory=dict)
    _items: dict[Key, int] = field(default_factory=dict)
    _counted: tuple[int, int] = (0, 1)

    def read(self) -> None:
        table: Key = ()
        while self._skip(_BLANK) < len(self.text):
            table = self._entry(table)

    def _entry(self, table: Key) -> Key:
        """Read a heading or a key with its value; return the table that goes on after it."""
        if not self._takes("["):
            self._pair(table)
            return table
        several = self._takes("[")
        *above, last = self._keys()
        table = self._inside(above)
        if several:
            place = (*table, last)
            count = self._items[place] = self._items.get(place, 0) + 1
            table = (*place, count - 1)
            self._note(place)
            self._note(table)
        else:
            table = self._inside([*above, last])
        self._expect("]]" if several else "]")
        return table

    def _inside(self, keys: list[str]) -> Key:
        """Return the table of these keys: of a list of tables, the one that was begun last."""
        key: Key = ()
        for each in keys:
            key = (*key, each)
            if key in self._items:
                key = (*key, self._items[key] - 1)
            self._note(key)
        return key

    def _pair(self, table: Key) -> None:
        for name in self._keys():
            table = (*table, name)
            self._note(table)
        self._expect("=")
        self._value(table)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._takes("."):
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip(_SPACE)
        if self.text[self.at : self.at + 1] in ('"', "'"):
            return _unquoted(self._text())
        match = _BARE.match(self.text, self.at)
        if match is None:
            raise _OddError
        self.at = match.end()
        return match[0]

    def _value(self, key: Key) -> None:
        self._skip(_SPACE)
        first = self.text[self.at : self.at + 1]
        if first in ('"', "'") and first:
            self._text()
        elif self._takes("["):
            self._list(key)
        elif self._takes("{"):
            self._table(key)
        else:
            self._skip(_SCALAR)

    def _list(self, key: Key) -> None:
        place = 0
        while self._skip(_BLANK) < len(self.text) and not self._takes("]"):
            self._note((*key, place))
            self._value((*key, place))
            self._skip(_BLANK)
            self._takes(",")
            place += 1

    def _table(self, key: Key) -> None:
        while self._skip(_BLANK) < len(self.text) and not self._takes("}"):
            self._pair(key)
            self._skip(_BLANK)
            self._takes(",")

    def _text(self) -> str:
        for pattern in _TEXTS:
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                return match[0]
        raise _OddError

    def _takes(self, mark: str) -> bool:
        """Go past a mark, if it stands here after blanks; tell whether it did."""
        self._skip(_SPACE)
        there = self.text.startswith(mark, self.at)
        self.at += len(mark) if there else 0
        return there

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise _OddError

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, key: Key) -> None:
        """Note the line of a key where it stands first."""
        since, line = self._counted
        line += self.text.count("\n", since, self.at)
        self._counted = (self.at, line)
        self.lines.setdefault(key, line)


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    return _ESCAPE.sub(_character, text[1:-1])


def _character(escape: re.Match[str]) -> str:
    if digits := escape[1] or escape[2]:
        return chr(int(digits, 16))
    return _SHORT.get(escape[3], escape[3])
