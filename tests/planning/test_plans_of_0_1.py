"""The plans of version 0.1, case by case: today's plans hold the same requests and prices."""

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.planning.conformance import new_plan
from harness.planning.plan import plan_to_json
from harness.spec.load import NAMES

FOLDER = Path(__file__).parent / "plans_of_0_1"
SEEDS = range(5)


@cache
def printed(seed: int) -> dict[str, Any]:
    """Return what `harness plan --json --seed N` of 0.1 printed, by provider."""
    with lzma.open(FOLDER / f"seed-{seed}.jsonl.xz", "rt", encoding="utf-8") as lines:
        return {plan["provider"]: plan for plan in map(json.loads, lines)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_the_one_that_0_1_made(name: str, seed: int) -> None:
    today: Any = plan_to_json(new_plan(name, seed=seed))

    before = printed(seed)[name]
    assert [case["id"] for case in today["cases"]] == [case["id"] for case in before["cases"]]
    for ours, theirs in zip(today["cases"], before["cases"], strict=True):
        assert ours == theirs, ours["id"]
    assert today["coverage"] == before["coverage"]
