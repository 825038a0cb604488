"""The comparison of providers, of their operations and of a benchmark, as cells for a terminal."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter

from harness.core.jsonvalue import Json
from harness.core.reference import ReferenceImage
from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Benchmarked
from harness.report.benchmark.reference import reference_sentences
from harness.report.benchmark.words import bounds_s, figure_s, load_label, name, rounded, tail_s
from harness.report.labels import fault_lines, short_provenance
from harness.report.model import Report, Shown, Summary
from harness.report.text import money_text, one_line
from harness.stats.benchmark.model import Speed
from harness.stats.conformance.latency import Latency

HEADER = (
    *("provider", "evidence", "cases", "held", "broken", "open"),
    *("requests", "images paid", "cost"),
)

LONGEST_VALUE = 30
UNTOLD = {"prompt", "model"}
"""Arguments that every request has, and that a finding is seldom about."""

BY_OPERATION = ("provider", "operation", "held", "broken", "open", "n", "median [95 % interval]")


def provider_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each provider, as plain text without control characters.

    How many valid requests ended in faults, and what images are unsettled, where any did.
    """
    if not fault_lines(report):
        return HEADER, tuple(_row(provider) for provider in report.providers)
    rows = ((*row[:2], _fault_share(at), *row[2:]) for at, row in _rows(report))
    return (*HEADER[:2], "faults", *HEADER[2:]), tuple(rows)


def _rows(report: Report) -> Iterator[tuple[Summary, tuple[str, ...]]]:
    return ((provider, _row(provider)) for provider in report.providers)


def _fault_share(summary: Summary) -> str:
    faults = summary.faults
    unsettled = f" ({faults.unsettled_images} unsettled)" if faults.unsettled_images else ""
    number, of = faults.faults, faults.valid
    if not of:  # nothing that the documents promise to serve was sent
        number, of = faults.other_faults, faults.others
    return f"{number} of {of}{unsettled}"


def operation_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each operation that has a case, in the matrix' order.

    `held` and `open` count its promises, `broken` its findings; the time is that to its images,
    over `n` valid requests that were served or given up.
    """
    return BY_OPERATION, tuple(_operation(report, at) for at in range(len(report.matrix.columns)))


def _operation(report: Report, at: int) -> tuple[str, ...]:
    column, place = report.matrix.columns[at], attrgetter("provider", "operation")
    states = Counter(row.cells[at].state for row in report.matrix.rows)
    timed = [row for row in report.latency if place(row) == place(column)]
    return (
        column.provider,
        column.operation,
        str(states["held"]),
        str(sum(place(shown.finding) == place(column) for shown in report.findings)),
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
        f"{summary.broken} ({summary.known} known)" if summary.known else str(summary.broken),
        str(summary.undocumented),
        f"{summary.cost.requests:,}",
        f"{summary.cost.images_paid:,}",
        one_line(money_text(summary.cost.amount, summary.cost.unit), 40),
    )


def _latency(row: Latency) -> str:
    beside = ", ".join(filter(None, (row.given_up, row.left_out)))
    return _median(row.median) + (f" ({beside})" if beside else "")


def request_line(shown: Shown, longest: int) -> str:
    """Return a finding's request on one line: `POST /v1/images size=1x1 quality=low`.

    What the finding is about comes first, and the prompt only where it is about it. What does not
    fit into `longest` characters is counted: `and 3 more`. A request that could not be made
    smaller is shown as it was sent.
    """
    record = shown.finding.record
    request, arguments = record.shot.request, record.shot.case.arguments
    about = {word for word in re.split(r"[^a-z0-9_]+", shown.name) if word in arguments}
    names = [name for name in arguments if name in about]
    names += [name for name in arguments if name not in about | UNTOLD]
    parts = [f"{name}={_value(arguments[name])}" for name in names]
    head = _cut(f"{request.method} {request.target}", longest - len(" and 99 more"))
    line = " ".join([head, *parts])
    for number in range(len(parts) - 1, -1, -1):
        if len(line) <= longest:
            break
        line = f"{' '.join([head, *parts[:number]])} and {len(parts) - number} more"
    return line


def _value(value: Json) -> str:
    """Return an argument as people write it: texts bare, files by their name, both cut."""
    names = [_file(each) for each in (value if isinstance(value, list) else [value])]
    if names and all(names):
        text = "+".join(names)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, LONGEST_VALUE)


def _cut(text: str, longest: int) -> str:
    line = one_line(text, len(text))
    return line if len(line) <= longest else f"{line[:longest]}\u2026"


def _file(value: Json) -> str:
    image = ReferenceImage.of(value)
    return (image.filename or "") if image else ""


BENCHMARK_HEADER = ("workload", "provider", "median [95 %]", "p95", "served", "per image")
NEAREST = " ~"
"""Marks a row that is like the workload and no more, and is not ranked."""


def benchmark_rows(report: Report) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the header and one row for each provider, workload and load; plain text, one line.

    No rows where the report has no benchmark.
    """
    benchmark = report.benchmark
    speeds = benchmark.measured.speeds if benchmark else ()
    return BENCHMARK_HEADER, tuple(_speed(row, benchmark) for row in speeds if benchmark)


