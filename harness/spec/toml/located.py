"""Mistakes on their lines, and those that no table was ever read of: no TOML, no text."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.core.errors import Mistake
from harness.sensitive.guard import NO_KEY, KeyGuard, has_key_like_word
from harness.spec.rules.base import toml_table
from harness.spec.toml.lines import KeyLines, key_lines


def located(mistakes: Iterable[Mistake], text: str, raw: Mapping[str, Any]) -> tuple[Mistake, ...]:
    """Give each mistake its line, in the order of the lines.

    What is missing has the line of the table in which it should stand; what the file as a whole
    lacks has line 1, and comes last. A mistake in what operations
    inherit is told once, where it is written. What looks like a key is not repeated.
    """
    lines = key_lines(text)
    parents = {
        name: str(operation["extends"])
        for name, operation in toml_table(raw.get("operations")).items()
        if isinstance(operation, Mapping) and "extends" in operation
    }
    found = list(dict.fromkeys(mistakes))
    told = {(mistake.key, mistake.reason) for mistake in found}
    placed, guard = [], KeyGuard()
    for mistake in found:
        own, line = lines.nearest(mistake.key)
        first, name, rest = (*mistake.key.split(".", 2), "", "")[:3]
        if first == "operations" and name in parents and own != mistake.key:
            theirs = f"operations.{parents[name]}.{rest}"
            if (theirs, mistake.reason) in told:
                continue
            written, inherited = lines.nearest(theirs)
            line = inherited if written.count(".") > own.count(".") else line
        placed.append(_without_key(replace(mistake, line=line), guard))
    return tuple(sorted(placed, key=lambda each: (not lines.nearest(each.key)[0], each.line or 0)))


def _without_key(mistake: Mistake, guard: KeyGuard) -> Mistake:
    told = f"{mistake.reason} {mistake.write}"
    if guard.is_in(str(mistake)) or (mistake.key in _OF_A_KEY and has_key_like_word(told)):
        key = "" if guard.is_in(mistake.key) else mistake.key
        return Mistake(key=key, reason=f"this {NO_KEY}", line=mistake.line)
    return mistake


_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def no_toml(error: Exception, text: str, *, known: Collection[str] = ()) -> Mistake:
    """Return the one mistake that tomllib names in a text, on its line, with its usual cause.

    Where the line looks like a key, or names one, nothing of it is repeated; `known` are names that
    such a file may hold although they sound like a key's.
    """
    if isinstance(error, RecursionError):
        return Mistake(key="", reason="not valid TOML: nested too deep", line=1)
    mistake = _no_toml(error, text)
    rows = text.split("\n")
    row = rows[min(mistake.line or 1, len(rows)) - 1]
    names = [name for name in _names_in(row) if name not in known]
    if KeyGuard().is_in(row, str(mistake), names=names) or (
        mistake.key in _OF_A_KEY and has_key_like_word(row)
    ):
        return Mistake(key="", reason=f"not valid TOML, and it {NO_KEY}", line=mistake.line)
    return mistake


_OF_A_KEY = ("auth.env", "auth.header", "auth.prefix", "auth.query")
"""Where a key is pasted by mistake: no other word there is as long and mixed."""


def _names_in(row: str) -> list[str]:
    """Return the names of the values on a line, as well as one can where it is no TOML."""
    if row.lstrip().startswith("["):
        return []
    named = re.findall(r"(?<![\w-])([\w-]++)[\"'\s]*+[=:]", row)
    return named or [row]


def _no_toml(error: Exception, text: str) -> Mistake:
    place = _PLACE.search(str(error))
    rows = text.split("\n")
    line = int(place[1]) if place and place[1] else len(rows)
    reason = _PLACE.sub("", str(error))
    lines = key_lines(text)
    row = rows[min(line, len(rows)) - 1].strip()
    column = f" (column {place[2]})" if place and place[1] else ""
    if again := next((first for first, later in _again(lines) if later == line), None):
        key, first = again
        reason = f"not valid TOML: given twice, first on line {first}"
        return Mistake(key=key, reason=reason, line=line)
    cause, write = _cause(reason, row)
    told = f"not valid TOML: {reason}{column}{cause}"
    return Mistake(key=lines.at(line), reason=told, line=line, write=write)


def _again(lines: KeyLines) -> Iterable[tuple[tuple[str, int], int]]:
    for path, later in lines.repeated:
        yield (".".join(map(str, path)), lines.lines[path]), later


_QUOTES = str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")


def _cause(reason: str, row: str) -> tuple[str, str]:
    """Say what usually makes tomllib say this, and what to write; nothing where nobody can know."""
    key, _, value = (part.strip() for part in row.partition("="))
    if row != row.translate(_QUOTES):
        return "; these are typographic quotes", row.translate(_QUOTES)
    if "escape" in reason.lower() and "\\" in row and "'" not in row:
        single = re.sub(r'"([^"]*\\[^"]*)"', r"'\1'", row)
        return "; in double quotes \\ begins an escape, in single quotes it is itself", single
    if reason.startswith("Invalid value") and re.match(r"[A-Za-z/]", value):
        word = re.match(r"[^,\]}#\s]+", value)
        text = word[0] if word else value
        proper = text.lower() if text.lower() in ("true", "false") else f'"{text}"'
        return "; a text stands in quotes" if proper[0] == '"' else "", f"{key} = {proper}"
    if ":" in row and "=" not in row and "Expected '='" in reason:
        return "; = stands between a key and its value", re.sub(r"\s*:\s*", " = ", row, count=1)
    if value.startswith("{") and "}" not in value:
        return "; an inline table { ... } stands on one line", ""
    return "", ""


def no_text(error: UnicodeDecodeError, raw: bytes) -> Mistake:
    """Return the one mistake of a file that is not UTF-8, on the line of its first such byte."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Mistake(key="", reason="this is UTF-16; save the file as UTF-8", line=1)
    line = raw.count(b"\n", 0, error.start) + 1
    before = raw[: error.start].decode("utf-8", "replace")
    return Mistake(
        key=key_lines(before).at(line),
        reason=f"byte 0x{raw[error.start]:02x} is no UTF-8 (perhaps Latin-1, where it is "
        f"{raw[error.start : error.start + 1].decode('latin-1')!r}); save the file as UTF-8",
        line=line,
    )
