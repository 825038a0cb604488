"""A provider beside the reference, in plain words."""

import json
from dataclasses import replace

import pytest

from harness.core.verdict import Estimate
from harness.report.benchmark.reference import (
    points_words,
    price_words,
    reference_section,
    time_words,
)
from harness.report.benchmark.sections import sections
from harness.report.formats.html import html
from harness.report.formats.markdown import markdown
from harness.report.formats.summary_json import summary_document
from harness.report.formats.terminal import benchmark_sentences
from tests.report import benchmarks as bm

NEAR = replace(
    bm.relative("buble"),
    price=None,
    price_why="buble is asked for something near it only",
    why="buble is asked for something near it only",
)
UNRATED = replace(bm.relative("nanobanana"), price=None, price_why="no rate for nanobanana")


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> Estimate:
    return bm.estimate(value, low, high, unit="ratio")


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (ratio(1.43, 1.2, 1.71), "1.4 times as long as openai (1.2 to 1.7)"),
        (ratio(0.874, 0.61, 1.02), "0.87 times as long as openai (0.61 to 1)"),
        (ratio(23.4, 12.1), "23 times as long as openai (at least 12)"),
        (ratio(0.5, None, 0.8), "0.5 times as long as openai (at most 0.8)"),
        (ratio(1.4), "1.4 times as long as openai"),
        (ratio(None), "an unknown time: no pair was served or timed out"),
    ],
)
def test_a_ratio_of_times_is_said_in_words(estimate: Estimate, words: str) -> None:
    assert time_words(estimate, "openai") == words


def test_points_and_prices_are_said_in_words() -> None:
    assert points_words(ratio(-3.14, -9.04, 1.2)) == "-3.1 points (-9.0 to +1.2)"
    assert points_words(ratio(-0.01)) == "0.0 points"
    assert points_words(ratio(None)) == "nothing to compare"
    assert price_words(2.34) == "2.3 times the price"


def test_the_section_stands_first_and_says_what_a_rate_is_worth_and_who_says_so() -> None:
    first = sections(bm.beside(bm.relative()))[0]

    assert (first.id, first.title) == ("reference", "Beside sub2api")
    assert "Rates: 1 image of sub2api = 0.05 usd (--exchange-rate)." in first.lead


def test_who_is_not_compared_is_named_with_the_reason() -> None:
    (table,) = reference_section(bm.beside(bm.relative(), NEAR, UNRATED)).tables
    cells = [[(cell.text, cell.small) for cell in row] for row in table.rows]

    assert [row[0][0] for row in cells] == ["aimlapi", "buble", "nanobanana"]
    assert cells[0][1:3] == [
        ("1.4 times as long as sub2api (1.2 to 1.7)", ""),
        ("2.3 times the price", ""),
    ]
    assert cells[1][1] == ("not compared", "buble is asked for something near it only")
    assert cells[2][2] == ("not comparable", "no rate for nanobanana")


def test_only_what_lies_outside_of_its_interval_is_loud() -> None:
    alike = replace(bm.relative(), time=ratio(1.1, 0.9, 1.3))
    rows = reference_section(bm.beside(bm.relative(), alike)).tables[0].rows

    assert [row[1].loud for row in rows] == [True, False]
    assert [row[3].loud for row in rows] == [False, False]


def test_every_format_tells_it() -> None:
    report = bm.report(bm.beside(bm.relative(), NEAR, UNRATED))
    words = "1.4 times as long as sub2api (1.2 to 1.7)"
    sentence = (
        f"square-draft: aimlapi takes {words}; 2.3 times the price for a usable image; "
        "usable images -3.1 points (-9.0 to +1.2)."
    )
    near = "square-draft: buble is not compared with sub2api"

    assert words in html(report)
    assert words in markdown(report)
    assert sentence in benchmark_sentences(report)
    assert any(text.startswith(near) for text in benchmark_sentences(report))
    told = json.loads(json.dumps(summary_document(report)))["benchmark"]
    (row, *_) = told["relative"]
    assert (row["provider"], row["reference"], row["price"]) == ("aimlapi", "sub2api", 2.34)
    assert told["reference"] == "sub2api"
    assert told["exchange_rates"]["sub2api"]["usd"] == 0.05


def test_a_benchmark_without_a_reference_says_nothing_of_one() -> None:
    report = bm.report()

    assert "Beside" not in html(report)
    assert "relative" not in json.loads(json.dumps(summary_document(report)))["benchmark"]
