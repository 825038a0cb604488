"""Parts of a page of Markdown: escaped text, tables, a benchmark, times, discoveries."""

import re
from collections.abc import Iterable, Sequence

from harness.adaptive.discovery.question import Discovered
from harness.core.verdict import Estimate
from harness.report.authenticity.section import EvidenceSection, EvidenceTable, Point
from harness.report.authenticity.sections import Evidence, evidence_sections
from harness.report.benchmark.answers import Answer, Benchmarked
from harness.report.benchmark.sections import sections
from harness.report.benchmark.tables import Section, Table, TableCell
from harness.report.benchmark.words import bounds_s, figure_s, planned, tail_s
from harness.report.choosing import ChoiceRow, ChoiceSection
from harness.report.labels import about_provider, observation_day, short_provenance
from harness.report.model import Report
from harness.report.text import between, count, one_line, seconds
from harness.stats.conformance.completion import Completion
from harness.stats.conformance.latency import Latency
from harness.stats.conformance.streams import Streams

_LINKED = re.compile(
    r"@(?=\w)|(?<=\w)@|://|#(?=\d)|(?<=GH)-(?=\d)|\bwww(?=\.)|(?<=\S)\$", re.IGNORECASE
)
"""The marks by which GitHub makes a mention, a link or, where a $ ends one, a formula of text."""


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


def fitting(blocks: Iterable[str], room: float, *, separator: int) -> tuple[list[str], int]:
    """Return the first blocks that fit into `room` characters, and how many do not."""
    blocks = list(blocks)
    for at, block in enumerate(blocks):
        room -= len(block) + separator
        if room < 0:
            return blocks[:at], len(blocks) - at
    return blocks, 0


_LONGEST = 1500


def benchmark_answers(benchmark: Benchmarked) -> str:
    """Return the cautions, the answers and what stopping early saved; never without an answer."""
    cautions = [
        f"> **{escaped(caution.kind.replace('_', ' '))}**: {escaped(caution.text, 600)}"
        f" *{escaped(caution.remedy)}*"
        for caution in benchmark.cautions
    ]
    parts = [
        "## Benchmark",
        "\n>\n".join(cautions),
        "\n".join(_answer(answer) for answer in benchmark.answers),
        "\n".join(f"- {escaped(text)}" for text in (*benchmark.savings, *benchmark.stopped)),
        escaped(planned(benchmark.design), _LONGEST),
    ]
    return "\n\n".join(filter(None, parts))


def benchmark_blocks(benchmark: Benchmarked) -> list[str]:
    """Return a block for each section, in order, and the methods last."""
    blocks = [_section(section) for section in sections(benchmark)]
    cited = [f"{at}. {escaped(text, 600)}" for at, text in enumerate(benchmark.methods, 1)]
    if cited:
        blocks.append("\n\n".join(["### Methods", "\n".join(cited)]))
    return blocks


def _answer(answer: Answer) -> str:
    where = escaped(answer.workload) + (" (emulator)" if answer.emulated else "")
    text = " ".join(filter(None, (answer.sentence, answer.sure, f"Evidence: {answer.basis}.")))
    return f"- **{where}**: {escaped(text, 3000)}"


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


_MOST_CHOSEN = 40


def choice_block(chosen: ChoiceSection | None) -> str:
    """Return which provider serves the work, a row for each; empty without a choice."""
    if chosen is None:
        return ""
    months = ("A month",) if chosen.months else ()
    header = ("", "Provider", "Stands", "Usable image", *months, "By", "Why")
    rows = [_chosen(row, months=chosen.months) for row in chosen.rows[:_MOST_CHOSEN]]
    parts = [
        "## Which provider for this work",
        escaped(chosen.sentence, _LONGEST),
        escaped(chosen.asked, _LONGEST),
        markdown_table(header, rows),
        "\n".join(f"- {escaped(note, 600)}" for note in chosen.notes[:_MOST_CHOSEN]),
    ]
    return "\n\n".join(filter(None, parts))


def _chosen(row: ChoiceRow, *, months: bool) -> tuple[str, ...]:
    return (
        escaped(row.place),
        f"**{escaped(row.provider, 60)}**",
        escaped(row.standing),
        escaped(row.price),
        *((escaped(row.month),) if months else ()),
        escaped(row.basis),
        escaped("; ".join(row.reasons), 600),
    )


def evidence_blocks(known: Evidence) -> list[str]:
    """Return a block for each section of evidence; what a page folds is counted only."""
    return [_evidence(section) for section in evidence_sections(known)]


def _evidence(section: EvidenceSection) -> str:
    tables = [_evidence_table(table) for table in section.tables]
    folded = [f"*{escaped(fold.summary)}; `index.html` shows them.*" for fold in section.folds]
    parts = [
        f"## {section.title}",
        escaped(section.lead, _LONGEST),
        _points(section.points),
        *tables,
        _points(section.notes),
        *folded,
    ]
    return "\n\n".join(filter(None, parts))


