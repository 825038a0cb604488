"""The speed table: what each tool came to, and which goals ours meets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Row(StrEnum):
    """The rows, in their order, by what they say."""

    TINY = "tiny body, 64 concurrent: error p50 / p99"
    FEW = "25 MB base64, 16 concurrent: error p50, first of each / later / peak memory"
    MANY = "25 MB base64, 64 concurrent: error p50, first of each / later / peak memory"
    RATE = "requests/s, 20 ms replies, 64 concurrent"
    FROZEN = "server frozen 3 s in 10, open loop at 10/s: p95 reported / true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one tool came to under one load, in seconds and megabytes; or why it was skipped."""

    skipped: str = ""
    n: int = 0
    replies: int = 0
    cpu_s: float = 0.0
    sent: int = 0
    p50_s: float | None = None
    p99_s: float | None = None
    burst_p50_s: float | None = None
    per_s: float | None = None
    p95_s: float | None = None
    true_p95_s: float | None = None
    logged_p95_s: float | None = None
    memory_mb: float | None = None
    rss_mb: float | None = None
    verified: int | None = None


Goal = tuple[str, Callable[[Cell], bool]]


def _below(p50_ms: float, memory_mb: float) -> Callable[[Cell], bool]:
    return lambda cell: (
        _ms(cell.p50_s) <= p50_ms
        and _ms(cell.burst_p50_s) <= p50_ms
        and (cell.memory_mb or cell.rss_mb or 1e9) <= memory_mb
        and cell.verified == cell.sent
    )


GOALS: Mapping[Row, Goal] = {
    Row.TINY: (
        "<= 1.5 / 5 ms",
        lambda cell: _ms(cell.p50_s) <= 1.5 and _ms(cell.p99_s) <= 5,
    ),
    Row.FEW: ("<= 100 ms / 80 MB, all images decoded and verified", _below(100, 80)),
    Row.MANY: ("<= 800 ms / 150 MB, all images decoded and verified", _below(800, 150)),
    Row.RATE: ("> 1,500", lambda cell: (cell.per_s or 0) > 1_500),
    Row.FROZEN: (
        "the truth within 5%",
        lambda cell: abs((cell.p95_s or 0) / (cell.true_p95_s or 1) - 1) <= 0.05,
    ),
}


def table(cells: Mapping[tuple[Row, str], Cell], tools: Sequence[str]) -> str:
    """Return the table in Markdown, and below it what was skipped and what was verified."""
    rows = [row for row in Row if any((row, tool) in cells for tool in tools)]
    lines = [f"| | {' | '.join(tools)} | goal | ours |", "|---" * (len(tools) + 3) + "|"]
    for row in rows:
        goal, met = GOALS[row]
        own = cells.get((row, "ours"), Cell(skipped="-"))
        word = "-" if own.skipped else "met" if met(own) else "**missed**"
        shown = [_shown(row, cells.get((row, tool), Cell(skipped="-"))) for tool in tools]
        lines.append(f"| {row} | {' | '.join(shown)} | {goal} | {word} |")
    return "\n".join([*lines, "", *_notes(cells)])


def _shown(row: Row, cell: Cell) -> str:
    if cell.skipped:
        return "-" if cell.skipped == "-" else "skipped"
    match row:
        case Row.TINY:
            return f"{_ms(cell.p50_s):.1f} / {_ms(cell.p99_s):.1f} ms"
        case Row.RATE:
            return f"{cell.per_s or 0:,.0f}"
        case Row.FROZEN:
            return f"{_ms(cell.p95_s):,.0f} / {_ms(cell.true_p95_s):,.0f} ms"
        case Row.FEW | Row.MANY:
            first = "-" if cell.burst_p50_s is None else f"{_ms(cell.burst_p50_s):,.0f}"
            memory = f"{cell.memory_mb or cell.rss_mb or 0:,.0f} MB"
            return f"{first} / {_ms(cell.p50_s):,.0f} ms / {memory}"


def _notes(cells: Mapping[tuple[Row, str], Cell]) -> list[str]:
    notes = []
    for (row, tool), cell in cells.items():
        if cell.skipped and cell.skipped != "-":
            notes.append(f"* skipped: {tool}, {row.partition(':')[0]}: {cell.skipped}")
        if row in (Row.TINY, Row.FEW, Row.MANY) and not cell.skipped:
            notes.append(f"* {tool}, {row.partition(':')[0]}: {_pace(cell)}")
        if cell.logged_p95_s is not None:
            logged = f"{_ms(cell.logged_p95_s):,.0f} ms"
            notes.append(f"* {tool}, frozen: p95 from the timetable to the server's log: {logged}")
    return notes


def _pace(cell: Cell) -> str:
    images = "" if cell.verified is None else f"; {cell.verified} of {cell.sent} images decoded"
    images += " and verified" if images else ""
    return (
        f"{cell.per_s or 0:,.1f} replies/s, {cell.cpu_s / max(1, cell.replies) * 1000:,.2f} ms of "
        f"processor time for each (its start included), RSS {cell.rss_mb or 0:,.0f} MB{images}"
    )


def _ms(seconds: float | None) -> float:
    return float("nan") if seconds is None else seconds * 1000
