"""The comparison of providers, and of their operations, as plain cells for a terminal."""

from collections import Counter

from harness.core.verdict import Estimate
from harness.report.labels import short_provenance
from harness.report.model import Report, Summary
from harness.report.text import interval_s, money_text, one_line, seconds
from harness.stats.conformance.latency import Latency

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
)

BY_OPERATION = (
    "provider",
    "operation",
    "held",
    "broken",
    "open",
    "n",
    "median [95 % interval]",
)


def provider_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each provider, as plain text without control characters."""
    return HEADER, tuple(_row(provider) for provider in report.providers)


def operation_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each operation that has a case, in the matrix' order.

    `held` to `open` count its promises; the time is that to its images, over `n` served cases.
    """
    return BY_OPERATION, tuple(_operation(report, at) for at in range(len(report.matrix.columns)))


def _operation(report: Report, at: int) -> tuple[str, ...]:
    column = report.matrix.columns[at]
    here = (column.provider, column.operation)
    states = Counter(row.cells[at].state for row in report.matrix.rows)
    states.update(
        interaction.state
        for interaction in report.matrix.interactions
        if (interaction.provider, interaction.operation) == here
    )
    timed = [row for row in report.latency if (row.provider, row.operation) == here]
    return (
        column.provider,
        column.operation,
        str(states["held"]),
        str(states["broken"]),
        str(states["undocumented"]),
        str(timed[0].n) if timed else "0",
        _latency(timed[0]) if timed else "-",
    )


def _row(summary: Summary) -> tuple[str, ...]:
    return (
        summary.provider,
        one_line(short_provenance(summary.evidence), 40),
        f"{summary.cases:,}" + (f" (+{summary.skipped:,} skipped)" if summary.skipped else ""),
        str(summary.held),
        str(summary.broken),
        str(summary.undocumented),
        f"{summary.cost.requests:,}",
        f"{summary.cost.images_paid:,}",
        one_line(money_text(summary.cost.amount, summary.cost.unit), 40),
    )


def _latency(row: Latency) -> str:
    return _median(row.median) + (f" ({row.left_out})" if row.left_out else "")


def _median(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    bounds, value = interval_s(estimate), seconds(estimate.value)
    if not bounds:
        return value
    number, unit = value.split()
    return f"{number} {bounds}" if bounds.endswith(f"] {unit}") else f"{value} {bounds}"