_MOST_POINTS = 20


def _points(points: Sequence[Point]) -> str:
    lines = [
        f"- **{escaped(point.mark, 60)}:** {escaped(point.text, 900)}"
        + (f" *({escaped(point.small, 400)})*" if point.small else "")
        for point in points[:_MOST_POINTS]
    ]
    more = len(points) - _MOST_POINTS
    return "\n".join([*lines, *([f"- … and {more} more in `summary.json`."] if more > 0 else ())])


def _evidence_table(table: EvidenceTable) -> str:
    if table.folded:
        return f"*{escaped(table.caption, 400)}: {count(len(table.rows), 'row')} in `index.html`.*"
    caption = f"**{escaped(table.caption, 400)}**\n\n" if table.caption else ""
    rows = ([escaped(cell) for cell in row] for row in table.rows)
    return caption + markdown_table([escaped(head) for head in table.head], rows)


_DISCOVERED = (
    *("Operation", "Parameter", "Question", "Documents", "They say", "Observed"),
    *("Observed on", "Asked for it"),
)


def discovered_blocks(rows: Sequence[Discovered]) -> list[str]:
    """Return a block with a table of the rows for each provider."""
    blocks = []
    for provider in dict.fromkeys(row.provider for row in rows):
        discovereds = [row for row in rows if row.provider == provider]
        real = all(about_provider(row.evidence) for row in discovereds)
        note = "" if real else "\n\nThe emulator answered: this says nothing about the provider."
        table = markdown_table(_DISCOVERED, map(_discovered, discovereds))
        blocks.append(f"**{escaped(provider)}**{note}\n\n{table}")
    return blocks


def _discovered(row: Discovered) -> tuple[str, ...]:
    requests = f"{count(row.requests, 'request')}, {count(row.images, 'image')}"
    return (
        escaped(row.operation),
        code(row.parameter),
        escaped(row.question),
        f"**{row.documents}**" if row.documents == "contradicts" else row.documents,
        escaped(row.said),
        escaped(row.observed, 500),
        escaped(f"{observation_day(row)}, evidence: {short_provenance(row.evidence)}"),
        requests if row.requests else "nothing",
    )


def times_markdown(report: Report) -> str:
    """Return everything about time, under its headings; empty where nothing was timed."""
    if not report.latency:
        return ""
    parts = ["## Latency"]
    if report.recorded:
        names = escaped(", ".join(report.recorded))
        parts.append(f"Times of {names} are those of the recording, not of today.")
    parts.append(markdown_table(_LATENCY, map(_latency, report.latency)))
    if report.completion:
        parts.append(
            "**When jobs ended**, since their submission left: polls tell it from both sides only,"
            " and the median of the true ends lies between the two."
        )
        parts.append(markdown_table(_COMPLETION, map(_completion, report.completion)))
    if report.streams:
        parts.append("**Streams**: medians since the request left.")
        parts.append(markdown_table(_STREAMS, map(_streams, report.streams)))
    return "\n\n".join(parts)


_LATENCY = (
    *("Provider", "Operation", "n", "Median", "95 % interval", "p95"),
    *("Given up, counted as longer", "Left out"),
)
_COMPLETION = ("Provider", "Operation", "Jobs", "Median by the polls", "Widest gap", "By webhook")
_STREAMS = (
    *("Provider", "Operation", "Streams", "Headers", "First byte", "First partial image"),
    *("Completed event", "Last byte", "Events per stream"),
)


def _latency(row: Latency) -> tuple[str, ...]:
    return (
        escaped(row.provider),
        escaped(row.operation),
        str(row.n),
        escaped(figure_s(row.median)),
        escaped(bounds_s(row.median)),
        escaped(tail_s(row.p95)),
        row.given_up or "-",
        row.left_out or "-",
    )


def _completion(row: Completion) -> tuple[str, ...]:
    return (
        escaped(row.provider),
        escaped(row.operation),
        str(row.n),
        between(row.after, row.before),
        seconds(row.widest_gap_s),
        _figure(row.delivered, 0),
    )


def _streams(row: Streams) -> tuple[str, ...]:
    moments = (row.headers, row.first_byte, row.first_partial, row.completed, row.last_byte)
    return (
        escaped(row.provider),
        escaped(row.operation),
        str(row.n),
        *(_figure(moment, row.n) for moment in moments),
        f"{row.events.value:g}",
    )


def _figure(estimate: Estimate, expected: int) -> str:
    """Return a duration, and how many cases it rests on where that is another number."""
    n = f" (n = {estimate.n})" if estimate.n and estimate.n != expected else ""
    return seconds(estimate.value) + n
