import json
from dataclasses import replace
from math import inf

import pytest
from jsonschema import Draft202012Validator

from harness.report.benchmark.answers import Benchmarked, benchmarked
from harness.report.formats.html import html
from harness.report.formats.summary_json import summary_document, summary_json
from harness.report.jsontext import json_safe
from harness.stats.curves import CurveStep
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.report.formats.test_summary_json import SCHEMA


def _open() -> Benchmarked:
    """Measure what has no figure: nothing but missing bounds, and evidence beyond all numbers."""
    made = replace(bm.design(), slo=None)
    measured = bm.measured(made)
    none = bm.few(None, 6, n=0)
    return benchmarked(
        replace(bm.benchmark(made), stopped=None, watched=(), calibrations=()),
        replace(
            measured,
            speeds=tuple(replace(one, median=none, completion=None) for one in measured.speeds),
            reliability=tuple(
                replace(one, within=None, slo=None, goodput_per_min=None)
                for one in measured.reliability
            ),
            spend=tuple(replace(one, charged=None, per_image=None) for one in measured.spend),
            comparisons=tuple(replace(one, evidence=inf) for one in measured.comparisons),
            observations=tuple(replace(one, completion=None) for one in measured.observations),
        ),
    )


@pytest.mark.parametrize(
    "value",
    [
        bm.shown(),
        bm.shown(until_decided=True),
        bm.beside(bm.relative()),
        bm.from_places(bm.shown()),
        _open(),
    ],
)
def test_a_benchmark_fits_the_schema(value: Benchmarked) -> None:
    found = json.loads(summary_json(bm.report(value)))

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []


def test_the_schema_names_every_key_of_a_benchmark_and_of_its_rows() -> None:
    value = bm.from_places(bm.beside(bm.relative()))
    found = json.loads(summary_json(bm.report(value)))["benchmark"]
    defined = SCHEMA["$defs"]
    benchmark = dict(defined["BenchmarkSummary"]["properties"])
    del benchmark["observations_left_out"]  # which there is only where there are very many

    assert list(found) == list(benchmark)
    for key, described in benchmark.items():
        rows = found[key] if isinstance(found[key], list) else [found[key]]
        reference = described.get("$ref") or described.get("items", {}).get("$ref")
        for row in rows if reference else ():
            known = defined[reference.removeprefix("#/$defs/")]
            sometimes = {"at_most", "given_up_s", *(["vantage"] if key != "by_vantage" else [])}
            always = [key for key in known["properties"] if key not in sometimes]
            assert list(row) == always == known["required"]


def test_a_band_that_reaches_0_is_written_and_one_that_is_missing_has_no_key() -> None:
    bounded = CurveStep(at_s=1.0, waiting=0.2, low=0.0, high=0.5)

    assert json_safe(bounded) == {"at_s": 1.0, "waiting": 0.2, "low": 0.0, "high": 0.5}
    assert json_safe(CurveStep(at_s=1.0, waiting=0.2)) == {"at_s": 1.0, "waiting": 0.2}


def test_a_conformance_run_has_no_such_key() -> None:
    assert "benchmark" not in summary_document(b.sample())


def test_an_attempt_is_an_observation_with_its_numbers() -> None:
    found = json.loads(summary_json(bm.report()))["benchmark"]["observations"]

    assert len(found) == 2
    assert found[0]["observed_s"] == 9.8
    assert found[0]["phases_s"] == {"late": 0.001, "pixels": 9.8}
    assert found[0]["completion"] == {"after_s": 9.0, "before_s": 9.6}
    assert (found[0]["listed"], found[0]["charged"]) == (1.0, None)
    assert (found[1]["end"], found[1]["error_class"]) == ("timeout", "timeout")


def test_evidence_beyond_all_numbers_is_null() -> None:
    found = json.loads(summary_json(bm.report(_open())))["benchmark"]

    assert found["comparisons"][0]["evidence"] is None
    assert found["comparisons"][0]["needed"] == 20.0


def test_equal_benchmarks_have_equal_bytes() -> None:
    assert summary_json(bm.report()) == summary_json(bm.report())


def test_a_spend_says_that_it_is_a_bound_only_where_it_is_one() -> None:
    value = bm.shown()
    first, *others = value.measured.spend
    bound = replace(value.measured, spend=(replace(first, at_most=True), *others))
    report = bm.report(replace(value, measured=bound))
    found = json.loads(summary_json(report))

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    told = [row.get("at_most") for row in found["benchmark"]["spend"]]
    assert told == [True] + [None] * len(others)
    assert "at most" in html(report)
