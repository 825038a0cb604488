"""`step-summary.md` says the verdict first, stays below 1 MiB, and nothing foreign acts in it."""

import re

import pytest
from hypothesis import given, settings

from harness.report.formats.step_summary import MOST_BYTES, PAGE_BYTES, step_summary
from harness.report.overview.overview import overview
from tests.known.entries import N_RANGE
from tests.report import builders as b
from tests.report.formats import judged as j
from tests.report.test_known import conclude

FENCED = re.compile(r"^(`{3,})sh\n.*?\n\1$", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"\| ✗ \| .* \|")


def test_the_verdict_is_the_first_sentence_and_each_finding_a_row() -> None:
    page = step_summary(j.sample())
    first = page.split("\n\n")[1]

    assert first.startswith(f"**✗ {overview(j.sample().report).sentence}")
    assert len(ROW.findall(page)) == 2
    assert "| `n.range` |" in page
    assert page.count("<details>") == page.count("</details>") > 2


def test_a_run_without_findings_has_no_table_of_them() -> None:
    served = b.record(b.case(), b.images())
    page = step_summary(j.judged(b.report([served], [b.verdict(served)])))

    assert ROW.findall(page) == []
    assert "Requests that show" not in page
    assert step_summary(j.judged(b.report([]))).startswith("### Image providers: run ")


def test_a_known_deviation_is_named_with_its_reason() -> None:
    page = step_summary(j.concluded(conclude(N_RANGE)))

    assert ROW.findall(page) == []
    assert "| expected |" in page
    assert N_RANGE.reason in page


@pytest.mark.parametrize("text", ["served", "\U0001f98a" * 300])
def test_five_thousand_findings_stay_below_the_limit_and_are_cut_between_rows(text: str) -> None:
    page = step_summary(j.broken(text, times=5_000))
    rows = len(re.findall(r"^\| ✗ \| .* \|$", page, re.MULTILINE))
    (left,) = re.findall(r"… and ([\d,]+) more rows; all are in `summary.json`", page)

    assert len(page.encode()) < PAGE_BYTES < MOST_BYTES / 2
    assert rows + int(left.replace(",", "")) == 5_001
    assert page.count("<details>") == page.count("</details>")


def test_a_megabyte_of_text_is_cut() -> None:
    assert len(step_summary(j.broken(j.MEGABYTE))) < 50_000


@given(j.HOSTILE)
@settings(max_examples=25)
def test_no_text_of_a_provider_acts_in_the_page(text: str) -> None:
    page = FENCED.sub("", step_summary(j.broken(text)))
    ours = re.sub(r"</?(?:details|summary)>|<br>", "", page)

    assert "<" not in ours
    assert re.search(r"(?<!\\)\]\(", page) is None
    assert re.search(r"@\w|://|(?<!&)#\d", page) is None
    assert re.search("[\x00-\x08\x0b-\x1f\u202e]", page) is None
