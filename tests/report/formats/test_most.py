"""Of very many verdicts those that passed are left out, and each file says how many."""

import json
from dataclasses import replace

import pytest

from harness.report.formats import most
from harness.report.formats.junit import junit
from harness.report.formats.summary_json import summary_json
from tests.report import builders as b


def test_of_very_many_verdicts_those_that_passed_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = b.sample()
    others = [each for each in report.verdicts if each.status != "pass"]
    passed = len(report.verdicts) - len(others)
    monkeypatch.setattr(most, "MOST_VERDICTS", len(report.verdicts) - 1)

    found = json.loads(summary_json(report))
    assert passed
    assert found["verdicts_left_out"] == passed
    assert [each["status"] for each in found["verdicts"]] == [each.status for each in others]
    assert f'name="verdicts_left_out" value="{passed}"' in junit(report)
    assert junit(report).count("<testcase") >= len(others)


def test_of_few_verdicts_all_are_written() -> None:
    report = b.sample()
    found = json.loads(summary_json(replace(report, verdicts=[*report.verdicts])))

    assert "verdicts_left_out" not in found
    assert len(found["verdicts"]) == len(report.verdicts)
