"""The comparison of providers as plain cells, for a terminal."""

from harness.core.verdict import Estimate
from harness.report.evidence import in_short
from harness.report.figures import interval_s, money, seconds
from harness.report.model import Report, Summary
from harness.report.text import shown
from harness.stats.latency import Latency

HEADER = (
    "provider",
    "evidence",
    "cases",
    "held",
    "broken",
    "open",
    "requests",
    "images paid",
    "cost",
    "median time [95 % interval]",
)


def comparison(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each provider, as plain text without control characters."""
    return HEADER, tuple(_row(report, item) for item in report.providers)


def _row(report: Report, item: Summary) -> tuple[str, ...]:
    timed = [row for row in report.latency if row.provider == item.provider]
    return (
        item.provider,
        shown(in_short(item.evidence), 40),
        f"{item.cases:,}" + (f" (+{item.skipped:,} skipped)" if item.skipped else ""),
        str(item.held),
        str(item.broken),
        str(item.undocumented),
        f"{item.cost.requests:,}",
        f"{item.cost.images_paid:,}",
        shown(money(item.cost.amount, item.cost.unit), 40),
        "; ".join(_latency(row, alone=len(timed) == 1) for row in timed) or "-",
    )


def _latency(row: Latency, *, alone: bool) -> str:
    name = "" if alone else f"{row.operation} "
    return f"{name}{_median(row.median)}" + (f" ({row.left_out})" if row.left_out else "")


def _median(item: Estimate) -> str:
    if item.value is None:
        return "-"
    bounds, value = interval_s(item), seconds(item.value)
    if not bounds:
        return f"{value}, n = {item.n}"
    number, unit = value.split()
    return f"{number} {bounds}" if bounds.endswith(f"] {unit}") else f"{value} {bounds}"
