"""`summary.md`: the report as a comment on a pull request."""

import re
from collections.abc import Iterable, Iterator

from harness.report.choosing import choice_section
from harness.report.explored import explored_sentence
from harness.report.formats.columns import column_groups
from harness.report.formats.format import report_format
from harness.report.formats.html import SYMBOLS
from harness.report.formats.markdown_overview import coverage_block, overview_blocks
from harness.report.formats.markdown_text import (
    benchmark_answers,
    benchmark_blocks,
    choice_block,
    code,
    discovered_blocks,
    escaped,
    evidence_blocks,
    fitting,
    markdown_table,
    times_markdown,
)
from harness.report.known import reason_text
from harness.report.labels import (
    describe_provenance,
    failure_rate,
    fault_lines,
    waiting_advice,
)
from harness.report.model import MatrixCell, Report, Shown, Summary, Waiting
from harness.report.overview.overview import overview
from harness.report.text import count, money_text, percent

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""

_MOST_CURL = 4_000
_SYMBOLS = SYMBOLS | {"absent": ""}


@report_format("summary.md", rank=30)
def markdown(report: Report) -> str:
    """Return the report as GitHub's Markdown: the answer, then all behind it.

    At most `MOST_CHARACTERS`: findings and rows that do not fit are counted, not shown. Foreign
    text is shortened, and nothing in it acts as Markdown or HTML.
    """
    page = _Page()
    for block in _opening(report):
        page.add(block)
    if report.benchmark is not None:
        page.add(benchmark_answers(report.benchmark))
        page.add(choice_block(choice_section(report.choice)))
        page.add_each(benchmark_blocks(report.benchmark), "section", share=0.6)
    page.add(markdown_table(_PROVIDERS, map(_provider, report.providers)))
    page.add("\n".join(f"* {escaped(explored_sentence(row))}" for row in report.explored))
    if report.waiting:
        page.add(f"## Jobs to pick up\n\n{escaped(waiting_advice(report))}")
        page.add("```sh\nharness run --resume .\n```" if report.can_resume else "")
        page.add_each(map(_waiting, report.waiting), "job", share=0.2)
    page.add(f"## {count(len(report.findings), 'finding')}")
    page.add_each(map(_finding, report.findings), "finding", share=0.6)
    if report.flaky:
        page.add(f"## Flaky: {count(len(report.flaky), 'promise')} kept and broken\n\n{_FLAKY}")
        page.add_each(map(_finding, report.flaky), "flaky one", share=0.4)
    if report.unconfirmed:
        doubts = count(len(report.unconfirmed), "suspicion")
        page.add(f"## Not confirmed: {doubts}\n\n{_UNCONFIRMED}")
        page.add_each(map(_finding, report.unconfirmed), "suspicion", share=0.4)
    page.add_each(evidence_blocks(report.evidence), "section", share=0.5)
    page.add(_behaviours(report))
    if report.harness_errors:
        page.add(harness_errors_block(report))
    if report.discovered:
        questions = count(len(report.discovered), "open question")
        page.add(f"## Discovered: {questions} of the documents")
        page.add_each(discovered_blocks(report.discovered), "provider", share=0.5)
    # What the benchmark tells of times counts timeouts; latency beside it would contradict it.
    latency = "" if report.benchmark else times_markdown(report)
    page.add("## Promises")
    page.add(LEGEND)
    head, *rows = matrix_lines(report)
    together = together_block(report)
    page.add_table(head, rows, reserve=len(latency) + len(together))
    page.add(together)
    page.add(latency)
    return page.text()


def _opening(report: Report) -> Iterator[str]:
    """Yield the answer, and after it what a reader must know of the run."""
    seen = overview(report)
    yield f"# Image providers: run {escaped(report.header.run)}"
    # What failed is told first, in every output: it is why a figure below may rest on little.
    first = (report.banner.title, *fault_lines(report))
    yield "\n".join(f"> **{escaped(line)}.**" for line in first)
    yield from overview_blocks(seen)
    yield "## Cautions and notes"
    yield f"> {escaped(report.banner.text, 1200)}"
    if report.header.interrupted:
        yield "> **Interrupted.** This run ended before its plan did."
    yield "\n".join(f"> {escaped(note)}" for note in seen.notes)
    yield coverage_block(seen)


class _Page:
    """Blocks of Markdown, and how much room is left for more."""

    def __init__(self) -> None:
        self._blocks: list[str] = []

    def _room(self) -> int:
        return MOST_CHARACTERS - 300 - sum(len(block) + 2 for block in self._blocks)

    def add(self, block: str) -> None:
        if block:
            self._blocks.append(block)

    def add_each(self, blocks: Iterable[str], noun: str, *, share: float) -> None:
        """Add the blocks that fit into a share of the room, and count the others."""
        shown, others = fitting(blocks, self._room() * share, separator=2)
        self._blocks += shown
        if others:
            more = count(others, f"more {noun}")
            self.add(f"… and {more}; `index.html` of this run shows them all.")

    def add_table(self, head: str, rows: Iterable[str], *, reserve: int) -> None:
        """Add the rows that fit beside `reserve` characters, and count the others."""
        shown, others = fitting(rows, self._room() - len(head) - reserve, separator=1)
        self.add("\n".join([head, *shown]))
        if others:
            self.add(f"… and {count(others, 'more row')} in `index.html`.")

    def text(self) -> str:
        return "\n\n".join(self._blocks) + "\n"


_PROVIDERS = ("Provider", "Verdict", "Evidence", "Cases", "Requests", "Images paid", "Cost")


