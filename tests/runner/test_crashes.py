"""A crash at every line of a journal: the run that goes on comes to what it would have come to."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.planning.plan import Limits
from harness.store.line import JOURNAL
from harness.store.reader import read_run
from tests.plans import plan_of
from tests.runner.crashes import Story, concluded, findings, paid_twice, promises, session
from tests.runner.processes import KNOWN, Emulator, emulator

LIMITS = Limits(images=12, requests=24)
STORIES = {
    "buble": ("ignore:aspect_ratio.one_of", "strict:resolution.one_of"),
    "sub2api": ("ignore:n.range", "wrong_dimensions"),
    "apiframe": ("ignore:quality.one_of", "wrong_format"),
    "nanobanana": ("ignore:prompt.max_length", "wrong_format"),
    "aimlapi": ("takes:prompt=number", "fails:size=1536x1024"),
}
"""What each provider does wrong here: synchronous ones, those with jobs, those that know a key."""


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with emulator("--time-scale", "0.0001", *KNOWN) as found:
        yield found


def story(
    name: str,
    faults: Sequence[str] | None = None,
    *,
    operation: str = "generate",
    discover: bool = False,
) -> Story:
    plan = plan_of(name, seed=0, operations=(operation,), limits=LIMITS, discover=discover)
    return Story(plan=plan, faults=tuple(faults if faults is not None else STORIES[name]))


def begin(shop: Emulator, told: Story) -> None:
    shop.reset()
    shop.switch(told.plan.provider, *told.faults)


def whole(
    shop: Emulator, path: Path, told: Story
) -> tuple[list[tuple[object, ...]], dict[tuple[str, int], str], int]:
    """What an undisturbed run comes to, and how many lines its journal has."""
    begin(shop, told)
    done = session(shop, path, told)
    assert done is not None
    end = concluded(told, done.complete())
    lines = (path / JOURNAL).read_bytes().count(b"\n")
    return findings(end), promises(end), lines


def crashed(
    shop: Emulator, path: Path, told: Story, crashes: Sequence[int]
) -> tuple[list[tuple[object, ...]], dict[tuple[str, int], str]]:
    """What a run comes to that crashes after so many lines each time, and goes on."""
    begin(shop, told)
    for lines in crashes:
        session(shop, path, told, lines=lines)
    done = session(shop, path, told)
    assert done is not None
    assert not any(record.skipped == "interrupted" for record in done.complete())
    end = concluded(told, done.complete())
    return findings(end), promises(end)


def unlike(
    one: dict[tuple[str, int], str], other: dict[tuple[str, int], str]
) -> dict[tuple[str, int], tuple[str, str]]:
    return {
        name: (one.get(name, ""), other.get(name, ""))
        for name in one.keys() | other.keys()
        if one.get(name) != other.get(name)
    }


STEPS = pytest.mark.parametrize("step", [16, pytest.param(1, marks=pytest.mark.slow)])
"""At every line of a journal, or at some of them; the simulation crashes at thousands."""


@STEPS
@pytest.mark.parametrize("name", STORIES)
def test_a_crash_at_any_line_changes_no_verdict(
    served: Emulator, tmp_path: Path, name: str, step: int
) -> None:
    told = story(name)
    convicted, states, lines = whole(served, tmp_path / "whole", told)
    wrong: dict[int, object] = {}

    for crash in range(step // 2, lines, step):
        found, now = crashed(served, tmp_path / f"{crash}", told, [crash])
        twice = paid_twice(served, name)
        if found != convicted or now != states or twice:
            wrong[crash] = (set(found) ^ set(convicted), unlike(states, now), twice)

    assert convicted
    assert wrong == {}


@STEPS
def test_a_provider_that_ignores_keys_is_paid_twice_by_the_test_of_that_promise_alone(
    served: Emulator, tmp_path: Path, step: int
) -> None:
    told = story("apiframe", ["idempotency_ignored"])
    convicted, states, lines = whole(served, tmp_path / "whole", told)
    wrong: dict[int, object] = {}

    for crash in range(step // 2, lines, step):
        found, now = crashed(served, tmp_path / f"{crash}", told, [crash])
        thrice = paid_twice(served, "apiframe", times=3)
        asked = [
            record
            for record in read_run(tmp_path / f"{crash}").records
            if "same_key" in record.shot.case.follow_ups
        ]
        others = len(paid_twice(served, "apiframe")) - len(asked)
        if found != convicted or now != states or thrice or others > 0:
            wrong[crash] = (set(found) ^ set(convicted), unlike(states, now), thrice, others)

    assert convicted
    assert wrong == {}


MORE = {
    "uploads": lambda: story("buble", ["ignore:aspect_ratio.one_of"], operation="edit"),
    "discoveries": lambda: story("sub2api", ["ignore:n.range"], discover=True),
}
"""What sends files before it pays, and what measures where the documents are silent."""


@pytest.mark.parametrize(
    ("name", "step"), [("uploads", 25), pytest.param("discoveries", 27, marks=pytest.mark.slow)]
)
def test_a_crash_among_uploads_or_discoveries_changes_no_verdict(
    served: Emulator, tmp_path: Path, name: str, step: int
) -> None:
    told = MORE[name]()
    convicted, states, lines = whole(served, tmp_path / "whole", told)
    wrong: dict[int, object] = {}

    for crash in range(0, lines, step):
        found, now = crashed(served, tmp_path / f"{crash}", told, [crash])
        twice = paid_twice(served, told.plan.provider)
        if found != convicted or now != states or twice:
            wrong[crash] = (set(found) ^ set(convicted), unlike(states, now), twice)

    assert convicted
    assert wrong == {}


@pytest.mark.parametrize("name", ["buble", "sub2api"])
def test_crashes_in_a_row_converge_too(served: Emulator, tmp_path: Path, name: str) -> None:
    told = story(name)
    convicted, states, lines = whole(served, tmp_path / "whole", told)
    wrong: dict[int, object] = {}

    for crash in range(1, lines, 14):
        found, now = crashed(served, tmp_path / f"{crash}", told, [crash, 1, 4, 0, 2])
        twice = paid_twice(served, name)
        if found != convicted or now != states or twice:
            wrong[crash] = (set(found) ^ set(convicted), unlike(states, now), twice)

    assert wrong == {}
