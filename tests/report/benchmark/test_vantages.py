from dataclasses import replace

from harness.report.benchmark.answers import benchmarked
from harness.report.benchmark.sections import sections
from harness.report.formats.html import html
from tests.report import benchmarks as bm


def test_one_place_has_no_section_of_its_own() -> None:
    assert "vantages" not in [section.id for section in sections(bm.shown())]


def test_each_place_has_a_row_at_each_provider() -> None:
    shown = bm.from_places(bm.shown(), "eu", "<i>eu")
    (section,) = (section for section in sections(shown) if section.id == "vantages")
    square = section.tables[0]

    assert [head.text for head in square.head][:2] == ["provider", "from"]
    assert [(row[0].text, row[1].text) for row in square.rows][:4] == [
        ("sub2api", "eu"),
        ("sub2api", "<i>eu"),
        ("aimlapi", "eu"),
        ("aimlapi", "<i>eu"),
    ]
    page = html(bm.report(shown))
    assert "&lt;i&gt;eu" in page
    assert "<i>eu" not in page


def test_a_place_that_nobody_named_is_said_to_be_none() -> None:
    shown = bm.from_places(bm.shown(), "", "eu")
    (section,) = (section for section in sections(shown) if section.id == "vantages")

    assert section.tables[0].rows[0][1].text == "not said"


def test_a_ranking_that_is_another_one_elsewhere_is_a_caution() -> None:
    shown = bm.from_places(bm.shown(), "eu", "ap")
    eu, ap = shown.measured.by_vantage
    turned = tuple(
        replace(one, word="second" if one.word == "first" else "first") for one in ap.comparisons
    )
    changed = replace(shown.measured, by_vantage=(eu, replace(ap, comparisons=turned)))
    (caution,) = (
        each
        for each in benchmarked(shown.benchmark, changed).cautions
        if each.kind == "vantages_differ"
    )

    assert "is faster than" in caution.text
    assert "from eu, and slower from ap" in caution.text
    assert "vantages_differ" not in [each.kind for each in shown.cautions]
