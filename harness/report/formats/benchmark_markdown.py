"""A benchmark in GitHub's Markdown: the answers, then the tables behind them."""

from harness.report.benchmark.answers import Answer, Benchmarked
from harness.report.benchmark.sections import sections
from harness.report.benchmark.tables import Section, Table, TableCell
from harness.report.benchmark.words import planned
from harness.report.formats.markdown_text import escaped, markdown_table

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
