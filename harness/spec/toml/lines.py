"""On which line of a TOML each key stands: tomllib reads values, and does not say where.

This reader finds keys only, and leaves all judgement to tomllib: of a text that is no TOML it
returns what it finds, in bounded time, and never raises.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""The keys from the file as a whole down to a value; a number is a place in a list."""

DEEPEST = 64
"""Keys of more parts than this are not followed, so that no text costs more than its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLines:
    """The line, counted from 1, of every key of a text and of every item of its lists.

    A table that is only named on the way to another (`a` in `[a.b]`) has that line until a line of
    its own is found. `repeated` are keys that are given again, each with its later line.
    """

    lines: Mapping[KeyPath, int]
    repeated: tuple[tuple[KeyPath, int], ...] = ()
    by_name: Mapping[str, int] = field(default_factory=dict)

    def nearest(self, key: str) -> tuple[str, int]:
        """Return the longest beginning of a dotted key that stands in the text, and its line.

        Nothing and line 1 where not even its first part does.
        """
        while key and key not in self.by_name:
            key = key.rpartition(".")[0]
        return key, self.by_name.get(key, 1)

    def at(self, line: int) -> str:
        """Return the key on that line or, where none begins there, the last one before it."""
        before = [
            (found, place) for place, found in enumerate(self.lines.values()) if found <= line
        ]
        names = [dotted(path) for path in self.lines]
        return names[max(before)[1]] if before else ""


def dotted(path: KeyPath) -> str:
    """Return a path as messages write it: `prices.rows.0.amount`; keys with dots have quotes."""
    return ".".join(f'"{key}"' if isinstance(key, str) and "." in key else str(key) for key in path)


def key_lines(text: str) -> KeyLines:
    """Find the line of every key; of a key that is given twice, the first line."""
    reader = _Reader(text.replace("\r\n", "\n"))
    reader.read()
    lines = {**reader.passed, **reader.given}
    in_order = dict(sorted(lines.items(), key=lambda found: found[1]))
    by_name = {dotted(path): line for path, line in reversed(in_order.items())}
    return KeyLines(lines=in_order, repeated=tuple(reader.repeated), by_name=by_name)


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_LONG = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}', re.DOTALL)
_PLAIN = re.compile(r"[^,\]}\n#]+")
_LINE = re.compile(r"[^\n]*")


class _Reader:
    """One pass over a text; `place` is the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.given: dict[KeyPath, int] = {}
        self.passed: dict[KeyPath, int] = {}
        self.repeated: list[tuple[KeyPath, int]] = []
        self._lengths: dict[KeyPath, int] = {}
        self._ends = [match.start() for match in re.finditer(r"\n", text)]

    def read(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.place] == "[":
                table = self._header(table)
            elif keys := self._keys():
                path = self._entered(table, keys)
                if self._took("="):
                    self._skip(_SPACE)
                    self._value(path)
            self._skip(_LINE)

    def _header(self, table: KeyPath) -> KeyPath:
        """Read `[a.b]` or `[[a.b]]`; return the table whose keys follow."""
        several = self.text.startswith("[[", self.place)
        start = self.place
        self.place += 2 if several else 1
        keys = self._keys()
        if not keys or not self._took("]"):
            return table
        end, self.place = self.place, start
        path: KeyPath = ()
        for key in keys[: min(len(keys) - 1, DEEPEST)]:
            path = self._within((*path, key))
        path = (*path, keys[-1])
        if several:
            self._pass(path)
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._within(path)
        self._give(path)
        self.place = end
        return path

    def _within(self, path: KeyPath) -> KeyPath:
        """Return a table on the way to another; of an array of tables, its last one."""
        self._pass(path)
        length = self._lengths.get(path)
        return path if length is None else (*path, length - 1)

    def _entered(self, table: KeyPath, keys: list[str]) -> KeyPath:
        for length in range(1, min(len(keys), DEEPEST)):
            self._pass((*table, *keys[:length]))
        return (*table, *keys)

    def _value(self, path: KeyPath) -> None:
        """Read a value with all that is in it; without recursion, for a text may nest deep."""
        holders: list[tuple[KeyPath, Iterator[int] | None]] = []
        following: KeyPath | None = path
        while following is not None:
            self._give(following)
            first = self.text[self.place : self.place + 1]
            if first and first in "[{":
                self.place += 1
                holders.append((following, _counted() if first == "[" else None))
            elif not self._scalar():
                return
            following = self._next(holders)

    def _next(self, holders: list[tuple[KeyPath, Iterator[int] | None]]) -> KeyPath | None:
        """Return the path of the next value inside the open lists and tables; None at their end."""
        while holders:
            self._skip(_BLANK)
            if self._took(","):
                self._skip(_BLANK)
            path, numbers = holders[-1]
            if self._took("}" if numbers is None else "]"):
                holders.pop()
                continue
            if len(path) >= DEEPEST:
                return None
            if numbers is not None:
                return (*path, next(numbers)) if self.place < len(self.text) else None
            keys = self._keys()
            if not keys:
                return None
            inner = self._entered(path, keys)
            if not self._took("="):
                return None
            self._skip(_BLANK)
            return inner
        return None

    def _scalar(self) -> bool:
        for kind in (_LONG, _QUOTED, _PLAIN):
            if found := kind.match(self.text, self.place):
                self.place = found.end()
                return True
        return False

    def _keys(self) -> list[str]:
        """Read a key with its dots; nothing where none stands here."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            found = _BARE.match(self.text, self.place) or _QUOTED.match(self.text, self.place)
            if found is None:
                return []
            self.place = found.end()
            keys.append(_unquoted(found[0]))
            if not self._took("."):
                return keys

    def _took(self, mark: str) -> bool:
        self._skip(_SPACE)
        there = self.text.startswith(mark, self.place)
        self.place += len(mark) if there else 0
        return there

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return self.place

    def _line(self) -> int:
        return bisect_left(self._ends, self.place) + 1

    def _pass(self, path: KeyPath) -> None:
        if len(path) <= DEEPEST:
            self.passed.setdefault(path, self._line())

    def _give(self, path: KeyPath) -> None:
        if len(path) > DEEPEST:
            return
        if path in self.given:
            self.repeated.append((path, self._line()))
        else:
            self.given[path] = self._line()
            self.passed.setdefault(path, self.given[path])


def _counted() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _unquoted(key: str) -> str:
    """Return a key as tomllib reads it; one that it refuses, as it is written."""
    if not key.startswith(('"', "'")):
        return key
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except ValueError:
        return key
