from dataclasses import replace
from decimal import Decimal

import pytest

from harness.core.benchmark import Slo, Stage
from harness.report.benchmark.answers import benchmarked
from harness.report.benchmark.places import places_text
from harness.report.benchmark.words import (
    bounds_s,
    ceiling,
    evidence,
    figure_s,
    load_label,
    ratio,
    rounded,
    size,
    span_s,
)
from harness.report.formats.terminal import benchmark_rows, benchmark_sentences
from harness.stats.benchmark.model import Ranking
from tests.report import benchmarks as bm


def test_an_interval_that_is_open_above_has_its_lower_bound_only() -> None:
    item = bm.estimate(118.0, 92.0)

    assert (figure_s(item), bounds_s(item)) == ("118 s", "> 92.0 s")
    assert span_s(item) == "118 s, over 92.0 s"


def test_a_figure_beyond_what_was_observed_is_more_than_its_bound() -> None:
    item = bm.estimate(None, 118.0)

    assert (figure_s(item), bounds_s(item)) == ("> 118 s", "no upper bound seen")


def test_too_few_samples_say_how_many_it_takes() -> None:
    item = bm.few(14.0, 59)

    assert bounds_s(item) == "too few samples: n = 8, 59 needed"


def test_a_quantile_that_the_curve_never_comes_to_is_not_reached() -> None:
    assert figure_s(bm.few(None, 59)) == "not reached"
    assert figure_s(bm.few(None, 59, n=0)) == "-"


def test_units_that_are_alike_are_said_once() -> None:
    assert span_s(bm.estimate(9.8, 8.7, 11.2)) == "9.8 s, 8.7 to 11.2"
    assert span_s(bm.estimate(1.0, 0.8, 1.4)) == "1.0 s, 800 ms to 1.4 s"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.12, 1.9, "1.43 [1.12, 1.90]"),
        (1.12, None, "1.43, > 1.12"),
        (None, 1.9, "1.43, < 1.90"),
        (None, None, "1.43"),
    ],
)
def test_a_ratio_says_the_bounds_that_it_has(
    low: float | None, high: float | None, words: str
) -> None:
    assert ratio(bm.estimate(1.43, low, high, unit="ratio")) == words


def test_figures_have_about_three_digits() -> None:
    assert [evidence(value) for value in (0.7, 43.21, 2345.6, 3e9)] == [
        "0.7",
        "43.2",
        "2,346",
        "3.0e+09",
    ]
    assert [size(value) for value in (512, 2_300_000, 999_900, 4e9)] == [
        "512 B",
        "2.3 MB",
        "1.0 MB",
        "4.0 GB",
    ]
    assert rounded(Decimal(32) / 7, "credit") == "4.57 credits"


def test_loads_and_ceilings_are_said_as_users_write_them() -> None:
    assert load_label(Stage(name="r", blocks=1, rate_per_s=0.5)) == "0.5 a second"
    assert load_label(Stage(name="c", blocks=1, concurrency=4)) == "4 at once"
    assert ceiling(Slo(quantile=0.95, seconds=60.0)) == "p95 < 60 s"


def test_an_answer_ranks_and_says_who_is_not_ranked_and_why() -> None:
    square, wide = bm.shown().answers

    assert square.sentence == (
        "1. sub2api (median 9.8 s, 8.3 to 11.8); 2. aimlapi (median 14.0 s, 11.9 to 16.8) and"
        " nanobanana (median 14.6 s, 12.4 to 17.5), not told apart; 4. apiframe (median 31.0 s,"
        " 26.3 to 37.2). Nearest only, not ranked: buble (1K at 16:9 in place of 1536x864; quality"
        " cannot be asked for)."
    )
    assert "Cannot be asked for it: aimlapi (no 1536x864 there)" in wide.sentence
    assert (square.decided, wide.decided) == (True, False)


