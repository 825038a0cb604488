"""Formats for CI say what the exit code says, however a run ended."""

import pytest

from harness.policy import conclude
from harness.report.formats.ctrf import ctrf
from harness.report.formats.junit import junit
from harness.report.formats.sarif import sarif
from harness.report.formats.step_summary import step_summary
from tests.report.folders import ENDINGS
from tests.report.formats import judged as j
from tests.report.formats.schemas import ctrf_report, junit_mistakes, sarif_log
from tests.shipped import PROVIDERS


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_is_the_same_in_each_format(name: str) -> None:
    _, header, records = ENDINGS[name]
    done = conclude(header, records, PROVIDERS)
    run = j.judged(done.report, records)
    (log,) = sarif_log(sarif(run))["runs"]
    results = ctrf_report(ctrf(run))["results"]
    (invocation,) = log["invocations"]

    assert invocation["exitCode"] == done.code
    assert invocation["executionSuccessful"] is (done.code in {0, 1})
    assert (results["summary"]["failed"] > 0) is (done.code != 0)
    assert sum(each["level"] == "error" for each in log["results"]) == len(done.report.broken)
    assert junit_mistakes(junit(done.report)) == []
    assert f"**exit code {done.code}**" in step_summary(run)
