"""What `harness config` prints: values, where they come from, providers and their keys."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.cli.configuration import chosen_by, current_config, settle
from harness.cli.options import Gathered
from harness.cli.printing import echo_json
from harness.cli.terminal import terminal
from harness.config.choices import CONFIGURABLE
from harness.config.read import Config, shown
from harness.core.benchmark import Slo
from harness.core.jsonvalue import Json, number
from harness.core.rate import Rate
from harness.planning.flags import FLAG, TOPIC, assembled, flagged
from harness.planning.options import Options
from harness.spec.catalogue import Spec, catalogue_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_IMPLIED = re.compile(r"\[([^\]]+)\]\.?$")
"""What holds where an option has no value, at the end of its help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One choice: its value, that in words, where it comes from, and when it holds if not now."""

    topic: str
    option: str
    value: Json
    words: str
    origin: str
    unused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One provider: where its promises stand, and whether its key is set."""

    name: str
    origin: str
    variable: str
    key_set: bool


def show(typed: Gathered, *, as_json: bool) -> None:
    """Print each choice of a run that these options are typed for."""
    read = current_config()
    found = settle(Options, typed, read)
    options = assembled(Options, {**read.values, **found.values})
    lines = {place: read.where(place) for place in read.lines}
    rows = [*_rows(options, {**lines, **found.origins}, found.unused)]
    others = {
        verb: [*_rows(assembled(choices, read.values), lines, {})]
        for verb, choices in CONFIGURABLE.items()
        if choices is not Options
    }
    if as_json:
        whole = _json_of(read, rows, others, options.target.documents)
        echo_json(json.dumps(whole, ensure_ascii=False))
    else:
        _print(read, rows, others, options.target.documents)


def _json_of(
    read: Config, rows: list[Row], others: Mapping[str, list[Row]], specs: Sequence[Spec]
) -> Json:
    return {
        "file": shown(read.path) if read.path else None,
        "chosen_by": chosen_by(),
        "choices": {row.option: _row_json(row) for row in rows},
        "verbs": {
            verb: {row.option: _row_json(row) for row in those} for verb, those in others.items()
        },
        "providers": {
            known.name: {"from": known.origin, "key": known.variable, "key_set": known.key_set}
            for known in _providers(specs)
        },
    }


def _providers(specs: Sequence[Spec]) -> Iterator[Known]:
    for name, entry in catalogue_of(specs).entries.items():
        variable = entry.provider.auth.env
        is_set = bool(os.environ.get(variable, "").strip())
        yield Known(name=name, origin=str(entry.origin), variable=variable, key_set=is_set)


def _rows(
    options: "DataclassInstance",
    origins: Mapping[tuple[str, str], str],
    unused: Mapping[tuple[str, str], str],
) -> Iterator[Row]:
    for group, each in flagged(type(options)):
        if group.metadata[TOPIC].typed_only:
            continue
        place = (group.name, each.name)
        flag = each.metadata[FLAG]
        content = getattr(getattr(options, group.name), each.name)
        implied = _IMPLIED.search(flag.help) if content == each.default else None
        nothing = "-" if content == each.default else "none"
        yield Row(
            topic=group.metadata[TOPIC].heading,
            option=flag.spelling.partition("/")[0],
            value=_json(content),
            words=_words(content) or (implied[1] if implied else nothing),
            origin=origins.get(place, "default"),
            unused=unused.get(place, ""),
        )


def _words(content: object) -> str:
    match content:
        case None:
            return ""
        case bool():
            return "yes" if content else "no"
        case dict():
            return ", ".join(f"{name}={_words(each)}" for name, each in content.items())
        case Rate(usd=usd, unit=unit, date=day):
            return (f"{usd} USD a {unit}" if unit else f"{usd} USD") + (f" ({day})" if day else "")
        case tuple():
            return ", ".join(map(str, content))
        case Slo(quantile=quantile, seconds=seconds):
            return f"p{quantile * 100:g}<{seconds:g}s"
        case _:
            return str(content)


def _json(content: Any) -> Json:  # noqa: ANN401 - any option's value
    match content:
        case dict():
            return {str(name): _json(each) for name, each in content.items()}
        case Rate(usd=usd, unit=unit, source=source, date=day):
            return {"usd": number(usd), "unit": unit, "from": source, "date": day or None}
        case tuple():
            return [_json(each) for each in content]
        case Decimal():
            return number(content)
        case Path() | Slo():
            return _words(content)
        case _:
            found: Json = content
            return found


def _row_json(row: Row) -> Json:
    unused: dict[str, Json] = {"unused": row.unused} if row.unused else {}
    return {"value": row.value, "from": row.origin, **unused}


def _print(
    read: Config, rows: list[Row], others: Mapping[str, list[Row]], specs: Sequence[Spec]
) -> None:
    console = terminal(soft_wrap=True)
    console.print(f"{shown(read.path)} ({chosen_by()})" if read.path else "no configuration")
    for heading in dict.fromkeys(row.topic for row in rows):
        cells = [
            (row.option, row.words, row.origin + (f"; holds {row.unused}" if row.unused else ""))
            for row in rows
            if row.topic == heading
        ]
        _print_table(console, heading, ("option", "value", "from"), cells)
    for verb, those in others.items():
        cells = [(row.option, row.words, row.origin) for row in those]
        _print_table(console, f"Of harness {verb}", ("option", "value", "from"), cells)
    known = [
        (each.name, each.origin, each.variable, "yes" if each.key_set else "no")
        for each in _providers(specs)
    ]
    _print_table(console, "Providers known", ("name", "from", "key in", "set"), known)


def _print_table(
    console: Console, title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
