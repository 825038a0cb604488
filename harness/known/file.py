"""The file of known deviations: a TOML that a person edits, every mistake of it at once.

    [[known]]
    provider = "nanobanana"
    operation = "generate"
    promise = "n.range"
    check = "refuses_what_it_forbids"
    reason = "n=0 makes one image; they mean to document it"
    link = "https://tracker.example/4711"
    expires = 2027-01-31

`link` and `since` (a day) may be left out, and `promise` where the check is about a reply as a
whole. An empty file is one of which nothing is known.
"""

import datetime as dt
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.core import tomltext
from harness.core.errors import ConfigError, Mistake, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.known.model import KnownDeviation, Place
from harness.known.names import unknown_names
from harness.sensitive.guard import NO_KEY, KeyGuard
from harness.spec.provider import Provider
from harness.spec.toml.lines import KeyLines, KeyPath, dotted, key_lines
from harness.spec.toml.located import no_toml

TABLE = "known"
REQUIRED = ("provider", "operation", "check", "reason", "expires")
TEXTS = {
    "provider": 100,
    "operation": 100,
    "promise": 500,
    "check": 100,
    "reason": 1_000,
    "link": 500,
}
"""Each key that holds a text, and how many characters that may have."""
DAYS = ("since", "expires")
KEYS = (*TEXTS, *DAYS)
_DAY = "2027-01-31"


def read_known(
    path: Path,
    *,
    providers: Mapping[str, Provider | None] | None = None,
    checks: Collection[str] = (),
) -> tuple[KnownDeviation, ...]:
    """Read a file of known deviations; ConfigError with every mistake, each with its line.

    Where `providers` are given, each entry is about one of them, and about an operation and a
    promise that it has (of one that is None, nobody knows what it has); where `checks` are, about
    one of these. UsageError for a file that cannot
    be read. What looks like a key is refused, and not repeated.
    """
    return known_in(known_text(path), shown(path), providers=providers, checks=checks)


def known_text(path: Path) -> str:
    """Return the text of such a file, of at most a mebibyte; UsageError where there is none."""
    what = f"known deviations: {shown(path)}"
    try:
        return read_at_most(path, MEBIBYTE).decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"{what}: there is no such file",
            hint="`harness diff --accept` writes one; an empty file is one, too",
        ) from None
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{what}: not UTF-8", hint="save it as UTF-8") from None


