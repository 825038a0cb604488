"""Options of the command line, built from the fields of a verb's choices; their help by topic."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from functools import wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import click

from harness.planning.flags import FLAG, TOPIC, Flag

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

F = TypeVar("F", bound=Callable[..., object])


class TopicOption(click.Option):
    """An option that stands under a heading of its own in the help."""

    def __init__(self, *args: Any, topic: str, **more: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **more)
        self.topic = topic


class TopicCommand(click.Command):
    """A command whose help groups its options by topic."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each topic with its options, in the order of their declaration."""
        topics: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                heading = parameter.topic if isinstance(parameter, TopicOption) else "Options"
                topics.setdefault(heading, []).append(row)
        for heading, rows in topics.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def json_option(topic: str = "Output") -> Callable[[F], F]:
    """Add `--json`: machine output on stdout, and nothing else there."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        cls=TopicOption,
        topic=topic,
        help="Print JSON on stdout.",
    )


def spec_option(then: str = "") -> Callable[[F], F]:
    """Return `--spec`, the TOMLs of providers that do not ship with the harness, as `specs`."""
    return click.option(
        "--spec",
        "specs",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"A provider's TOML (repeatable). {then}".rstrip(),
    )


def choices_of(
    choices: "type[DataclassInstance]",
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Add an option for each field with a flag in the groups of `choices`.

    The command takes the whole as one keyword, `options`. UsageError where a text cannot be read.
    """

    def decorated(function: Callable[..., object]) -> Callable[..., object]:
        @wraps(function)
        def gathered(*args: object, **typed: object) -> object:
            return function(*args, options=_gathered(choices, typed), **typed)

        command: Callable[..., object] = gathered
        for group, each in reversed([*_options(choices)]):
            command = _option(each, group.metadata[TOPIC].heading)(command)
        return command

    return decorated


def _options(choices: "type[DataclassInstance]") -> Iterator[tuple[Field[Any], Field[Any]]]:
    for group in fields(choices):
        if TOPIC in group.metadata:
            for each in fields(_class(group)):
                if FLAG in each.metadata and each.name not in group.metadata[TOPIC].without:
                    yield group, each


def _class(group: Field[Any]) -> "type[DataclassInstance]":
    if not isinstance(group.type, type):
        raise TypeError(f"{group.name} is no group of options")
    return group.type


def _gathered(choices: "type[DataclassInstance]", typed: dict[str, Any]) -> object:
    """Take the typed texts of all options and make the groups of them; what is not typed stays."""
    groups: dict[str, dict[str, object]] = {}
    for group, each in _options(choices):
        flag: Flag = each.metadata[FLAG]
        content = typed.pop(each.name)
        if content not in (None, ()):
            read = flag.read(content) if flag.read else content
            groups.setdefault(group.name, {})[each.name] = read
    classes = {group.name: _class(group) for group in fields(choices) if group.name in groups}
    return choices(**{name: cls(**groups[name]) for name, cls in classes.items()})


def _option(each: Field[Any], topic: str) -> Callable[[F], F]:
    """Return click's option for a field: its type says what is taken, its flag how."""
    flag: Flag = each.metadata[FLAG]
    kind, repeatable = _kind(each.type, flag)
    default = None if each.default in (MISSING, (), None) else each.default
    more: dict[str, Any] = {"type": kind} if kind is not None else {"is_flag": True}
    return click.option(
        flag.spelling,
        each.name,
        cls=TopicOption,
        topic=topic,
        help=flag.help,
        metavar=flag.metavar,
        multiple=repeatable or flag.repeatable,
        default=default,
        show_default=flag.show_default,
        **more,
    )


def _kind(hint: Any, flag: Flag) -> tuple[click.ParamType[Any] | None, bool]:  # noqa: ANN401 - a field's type
    """Return click's type for a field's (None for a switch), and whether it may be repeated."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    repeatable = get_origin(hint) is tuple
    if flag.choices or get_origin(hint) is Literal:
        return click.Choice(flag.choices or get_args(hint)), repeatable
    if hint is bool:
        return None, False
    if hint is int:
        return click.IntRange(flag.least, flag.most), False  # type: ignore[arg-type]  # whole numbers
    if hint is float:
        return click.FloatRange(flag.least, flag.most, min_open=flag.above), False
    if hint is Path:
        return click.Path(path_type=Path, file_okay=not flag.folder), False
    return click.STRING, repeatable
