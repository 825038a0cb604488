"""Exploring over sockets: a run that is killed, and what failed before, which is sent first."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.adaptive.strategies import STATISTICS
from harness.cases.explore import Examples, drawn, explored_cases
from harness.core.case import Case
from harness.store.line import JOURNAL
from harness.store.reader import read_run
from tests.runner.processes import KNOWN, Emulator, emulator, harness, started
from tests.shipped import shipped_provider

EXPLORED = 8
CHOICES = ("--operation", "generate", "--max-images", "60", "--explore", str(EXPLORED))
MORE = ("--max-images", "200")
"""With room for what was under way, which counts as paid; too many for an allowance of requests."""

LOOK_S = 0.01
STRATEGY = explored_cases(shipped_provider("sub2api"))
FAULT = "refused:output_format=jpeg+background=opaque"
PLANTED = {"output_format": "jpeg", "background": "opaque"}


@pytest.fixture(scope="module")
def _served() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.001", *KNOWN) as running:
        yield running


@pytest.fixture
def provider(_served: Emulator) -> Emulator:
    """An emulator with empty books."""
    _served.reset()
    return _served


def options(provider: Emulator, out: Path) -> tuple[str, ...]:
    at = ("--against", "live", *provider.at("sub2api"))
    return ("run", *at, *CHOICES, "--out", str(out))


def explored(folder: Path) -> list[Case]:
    """What was drawn after the plan and sent, in the order in which it ended."""
    return [
        record.shot.case
        for record in read_run(folder).records
        if record.shot.case.stage == "explore" and record.outcome is not None
    ]


def failing_example() -> Case:
    """A drawn request that holds the planted values."""
    for seed in range(20):
        for case in drawn(STRATEGY, lambda _case: {}, seed_=seed, examples=100).cases:
            values = PLANTED.items() <= case.arguments.items()
            if values and (case.expect, case.operation) == ("accept", "generate"):
                return case
    pytest.fail("no seed draws the values")


@pytest.mark.slow
def test_an_exploration_that_is_killed_goes_on_without_sending_anything_twice(
    provider: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = started(*options(provider, folder))
    journal = folder / JOURNAL
    while process.poll() is None:
        if journal.exists() and b'"stage":"explore"' in journal.read_bytes():
            break
        time.sleep(LOOK_S)
    process.kill()
    process.communicate()
    before = {case.id for case in explored(folder)}

    done = harness("run", "--resume", folder, *MORE)

    assert done.code in (0, 4), done.err
    assert len(before) < EXPLORED
    assert len(explored(folder)) == EXPLORED
    assert max(Counter(provider.posts("sub2api")).values()) == 1


@pytest.mark.slow
def test_a_run_explores_what_failed_before_first_and_keeps_its_statistics(
    provider: Emulator, tmp_path: Path
) -> None:
    example, database = failing_example(), Examples(tmp_path, "sub2api live")
    database.keep(example)
    provider.switch("sub2api", FAULT)

    broken = harness(*options(provider, tmp_path / "first"))
    kept = database.cases(STRATEGY)
    provider.reset()
    mended = harness(*options(provider, tmp_path / "second"))

    assert (broken.code, mended.code) == (1, 0), broken.err + mended.err
    assert explored(tmp_path / "first")[0].arguments == example.arguments
    assert explored(tmp_path / "second")[0].arguments == example.arguments
    assert example in kept
    assert example not in database.cases(STRATEGY)
    text = (tmp_path / "second" / STATISTICS).read_text()
    sentence = next(line for line in mended.err.splitlines() if "explored sub2api" in line)
    assert text.startswith(f"{sentence}\n")
    assert f"{EXPLORED} were sent" in sentence
    assert "Stopped because settings.max_examples=" in text
    assert f"explored {EXPLORED} requests" in (tmp_path / "second" / "index.html").read_text()
