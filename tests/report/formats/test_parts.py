"""What a merged run was made of, and what a finding of very many cases leaves out."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from harness.core.digests import digest64
from harness.core.slicing import Part, Slice
from harness.core.verdict import MOST_NAMED, Cases
from harness.report.formats.html import html
from harness.report.formats.summary_json import summary_json
from harness.report.model import Report
from tests.report import builders as b
from tests.report.formats.test_summary_json import SCHEMA

FIRST = Part(
    run="2026-12-01T093000Z-7",
    slice=Slice(index=1, of=2),
    vantage="eu-west",
    created="2026-12-01T09:30:00Z",
    finished="2026-12-01T09:40:00Z",
    interrupted=False,
    moved_s=0.0,
    requests=1_234,
    images=56,
)
SECOND = replace(
    FIRST,
    run="<script>2",
    slice=Slice(index=2, of=2),
    vantage="",
    finished=None,
    interrupted=True,
    moved_s=2.5,
)


def merged(*parts: Part) -> Report:
    whole = b.report([b.record(b.case(), b.images())])
    return replace(whole, header=replace(whole.header, parts=parts))


def test_a_merged_run_says_on_its_page_what_it_was_made_of() -> None:
    _, _, section = html(merged(FIRST, SECOND)).partition('<section id="slices">')
    section, *_ = section.partition("</section>")

    assert "merged from 2 run folders" in section
    for text in ("1/2", "2/2", "eu-west", "1,234", "56", "2.500 s", "interrupted", "&lt;script"):
        assert text in section, text


def test_a_summary_holds_the_parts_of_a_merged_run() -> None:
    summary = json.loads(summary_json(merged(FIRST, SECOND)))

    assert list(Draft202012Validator(SCHEMA).iter_errors(summary)) == []
    first, second = summary["run"]["parts"]
    assert (first["slice"], first["vantage"], first["cases"]) == ("1/2", "eu-west", 1_234)
    assert (second["interrupted"], second["finished"], second["moved_s"]) == (True, None, 2.5)


def test_any_other_run_has_no_word_of_slices() -> None:
    assert 'id="slices"' not in html(merged())
    assert {"slice", "vantage", "parts"}.isdisjoint(json.loads(summary_json(merged()))["run"])


def test_the_summary_of_a_slice_says_which_and_from_where() -> None:
    whole = merged()
    slice_2 = replace(whole, header=replace(whole.header, slice=SECOND.slice, vantage="ap"))

    summary = json.loads(summary_json(slice_2))

    assert list(Draft202012Validator(SCHEMA).iter_errors(summary)) == []
    assert (summary["run"]["slice"], summary["run"]["vantage"]) == ("2/2", "ap")


@pytest.mark.parametrize("more", [0, 7])
def test_a_finding_says_how_many_of_its_cases_it_does_not_name(more: int) -> None:
    ids = [f"case {at}" for at in range(MOST_NAMED + more)]
    shown = b.record(b.case(), b.images(11))
    cases = Cases(ids[:MOST_NAMED], map(digest64, ids))
    finding = replace(b.finding(shown), cases=cases)
    whole = b.report([shown], [b.verdict(shown, "fail")], [finding])

    (told,) = json.loads(summary_json(whole))["findings"]

    assert len(told["cases"]) == MOST_NAMED
    assert told.get("cases_left_out", 0) == more
    page = html(whole)
    assert f"Shown by {MOST_NAMED + more:,} cases" in page
    assert f"and {MOST_NAMED + more - 40:,} more" in page
