"""`step-summary.md`: the verdict as GitHub shows it on the page of a workflow's run."""

import re
from collections.abc import Iterable, Sequence

from harness.known.model import KnownShown
from harness.report.formats.format import Judged, format_on_request
from harness.report.formats.markdown import (
    LEGEND,
    harness_errors_block,
    matrix_lines,
    together_block,
)
from harness.report.formats.markdown_overview import coverage_block, overview_blocks
from harness.report.formats.markdown_text import (
    benchmark_blocks,
    code,
    escaped,
    markdown_table,
    times_markdown,
)
from harness.report.known import in_order, reason_text
from harness.report.labels import confirmation_text, failure_rate, fault_lines, short_provenance
from harness.report.model import Report, Shown
from harness.report.overview.overview import overview
from harness.report.text import count, shortened, visible

MOST_BYTES = 1_048_576
"""GitHub shows no summary of a step that is larger than 1 MiB; several commands may share it."""
PAGE_BYTES = 400_000
"""What our page takes at most, so that two runs of a step have room."""

_MOST_CURL = 2_000
_REST = "all are in `summary.json` and `index.html` of the run folder."
_KNOWN = ("", "Known deviation", "What this run says", "Why")
_HEAD = ("", "Provider", "Operation", "Promise", "Expected", "Observed", "How sure", "Evidence")


@format_on_request(
    "github",
    file="step-summary.md",
    rank=30,
    appended_to="GITHUB_STEP_SUMMARY",
    most_bytes=MOST_BYTES,
)
def step_summary(judged: Judged) -> str:
    """Return the summary of a step in GitHub's Markdown: verdict, providers, what is broken.

    All else is folded. At most `PAGE_BYTES`, cut between rows and blocks, with a sentence that says
    how many are left out. Foreign text acts as no Markdown or HTML, and links or mentions nobody.
    """
    report = judged.report
    page = _Page()
    verdict, *others = overview_blocks(overview(report))
    page.add(f"### Image providers: run {escaped(report.header.run, 100)}")
    page.add(verdict)
    first = (report.banner.title, *fault_lines(report))
    page.add("\n".join(f"> **{escaped(line)}.**" for line in first))
    shown = (*report.broken, *report.doubted, *report.expected)
    page.add_rows(_HEAD, map(_finding, shown), len(shown), share=0.5)
    page.add_rows(_KNOWN, map(_known, in_order(report.known)), len(report.known), share=0.3)
    for block in others:
        page.add(block)
    page.add(harness_errors_block(report) if report.harness_errors else "")
    requests = "Requests that show the findings"
    page.fold(requests, map(_request, shown), len(shown), share=0.4)
    if report.benchmark is not None:
        page.fold_all("The benchmark", benchmark_blocks(report.benchmark), share=0.5)
    head, *rows = matrix_lines(report)
    if rows:
        page.fold_table(f"All promises: {len(rows):,}", LEGEND, (head, *rows), share=0.6)
        page.add(together_block(report))
    if report.benchmark is None:
        page.fold_all("Times", [times_markdown(report)], share=0.5)
    page.fold_all("Notes", _notes(report), share=0.9)
    page.add(coverage_block(overview(report)))
    return page.text()


def _finding(shown: Shown) -> tuple[str, ...]:
    finding = shown.finding
    mark = "✗" if finding.standing == "confirmed" and shown.known is None else "?"
    name = escaped(shown.name, 200) if finding.combination else code(shown.name)
    sure = "known" if shown.known else finding.standing
    return (
        mark,
        escaped(shown.title, 60),
        escaped(finding.operation, 60),
        name,
        escaped(finding.expected, 200),
        escaped(confirmation_text(finding), 300),
        escaped(", ".join(filter(None, (sure, failure_rate(finding))))),
        escaped(short_provenance(finding.record.evidence), 60),
    )


def _known(each: KnownShown) -> tuple[str, ...]:
    mark, why = "✗" if each.fails else "", reason_text(each.known)
    return (mark, each.state, escaped(each.sentence, 300), escaped(why, 300))


def _request(shown: Shown) -> str:
    """Return what sends a finding's request again, as a block to copy."""
    again = f"{code(f'{shown.reproduction.folder}/repeat.sh')} sends it again"
    name = escaped(shown.name, 200) if shown.finding.combination else code(shown.name)
    title = f"**{escaped(shown.title, 60)}, {escaped(shown.finding.operation, 60)}: {name}**"
    if len(shown.curl) > _MOST_CURL:
        return f"{title}: {again}; the line is too long for this page."
    line = visible(shortened(shown.curl, _MOST_CURL), keep="\n")
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", line)), 0)
    return f"{title}: {again}.\n\n{fence}sh\n{line}\n{fence}"


def _notes(report: Report) -> list[str]:
    return [
        *(f"- {escaped(note, 600)}" for note in overview(report).notes),
        f"- {escaped(report.banner.text, 1_200)}",
    ]


class _Page:
    """Blocks of Markdown, and how many bytes are left for more; what has no room is counted."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._left = PAGE_BYTES - 1_000

    def add(self, block: str) -> None:
        """Add a block; where there is no room for it, a sentence instead."""
        if not block:
            return
        if len(block.encode()) + 2 > self._left:
            block = f"A part of this page is left out, for it is too large; {_REST}"
        self._blocks.append(block)
        self._left -= len(block.encode()) + 2

    def add_rows(
        self, head: Sequence[str], rows: Iterable[Sequence[str]], total: int, *, share: float
    ) -> None:
        """Add a table with the rows that fit into a share of the room; none without a row."""
        if total:
            lines = (markdown_table(row, ()).partition("\n")[0] for row in rows)
            self.add(self._table(markdown_table(head, ()), lines, total, share=share))

    def fold_all(self, title: str, blocks: Iterable[str], *, share: float) -> None:
        """Fold away those of the blocks that are not empty."""
        found = [block for block in blocks if block]
        self.fold(title, found, len(found), share=share)

    def fold(self, title: str, blocks: Iterable[str], total: int, *, share: float) -> None:
        """Add blocks that are folded away, as many as fit into a share of the room."""
        if total:
            shown = _fitting(blocks, self._left * share, 2)
            apart = "\n" if all(block.startswith("- ") for block in shown) else "\n\n"
            more = total - len(shown)
            rest = f"\n\n… and {count(more, 'more block')}; {_REST}" if more else ""
            inside = f"{apart.join(shown)}{rest}"
            self.add(f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>")

    def fold_table(self, title: str, above: str, lines: Sequence[str], *, share: float) -> None:
        """Add a table that is folded away, its head the first of the lines."""
        table = self._table(lines[0], lines[1:], len(lines) - 1, share=share)
        self.add(f"<details><summary>{title}</summary>\n\n{above}\n\n{table}\n\n</details>")

    def _table(self, head: str, rows: Iterable[str], total: int, *, share: float) -> str:
        shown = _fitting(rows, self._left * share - len(head.encode()), 1)
        more = total - len(shown)
        rest = f"\n\n… and {count(more, 'more row')}; {_REST}" if more else ""
        return "\n".join([head, *shown]) + rest

    def text(self) -> str:
        """Return the page."""
        return "\n\n".join(self._blocks) + "\n"


def _fitting(blocks: Iterable[str], room: float, apart: int) -> list[str]:
    """Return the first blocks that fit into so many bytes; no others are drawn."""
    shown: list[str] = []
    for block in blocks:
        room -= len(block.encode()) + apart
        if room < 0:
            break
        shown.append(block)
    return shown
