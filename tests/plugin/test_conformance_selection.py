"""Which requests the selected tests need, and which processes send them."""

from pathlib import Path

import pytest

from harness.api import load_provider, plan
from harness.planning.options import Options, Output, RunLimits, Target
from harness.planning.ready import only
from harness.pytest_plugin.conformance.arguments import run_options, taken
from harness.pytest_plugin.conformance.selection import parts, selected_plan
from harness.pytest_plugin.promises.grouping import planned_tests
from harness.pytest_plugin.promises.promise_tests import PromiseTest

PROVIDER = load_provider("sub2api")
PLAN = plan(PROVIDER, operations=("generate", "edit"), max_images=20)
TESTS = planned_tests(PLAN, PROVIDER)
EVERY = frozenset(test.id for test in TESTS)


def _test(ending: str) -> PromiseTest:
    return next(test for test in TESTS if test.id.endswith(ending))


def _sent(*tests: PromiseTest, failed: dict[str, list[str]] | None = None) -> list[str]:
    part = selected_plan(PLAN, TESTS, {test.id for test in tests}, failed or {})
    return [shot.case.id for shot in part.shots]


def test_all_tests_need_the_whole_plan() -> None:
    assert selected_plan(PLAN, TESTS, EVERY, {}) is PLAN


def test_a_refusal_needs_its_cases_and_the_plain_request() -> None:
    test = _test("generate/n.range/refuses-11-0")

    assert _sent(test) == ["generate/base", *test.cases]


def test_what_has_to_be_served_needs_the_fewest_rows_that_hold_all_its_values() -> None:
    test = _test("generate/output_format.one_of/serves")
    rows = [shot.case for shot in PLAN.shots if shot.case.id in _sent(test)]
    everything = [shot.case for shot in PLAN.shots if shot.case.id in test.cases]

    def values(cases: list[object]) -> set[str]:
        covers = (each for case in cases for each in case.covers)  # type: ignore[attr-defined]  # cases
        return {each for each in covers if each.startswith(test.promise)}

    assert values([*rows]) == values([*everything])
    assert len(rows) < len(everything)


def test_a_test_that_failed_needs_what_it_failed_by() -> None:
    test = _test("generate/n.range/refuses-11-0")

    assert _sent(test, failed={test.id: [test.cases[-1]]}) == ["generate/base", test.cases[-1]]


def test_a_failed_case_that_is_planned_no_more_leaves_the_whole_test() -> None:
    test = _test("generate/n.range/refuses-11-0")

    assert _sent(test, failed={test.id: ["gone"]}) == ["generate/base", *test.cases]


def test_a_part_of_a_plan_keeps_its_order_and_says_nothing_of_the_whole() -> None:
    last = PLAN.shots[-1].case.id
    part = only(PLAN, [last, PLAN.shots[0].case.id, "gone"])

    assert part.shots[-1].case.id == last
    assert part.coverage == ()
    assert part.spec_digest == PLAN.spec_digest


def test_operations_are_shared_out_and_none_is_in_two_parts() -> None:
    placed = parts(TESTS, EVERY, Options(target=Target(against="emulator")), 2)
    of_operation = {
        name: {placed[test.id] for test in TESTS if test.operation == name}
        for name in ("generate", "edit")
    }

    assert placed.keys() == EVERY
    assert sorted(map(tuple, of_operation.values())) == [(1,), (2,)]


@pytest.mark.parametrize(
    "options",
    [
        Options(target=Target(against="cassettes")),
        Options(target=Target(against="emulator"), limits=RunLimits(max_images=20)),
        Options(target=Target(against="live"), limits=RunLimits(max_requests=3)),
        Options(target=Target(against="emulator"), output=Output(record=True)),
        Options(target=Target(against="live", receive_port=8000)),
    ],
)
def test_what_has_one_budget_or_one_folder_is_one_part(options: Options) -> None:
    assert {*parts(TESTS, EVERY, options, 2).values()} == {1}


def test_options_are_those_of_run_and_the_rest_is_left_to_pytest() -> None:
    arguments = ["-k", "n.range", "--provider", "buble", "--max-images=3", "x.py", "--frames"]
    arguments += ["--provider=openai", "--spec", "a.toml", "--base-url", "a=http://x", "-n", "2"]
    options, _ = run_options(taken(arguments))

    assert arguments == ["-k", "n.range", "x.py", "-n", "2"]
    assert options.target.providers == ("buble", "openai")
    assert options.target.specs == (Path("a.toml"),)
    assert options.target.base_urls == {"a": "http://x"}
    assert options.limits.max_images == 3
    assert options.output.frames
