"""A configuration as values: read once, every mistake of it at once, each with its line."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.config.choices import TYPED_ONLY, Choice, Place, choices, tables
from harness.config.discovery import PROJECT, TABLE, found_file
from harness.core.errors import ConfigError, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.rate import Rate
from harness.core.toml_lines import Key, line_of, lines_of
from harness.spec.price_list import Amount
from harness.transport.sensitive.search import Search

FILE_VARIABLE = "HARNESS_CONFIG"
"""The environment variable that names a configuration, instead of looking for one."""

RATES = "rates"
LIVE = "a live run costs money: it is asked for at the command line, with --against live"
KEY_WORDS = frozenset(
    ("key", "keys", "apikey", "apikeys", "token", "secret", "password", "authorization")
)
_SECRET_AT_LEAST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a configuration says: values by group and field, and the line of each.

    `path` is None where there is none. `rates` are what providers' units are worth, by provider.
    """

    path: Path | None = None
    values: Mapping[Place, object] = field(default_factory=dict)
    lines: Mapping[Place, int] = field(default_factory=dict)
    rates: Mapping[str, Rate] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """Return file and line of a value, as an error names them."""
        return f"{shown(self.path)}:{self.lines[place]}" if self.path else ""


def read_config(file: str | Path | None = None, *, start: str | Path = ".") -> Config:
    """Return the configuration in a file, or the nearest from `start` upwards; else an empty one.

    A file without a TOML of ours in it, another user's, or with mistakes is a UsageError; mistakes
    are a ConfigError with all of them, each with its line. Keys are never read from a file: what
    looks like one is refused, and not repeated.
    """
    path = Path(file) if file is not None else found_file(Path(start))
    if path is None:
        return Config()
    text = _text(path)
    try:
        whole = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ConfigError(shown(path), (f"{shown(path)}: not valid TOML: {error}",)) from None
    above: Key = TABLE if path.name == PROJECT else ()
    raw: Any = whole
    for key in above:
        raw = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        raise UsageError(f"{shown(path)}: there is no table [{'.'.join(TABLE)}] in it")
    reader = _Reader(path=path, lines=lines_of(text), above=above)
    return reader.read(raw)


def shown(path: Path | None) -> str:
    """Return a path as short as the working directory allows."""
    if path is None:
        return "no file"
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _text(path: Path) -> str:
    try:
        return read_at_most(path, MEBIBYTE).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8") from None


