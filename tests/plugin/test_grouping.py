"""To which test a case, a verdict and a finding belong, and what the tests are called."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api import load_provider, plan
from harness.pytest_plugin.promises import grouping
from harness.pytest_plugin.promises.grouping import outcomes, planned_tests, told
from harness.pytest_plugin.promises.places import ResultPlaces, by_check, of_verdict
from harness.pytest_plugin.promises.promise_tests import meant, spelled, spelled_id, values_spelled
from harness.run_result import RunResult, verdicts_of
from tests.report.folders import ENDINGS, written

PROVIDERS = ("apiframe", "nanobanana")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunResult]:
    """What a run of each ending comes to."""
    here = tmp_path_factory.mktemp("runs")
    return {
        name: verdicts_of(written(here / name, header, records))
        for name, (_, header, records) in ENDINGS.items()
        if name != "crashed"
    }


def test_every_verdict_belongs_to_one_test_and_every_test_has_another_id(
    results: dict[str, RunResult],
) -> None:
    for result in results.values():
        places = ResultPlaces(result)
        ids = [test.id for test in grouping.tests_of_result(result)]

        assert len(ids) == len({*ids}) == len(places.gathered)
        assert {
            of_verdict(each, shot.case if shot else None)
            for shot, spoken in places.spoken()
            for each in spoken
        } <= {*places.gathered}


def test_a_confirmed_finding_fails_one_test(results: dict[str, RunResult]) -> None:
    ends = [(test.id, outcome.ending) for test, outcome in told(results["broken"])]

    assert ("sub2api/generate/n.range/refuses-11-0", "failed") in ends
    assert Counter(ending for _, ending in ends)["failed"] == 1


def test_what_a_finding_shows_of_another_promise_fails_no_second_test(
    results: dict[str, RunResult],
) -> None:
    broken = results["broken"]
    (finding,) = broken.report.findings
    case = finding.finding.cases[0]
    (verdict, *_) = (each for each in broken.report.verdicts if each.case == case)
    other = replace(verdict, check="images_decode", constraint=None, status="fail", why="no image")
    report = replace(broken.report, verdicts=(*broken.report.verdicts, other))

    ends = {test.id: end for test, end in told(replace(broken, report=report))}

    assert Counter(end.ending for end in ends.values())["failed"] == 1


def test_a_failed_verdict_without_a_finding_fails_its_own_test(
    results: dict[str, RunResult],
) -> None:
    held = results["held"]
    verdict = replace(held.report.verdicts[0], check="images_decode", constraint=None)
    verdict = replace(verdict, status="fail", why="no image")
    report = replace(held.report, verdicts=(*held.report.verdicts, verdict))

    ends = {test.id: end for test, end in told(replace(held, report=report))}

    assert ends["sub2api/generate/reply/images_decode"].ending == "failed"
    assert "images decode: no image" in ends["sub2api/generate/reply/images_decode"].message


def test_what_is_found_besides_the_planned_tests_has_a_test_of_its_own(
    results: dict[str, RunResult],
) -> None:
    result = results["broken"]
    (first, *_) = grouping.tests_of_result(result)

    ends = outcomes([first], result)

    assert next(iter(ends)) == first.id
    assert {*ends} == {test.id for test in grouping.tests_of_result(result)}


@pytest.mark.parametrize("name", PROVIDERS)
def test_ids_are_the_same_for_every_seed_and_budget(name: str) -> None:
    provider = load_provider(name)
    ids = [
        {test.id for test in planned_tests(plan(name, seed=seed, max_requests=most), provider)}
        for seed, most in ((0, None), (7, 40), (3, 25))
    ]

    assert ids[1] | ids[2] <= ids[0]
    assert f"{name}/generate/prompt.required/refuses-missing" in ids[0]


def test_a_plan_s_tests_say_what_they_cost() -> None:
    provider = load_provider("apiframe")
    tests = {test.id: test for test in planned_tests(plan("apiframe", max_images=8), provider)}
    serves = tests["apiframe/generate/n.range/serves"]

    assert not tests["apiframe/generate/n.range/refuses-11-0"].paid
    assert tests["apiframe/generate/n.range/refuses-11-0"].price == "nothing"
    assert serves.paid
    assert serves.price.endswith(" credits")


def test_a_request_looks_into_all_promises_that_it_exercises() -> None:
    provider, planned = load_provider("apiframe"), plan("apiframe", max_images=8)
    tests = {test.id: test for test in grouping.tests_of_cases(provider, planned.shots)}

    assert "generate/base" in tests["apiframe/generate/prompt.required/serves"].cases
    assert "generate/base" in tests["apiframe/generate/model.one_of/serves"].cases
    assert by_check(provider, planned.shots)


HOSTILE = (
    "",
    " ",
    "::",
    "a::b[0]",
    "\x1b[31mred",
    "x" * 1000,
    "<script>",
    "]]>",
    "not",
    "a b",
    "=",
    "½",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_id_is_fit_for_a_terminal_and_for_pytest(text: str) -> None:
    _is_fit(spelled_id(text, text, text, "refuses", [text, text]))


@settings(max_examples=30)
@given(st.text(), st.text(), st.lists(st.text(), max_size=5))
def test_any_text_makes_an_id_that_k_takes(name: str, promise: str, values: list[str]) -> None:
    _is_fit(spelled_id(name, "generate", promise, "refuses", values))


def _is_fit(text: str) -> None:
    Expression.compile(text)

    assert text.isprintable()
    assert not re.search(r"::|[][\s]", text)
    assert len(text) < 500


def test_many_values_are_counted() -> None:
    assert values_spelled(["11", "0"]) == "-11-0"
    assert values_spelled(["4", "-1"]) == "-4-minus-1"
    assert values_spelled(["a", "b", "c", "d", "e"]) == "-a-b-c-and-2-more"
    assert spelled("-1") == "-1"


def test_a_value_of_its_own_names_a_test() -> None:
    ids = [f"a/generate/n.range/{end}" for end in ("refuses-11-0", "serves", "refuses-4-minus-1x")]
    ids += ["a/edit/n.range/refuses-110-0", "a/edit/size.one_of/refuses-auto"]

    assert meant("a/edit/n.range/refuses-110", ids) == "a/edit/n.range/refuses-110-0"
    assert meant("a/edit/n.range/refuses", ids) == "a/edit/n.range/refuses-110-0"
    assert meant("a/edit/n.range/refuses-11", ids) == "a/edit/n.range/refuses-11"
    assert meant("a/generate/n.range/refuses-11", ids) == ids[0]
    assert meant("a/generate/n.range/serves", ids) == ids[1]
    assert meant("nothing", ids) == "nothing"
