import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.report.formats.summary_json import summary_json
from harness.report.summary_schema import SCHEMA_FILE, schema_text
from tests.report import benchmarks as bm
from tests.report import builders as b
from tests.report.formats.test_summary_json import SCHEMA

REPORTS = Path(__file__).parents[2] / "reports"
COMMITTED = sorted(REPORTS.glob("sample*/summary.json"))
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_committed_schema_is_the_one_of_the_types() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "write it again: python -m harness.report.summary_schema"
    )


def test_two_samples_are_committed() -> None:
    assert [path.parent.name for path in COMMITTED] == ["sample", "sample-benchmark"]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_committed_summaries_fit_the_schema(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(json.loads(path.read_text(encoding="utf-8")))) == []


CHANGES: list[tuple[str, Any]] = [
    ("schema", 2),
    ("run.seed", "0"),
    ("run.finished", 1),
    ("run.versions.python", 3),
    ("providers.buble.evidence", "emulated"),
    ("providers.buble.standing", None),
    ("providers.buble.cases", -1),
    ("providers.buble.cost.amount", "48"),
    ("providers.buble.promises.held", -1),
    ("verdicts.0.operation", "Draw it"),
    ("verdicts.0.status", "failed"),
    ("verdicts.0.constraint", 1),
    ("findings.0.tried", 1.5),
    ("findings.0.combination", ""),
    ("latency.0.unit", "ms"),
    ("latency.0.median.n", -1),
    ("latency.0.median.value", "1"),
    ("errors.0.count", 0),
    ("errors.0.error_class", "odd"),
    ("benchmark.design.slo.ceiling_s", None),
    ("benchmark.design.workloads.0.prompt_lengths.0", -1),
    ("benchmark.rankings.0.places.0.place", 0),
    ("benchmark.comparisons.0.evidence", "inf"),
    ("benchmark.comparisons.0.needed", None),
    ("benchmark.observations.0.phases_s.late", None),
    ("benchmark.observations.0.error_class", "odd"),
    ("benchmark.more", 1),
    ("more", 1),
]


def _holder(text: str, place: str) -> tuple[Any, Any, str]:
    """Return a summary, and what of it holds the place, with the last key of that."""
    whole = json.loads(text)
    *above, key = place.split(".")
    held = whole
    for step in above:
        held = held[int(step)] if isinstance(held, list) else held[step]
    return whole, held, key


@pytest.fixture(scope="module")
def texts() -> dict[bool, str]:
    return {False: summary_json(b.sample()), True: summary_json(bm.report())}


@pytest.mark.parametrize(("place", "value"), CHANGES, ids=str)
def test_the_schema_refuses_what_no_summary_holds(
    place: str, value: object, texts: dict[bool, str]
) -> None:
    whole, held, key = _holder(texts[place.startswith("benchmark")], place)
    held[int(key) if isinstance(held, list) else key] = value

    assert not VALIDATOR.is_valid(whole)


@pytest.mark.parametrize(
    "place",
    [place for place, value in CHANGES if not place.endswith(("more", ".0", "python", "late"))],
)
def test_the_schema_wants_every_key(place: str, texts: dict[bool, str]) -> None:
    whole, held, key = _holder(texts[place.startswith("benchmark")], place)
    del held[key]

    assert not VALIDATOR.is_valid(whole)


def test_keys_may_be_added_to_rows(texts: dict[bool, str]) -> None:
    whole, held, _ = _holder(texts[False], "verdicts.0.status")
    held["severity"] = "high"

    assert VALIDATOR.is_valid(whole)
