"""Simulated worlds: every invariant holds, a seed replays, and planted bugs are seen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import HUNG_S
from tests.simulation.planted import PLANTED, Bug, first_found
from tests.simulation.seeds import parsed, run_seed

ROOT = Path(__file__).parents[2]
QUICK = 60
"""So many worlds at most show each of the planted bugs."""


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_no_invariant_breaks(first: int) -> None:
    results = [run_seed(seed) for seed in range(first, first + 20)]
    assert not [result.describe() for result in results if result.invariant]
    assert sum(result.processes for result in results) > len(results), "some of them crashed"


def _digest(seeds: str, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", seeds, "--jobs", "1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=HUNG_S,
        check=False,
    )
    assert "histories" in done.stdout, done.stderr
    return done.stdout.rpartition("histories ")[2]


def test_a_seed_replays_in_every_process() -> None:
    assert run_seed(8).history == run_seed(8).history
    assert _digest("0-9", "1") == _digest("0-9", "2")


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.what)
def test_a_planted_bug_is_seen(bug: Bug) -> None:
    found = first_found(bug, 0, QUICK - 1)
    assert found is not None
    assert f"SEEDS={found.seed}-{found.seed}" in found.describe()


@pytest.mark.parametrize(("text", "seeds"), [("2000", (0, 1999)), ("17-17", (17, 17))])
def test_seeds_are_a_number_or_a_range(text: str, seeds: tuple[int, int]) -> None:
    assert parsed(text) == seeds


def test_other_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="FIRST-LAST"):
        parsed("many")