def test_where_nobody_is_told_apart_nobody_has_a_number() -> None:
    places = bm.ranks((1, "sub2api"), (1, "aimlapi"))
    ranking = Ranking(workload="square-draft", places=places, decided=False, why="too few")

    assert places_text(ranking, (), ()) == (
        "sub2api (no figure) and aimlapi (no figure), not told apart"
    )


def test_an_emulated_answer_says_that_it_is_no_word_on_the_provider() -> None:
    answers = bm.shown(emulated=True).answers

    assert all(one.emulated for one in answers)
    assert all("which says nothing about the real providers" in one.sentence for one in answers)


def test_those_who_share_a_decided_first_place_are_equally_fast() -> None:
    made = bm.design()
    both = Ranking(
        workload="square-draft",
        places=bm.ranks((1, "sub2api"), (1, "aimlapi"), (3, "nanobanana"), (3, "apiframe")),
        decided=True,
        why="equally fast within 5 %",
    )
    even = replace(bm.comparison(), word="equal")
    measured = replace(bm.measured(made), rankings=(both,), comparisons=(even,))
    value = benchmarked(bm.benchmark(made), measured)

    assert ", equally fast; 3. nanobanana" in value.answers[0].sentence
    assert value.answers[0].sentence.count("not told apart") == 1
    assert value.answers[1].sentence.startswith("Nobody is ranked. ")


def test_who_serves_exactly_and_was_not_served_by_is_named_with_its_count() -> None:
    made = bm.design()
    measured = bm.measured(made)
    kept = replace(measured.rankings[0], places=bm.ranks((1, "sub2api")))
    value = benchmarked(bm.benchmark(made), replace(measured, rankings=(kept,)))

    assert "Not ranked: apiframe (7 of 8 served), nanobanana (8 of 8 served)" in (
        value.answers[0].sentence
    )


def test_a_race_says_its_decision_its_evidence_and_what_it_saved() -> None:
    value = bm.shown(until_decided=True)

    assert value.answers[0].sure == (
        "Decided: sub2api beats all others; aimlapi takes 1.43 [1.12, 1.90] times as long as"
        " sub2api (e-value 43.2, needed 20, 8 pairs)."
    )
    assert value.savings == (
        "sub2api: 12 images spent of the 120 images that the fixed design costs: 108 images saved.",
    )
    assert value.stopped == ("apiframe/square-draft: decided: not the fastest",)


def test_the_terminal_has_a_row_for_each_provider_and_the_sentences() -> None:
    report = bm.report(bm.shown(emulated=True))
    header, rows = benchmark_rows(report)

    assert {len(row) for row in rows} == {len(header)}
    assert rows[1] == (
        "square-draft",
        "sub2api (emulator)",
        "9.8 [8.3, 11.8] s",
        "too few",
        "8 of 8",
        "1.14 images",
    )
    assert [row[1] for row in rows if row[1].endswith("~")] == ["buble (emulator) ~"] * 2
    assert [text.partition(":")[0] for text in benchmark_sentences(report)] == [
        "caution",
        "square-draft",
        "wide",
    ]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.4, 1.2, "900 ms [400 ms, 1.2 s]"),
        (0.4, None, "900 ms [> 400 ms]"),
        (None, None, "900 ms"),
    ],
)
def test_the_terminal_shows_whatever_bounds_a_median_has(
    low: float | None, high: float | None, words: str
) -> None:
    made = bm.design()
    measured = bm.measured(made)
    odd = replace(measured.speeds[0], median=bm.estimate(0.9, low, high))
    value = benchmarked(bm.benchmark(made), replace(measured, speeds=(odd,)))

    assert benchmark_rows(bm.report(value))[1][0][2] == words


def test_a_conformance_report_has_no_benchmark_rows() -> None:
    report = replace(bm.report(), benchmark=None)

    assert benchmark_rows(report)[1] == ()
    assert benchmark_sentences(report) == ()