class _Rate(BaseModel):
    """One entry of `[rates]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Annotated[str, Field(min_length=1, max_length=40)]
    usd: Annotated[Amount, Field(gt=0)]


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one file and gathers its mistakes."""

    path: Path
    lines: dict[Key, int]
    above: Key
    mistakes: list[str] = field(default_factory=list)
    values: dict[Place, object] = field(default_factory=dict)
    value_lines: dict[Place, int] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)

    def read(self, raw: dict[str, Any]) -> Config:
        for key in _secret_keys(raw):
            self._mistake(key, "looks like a key; keys come from the environment only: take it out")
        if not self.mistakes:  # no other sentence repeats what may be one
            self._table("", raw)
        if self.mistakes:
            raise ConfigError(shown(self.path), tuple(self.mistakes))
        return Config(path=self.path, values=self.values, lines=self.value_lines, rates=self.rates)

    def _table(self, table: str, raw: dict[str, Any]) -> None:
        """Read a table, or what stands before all tables."""
        named = tables()[table]
        for name, content in raw.items():
            key: Key = (table, name) if table else (name,)
            if name in named:
                self._choice(key, named[name], content)
            elif not table and name == RATES:
                self._rates(content)
            elif not table and name in tables():
                if isinstance(content, dict):
                    self._table(name, content)
                else:
                    self._mistake(key, f"write a table, [{name}]")
            else:
                self._mistake(key, _unknown(name, table, list(named)))

    def _choice(self, key: Key, choice: Choice, content: object) -> None:
        if choice.place in self.values:
            self._mistake(key, f"says again what {' or '.join(choice.keys)} says before")
            return
        if choice.place == ("target", "against") and content == "live":
            self._mistake(key, LIVE)
            return
        before = len(self.mistakes)
        if get_origin(choice.hint) is dict and isinstance(content, dict):
            entries = [(((*key, name), {name: each})) for name, each in content.items()]
            read = [self._read(place, choice, entry) for place, entry in entries]
            found: object = {name: each for entry in read for name, each in entry.items()}
        else:
            found = self._read(key, choice, content)
        if len(self.mistakes) == before:
            self.values[choice.place] = found
            self.value_lines[choice.place] = self._line(key)

    def _read(self, key: Key, choice: Choice, content: object) -> Any:  # noqa: ANN401 - any option's
        """Return an option's value; an empty one where that is a mistake, which is noted."""
        try:
            return choice.read(content, self.path.parent)
        except ValueError as error:
            self._mistake(key, str(error))
            return {}

    def _rates(self, content: object) -> None:
        if not isinstance(content, dict):
            self._mistake((RATES,), "write a table, [rates]")
            return
        for name, each in content.items():
            try:
                rate = _Rate.model_validate(each)
            except ValidationError as error:
                for problem in error.errors():
                    inside: Key = problem["loc"]
                    given = list(_Rate.model_fields)
                    reason = problem["msg"].removeprefix("Value error, ")
                    if problem["type"] == "extra_forbidden":
                        reason = f"unknown key{_near(str(inside[-1]), given)}"
                    elif not inside:
                        reason = 'write a table, like { unit = "credit", usd = 0.002 }'
                    self._mistake((RATES, name, *inside), reason)
            else:
                source = f"{shown(self.path)}:{self._line((RATES, name))}"
                self.rates[name] = Rate(unit=rate.unit, usd=rate.usd, source=source)

    def _line(self, key: Key) -> int:
        return line_of(self.lines, (*self.above, *key)) or 1

    def _mistake(self, key: Key, reason: str) -> None:
        name = ".".join(map(str, (*self.above, *key)))
        self.mistakes.append(f"{shown(self.path)}:{self._line(key)}: {name}: {reason}")


def _unknown(name: str, table: str, named: list[str]) -> str:
    """Say of an unknown key where it belongs, or which are known here."""
    if any(choice.place[1] == name for choice in choices()) or any(
        name in keys for keys in tables().values()
    ):
        where = next(
            choice.where for choice in choices() if name in choice.keys or choice.place[1] == name
        )
        place = f"in [{where}]" if where else "before all tables"
        return f"unknown key here; it stands {place}"
    if name in TYPED_ONLY:
        return f"not in a file: it is said for each run, with --{name.replace('_', '-')}"
    known = named if table else [*named, *filter(None, tables()), RATES]
    return f"unknown key{_near(name, known)}"


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    guess = f", did you mean {near[0]!r}?" if near else ","
    shown_names = [key for key in known if f"{key}s" not in known]
    return f"{guess} allowed: {', '.join(shown_names)}"


def _secret_keys(raw: dict[str, Any]) -> Iterator[Key]:
    """Yield where a file names a key, or holds what looks like one or is one of this user's."""
    secrets = [
        content
        for name, content in os.environ.items()
        if len(content) >= _SECRET_AT_LEAST and KEY_WORDS & {*name.lower().split("_")}
    ]
    search = Search()
    for key, content in _leaves((), raw):
        words = {word for part in key for word in re.split(r"[^a-z]+", str(part).lower())}
        texts = [str(part) for part in key] + ([content] if isinstance(content, str) else [])
        if (
            KEY_WORDS & words
            or any(search.find(text) for text in texts)
            or any(secret in text for secret in secrets for text in texts)
        ):
            yield key


def _leaves(key: Key, node: object) -> Iterator[tuple[Key, object]]:
    if isinstance(node, dict):
        for name, each in node.items():
            yield from _leaves((*key, name), each)
    elif isinstance(node, list):
        for place, each in enumerate(node):
            yield from _leaves((*key, place), each)
    else:
        yield key, node
