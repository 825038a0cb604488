"""`history.html`: what many runs showed over months, as one file that loads nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.charts.timeline import (
    BOTTOM,
    HIGH,
    LEFT,
    RIGHT,
    TOP,
    WIDE,
    Line,
    Sign,
    Timeline,
    draw_timeline,
)
from harness.report.text import count, one_line, visible

PAGE_BYTES = 3_000_000
_MOST_POINTS = (80, 60, 40, 24)
"""Points of a line, the fewer the more lines there are; the first that fits the page."""

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence on what changed on a day. `worse` is None where neither direction is.

    `report` is the address of the report of the run that first shows it, seen from the page; empty
    where the run has none.
    """

    day: str
    text: str
    worse: bool | None
    anchor: str
    report: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """One month of a panel: its runs, and a cell for each line."""

    month: str
    runs: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One drawing of a provider: its lines share an axis, which `labels` of `unit` words.

    `said` is its alternative text, `months` its table.
    """

    title: str
    unit: str
    lines: Sequence[Line]
    signs: Sequence[Sign]
    months: Sequence[MonthRow]
    said: str
    whole: bool = False
    least_top: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRow:
    """A provider's last figures in the table of the first screen, each with its trend.

    `report` is the address of its last run's report, seen from the page; empty without one.
    """

    provider: str
    base: str
    runs: int
    last: str
    promises: str
    broken: bool
    cells: tuple[tuple[str, str, bool | None], ...]
    anchor: str
    report: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHistory:
    """A provider on one base: its panels, what it broke last, and the marks of its drawings."""

    title: str
    anchor: str
    lead: str
    broken: Sequence[str]
    marks: Sequence[str]
    panels: Sequence[Panel]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """All that the page shows, in plain values."""

    title: str
    span: str
    sentence: str
    first: datetime
    last: datetime
    heads: Sequence[str]
    rows: Sequence[LastRow]
    said: Sequence[Said]
    sections: Sequence[ProviderHistory]
    notes: Sequence[str]
    method: str
    emulated: bool
    more: int = 0


def history_html(page: HistoryPage) -> str:
    """Return the page: no script, nothing fetched; foreign text is escaped and shortened.

    Runs too near to tell apart are drawn as one point; where the page would be too large, more of
    them.
    """
    html = ""
    for most in _MOST_POINTS:
        html = _drawn(page, most)
        if len(html.encode("utf-8", "surrogatepass")) <= PAGE_BYTES:
            break
    return html


def _drawn(page: HistoryPage, most_points: int) -> str:
    style = "".join(
        (_TEMPLATES / name).read_text(encoding="utf-8")
        for name in ("style/10_base.css", "style/90_paper.css", "history/page.css")
    )
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")

    def timeline(panel: Panel) -> Timeline:
        return draw_timeline(
            panel.lines,
            panel.signs,
            first=page.first,
            last=page.last,
            most_points=most_points,
            label=lambda mark: _label(mark, panel.unit),
            whole=panel.whole,
            least_top=panel.least_top,
        )

    return (
        _environment()
        .get_template("history/page.html.j2")
        .render(
            page=page,
            style=Markup(style),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}';"
            " base-uri 'none'; form-action 'none'",
            timeline=timeline,
            box={"wide": WIDE, "high": HIGH, "left": LEFT, "right": RIGHT}
            | {"top": TOP, "bottom": BOTTOM},
        )
    )


def _label(mark: float, unit: str) -> str:
    """Word a mark of the left axis; the panel's title names the unit."""
    if unit == "share":
        return f"{mark * 100:g} %"
    return f"{mark:,g}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"foreign": one_line, "visible": visible, "count": count}
    return environment
