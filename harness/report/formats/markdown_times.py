"""Everything about time as Markdown: latency, the ends of jobs, streams."""

import re
from collections.abc import Iterable, Sequence

from harness.core.verdict import Estimate
from harness.report.benchmark.answers import Answer, Benchmarked
from harness.report.benchmark.sections import sections
from harness.report.benchmark.tables import Section, Table, TableCell
from harness.report.benchmark.words import planned
from harness.report.model import Report
from harness.report.text import between, interval_s, one_line, seconds
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.latency import Latency
from harness.stats.conformance.streams import Streams

_LINKED = re.compile(r"@(?=\w)|(?<=\w)@|://|#(?=\d)|(?<=GH)-(?=\d)|\bwww(?=\.)", re.IGNORECASE)
"""The marks by which GitHub makes a mention or a link of plain text."""


def escaped(text: str, longest: int = 300) -> str:
    """Return foreign text as one line that Markdown shows as it is, in a table's cell, too."""
    line = one_line(text, longest)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = re.sub(r"([\\`*_\[\]~|])|^([#+-])", r"\\\1\2", line)
    return _LINKED.sub(lambda match: f"&#{ord(match[0][0])};{match[0][1:]}", line)


def code(text: str) -> str:
    """Return an id of ours as code; foreign characters that would end it are dropped."""
    return "`" + re.sub(r"[`|\s]", "", one_line(text, 120)) + "`"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


_LONGEST = 1500


def benchmark_answers(value: Benchmarked) -> str:
    """Return the cautions, the answers and what stopping early saved; never without an answer."""
    cautions = [
        f"> **{escaped(caution.kind.replace('_', ' '))}**: {escaped(caution.text, 600)}"
        f" *{escaped(caution.remedy)}*"
        for caution in value.cautions
    ]
    parts = [
        "## Benchmark",
        "\n>\n".join(cautions),
        "\n".join(_answer(answer) for answer in value.answers),
        "\n".join(f"- {escaped(text)}" for text in (*value.savings, *value.stopped)),
        escaped(planned(value.benchmark.design), _LONGEST),
    ]
    return "\n\n".join(filter(None, parts))


def benchmark_blocks(value: Benchmarked) -> list[str]:
    """Return a block for each section, in order, and the methods last."""
    blocks = [_section(section) for section in sections(value)]
    cited = [f"{at}. {escaped(text, 600)}" for at, text in enumerate(value.methods, 1)]
    if cited:
        blocks.append("\n\n".join(["### Methods", "\n".join(cited)]))
    return blocks


def _answer(answer: Answer) -> str:
    where = (
        f"{escaped(answer.workload)} (emulator)" if answer.emulated else escaped(answer.workload)
    )
    told = " ".join(filter(None, (answer.sentence, answer.sure, f"Evidence: {answer.basis}.")))
    return f"- **{where}**: {escaped(told, 3000)}"


def _section(section: Section) -> str:
    tables = [_table(drawn) for drawn in section.tables if drawn.rows]
    return "\n\n".join([f"### {section.title}", escaped(section.lead, _LONGEST), *tables])


def _table(drawn: Table) -> str:
    header = [escaped(head.text) for head in drawn.head]
    rows = [[_cell(cell) for cell in row] for row in drawn.rows]
    caption = f"**{escaped(drawn.caption, 400)}**\n\n" if drawn.caption else ""
    return caption + markdown_table(header, rows)


def _cell(cell: TableCell) -> str:
    text = escaped(cell.text)
    text = f"**{text}**" if cell.loud else text
    return f"{text}<br>{escaped(cell.small)}" if cell.small else text


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