def known_in(
    text: str,
    file: str,
    *,
    providers: Mapping[str, Provider | None] | None = None,
    checks: Collection[str] = (),
) -> tuple[KnownDeviation, ...]:
    """Read the text of such a file, as `read_known` does; `file` is what mistakes call it."""
    try:
        raw = tomltext.loaded(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(file, (no_toml(error, text),)) from None
    reader = _Reader(lines=key_lines(text), providers=providers, checks=checks)
    found = reader.read(raw)
    if reader.mistakes:
        in_order = sorted(reader.mistakes, key=lambda mistake: mistake.line or 0)
        raise ConfigError(file, tuple(in_order))
    return found


def written_known(known: Sequence[KnownDeviation]) -> str:
    """Return known deviations as the text of such a file, in the order of what they speak of."""
    in_order = sorted(
        known, key=lambda each: (each.provider, each.operation, each.promise, each.check)
    )
    return "\n".join(map(_written, in_order))


def appended(text: str, entries: Sequence[KnownDeviation]) -> str:
    """Return a file's text with these entries behind it: all that stands there stays.

    An entry that speaks of what another one there speaks of is left out. ConfigError where the text
    has mistakes; UsageError where nothing can be appended (`known = [...]` on one line).
    """
    there = {each.place for each in known_in(text, "known deviations")}
    fresh = {each.place: each for each in entries if each.place not in there}
    if not fresh:
        return text
    before = text if not text or text.endswith("\n") else f"{text}\n"
    whole = (
        f"{before}\n{written_known([*fresh.values()])}"
        if before.strip()
        else written_known([*fresh.values()])
    )
    try:
        tomltext.loaded(whole)
    except ValueError:
        raise UsageError(
            "nothing can be appended to these known deviations",
            hint="write each of them as a table of its own, [[known]]",
        ) from None
    return whole


def shown(path: Path) -> str:
    """Return a path as short as the working directory allows."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def _written(known: KnownDeviation) -> str:
    lines = [f"[[{TABLE}]]"]
    for key in KEYS:
        content = getattr(known, key)
        if content and key in TEXTS:
            lines.append(f"{key} = {tomltext.text(content)}")
        elif content:
            lines.append(f"{key} = {content}")
    return "\n".join(lines) + "\n"


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one text and gathers its mistakes."""

    lines: KeyLines
    providers: Mapping[str, Provider | None] | None
    checks: Collection[str]
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, raw: dict[str, Any]) -> tuple[KnownDeviation, ...]:
        for key in _secret_keys(raw):
            self._note(key, Mistake(key="", reason=NO_KEY))
        if self.mistakes:  # no other sentence repeats what may be one
            return ()
        for name in raw:
            if name != TABLE:
                self._note((name,), Mistake.none_of("", "unknown key", name, (TABLE,)))
        tables = raw.get(TABLE, [])
        if not isinstance(tables, list):
            self._note((TABLE,), Mistake(key="", reason="no list", write=f"[[{TABLE}]]"))
            return ()
        entries = (self._entry((TABLE, at), table) for at, table in enumerate(tables))
        return tuple(self._once(each for each in entries if each is not None))

    def _once(self, entries: Iterable[KnownDeviation]) -> Iterator[KnownDeviation]:
        first: dict[Place, KnownDeviation] = {}
        for entry in entries:
            if entry.place in first:
                reason = f"known already, on line {first[entry.place].line}: {entry.named}"
                self.mistakes.append(Mistake(key=TABLE, reason=reason, line=entry.line))
                continue
            first[entry.place] = entry
            yield entry

    def _entry(self, key: KeyPath, table: object) -> KnownDeviation | None:
        """Return one entry; None where it has mistakes, which are noted."""
        if not isinstance(table, dict):
            self._note(key, Mistake(key="", reason="no table", write=f"[[{TABLE}]]"))
            return None
        before = len(self.mistakes)
        for name in table:
            if name not in KEYS:
                self._note((*key, name), Mistake.none_of("", "unknown key", name, KEYS))
        values = {name: self._value(key, name, table.get(name)) for name in KEYS}
        if values["promise"] == values["check"]:
            values["promise"] = ""
        known = KnownDeviation(**values, line=self._line(key))
        if values["since"] and values["expires"] and values["since"] > values["expires"]:
            self._note((*key, "expires"), Mistake(key="", reason="is before `since`"))
        if len(self.mistakes) == before:
            for name, mistake in unknown_names(known, self.providers, self.checks):
                self._note((*key, name), mistake)
        return known if len(self.mistakes) == before else None

    def _value(self, key: KeyPath, name: str, content: object) -> str:
        if content is None:
            if name in REQUIRED:
                write = f"expires = {_DAY}" if name == "expires" else f'{name} = "..."'
                self._note((*key, name), Mistake(key="", reason="is missing", write=write))
            return ""
        try:
            return _day(content) if name in DAYS else _text(name, content)
        except ValueError as error:
            self._note((*key, name), Mistake(key="", reason=str(error)))
            return ""

    def _line(self, key: KeyPath) -> int:
        return self.lines.nearest(dotted(key))[1]

    def _note(self, key: KeyPath, mistake: Mistake) -> None:
        self.mistakes.append(replace(mistake, key=dotted(key), line=self._line(key)))


def _day(content: object) -> str:
    """Return a day as ISO 8601 writes it; TOML's own, or a text."""
    if isinstance(content, dt.date) and not isinstance(content, dt.datetime):
        return content.isoformat()
    try:
        return dt.date.fromisoformat(content if isinstance(content, str) else "").isoformat()
    except ValueError:
        raise ValueError(f"is no day; write it like {_DAY}") from None


def _text(name: str, content: object) -> str:
    if not isinstance(content, str):
        raise ValueError("is no text; write it in quotes")  # noqa: TRY004 - a mistake of a file
    text = content.strip() if name != "reason" else content
    if name != "promise" and not any(char.isprintable() and char != " " for char in text):
        raise ValueError("is empty" + ("; say why it is expected" if name == "reason" else ""))
    if len(text) > TEXTS[name]:
        raise ValueError(f"has {len(text):,} characters; at most {TEXTS[name]:,}")
    if name == "link":
        _refuse_no_link(text)
    return text


def _refuse_no_link(text: str) -> None:
    """Refuse what is no address of a page."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise ValueError("is no link; write it like https://tracker.example/4711")


def _secret_keys(raw: dict[str, Any]) -> Iterator[KeyPath]:
    """Yield where a file names a key, or holds what looks like one or is one of this user's."""
    search = KeyGuard()
    for key, content in _leaves(raw):
        texts = [str(part) for part in key]
        if search.is_in(*([content] if isinstance(content, str) else []), *texts, names=texts):
            yield key


def _leaves(raw: object) -> Iterable[tuple[KeyPath, object]]:
    waiting: list[tuple[KeyPath, object]] = [((), raw)]
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, dict):
            waiting += [((*key, name), each) for name, each in node.items()]
        elif isinstance(node, list):
            waiting += [((*key, place), each) for place, each in enumerate(node)]
        else:
            yield key, node
