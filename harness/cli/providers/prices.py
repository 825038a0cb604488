"""`harness providers prices`: every list beside the maker's own prices; nothing is sent."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.cli.options import json_option, spec_option
from harness.cli.printing import echo_json, echo_line
from harness.cli.terminal import terminal
from harness.core.jsonvalue import Json, number
from harness.core.money import unit_of
from harness.core.rate import Rate
from harness.planning.option_values import read_exchange_rates
from harness.spec.catalogue import Catalogue, catalogue_of
from harness.stats.money.claims import figure
from harness.stats.money.model import PriceComparison, PriceRatio
from harness.stats.money.prices import BASIS, compare_prices

TABLE_COLUMNS = 78
"""A screen of fewer columns shows lines, and no table."""

PIPED_COLUMNS = 200
"""How wide lines may be where nobody looks at a screen."""


@click.command()
@click.argument("names", nargs=-1)
@spec_option("Without NAMES, only the providers of these files.")
@click.option(
    "--exchange-rate",
    "typed",
    metavar="NAME=USD[@DAY]",
    multiple=True,
    help="What one unit of a provider's list is worth in US dollars, of a day (repeatable).",
)
@json_option("Options")
@click.pass_context
def prices(
    context: click.Context,
    /,
    *,
    names: tuple[str, ...],
    specs: tuple[Path, ...],
    typed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare price lists with what the model's maker asks for the same images.

    By size and quality: the list's price, the maker's (by tokens), and their ratio. A list in a
    unit of its own needs a rate: from [rates] of harness.toml, or --exchange-rate; none is
    invented. Without one, what a unit would have to be worth. Sentences of the documents about the
    maker's price are proven, refuted, or undecided.
    """
    # What reads a configuration takes time to import, and `--help` is not to wait for it.
    from harness.cli.configuration import current_config  # noqa: PLC0415

    catalogue = catalogue_of(specs)
    for sentence in catalogue.left_out(names):
        echo_line(sentence, err=True)
    rates = {**current_config(context).rates, **_known(read_exchange_rates(typed), catalogue)}
    chosen = [catalogue.provider(name) for name in catalogue.chosen(names)]
    compared = compare_prices(chosen, rates, on=date.today())  # noqa: DTZ011 - the user's own day
    if as_json:
        echo_json(json.dumps([_plain(each) for each in compared], ensure_ascii=False, indent=2))
        return
    piped = not terminal().is_terminal
    console = terminal(highlight=False, width=PIPED_COLUMNS if piped else None)
    for each in compared:
        _print(console, each, plain=piped)
    makers = [*dict.fromkeys(each.maker for each in compared if each.maker)]
    for line in [BASIS, *makers] if makers else ():
        _say(console, line, plain=piped)


def _known(rates: dict[str, Rate], catalogue: Catalogue) -> dict[str, Rate]:
    """Return the rates; a UsageError where one is for a provider that there is not."""
    for name in rates:
        catalogue.entry(name)
    return rates


def _print(console: Console, compared: PriceComparison, *, plain: bool) -> None:
    units = unit_of(Decimal(2), compared.unit)
    _say(console, f"{compared.title} ({compared.provider}), in {units}", plain=plain)
    if compared.rate_words:
        _say(console, compared.rate_words, plain=plain, indent=2)
    if compared.rows and console.width < TABLE_COLUMNS:
        for line in _lines(compared):
            _say(console, line, plain=plain, indent=2)
    elif compared.rows:
        console.print(_table(compared, plain=plain))
    told = [*_legend(compared)] if compared.rows else []
    told += [f"{claim.sentence} ({claim.source})" for claim in compared.claims]
    for line in (*told, *compared.notes):
        _say(console, line, plain=plain, indent=2)
    console.print()


def _say(console: Console, line: str, *, plain: bool, indent: int = 0) -> None:
    """Print a sentence: on one line for programs, else wrapped within its indent."""
    if plain:
        console.print(" " * indent + line, soft_wrap=True)
    else:
        console.print(Padding(Text(line), (0, 0, 0, indent)))


