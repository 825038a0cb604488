"""`ctrf.json` keeps the schema of CTRF, and has one test for each promise and operation."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from harness.known.model import KnownDeviation
from harness.report.formats.ctrf import ctrf
from harness.report.model import Exit
from tests.known.entries import N_RANGE, known
from tests.report import builders as b
from tests.report.formats import judged as j
from tests.report.formats.schemas import ctrf_report
from tests.report.test_known import conclude


def listed(text: str) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = ctrf_report(text)["results"]["tests"]
    return tests


def test_a_promise_of_an_operation_is_one_test_with_a_name_of_its_own() -> None:
    tests = listed(ctrf(j.sample()))
    names = [each["testId"] for each in tests]
    failed = [each for each in tests if each["status"] == "failed"]

    assert len(set(names)) == len(names)
    assert [each["name"] for each in failed] == [
        "sub2api/generate/n.range",
        "sub2api/generate/size.multiple_of",
    ]
    assert failed[0]["suite"] == ["sub2api", "generate"]
    assert "HTTP 200 with 1 image" in failed[0]["message"]
    assert failed[0]["trace"].startswith("curl")
    assert failed[0]["filePath"] == "harness/providers/sub2api.toml"


def test_the_summary_counts_its_tests() -> None:
    results = ctrf_report(ctrf(j.sample()))["results"]
    summary = results["summary"]

    assert summary["tests"] == len(results["tests"])
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert summary[status] == sum(each["status"] == status for each in results["tests"])
    assert summary["duration"] == summary["stop"] - summary["start"] == 1_331_000
    assert summary["extra"]["exit_code"] == 1


def test_a_test_lasts_as_long_as_its_requests_and_says_what_they_cost() -> None:
    asked = b.case(about="n.range", covers=("n.range=1",))
    served = b.record(asked, b.images(1, charged="2"), seconds=12.5)
    report = b.report([served], [b.verdict(served)])
    (test,) = [
        each
        for each in listed(ctrf(j.judged(report, [served])))
        if each["name"].endswith("/generate/n.range")
    ]

    assert test["duration"] == 12_500
    assert (test["extra"]["images_paid"], test["extra"]["price"]) == (1, 2.0)
    assert test["extra"]["evidence"] == "live"


@pytest.mark.parametrize(
    ("standing", "status", "flaky"),
    [("confirmed", "failed", False), ("flaky", "passed", True), ("unconfirmed", "other", False)],
)
def test_how_sure_a_finding_is_tells_how_its_test_ends(
    standing: Any,  # noqa: ANN401 - a literal
    status: str,
    flaky: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    served = b.record(b.case(expect="refuse", breaks="n.range"), b.images(11))
    finding = replace(b.finding(served), standing=standing)
    report = ctrf_report(ctrf(j.judged(b.report([served], [], [finding]))))
    (test,) = [
        each for each in report["results"]["tests"] if each["name"].endswith("/generate/n.range")
    ]

    assert (test["status"], test["flaky"]) == (status, flaky)
    assert report["results"]["summary"]["flaky"] == flaky


def test_a_known_deviation_is_skipped_with_its_reason() -> None:
    (test,) = [
        each
        for each in listed(ctrf(j.concluded(conclude(N_RANGE))))
        if each["name"].endswith("/generate/n.range")
    ]

    assert (test["status"], test["rawStatus"]) == ("skipped", "known")
    assert N_RANGE.reason in test["message"]


@pytest.mark.parametrize(
    ("entry", "broken"), [(N_RANGE, False), (known(expires="2000-01-01"), True)]
)
def test_a_known_deviation_that_fails_a_build_is_a_failed_test(
    entry: KnownDeviation,
    broken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    tests = listed(ctrf(j.concluded(conclude(entry, broken=broken))))

    assert [each["status"] for each in tests if each["suite"] == ["known deviations"]] == ["failed"]


def test_a_run_that_failed_without_a_failed_test_is_one() -> None:
    report = replace(b.report([]), exit=Exit(code=4, why="the address cannot be reached"))
    (test,) = listed(ctrf(j.judged(report)))

    assert (test["name"], test["status"]) == ("run", "failed")
    assert test["message"] == "exit code 4: the address cannot be reached"


@given(j.HOSTILE)
@settings(max_examples=25)
def test_any_text_of_a_provider_keeps_the_schema(text: str) -> None:
    report = ctrf(j.broken(text))

    assert len(listed(report)) > 1
    assert "\x1b" not in report


def test_a_megabyte_of_text_is_cut() -> None:
    assert len(ctrf(j.broken(j.MEGABYTE))) < 100_000