def benchmark_sentences(report: Report) -> tuple[str, ...]:
    """Return what to say below the table: the cautions, the answers, what stopping early saved."""
    benchmark = report.benchmark
    if benchmark is None:
        return ()
    warned = (f"caution: {caution.text} {caution.remedy}" for caution in benchmark.cautions)
    answers = (
        " ".join(filter(None, (f"{answer.workload}: {answer.sentence}", answer.sure)))
        for answer in benchmark.answers
    )
    return (*warned, *answers, *reference_sentences(benchmark), *benchmark.savings)


def _speed(row: Speed, benchmark: Benchmarked) -> tuple[str, ...]:
    stages = benchmark.design.stages
    loads = {stage.name: load_label(stage) for stage in stages}
    under = f", {loads.get(row.stage, name(row.stage))}" if len(stages) > 1 else ""
    near = NEAREST if row.fit == "nearest" else ""
    recorded = " (recorded)" if row.basis.startswith("recorded") else ""
    evidence = " (emulator)" if row.emulated else recorded
    return (
        f"{name(row.workload)}{under}",
        f"{name(row.provider)}{evidence}{near}",
        _median(row.median),
        tail_s(row.p95),
        f"{row.served} of {_sent(row, benchmark)}",
        _price(row, benchmark),
    )


def _sent(row: Speed, benchmark: Benchmarked) -> int:
    place = attrgetter("provider", "basis", "workload", "stage")
    rows = benchmark.measured.reliability
    return next((other.sent for other in rows if place(other) == place(row)), row.n)


def _median(estimate: Estimate) -> str:
    """Return a median with its interval: `9.8 [8.3, 11.8] s`, or `9.8 s [> 8.3 s]`."""
    bounds = bounds_s(estimate)
    if bounds[:1] in {">", "<"}:
        return f"{figure_s(estimate)} [{bounds}]"
    return _with_bounds(figure_s(estimate), bounds)


def _with_bounds(duration: str, bounds: str) -> str:
    """Put bounds in brackets behind a duration, with the unit once where it is the same."""
    number, _, unit = duration.partition(" ")
    if bounds.endswith(f"] {unit}"):
        return f"{number} {bounds}"
    return f"{duration} {bounds}" if bounds.startswith("[") else duration


def _price(row: Speed, benchmark: Benchmarked) -> str:
    """Return what a usable image cost, of all loads together: spending is not recorded by stage."""
    place = attrgetter("provider", "basis", "workload")
    spent = next((spend for spend in benchmark.measured.spend if place(spend) == place(row)), None)
    if spent is None or spent.per_image is None:
        return "-"
    most = "at most " if spent.at_most else ""
    return one_line(f"{most}{rounded(spent.per_image, spent.unit)}", 40)
