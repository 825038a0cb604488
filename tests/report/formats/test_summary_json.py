import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from harness.report.formats.summary_json import summary_document, summary_json
from harness.report.model import Report
from harness.report.summary_schema import SCHEMA_FILE
from tests.report import builders as b

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def _empty() -> Report:
    return b.report([])


def _hostile() -> Report:
    odd = b.case(arguments={"prompt": "\ud800 \u202e \0", "n": float("nan"), "x": [float("inf")]})
    shown = b.record(odd, b.fault("timeout", may_be_paid=True))
    return b.report([shown], [b.verdict(shown, "error", why="\ud800")], [b.finding(shown)])


@pytest.mark.parametrize("made", [b.sample, _empty, _hostile])
def test_the_summary_fits_its_schema(made: Callable[[], Report]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = json.loads(summary_json(made()))

    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []


def test_the_schema_refuses_another_key_at_the_top() -> None:
    found = summary_document(b.sample()) | {"extra": 1}

    assert not Draft202012Validator(SCHEMA).is_valid(found)


def test_the_keys_are_those_of_the_design() -> None:
    found = json.loads(summary_json(b.sample()))

    assert list(found) == [
        "schema",
        "run",
        "overview",
        "providers",
        "verdicts",
        "findings",
        "flaky",
        "unconfirmed",
        "discovered",
        "latency",
        "errors",
        "behaviours",
        "authenticity",
        "suspicions",
        "billing",
        "price_comparison",
        "maker_costs",
    ]
    assert found["schema"] == 1
    assert {"evidence", "cases", "requests", "images_paid", "cost"} <= set(
        found["providers"]["buble"]
    )
    assert (
        found["providers"]["buble"]["cost"] | {"amount": 48.0, "unit": "credit"}
        == (found["providers"]["buble"]["cost"])
    )
    assert set(found["verdicts"][0]) == {
        "provider",
        "operation",
        "case",
        "constraint",
        "check",
        "status",
        "why",
    }
    assert {
        "provider",
        "operation",
        "constraint",
        "check",
        "expected",
        "observed",
        "arguments",
        "curl",
    } <= set(found["findings"][0])


def test_a_replay_of_the_emulator_is_marked_in_each_provider_and_in_the_run() -> None:
    found = json.loads(summary_json(b.sample()))

    assert found["run"]["about_providers"] is False
    assert {row["about_provider"] for row in found["providers"].values()} == {False}
    assert {row["evidence"] for row in found["providers"].values()} == {"recorded"}
    assert {row["source"] for row in found["providers"].values()} == {"emulator"}


def test_what_json_cannot_spell_is_null() -> None:
    found = json.loads(summary_json(_hostile()))

    assert found["findings"][0]["arguments"]["n"] is None
    assert found["findings"][0]["arguments"]["x"] == [None]


def test_a_lone_surrogate_survives() -> None:
    text = summary_json(_hostile())

    assert json.loads(text.encode("utf-8"))["verdicts"][0]["why"] == "\ud800"


def test_equal_reports_have_equal_bytes() -> None:
    assert summary_json(b.sample()) == summary_json(b.sample())
