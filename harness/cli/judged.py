"""Judged traffic on the terminal: a table for each request."""

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from harness.cli.terminal import terminal
from harness.core.exchange import Picture
from harness.core.outcome import Fault, Images, Refused
from harness.core.record import Record
from harness.report.model import Report
from harness.report.text import count, one_line
from harness.runner.traffic.traffic import OUTSIDE
from harness.wire.collect import NOT_OBTAINABLE


def show(records: Sequence[Record], report: Report) -> None:
    """Print a table for each record: what was asked, what came, and every verdict on it."""
    console = terminal()
    for record in records:
        case = record.shot.case
        table = Table(title=Text(case.id), title_justify="left", box=SIMPLE_HEAD, show_header=False)
        table.add_column(no_wrap=True, min_width=len("inconclusive"))
        table.add_column(overflow="fold")
        table.add_row("recorded", _plain(f"{record.evidence.source}, {record.evidence.date}"))
        table.add_row("request", _plain(case.why))
        table.add_row("outcome", _plain(outcome_text(record)))
        for verdict in report.verdicts:
            if verdict.case == case.id:
                claim = verdict.check.replace("_", " ")
                table.add_row(verdict.status, _plain(f"{claim}: {verdict.why}"))
        console.print(table)


def _plain(text: str) -> Text:
    """Return a recording's own words as text: their brackets are no markup."""
    return Text(one_line(text, 600))


def outcome_text(record: Record) -> str:
    """Return what a request came to, in a sentence."""
    match record.outcome:
        case Images(pictures=pictures, found_at=found_at):
            alike = Counter(_pixels(picture) for picture in pictures)
            pixels = [size if times == 1 else f"{times} x {size}" for size, times in alike.items()]
            outside = record.shot.case.why.startswith(OUTSIDE)
            yet = f"outside {record.shot.case.provider}'s documents, yet " if outside else ""
            if not pictures:
                return f"{yet}answered without an image"
            words = f"{yet}served {count(len(pictures), 'image')}: {'; '.join(pixels)}"
            return "; ".join([words, *found_at])
        case Refused(error=error):
            named = f", parameter {error.parameter}" if error.parameter else ""
            code = f", code {error.code}" if error.code else ""
            return f"refused, class {error.error_class}{code}{named}: {error.message}"
        case Fault(error_class=error_class, why=why):
            return f"fault, class {error_class}: {why}"
        case _:
            return "nothing"


def _pixels(picture: Picture) -> str:
    """Return what an image is, or in place of what, in a phrase."""
    match picture.state:
        case "decoded":
            size = f"{picture.width_px}x{picture.height_px}, {picture.size_bytes:,} bytes"
            written = f", written as base64 with {picture.encoding}" if picture.encoding else ""
            return f"{picture.format} {size}{written}"
        case _ if picture.why.endswith(NOT_OBTAINABLE):
            return picture.why
        case state:
            return f"{state}: {picture.why}"