def _provider(row: Summary) -> tuple[str, ...]:
    return (
        f"**{escaped(row.title)}**",
        escaped(row.sentence),
        escaped(describe_provenance(row.evidence), 80),
        f"{row.cases:,}",
        f"{row.cost.requests:,}",
        f"{row.cost.images_paid:,}",
        escaped(money_text(row.cost.amount, row.cost.unit), 40),
    )


def _finding(shown: Shown) -> str:
    finding = shown.finding
    curl = shown.curl
    block = f"The request is too long for this page ({len(curl):,} characters): see `index.html`."
    if len(curl) <= _MOST_CURL:
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", curl)), 0)
        block = f"{fence}sh\n{curl}\n{fence}"
    # A promise's id is code; a combination holds values, which may hold anything.
    name = escaped(shown.name) if finding.combination else code(shown.name)
    title = f"### {escaped(shown.title)}, {escaped(finding.operation)}: {name}"
    notes = "\n".join(f"- {escaped(note, 600)}" for note in shown.notes)
    often = f" {failure_rate(finding)}".rstrip()
    test = "" if shown.reproduction.no_test else ", a ready pytest"
    known = [f"- **Known:** {escaped(reason_text(shown.known), 600)}"] if shown.known else []
    points = (
        *known,
        *_doubts(shown),
        f"- **Expected:** {escaped(finding.expected)}",
        f"- **Observed{often}:** {escaped(finding.observed)}",
        *(
            [f"- **Not made smaller:** {escaped(reason)}"]
            if (reason := finding.not_reduced)
            else ()
        ),
        f"- **Promised in:** {escaped(shown.source)}",
        f"- **Check:** {code(finding.check)}, {count(len(finding.cases), 'case')}",
        f"- **To see it again:** {code(shown.reproduction.folder)} (curl lines{test})",
    )
    return "\n\n".join(filter(None, [title, "\n".join(points), block, notes]))


def _doubts(shown: Shown) -> tuple[str, ...]:
    finding = shown.finding
    share = f"{finding.failed} of {finding.tried}, {percent(shown.share)}"
    if shown.other_share is not None:
        others = f"{finding.other_failed} of {finding.others}, {percent(shown.other_share)}"
        share = f"{share}; without it {others}"
    flaky = f"- **Broken:** {escaped(share)} (95 % interval)"
    return (
        *([flaky] if finding.standing == "flaky" or shown.other_share is not None else ()),
        *([f"- **Not confirmed:** {escaped(finding.doubt)}"] if finding.doubt else ()),
    )


def together_block(report: Report) -> str:
    """List the values that fail together: no single promise's cell can hold them."""
    lines = [
        f"- {_SYMBOLS[interaction.state]} {escaped(interaction.provider)},"
        f" {escaped(interaction.operation)}: {escaped(interaction.name)}"
        for interaction in report.matrix.interactions
    ]
    title = "Values with which a promise fails, though others keep it:\n\n"
    return title + "\n".join(lines[:20]) if lines else ""


def _waiting(waiting: Waiting) -> str:
    where = f"{escaped(waiting.provider)}, {escaped(waiting.operation)}, {code(waiting.case)}"
    return f"- {where}: job {code(waiting.job)}, {escaped(waiting.why)}"


def _behaviours(report: Report) -> str:
    """List what replies showed beside the promises; empty where there is nothing."""
    if not report.behaviours:
        return ""
    lines = [
        f"- {escaped(row.provider)}, {escaped(row.operation)}: {escaped(row.text, 600)}"
        for row in report.behaviours
    ]
    title = "## Observed beside the promises\n\nNo document promises or excludes this.\n\n"
    return title + "\n".join(lines[:20])


def harness_errors_block(report: Report) -> str:
    """List the checks that crashed."""
    lines = [
        f"- {code(error.checks[0])} at {escaped(error.provider)}, {escaped(error.operations[0])}"
        f" ({count(len(error.cases), 'case')}): {escaped(error.why)}"
        for error in report.harness_errors
    ]
    title = "## Errors of the harness\n\nBugs of ours; they say nothing about a provider.\n\n"
    return title + "\n".join(lines[:20])


_FLAKY = "Kept at one time and broken at another, for the same question."
_UNCONFIRMED = "Each was seen and could not be asked again; they convict nobody."
LEGEND = (
    "✓ held (accepting+refusing cases); ✗ broken; ~ flaky; ✗? suspected, not confirmed;"
    " ○ undocumented, only observed (served/refused); ? inconclusive; · not tried; empty: no such"
    " promise."
)


def matrix_lines(report: Report) -> list[str]:
    """Return the head of a table of all promises with its rule, and its rows."""
    named = (
        f"{escaped(group.provider)}<br>{escaped(operation)}"
        for group in column_groups(report.matrix)
        for operation in group.operations
    )
    header = ("Promise", *named)
    rows = ((code(row.id), *(_cell(cell) for cell in row.cells)) for row in report.matrix.rows)
    head, rule, *lines = markdown_table(header, rows).split("\n")
    return [f"{head}\n{rule}", *lines]


def _until(cell: MatrixCell) -> str:
    return f", known until {escaped(cell.known)}" if cell.known else ""


def _cell(cell: MatrixCell) -> str:
    symbol = _SYMBOLS[cell.state]
    match cell.state:
        case "held":
            return f"{symbol} {cell.accepts}+{cell.refuses}"
        case "broken":
            return f"{symbol} **broken**{_until(cell)}"
        case "flaky" | "unconfirmed":
            word = "suspected" if cell.state == "unconfirmed" else cell.state
            return f"{symbol} {word}{_until(cell)}"
        case "undocumented":
            return f"{symbol} {cell.served}/{cell.turned_away}"
        case _:
            return symbol
