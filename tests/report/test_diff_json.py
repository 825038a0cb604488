"""The JSON of a diff: its keys are there whatever the diff is, and its schema is true of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from harness.comparing.model import Diff
from harness.report.diff_schema import SCHEMA_FILE, schema_text
from harness.report.formats.diff_json import diff_json
from tests.comparing import diffs as d

VALIDATOR = Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
KEYS = {
    *("schema", "exit_code", "why", "base", "head", "changes", "comparisons", "not_compared"),
    *("known", "recheck", "fail_on", "thresholds", "promises_compared", "unclear"),
}


def _not_json(word: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(word)


def test_the_committed_schema_is_the_one_of_the_types() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "write it again: python -m harness.report.diff_schema"
    )


@settings(max_examples=25)
@given(d.diffs())
def test_any_diff_fits_the_schema(found: Diff) -> None:
    whole = json.loads(diff_json(found), parse_constant=_not_json)

    assert list(VALIDATOR.iter_errors(whole)) == []
    assert set(whole) == KEYS
    assert sum(each["fails"] for each in whole["changes"]) == len(found.failing)


def test_infinity_and_not_a_number_are_null() -> None:
    odd = d.estimate(float("nan"), float("-inf"), float("inf"))
    found = d.diff(
        d.change("slower", comparison=d.comparison(change=odd, p=float("nan"))),
        comparisons=(d.comparison(base=odd),),
    )
    whole = json.loads(diff_json(found), parse_constant=_not_json)

    assert whole["changes"][0]["comparison"]["change"]["high"] is None
    assert whole["changes"][0]["comparison"]["p"] is None
    assert whole["comparisons"][0]["base"]["value"] is None


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("schema", 2),
        ("exit_code", 3),
        ("changes.0.kind", "odd"),
        ("changes.0.fails", "yes"),
        ("changes.0.group", "worst"),
        ("changes.0.comparison.p", "small"),
        ("fail_on.0", "odd"),
        ("thresholds.slower", "10%"),
        ("known.0.state", "forgotten"),
        ("base.evidence.nanobanana.kind", "guessed"),
        ("recheck", 1),
    ],
)
def test_the_schema_refuses_what_is_never_written(place: str, wrong: object) -> None:
    found = d.diff(d.change("slower", comparison=d.comparison()), known=(d.shown(),))
    whole: Any = json.loads(diff_json(found))
    *above, key = place.split(".")
    held = whole
    for step in above:
        held = held[int(step)] if isinstance(held, list) else held[step]
    held[int(key) if isinstance(held, list) else key] = wrong

    assert list(VALIDATOR.iter_errors(whole))


def test_equal_diffs_have_equal_texts() -> None:
    assert diff_json(d.diff(d.change())) == diff_json(d.diff(d.change()))
