"""The options of `harness.conformance`, taken out of pytest's arguments before pytest reads them.

pytest never sees them, so that an option of a user's own conftest.py, or of another plugin, may
have the same name: pytest-base-url has `--base-url`, too. They are those of `harness run`, built
from the same fields.
"""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Union, get_args, get_origin

from harness.config.read import FILE_VARIABLE, Config, load_config, shown
from harness.config.settled import explain, places_of, settled
from harness.core.errors import UsageError
from harness.planning.flags import FLAG, Flag, assembled, flagged, topic
from harness.planning.options import (
    EmulatorOptions,
    Options,
    Output,
    Planning,
    RunLimits,
    Target,
)

KNOWN, SPECS = ("output", "known"), ("target", "specs")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceOptions:
    """The choices of a run for conformance; times are measured by `harness run` alone."""

    target: Target = topic(Target, "Providers")
    planning: Planning = topic(Planning, "Requests", without=("only",))
    limits: RunLimits = topic(RunLimits, "Limits")
    emulator: EmulatorOptions = topic(EmulatorOptions, "Emulator (--against emulator)")
    output: Output = topic(Output, "Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionHelp:
    """An option as pytest's help shows it."""

    spelling: str
    help: str
    metavar: str | None


def option_help() -> Iterator[OptionHelp]:
    """Yield each option with its line for the help."""
    for _, each in flagged(ConformanceOptions):
        flag: Flag = each.metadata[FLAG]
        metavar = flag.metavar or ("|".join(_choices(each, flag)) or None)
        switch = _hint(each.type) is bool
        name = None if switch else metavar or each.name.upper()
        yield OptionHelp(spelling=flag.spelling, help=flag.help, metavar=name)


def taken(arguments: list[str]) -> dict[tuple[str, str], object]:
    """Take our options out of the arguments, in place; return what was typed, by group and field.

    UsageError for a value that cannot be read.
    """
    parser = _Parser(allow_abbrev=False, add_help=False, argument_default=argparse.SUPPRESS)
    for group, each in flagged(ConformanceOptions):
        _add(parser, f"{group.name} {each.name}", each)
    found, rest = parser.parse_known_args(arguments)
    arguments[:] = rest
    texts: Mapping[str, Any] = vars(found)
    typed: dict[tuple[str, str], object] = {}
    for group, each in flagged(ConformanceOptions):
        name = f"{group.name} {each.name}"
        if name in texts:
            typed[group.name, each.name] = _value(each, texts[name])
    return typed


def run_options(
    typed: Mapping[tuple[str, str], object],
    *,
    known: Path | None = None,
    specs: Sequence[Path] = (),
) -> tuple[Options, str]:
    """Return the options of a run, and a sentence on what a configuration adds, if it does.

    What is typed holds, then what `harness.toml` says, then pytest's settings: `known`, `specs`.
    """
    config = load_config(os.environ.get(FILE_VARIABLE) or None)
    found = settled(config, typed, known=places_of(ConformanceOptions))
    values = dict(found.values)
    if known is not None:
        values.setdefault(KNOWN, known)
    if specs:
        values.setdefault(SPECS, tuple(specs))
    try:
        options = assembled(Options, values)
    except UsageError as error:
        explain(error, found.of_file(config))
        raise
    return options, _told(config, found.of_file(config))


def _told(config: Config, flags: Mapping[str, str]) -> str:
    return f"{shown(config.path or Path())} sets {', '.join(flags)}" if flags else ""


class _Parser(argparse.ArgumentParser):
    """A parser whose mistakes are errors of ours, and not the end of the process."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with what argparse says."""
        raise UsageError(message.removeprefix("argument "), hint="see harness run --help")


def _add(parser: argparse.ArgumentParser, name: str, each: Field[Any]) -> None:
    flag: Flag = each.metadata[FLAG]
    spellings = flag.spelling.split("/")
    if _hint(each.type) is bool:
        for at, spelling in enumerate(spellings):
            parser.add_argument(spelling, dest=name, action="store_const", const=not at)
        return
    several = flag.repeatable or get_origin(_hint(each.type)) is tuple
    parser.add_argument(*spellings, dest=name, action="append" if several else "store")


def _value(each: Field[Any], typed: Any) -> object:  # noqa: ANN401 - a text, texts or a switch
    """Return the value of a field by what was typed; UsageError where it cannot be read."""
    flag: Flag = each.metadata[FLAG]
    hint = _hint(each.type)
    if hint is bool:
        return typed
    for text in typed if isinstance(typed, list) else [typed]:
        choices = _choices(each, flag)
        if choices and text not in choices:
            raise UsageError(f"{flag.spelling} {text}: not one of {', '.join(choices)}")
    if flag.read is not None:
        return flag.read(typed)
    if isinstance(typed, list):
        return tuple(typed)
    return _single(hint, flag, typed)


def _single(hint: Any, flag: Flag, text: str) -> object:  # noqa: ANN401 - a field's type
    if hint is Path:
        return Path(text)
    if hint not in (int, float):
        return text
    try:
        number: float = hint(text)
    except ValueError:
        kind = "a whole number" if hint is int else "a number"
        raise UsageError(f"{flag.spelling} {text}: not {kind}") from None
    least, most = flag.least, flag.most
    low = least is not None and (number <= least if flag.above else number < least)
    if low or (most is not None and number > most) or number != number:  # noqa: PLR0124 - not a number
        above = f"more than {least:g}" if flag.above else f"at least {least or 0:g}"
        upper = "" if most is None else f" and at most {most:g}"
        raise UsageError(f"{flag.spelling} {text}: has to be {above}{upper}")
    return number


def _choices(each: Field[Any], flag: Flag) -> tuple[str, ...]:
    hint = _hint(each.type)
    return flag.choices or (get_args(hint) if get_origin(hint) is Literal else ())


def _hint(hint: Any) -> Any:  # noqa: ANN401 - a field's type
    """Return a field's type without None."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    return hint
