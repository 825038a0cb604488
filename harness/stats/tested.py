"""What a test of two runs says of each of the two ways in which a figure may have moved."""

from dataclasses import dataclass

from harness.core.verdict import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSided:
    """How likely a change as large as this is where nothing changed, upwards and downwards.

    `least` is the smallest p that so many could have come to, whatever they had been: a test with
    a `least` above its level can tell nothing.
    """

    up: float
    down: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """By how much a figure moved, with its interval, and how likely that is by chance."""

    estimate: Estimate
    test: OneSided
