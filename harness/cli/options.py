"""Options of the command line, built from the fields of a verb's choices; their help by topic."""

from collections.abc import Callable
from dataclasses import MISSING, Field
from functools import wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import click
from click.core import ParameterSource

from harness.planning.flags import FLAG, TOPIC, Flag, flagged
from harness.planning.options import (
    FORMAT,
    FORMAT_HELP,
    KNOWN,
    KNOWN_HELP,
    TRUST_ANCHORS,
    TRUST_ANCHORS_HELP,
    Target,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Gathered = dict[tuple[str, str], object]
"""What was typed, by group and field."""

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


def providers_option() -> Callable[[F], F]:
    """Return `--provider`, which may be repeated, as `names`."""
    return click.option(
        "--provider",
        "names",
        multiple=True,
        metavar="NAME",
        help="Only this provider (repeatable); `harness providers list` names them.",
    )


def exchange_rate_option() -> Callable[[F], F]:
    """Return `--exchange-rate`, what a provider's unit is worth, as `rates`."""
    return click.option(
        "--exchange-rate",
        "rates",
        metavar="NAME=USD[@DAY]",
        multiple=True,
        help="What one unit of a provider's price is worth in US dollars, of a day (repeatable).",
    )


def documents_option(then: str = "", *, configured: bool = True) -> Callable[[F], F]:
    """Return `--spec` and `--frozen` as one keyword, `specs`: by whose documents is judged.

    Where one is not typed, what the configuration says, unless the verb has no use for that.
    """

    def known(
        context: click.Context, _parameter: click.Parameter, typed: Path | None
    ) -> Path | None:
        if typed is not None or not configured or context.resilient_parsing:
            return typed
        # What reads a configuration takes time to import, and `--help` is not to wait for it.
        from harness.cli.configuration import configured_frozen  # noqa: PLC0415

        return configured_frozen(context)

    def decorated(function: F) -> F:
        @wraps(function)
        def joined(
            *args: object, specs: tuple[Path, ...], frozen: Path | None, **more: object
        ) -> object:
            documents = Target(specs=specs, frozen=frozen).documents
            return function(*args, specs=documents, **more)

        option = click.option(
            "--frozen",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            callback=known,
            help="Judge by the documents that `harness providers freeze` wrote into DIR.",
        )
        return spec_option(then, configured=configured)(option(joined))  # type: ignore[return-value]  # click adds parameters to it

    return decorated


def spec_option(then: str = "", *, configured: bool = True) -> Callable[[F], F]:
    """Return `--spec`, the TOMLs of providers that do not ship with the harness, as `specs`.

    Where none is typed, those of the configuration, unless the verb has no use for them.
    """

    def known(
        context: click.Context, _parameter: click.Parameter, typed: tuple[Path, ...]
    ) -> tuple[Path, ...]:
        if typed or not configured or context.resilient_parsing:
            return typed
        # What reads a configuration takes time to import, and `--help` is not to wait for it.
        from harness.cli.configuration import configured_specs  # noqa: PLC0415

        return configured_specs(context)

    return click.option(
        "--spec",
        "specs",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=known,
        help=f"A provider's TOML (repeatable). {then}".rstrip(),
    )


def trust_anchors_option() -> Callable[[F], F]:
    """Return `--trust-anchors`; where none is typed, what the configuration names."""

    def known(
        context: click.Context, _parameter: click.Parameter, typed: tuple[Path, ...]
    ) -> tuple[Path, ...]:
        if typed or context.resilient_parsing:
            return typed
        # What reads a configuration takes time to import, and `--help` is not to wait for it.
        from harness.cli.configuration import configured_trust_anchors  # noqa: PLC0415

        return configured_trust_anchors(context)

    return click.option(
        TRUST_ANCHORS,
        "trust_anchors",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=known,
        help=TRUST_ANCHORS_HELP,
    )


def format_option() -> Callable[[F], F]:
    """Return `--format`; where none is typed, the formats that the configuration names."""

    def known(
        context: click.Context, _parameter: click.Parameter, typed: tuple[str, ...]
    ) -> tuple[str, ...]:
        if typed or context.resilient_parsing:
            return typed
        # What reads a configuration takes time to import, and `--help` is not to wait for it.
        from harness.cli.configuration import configured_formats  # noqa: PLC0415

        return configured_formats(context)

    return click.option(
        FORMAT, "formats", multiple=True, metavar="NAME", callback=known, help=FORMAT_HELP
    )


def known_option(then: str = "") -> Callable[[F], F]:
    """Return `--known`, a file of known deviations."""
    return click.option(
        KNOWN,
        "known",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"{KNOWN_HELP} {then}".rstrip(),
    )


def choices_of(
    choices: "type[DataclassInstance]",
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Add an option for each field with a flag in the groups of `choices`.

    The command takes the whole as one keyword, `options`: what is typed, and what a configuration
    says besides. UsageError where a text cannot be read.
    """

    def decorated(function: Callable[..., object]) -> Callable[..., object]:
        @wraps(function)
        def settled(*args: object, typed: Gathered, **more: object) -> object:
            # What reads a configuration takes time to import, and `--help` is not to wait for it.
            from harness.cli.configuration import configured  # noqa: PLC0415

            with configured(choices, typed) as options:
                return function(*args, options=options, **more)

        return typed_choices(choices)(settled)

    return decorated


def typed_choices(
    choices: "type[DataclassInstance]",
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Add the same options; the command takes what was typed of them as one keyword, `typed`."""

    def decorated(function: Callable[..., object]) -> Callable[..., object]:
        @wraps(function)
        def gathered(*args: object, **texts: object) -> object:
            return function(*args, typed=_gathered(choices, texts), **texts)

        command: Callable[..., object] = gathered
        for group, each in reversed([*flagged(choices)]):
            command = _option(each, group.metadata[TOPIC].heading)(command)
        return command

    return decorated


def _gathered(choices: "type[DataclassInstance]", typed: dict[str, Any]) -> Gathered:
    """Take the typed texts of all options away, and return what was typed by its place."""
    context = click.get_current_context()
    gathered: dict[tuple[str, str], object] = {}
    for group, each in flagged(choices):
        flag: Flag = each.metadata[FLAG]
        content = typed.pop(each.name)
        default = context.get_parameter_source(each.name) == ParameterSource.DEFAULT
        if not default and content not in (None, ()):
            gathered[group.name, each.name] = flag.read(content) if flag.read else content
    return gathered


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
