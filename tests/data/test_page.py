"""The page of the data: five questions in a few lines each, and every column in a table.

Its blocks are run, and held against what they print, with those of all pages: `tests/docs`.
"""

import ast
import re

import pytest

from harness.history.database import RUNS
from tests.data.columns import PAGE, TABLES, tables
from tests.docs.pages import blocks_of
from tests.docs.test_commands import PAGES

MOST_LINES = 7
QUESTION = re.compile(r"^## \d\. (?P<asked>.*\?)$", re.MULTILINE)
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def questions() -> list[tuple[str, str]]:
    """Return each question with what stands below it."""
    parts = QUESTION.split(PAGE.read_text("utf-8"))[1:]
    return [*zip(parts[::2], parts[1::2], strict=True)]


def test_the_page_is_run_with_all_others() -> None:
    assert PAGE in PAGES
    kinds = [block.kind for block in blocks_of(PAGE)]
    assert kinds.count("python") >= len(questions())
    assert "shown" not in kinds


def test_five_questions_are_answered() -> None:
    assert len(questions()) == 5


@pytest.mark.parametrize(("asked", "below"), questions())
def test_an_answer_takes_few_lines_and_is_printed(asked: str, below: str) -> None:
    found = BLOCK.search(below.partition("\n## ")[0])

    assert found, asked
    body = [
        node
        for node in ast.parse(found[1]).body
        if not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    lines = body[-1].end_lineno - body[0].lineno + 1  # type: ignore[operator]  # parsed from a text
    assert 3 <= lines <= MOST_LINES
    assert found[2].strip()


def test_the_tables_hold_every_column_as_it_is() -> None:
    (shown,) = TABLES.findall(PAGE.read_text("utf-8"))

    assert shown == tables(), "python tests/data/columns.py writes them again"
    assert all(f"`{name}`" in PAGE.read_text("utf-8") for name in RUNS)
