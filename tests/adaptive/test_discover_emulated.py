"""Discovery against the emulator's own validator, which shares no code with it."""

import pytest

from harness.core.case import PlannedRequest
from harness.core.outcome import Outcome
from tests.adaptive.discover_world import Driven, World, drive, refusal
from tests.cases.served import said
from tests.shipped import NAMES, shipped_provider

ALLOWANCE = 12


def emulated(name: str, operation: str, images: int | None = None) -> Driven:
    """Drive discovery with what the emulator refuses as the only limits."""

    def refused(shot: PlannedRequest) -> Outcome | None:
        return None if said(shot.case) is None else refusal()

    return drive(World(name=name, operation=operation, trouble=refused), images=images)


@pytest.mark.parametrize(
    ("name", "operation", "rule", "low", "high"),
    [
        ("apiframe", "generate", "max_length", 2000, 2001),
        ("apiframe", "edit", "count", 16, 17),
        ("aimlapi", "generate", "range", 1, 2),
        ("sub2api", "generate", "max_length", 32_000, 32_001),
        ("sub2api", "respond", "max_length", 200_000, None),
        ("sub2api", "respond", "multiple_of", 8, 16),
        ("sub2api", "respond", "max_ratio", 3000, 3108),
        ("sub2api", "respond", "max_pixels", 8_294_400, 2896**2),
        ("sub2api", "respond", "min_pixels", 800**2, 816**2),
    ],
)
def test_the_limits_of_the_emulator_are_found(
    name: str, operation: str, rule: str, low: int, high: int | None
) -> None:
    row = emulated(name, operation).row(rule)

    assert (row.low, row.high) == (low, high)


@pytest.mark.parametrize("name", NAMES)
def test_each_operation_is_discovered_within_its_allowance(name: str) -> None:
    for operation in shipped_provider(name).operations:
        driven = emulated(name, operation, ALLOWANCE)

        assert 0 < driven.images <= ALLOWANCE
        assert len(driven.shots) <= 45
        assert any(row.parameter == "fields" for row in driven.rows)
