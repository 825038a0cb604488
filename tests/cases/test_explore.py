"""Drawing with Hypothesis' engine, its shrinker and its database, without sending anything."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from harness.cases.build import Builder
from harness.cases.explore import Examples, drawn, explored_cases, shrunk
from harness.core.case import Case
from harness.core.jsonvalue import Json
from tests.shipped import NAMES, shipped_provider

STRATEGY = explored_cases(shipped_provider("sub2api"))
TRIPLE: dict[str, Json] = {"quality": "high", "output_format": "jpeg", "background": "opaque"}

DRAWING = """
from harness.cases.explore import drawn, explored_cases
from tests.shipped import shipped_provider
cases = drawn(explored_cases(shipped_provider("sub2api")), lambda case: {}, seed_=5, examples=60)
print([(case.id, case.choices) for case in cases.cases])
"""


def holds(case: Case, values: dict[str, Json]) -> bool:
    return all(case.arguments.get(name) == value for name, value in values.items())


def length(case: Case) -> dict[str, float]:
    return {"arguments": float(len(case.arguments))}


def closeness(case: Case) -> dict[str, float]:
    """How many values of the triple a request holds."""
    if (case.expect, case.operation) != ("accept", "generate"):
        return {}
    return {"closeness": float(sum(case.arguments.get(name) == TRIPLE[name] for name in TRIPLE))}


@cache
def failing_example() -> Case:
    """A drawn request that holds the triple, and more."""
    for seed in range(20):
        for case in drawn(STRATEGY, closeness, seed_=seed, examples=200).cases:
            if closeness(case).get("closeness") == len(TRIPLE):
                return case
    pytest.fail("no seed draws the triple")


@pytest.mark.parametrize("name", NAMES)
def test_each_drawn_request_keeps_all_rules_or_breaks_one(name: str) -> None:
    provider = shipped_provider(name)
    draws = drawn(explored_cases(provider), length, seed_=1, examples=60)

    assert 0 < draws.valid < draws.examples
    for case in draws.cases:
        objections = Builder(provider, case.operation).objections(case.arguments)
        assert objections == ([case.breaks] if case.expect == "refuse" else [])
        assert case.stage == "explore"


def test_a_seed_draws_the_same_whatever_else_is_imported() -> None:
    def printed(before: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", before + DRAWING], capture_output=True, check=True
        ).stdout

    alone = printed("")

    assert len(alone) > 1_000
    assert printed("import harness.api, harness.cli.main, tests.strategies\n") == alone


def test_the_optimiser_raises_a_score() -> None:
    def best(scores: bool) -> float:  # noqa: FBT001 - with or without
        cases = drawn(
            STRATEGY, lambda case: length(case) if scores else {}, seed_=2, examples=200
        ).cases
        return sum(len(case.arguments) for case in cases) / len(cases)

    assert best(scores=True) > best(scores=False)


def test_the_shrinker_ends_at_the_values_that_fail_together() -> None:
    example = failing_example()

    shrink = shrunk(
        STRATEGY,
        example.choices,
        lambda case: (
            case.expect == "accept" and case.operation == "generate" and holds(case, TRIPLE)
        ),
    )

    assert shrink.smallest is not None
    base = Builder(shipped_provider("sub2api"), "generate").base(prompt="")
    changed = {
        name: value
        for name, value in shrink.smallest.arguments.items()
        if name != "prompt" and base.get(name) != value
    }
    assert changed == TRIPLE
    assert shrink.unanswered == ()


def test_what_has_no_answer_counts_as_passing_and_is_returned() -> None:
    example = failing_example()

    shrink = shrunk(STRATEGY, example.choices, lambda case: True if case.id == example.id else None)

    assert shrink.smallest is not None
    assert shrink.smallest.arguments == example.arguments
    assert shrink.unanswered
    assert all(case.choices and case.id != example.id for case in shrink.unanswered)


def test_the_database_returns_the_request_that_failed_until_it_is_dropped(tmp_path: Path) -> None:
    example = failing_example()
    Examples(tmp_path, "sub2api emulator").keep(example)

    assert Examples(tmp_path, "sub2api emulator").cases(STRATEGY) == (example,)
    assert Examples(tmp_path, "sub2api live").cases(STRATEGY) == ()

    Examples(tmp_path, "sub2api emulator").drop(example)

    assert Examples(tmp_path, "sub2api emulator").cases(STRATEGY) == ()


def test_choices_that_draw_nothing_any_more_are_passed_over(tmp_path: Path) -> None:
    example = failing_example()
    examples = Examples(tmp_path, "sub2api emulator")
    examples.keep(example)
    for file in (tmp_path / ".hypothesis").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\xff\xff\xff")

    assert examples.cases(STRATEGY) == ()
    shrink = shrunk(STRATEGY, "ffffff", lambda _case: True)
    assert (shrink.smallest, shrink.unanswered) == (None, ())
