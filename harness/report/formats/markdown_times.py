"""Everything about time as Markdown: latency, the ends of jobs, streams."""

from collections.abc import Sequence

from harness.core.verdict import Estimate
from harness.report.figures import between, interval_s, seconds
from harness.report.formats.markdown_text import escaped, markdown_table
from harness.report.model import Report
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.latency import Latency
from harness.stats.conformance.streams import Streams


def times_markdown(report: Report) -> str:
    """Return everything about time, under its headings; empty where nothing was timed."""
    if not report.latency:
        return ""
    parts = ["## Latency"]
    if report.recorded:
        names = escaped(", ".join(report.recorded))
        parts.append(f"Times of {names} are those of the recording, not of today.")
    parts.append(_latency(report.latency))
    if report.completion:
        parts.append("**When jobs ended**, since their submission left: polls tell it from both")
        parts[-1] += " sides only, and the median of the true ends lies between the two."
        parts.append(_completion(report.completion))
    if report.streams:
        parts.append("**Streams**: medians since the request left.")
        parts.append(_streams(report.streams))
    return "\n\n".join(parts)


def _completion(rows: Sequence[Completion]) -> str:
    header = ("Provider", "Operation", "Jobs", "Median by the polls", "Widest gap", "By webhook")
    return markdown_table(
        header,
        (
            (
                escaped(row.provider),
                escaped(row.operation),
                str(row.n),
                between(row.after, row.before),
                seconds(row.widest_gap_s),
                _figure(row.delivered, 0),
            )
            for row in rows
        ),
    )


def _streams(rows: Sequence[Streams]) -> str:
    header = (
        *("Provider", "Operation", "Streams", "Headers", "First byte", "First partial image"),
        *("Completed event", "Last byte", "Events per stream"),
    )
    return markdown_table(
        header,
        (
            (
                escaped(row.provider),
                escaped(row.operation),
                str(row.n),
                _figure(row.headers, row.n),
                _figure(row.first_byte, row.n),
                _figure(row.first_partial, row.n),
                _figure(row.completed, row.n),
                _figure(row.last_byte, row.n),
                f"{row.events.value:g}",
            )
            for row in rows
        ),
    )


def _figure(estimate: Estimate, expected: int) -> str:
    """Return a duration, and how many cases it rests on where that is another number."""
    told = f" (n = {estimate.n})" if estimate.n and estimate.n != expected else ""
    return seconds(estimate.value) + told


def _latency(rows: Sequence[Latency]) -> str:
    header = ("Provider", "Operation", "n", "Median", "95 % interval", "p95", "Left out")
    return markdown_table(
        header,
        (
            (
                escaped(row.provider),
                escaped(row.operation),
                str(row.n),
                seconds(row.median.value),
                escaped(interval_s(row.median) or row.median.method),
                seconds(row.p95.value),
                escaped(row.left_out) or "-",
            )
            for row in rows
        ),
    )
