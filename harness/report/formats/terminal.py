"""The comparison of providers, and of their operations, as plain cells for a terminal."""

from collections import Counter

from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.words import TOO_FEW, bounds_s, figure_s, load_label, name, rounded
from harness.report.labels import short_provenance
from harness.report.model import Report, Summary
from harness.report.text import interval_s, money_text, one_line, seconds
from harness.stats.benchmark.model import Speed
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


HEADER_benchmark_table = ("workload", "provider", "median [95 %]", "p95", "served", "per image")
NEAREST = " ~"
"""Marks a row that is like the workload and no more, and is not ranked."""


def benchmark_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each provider, workload and load; plain text, one line.

    No rows where the report has no benchmark.
    """
    value = report.benchmark
    rows = (
        ()
        if value is None
        else tuple(_benchmark_table_row(speed, value) for speed in value.measured.speeds)
    )
    return HEADER_benchmark_table, rows


def benchmark_sentences(report: Report) -> tuple[str, ...]:
    """Return what to say below the table: the cautions, the answers, what stopping early saved."""
    value = report.benchmark
    if value is None:
        return ()
    warned = (f"caution: {caution.text} {caution.remedy}" for caution in value.cautions)
    answers = (
        " ".join(filter(None, (f"{answer.workload}: {answer.sentence}", answer.sure)))
        for answer in value.answers
    )
    return (*warned, *answers, *value.savings)


def _benchmark_table_row(row: Speed, value: Benchmarked) -> tuple[str, ...]:
    stages = value.benchmark.design.stages
    loads = {stage.name: load_label(stage) for stage in stages}
    under = f", {loads.get(row.stage, name(row.stage))}" if len(stages) > 1 else ""
    near = NEAREST if row.fit == "nearest" else ""
    return (
        f"{name(row.workload)}{under}",
        f"{name(row.provider)}{_instead(row)}{near}",
        _benchmark_table_median(row.median),
        _tail(row.p95),
        f"{row.served} of {_sent(row, value)}",
        _price(row, value),
    )


def _instead(row: Speed) -> str:
    """Return what a row rests on in the one word that a narrow column has room for."""
    if row.emulated:
        return " (emulator)"
    return " (recorded)" if row.basis.startswith("recorded") else ""


def _sent(row: Speed, value: Benchmarked) -> int:
    here = (row.provider, row.basis, row.workload, row.stage)
    for reliability in value.measured.reliability:
        if (
            reliability.provider,
            reliability.basis,
            reliability.workload,
            reliability.stage,
        ) == here:
            return reliability.sent
    return row.n


def _benchmark_table_median(estimate: Estimate) -> str:
    """Return a median with its interval: `9.8 [8.3, 11.8] s`, or `9.8 s [> 8.3 s]`."""
    bounds, value = bounds_s(estimate), figure_s(estimate)
    number, _, unit = value.partition(" ")
    if bounds.endswith(f"] {unit}"):
        return f"{number} {bounds}"
    if bounds[:1] in {">", "<"}:
        return f"{value} [{bounds}]"
    return f"{value} {bounds}" if bounds.startswith("[") else value


def _tail(estimate: Estimate) -> str:
    return "too few" if estimate.method.startswith(TOO_FEW) else figure_s(estimate)


def _price(row: Speed, value: Benchmarked) -> str:
    """Return what a usable image cost, of all loads together: money is not told by the stage."""
    here = (row.provider, row.workload)
    found = (spend for spend in value.measured.spend if (spend.provider, spend.workload) == here)
    spent = next(found, None)
    if spent is None or spent.per_image is None:
        return "-"
    return one_line(rounded(spent.per_image, spent.unit), 40)
