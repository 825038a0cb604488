"""The answer in every format: first on the page, first in the comment, one key in the JSON."""

import json
import re
from dataclasses import replace

import pytest

from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_json
from harness.report.model import Exit, Report
from harness.report.overview.overview import overview
from tests.report import benchmarks as bm
from tests.report import builders as b

COVERED = "sub2api generate: 6 of 6 rules, 16 of 16 values and 59 of 90 pairs are tried"


def made() -> Report:
    """Compose a run that broke a promise, with a note of each kind and an exit code."""
    served = b.record(
        b.case(expect="refuse", breaks="n.range", arguments={"prompt": "a fox", "n": 11}),
        b.images(11),
        evidence=b.EMULATOR,
    )
    found = b.finding(served)
    report = b.report([served], [], [found], notes=(COVERED, "The budget was spent."))
    return replace(report, exit=Exit(code=1, why="1 promise broken"))


@pytest.fixture(scope="module")
def report() -> Report:
    return made()


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return html(report)


@pytest.fixture(scope="module")
def answer(page: str) -> str:
    return page.partition('<section id="answer"')[2].partition("</section>")[0]


def test_the_answer_stands_before_cautions_notes_and_all_else(page: str) -> None:
    order = [
        page.index("Emulator run: it says nothing about the real providers"),
        page.index('<section id="answer"'),
        page.index('<section id="provenance"'),
        page.index("Every reply came from"),
        page.index("The budget was spent."),
        page.index('<section id="findings"'),
    ]

    assert order == sorted(order)
    assert 'class="skip" href="#answer"' in page


def test_the_coverage_of_the_plan_is_folded(page: str) -> None:
    fold = page.partition("What was planned: coverage of 1 operation")[2].partition("</details>")[0]

    assert COVERED in fold
    assert page.count(COVERED) == 1


def test_the_worst_finding_shows_its_request_and_its_reply_and_leads_on(answer: str) -> None:
    assert 'href="#finding-sub2api-generate-n.range"' in answer
    assert "POST /v1/images/generations" in answer
    assert "HTTP 200, 11 images: png 1024x1024" in answer
    assert "a refusal: n is 1 to 10" in answer


def test_each_figure_of_a_row_leads_to_its_detail(answer: str) -> None:
    row = answer.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = re.findall(r"<td.*?</td>", row, re.DOTALL)

    assert len(cells) == 6
    assert all('<a href="#' in cell for cell in cells)


def test_ci_finds_its_exit_code_and_a_conformance_run_ranks_nobody(answer: str) -> None:
    assert "exit code 1" in answer
    assert "1 promise broken" in answer
    assert "ranks nobody" in answer


def test_a_benchmark_says_its_ranks_before_its_figures() -> None:
    text = html(bm.report())
    answer = text.partition('<section id="answer"')[2].partition("</section>")[0]

    assert answer.index("Who is fastest") < answer.index('<table class="lines several">')
    assert answer.index("p95 &lt; 60 s: missed") < answer.index("<table")


def test_the_comment_opens_with_the_same_answer(report: Report) -> None:
    text, seen = markdown(report), overview(report)

    assert text.index(seen.sentence) < text.index("## Cautions and notes")
    assert text.index("| Provider | Promises |") < text.index("**The worst, confirmed:")
    assert text.index("exit code 1") < text.index("The budget was spent.")
    assert "<details><summary>What was planned</summary>" in text


def test_the_comment_names_the_ranks_and_what_is_not_decided() -> None:
    text = markdown(bm.report())

    assert "- **square-draft**: Decided: sub2api is the fastest. 1. sub2api; 2." in text
    assert "Not decided: aimlapi and nanobanana." in text


def test_the_summary_holds_the_sentence_its_certainty_and_its_tone(report: Report) -> None:
    seen = overview(report)

    assert json.loads(summary_json(report))["overview"] == {
        "sentence": seen.sentence,
        "certainty": seen.certainty,
        "tone": "bad",
    }