def _table(compared: PriceComparison, *, plain: bool) -> Table:
    box, gap = (None, 2) if plain else (SIMPLE_HEAD, 1)
    table = Table(box=box, padding=(0, gap), pad_edge=False)
    columns = [*_columns(compared)]
    for heading, _ in columns:
        is_word = heading in ("class", "size", "quality")
        table.add_column(heading, no_wrap=True, justify="left" if is_word else "right")
    for cells in zip(*(texts for _, texts in columns), strict=True):
        table.add_row(*cells)
    return table


def _lines(compared: PriceComparison) -> Iterator[str]:
    """Yield the same for a narrow screen, a line for each row."""
    columns = [*_columns(compared)]
    words = sum(heading in ("class", "size", "quality") for heading, _ in columns)
    for cells in zip(*(texts for _, texts in columns), strict=True):
        named = zip((heading for heading, _ in columns[words:]), cells[words:], strict=True)
        figures = ", ".join(f"{heading} {cell}" for heading, cell in named if cell != "-")
        yield f"{' '.join(cells[:words])}: {figures}"


def _columns(compared: PriceComparison) -> Iterator[tuple[str, list[str]]]:
    """Yield each column's heading and its cells; a column that says nothing is left out."""
    rows, unit = compared.rows, compared.unit
    if any(row.tier for row in rows):
        yield "class", [row.tier or "-" for row in rows]
    yield "size", [f"{row.size}{_mark(row, 'size')}" for row in rows]
    yield "quality", [f"{row.quality}{_mark(row, 'quality')}" for row in rows]
    yield unit_of(Decimal(2), unit), [_amount(row.listed) for row in rows]
    if compared.rate:
        yield "usd", [_amount(row.usd) for row in rows]
    yield "maker", [_amount(row.maker_usd) for row in rows]
    if any(row.ratio is not None for row in rows):
        yield "of it", [_percent(row.ratio) for row in rows]
        yield "discount", [_discount(row.ratio) for row in rows]
    elif any(row.usd_per_unit is not None for row in rows):
        yield f"usd a {unit}", [_amount(row.usd_per_unit, digits=2) for row in rows]


def _legend(compared: PriceComparison) -> Iterator[str]:
    rows = compared.rows
    marks = ["maker: in usd"]
    if any(row.example for row in rows):
        marks.append("* worked out by the document itself")
    if any(row.supposed for row in rows):
        marks.append("? supposed")
    if any(row.usd_per_unit is not None for row in rows) and not compared.rate:
        shares = {row.claimed for row in rows}
        share = "the claimed share of " if shares - {None} else ""
        marks.append(
            f"usd a {compared.unit}: what it would have to be worth for {share}the maker's price"
        )
    yield "; ".join(marks)


def _percent(ratio: Decimal | None) -> str:
    """Return a ratio in percent with three digits that say something: `80.2 %`, `345 %`."""
    return "-" if ratio is None else f"{figure(ratio * 100)} %"


def _discount(ratio: Decimal | None) -> str:
    """Return by how much a price is below the maker's, in whole percent; `none` where it is not."""
    if ratio is None:
        return "-"
    percent = ((1 - ratio) * 100).quantize(Decimal(1))
    return f"{percent} %" if percent > 0 else "none"


def _mark(row: PriceRatio, name: str) -> str:
    if name in row.supposed:
        return "?"
    return "*" if row.example and name == "size" else ""


def _amount(amount: Decimal | None, *, digits: int = 4) -> str:
    """Return an amount with as many digits as say something; one of the documents whole."""
    if amount is None:
        return "-"
    step = Decimal(1).scaleb(min(amount.adjusted() - digits + 1, 0)) if amount else Decimal(1)
    rounded = amount.quantize(step)
    return f"{rounded.normalize() if rounded == amount else rounded:f}"


def _plain(value: object) -> Json:
    """Return a value as JSON: amounts are numbers, dates and sources texts."""
    match value:
        case Decimal():
            return number(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case _ if is_dataclass(value):
            return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is not written as JSON")
