"""How `harness choose` prints its answer: a sentence, a table and reasons, or JSON."""

import shlex
import shutil
import textwrap
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from harness.choosing.choose import MEASURED
from harness.choosing.model import Candidate, Choice, RunEvidence
from harness.choosing.prices import IMAGE
from harness.choosing.words import price
from harness.cli.printing import echo
from harness.cli.terminal import terminal
from harness.report.benchmark.words import bounds_s, figure_s, workload_label
from harness.report.choosing import (
    STANDING_WORDS,
    asked_sentence,
    basis,
    date_and_kind,
    paid,
    price_cell,
)
from harness.report.jsontext import json_safe, json_text
from harness.report.text import one_line, percent

_WIDEST = 80
_SHORT = 20
_PADDING = (0, 1, 0, 0)


def as_json_text(choice: Choice) -> str:
    """Return a choice as JSON: the fields of `harness.choosing.model.Choice`, and `exit_code`."""
    written = json_safe(choice)
    fields = written if isinstance(written, dict) else {}
    return json_text({**fields, "exit_code": choice.exit_code}).rstrip("\n")


def show(choice: Choice, words: Sequence[str]) -> None:
    """Print a choice within 80 columns: the sentence first, the reasons after the table.

    `words` are what was typed for `--workload`: a benchmark of the same is what measures it.
    """
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    console = terminal(highlight=False, width=width)
    echo(_filled(choice.sentence, width))
    for workload in choice.workloads:
        echo(_filled(f"{workload.name}: {workload_label(workload)}", width))
    if asked := asked_sentence(choice.purchase):
        echo(_filled(asked, width))
    console.print(_table(choice))
    for each in choice.candidates:
        echo(_filled(f"{each.provider}: {'; '.join(_reasons(each))}", width))
    for table in _measured(choice):
        console.print(table)
    for line in choice.notes:
        echo(_filled(line, width))
    if _unmeasured(choice):
        asked = " ".join(f"--workload {shlex.quote(word)}" for word in words)
        echo(f"to measure: harness run --only benchmark {asked}")


def _unmeasured(choice: Choice) -> bool:
    """Tell whether a ceiling is open because nothing was measured."""
    return any(
        ceiling.about in MEASURED and ceiling.word == "unknown"
        for each in choice.candidates
        for offer in each.offers
        for ceiling in offer.ceilings
    )


def _filled(text: str, width: int) -> str:
    return textwrap.fill(
        one_line(text, 2_000), max(width, 40), subsequent_indent="  ", break_on_hyphens=False
    )


def _reasons(each: Candidate) -> Iterator[str]:
    word = STANDING_WORDS[each.standing]
    mark = " (emulator)" if each.emulated else ""
    yield ": ".join(filter(None, (f"{word}{mark}", "; ".join(each.reasons))))
    listed = [offer.listed for offer in each.offers if offer.listed and offer.measured]
    prices = dict.fromkeys(price(known) for known in listed if known.unit != IMAGE)
    if prices:
        yield f"by its list an image is {' and '.join(prices)}"


def _table(choice: Choice) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=_PADDING, pad_edge=False)
    table.add_column("", no_wrap=True, justify="right")
    table.add_column("provider", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("usable image", justify="right", overflow="fold")
    months = choice.purchase.images_per_month is not None
    if months:
        table.add_column("a month", justify="right", overflow="fold")
    table.add_column("price", no_wrap=True)
    for each in choice.candidates:
        place = f"{each.place}." if each.place is not None else "-"
        known = each.usd or each.price
        row = [place, one_line(each.provider, _SHORT), STANDING_WORDS[each.standing]]
        row += [_stacked(price_cell(known))]
        row += [_stacked(price_cell(each.month))] if months else []
        table.add_row(*row, basis(known))
    return table


def _measured(choice: Choice) -> Iterator[Table]:
    """Yield who did it: a table for each run, kind of evidence, load and workload."""
    rows: dict[str, list[tuple[str, RunEvidence]]] = {}
    for each in choice.candidates:
        for offer in each.offers:
            for row in offer.evidence:
                run = f"{one_line(row.run, 60)} ({date_and_kind(row)}), load {row.stage}"
                rows.setdefault(f"{offer.workload} in {run}", []).append((each.provider, row))
    for title, seen in rows.items():
        table = Table(
            box=SIMPLE_HEAD, title=title, title_justify="left", padding=_PADDING, pad_edge=False
        )
        table.add_column("provider", overflow="fold")
        for name in ("n", "median [95 %]", "p95 [95 %]", "failed [95 %]", "an image"):
            table.add_column(name, justify="right", overflow="fold")
        for provider, row in seen:
            figures = (f"{figure_s(row.median)} {bounds_s(row.median)}", _p95(row))
            shares = (percent(row.failure), paid(row))
            name = one_line(provider, _SHORT)
            table.add_row(name, str(row.n), *map(_stacked, (*figures, *shares)))
        yield table


def _stacked(text: str) -> str:
    """Return a figure with its interval on a line of its own."""
    return text.replace(" [", "\n[").replace(" (", "\n(")


def _p95(row: RunEvidence) -> str:
    if row.p95.low is None and row.p95.high is None:
        return "too few"
    return f"{figure_s(row.p95)} {bounds_s(row.p95)}"
