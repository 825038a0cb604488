"""What may stand in a configuration: each option of a verb under its group, by its flag's name.

A new option needs nothing here: its type and its flag say what is written, and how it is read. A
verb with options of its own has its line in `CONFIGURABLE`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Field, TypeAdapter, ValidationError

from harness.core.errors import UsageError
from harness.planning.diff_options import DiffOptions
from harness.planning.flags import FLAG, TOPIC, Flag, flagged
from harness.planning.options import Options
from harness.planning.watch_options import WatchChoices

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CONFIGURABLE: Mapping[str, "type[DataclassInstance]"] = {
    "run": Options,
    "diff": DiffOptions,
    "watch": WatchChoices,
}
"""The choices that a configuration may set, by the verb that has them all; each of their groups is
a table, and no two are named alike."""

TOP = {
    "specs": "target",
    "frozen": "target",
    "workloads": "benchmark",
    "cassettes": "output",
    "trust_anchors": "output",
    "known": "output",
}
"""Options that name files stand before all tables; a file is meant from where the TOML lies."""

Place = tuple[str, str]
"""A group of options and the field in it."""

RATES = "rates"
EXCHANGE_RATES: Place = ("benchmark", "exchange_rates")
"""A table of its own, for a rate is said with its unit."""

TYPED_ONLY = frozenset(
    (
        *("out", "resume", "retry_unknown", "record", "allow_private"),
        *("today", "dry_run", "webhook"),
    )
)
"""What is said for one run, opens what a stranger's file may not open, or may be a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option as a TOML writes it.

    `keys` are its names there, the first of which is shown; one that takes several values may be
    written in the plural.
    """

    place: Place
    flag: Flag
    hint: Any

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the option in a TOML."""
        name = self.flag.spelling.partition("/")[0].lstrip("-").replace("-", "_")
        if self.flag.key:
            return (self.flag.key,)
        if get_origin(self.hint) is tuple:
            return (name,) if name.endswith("s") else (f"{name}s", name)
        return (name, f"{name}s") if get_origin(self.hint) is dict else (name,)

    @property
    def where(self) -> str:
        """The table that holds the option; empty where it stands before all tables."""
        return "" if TOP.get(self.keys[0]) == self.place[0] else self.place[0]

    def read(self, raw: object, folder: Path) -> object:
        """Return the option's value; ValueError says what is wrong, and repeats no value.

        A path is meant from `folder` on.
        """
        try:
            found = _adapter(self.hint, self.flag).validate_python(_plain(raw, self.hint))
        except ValidationError as error:
            like = f", like {self.flag.like}" if self.flag.like else ""
            raise ValueError(f"{_reason(error)}{like}") from None
        return _placed(self._meant(found), self.hint, self.place[1], folder)

    def _meant(self, found: Any) -> object:  # noqa: ANN401 - what the adapter made of it
        read: Callable[[Any], object] | None = self.flag.read
        if read is None:
            return found
        is_table = isinstance(found, Mapping)
        try:
            return read([f"{name}={each}" for name, each in found.items()] if is_table else found)
        except UsageError as error:
            said = error.message.partition(": ")[2] or error.message
            raise ValueError(f"{said} ({error.hint})" if error.hint else said) from None


@cache
def choices() -> tuple[Choice, ...]:
    """Return every option that a TOML may hold."""
    return tuple(
        Choice(place=(group.name, each.name), flag=each.metadata[FLAG], hint=_sole(each.type))
        for verb in CONFIGURABLE.values()
        for group, each in flagged(verb)
        if not group.metadata[TOPIC].typed_only
        if each.name not in TYPED_ONLY and (group.name, each.name) != EXCHANGE_RATES
    )


@cache
def tables() -> dict[str, dict[str, Choice]]:
    """Return the options of each table by every name that they may have there."""
    groups = (group.name for verb in CONFIGURABLE.values() for group in fields(verb))
    named: dict[str, dict[str, Choice]] = {name: {} for name in groups}
    for choice in choices():
        named.setdefault(choice.where, {}).update(dict.fromkeys(choice.keys, choice))
    return {name: options for name, options in named.items() if options}


def _sole(hint: Any) -> Any:  # noqa: ANN401 - a field's type
    """Return a field's type without None."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    return hint


@cache
def _adapter(hint: Any, flag: Flag) -> TypeAdapter[Any]:  # noqa: ANN401 - a field's type
    written: Any = Annotated[_written(hint, flag), Field(strict=True)]
    return TypeAdapter(written)


def _written(hint: Any, flag: Flag) -> Any:  # noqa: ANN401 - a type for each type
    """Return the type of what a TOML holds for an option of this type."""
    if flag.choices:
        word: Any = Literal[flag.choices]
        return list[word] if get_origin(hint) is tuple else word
    if get_origin(hint) is tuple:
        return list[Annotated[str, Field(min_length=1)]]
    if get_origin(hint) is dict:
        return dict[str, str | int | Decimal]
    if hint in (int, float):
        least: dict[str, Any] = {"gt" if flag.above else "ge": flag.least}
        return Annotated[hint, Field(**least, le=flag.most, allow_inf_nan=None)]
    if hint is bool or get_origin(hint) is Literal:
        return hint
    return Annotated[str, Field(min_length=1)]


def _plain(raw: object, hint: Any) -> object:  # noqa: ANN401 - a field's type
    """Return a number as the option has it: amounts of money are read exactly, others are not."""
    return float(raw) if hint is float and isinstance(raw, Decimal) else raw


def _placed(found: Any, hint: Any, name: str, folder: Path) -> object:  # noqa: ANN401 - any option's
    if hint is Path:
        return _from_here(folder / found)
    if get_origin(hint) is not tuple:
        return found
    if name in {"specs", "trust_anchors"}:
        return tuple(_from_here(folder / each) for each in found)
    if name == "workloads":
        return tuple(_workload(each, folder) for each in found)
    return tuple(found)


def _from_here(path: Path) -> Path:
    """Return a path as it is typed in the working directory, where it lies below that."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _workload(word: str, folder: Path) -> str:
    """Return a word of `--workload`; one that is a file, or one of a file, by the file's place."""
    file, suffix, name = word.partition(".toml")
    return f"{_from_here(folder / f'{file}{suffix}')}{name}" if suffix else word


def _reason(error: ValidationError) -> str:
    """Return what is wrong, without the value: of a list, at which place, from 1 on."""
    first = error.errors()[0]
    places = [part for part in first["loc"] if isinstance(part, int)]
    reason: str = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"entry {places[0] + 1}: {reason}" if places else reason
