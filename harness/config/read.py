"""A configuration as values: read once, every mistake of it at once, each with its line."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.config.choices import (
    EXCHANGE_RATES,
    RATES,
    TYPED_ONLY,
    Choice,
    Place,
    choices,
    tables,
)
from harness.config.discovery import PROJECT, TABLE, found_file
from harness.core import tomltext
from harness.core.errors import ConfigError, Mistake, UsageError
from harness.core.files import MEBIBYTE, read_at_most
from harness.core.rate import Rate
from harness.sensitive.guard import NO_KEY, KeyGuard
from harness.spec.price_list import Amount
from harness.spec.toml.lines import KeyLines, KeyPath, dotted, key_lines
from harness.spec.toml.located import no_toml

FILE_VARIABLE = "HARNESS_CONFIG"
"""The environment variable that names a configuration, instead of looking for one."""

_A_RATE = '{ unit = "credit", usd = 0.002, date = 2026-11-01, source = "its page of prices" }'
LIVE = "a live run costs money: it is asked for at the command line, with --against live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a configuration says: values by group and field, and the line of each.

    `path` is None where there is none.
    """

    path: Path | None = None
    values: Mapping[Place, object] = field(default_factory=dict)
    lines: Mapping[Place, int] = field(default_factory=dict)

    @property
    def rates(self) -> Mapping[str, Rate]:
        """What providers' units are worth, by the table of that name."""
        found = self.values.get(EXCHANGE_RATES)
        return found if isinstance(found, dict) else {}

    def where(self, place: Place) -> str:
        """Return file and line of a value, as an error names them."""
        return f"{shown(self.path)}:{self.lines[place]}" if self.path else ""


def load_config(file: str | Path | None = None, *, start: str | Path = ".") -> Config:
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
        whole = tomltext.loaded(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ConfigError(shown(path), (no_toml(error, text),)) from None
    above: KeyPath = TABLE if path.name == PROJECT else ()
    raw: Any = whole
    for key in above:
        raw = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        raise UsageError(f"{shown(path)}: there is no table [{'.'.join(TABLE)}] in it")
    reader = _Reader(path=path, lines=key_lines(text), above=above)
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


def _day(raw: object) -> object:
    """Read a day, as TOML writes it or as a text."""
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw
    try:
        return dt.date.fromisoformat(raw if isinstance(raw, str) else "")
    except ValueError:
        raise ValueError("write a day: date = 2026-11-01") from None


class _Rate(BaseModel):
    """One entry of `[rates]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Annotated[str, Field(min_length=1, max_length=40)]
    usd: Annotated[Amount, Field(gt=0)]
    date: Annotated[dt.date | None, BeforeValidator(_day)] = None
    source: Annotated[str, Field(max_length=200)] = ""


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one file and gathers its mistakes."""

    path: Path
    lines: KeyLines
    above: KeyPath
    mistakes: list[Mistake] = field(default_factory=list)
    values: dict[Place, object] = field(default_factory=dict)
    value_lines: dict[Place, int] = field(default_factory=dict)

    def read(self, raw: dict[str, Any]) -> Config:
        for key in _secret_keys(raw):
            self._mistake(key, NO_KEY)
        if not self.mistakes:  # no other sentence repeats what may be one
            self._table("", raw)
        if self.mistakes:
            raise ConfigError(shown(self.path), tuple(self.mistakes))
        return Config(path=self.path, values=self.values, lines=self.value_lines)

    def _table(self, table: str, raw: dict[str, Any]) -> None:
        """Read a table, or what stands before all tables."""
        named = tables()[table]
        for name, content in raw.items():
            key: KeyPath = (table, name) if table else (name,)
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
                self._note(key, _unknown(name, table, list(named)))

    def _choice(self, key: KeyPath, choice: Choice, content: object) -> None:
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

    def _read(self, key: KeyPath, choice: Choice, content: object) -> Any:  # noqa: ANN401 - any option's
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
        rates: dict[str, Rate] = {}
        for name, each in content.items():
            try:
                rate = _Rate.model_validate(each)
            except ValidationError as error:
                for problem in error.errors():
                    self._note((RATES, name, *problem["loc"]), _no_rate(problem))
            else:
                rates[name] = self._rate(name, rate)
        self.values[EXCHANGE_RATES] = rates
        self.value_lines[EXCHANGE_RATES] = self._line((RATES,))

    def _rate(self, name: str, rate: _Rate) -> Rate:
        """Return a rate; its source is what is said of it, and the line where that stands."""
        place = f"{shown(self.path)}:{self._line((RATES, name))}"
        source = f"{rate.source} in {place}" if rate.source else place
        day = rate.date.isoformat() if rate.date else ""
        return Rate(usd=rate.usd, unit=rate.unit, source=source, date=day)

    def _line(self, key: KeyPath) -> int:
        return self.lines.nearest(dotted((*self.above, *key)))[1]

    def _mistake(self, key: KeyPath, reason: str) -> None:
        self._note(key, Mistake(key="", reason=reason))

    def _note(self, key: KeyPath, mistake: Mistake) -> None:
        """Note a mistake at a key: its whole name and its line."""
        whole = dotted((*self.above, *key))
        self.mistakes.append(replace(mistake, key=whole, line=self._line(key)))


def _no_rate(problem: Any) -> Mistake:  # noqa: ANN401 - pydantic's own error details
    if not problem["loc"]:
        return Mistake(key="", reason="no table", write=_A_RATE)
    if problem["type"] == "extra_forbidden":
        return _unlike(str(problem["loc"][-1]), list(_Rate.model_fields))
    return Mistake(key="", reason=problem["msg"].removeprefix("Value error, "))


def _unknown(name: str, table: str, named: list[str]) -> Mistake:
    """Say of an unknown key where it belongs, or which are known here."""
    if meant := next(
        (choice for choice in choices() if name in (*choice.keys, choice.place[1])), None
    ):
        place = f"in [{meant.where}]" if meant.where else "before all tables"
        return Mistake(key=name, reason=f"unknown key here; {meant.keys[0]} stands {place}")
    if name.removesuffix("s") == EXCHANGE_RATES[1].removesuffix("s"):
        return Mistake(key=name, reason=f"unknown key here; it stands in [{RATES}]")
    if name in TYPED_ONLY:
        flag = f"--{name.replace('_', '-')}"
        return Mistake(key=name, reason=f"not in a file: it is said for each run, with {flag}")
    return _unlike(name, named if table else [*named, *filter(None, tables()), RATES])


def _unlike(name: str, known: list[str]) -> Mistake:
    """Say that a key is none of those that are known, and which was probably meant."""
    near = get_close_matches(name, known, n=1)
    allowed = tuple(key for key in known if f"{key}s" not in known)
    nearest = near[0] if near else ""
    return Mistake(key=name, reason="unknown key", nearest=nearest, allowed=allowed)


def _secret_keys(raw: dict[str, Any]) -> Iterator[KeyPath]:
    """Yield where a file names a key, or holds what looks like one or is one of this user's."""
    search = KeyGuard()
    for key, content in _leaves((), raw):
        texts = [str(part) for part in key]
        if search.is_in(*([content] if isinstance(content, str) else []), *texts, names=texts):
            yield key


def _leaves(key: KeyPath, node: object) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(node, dict):
        for name, each in node.items():
            yield from _leaves((*key, name), each)
    elif isinstance(node, list):
        for place, each in enumerate(node):
            yield from _leaves((*key, place), each)
    else:
        yield key, node
