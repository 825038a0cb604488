"""Samples of runs whose truth is known, for the exam of `harness diff`; no socket is opened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from scipy.stats import binom  # type: ignore[import-untyped]  # scipy ships no types

from harness.comparing.figures.decide import decided
from harness.comparing.figures.samples import compare_samples
from harness.comparing.model import DEFAULT_FAIL_ON, Change, Sample, Thresholds

MEDIAN_S = 10.0
HEAVY = 4
"""Degrees of freedom of noise with heavy tails, its variance made that of the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How a run comes out: `n` requests in each of `rows` workloads at each of `providers`.

    `fail` is the share that fails, each by itself or in `bursts` of so many in a row; the
    logarithm of a time varies by `sigma` around its median, which is `slower` times that of the
    base.
    """

    n: int
    rows: int = 1
    providers: int = 1
    fail: float = 0.05
    sigma: float = 0.25
    heavy: bool = False
    slower: float = 1.0
    bursts: int = 1


def drawn(world: World, rng: np.random.Generator) -> list[Sample]:
    """Return the samples of one run, in the order in which they were sent."""
    samples = []
    for provider in range(world.providers):
        for row in range(world.rows):
            failed = _failed(world, rng)
            seconds = _seconds(world, rng)
            samples += [
                Sample(
                    provider=f"p{provider}",
                    operation="generate",
                    workload=f"w{row}",
                    place=f"c1/{place}/w{row}",
                    question=f"q{row}",
                    end="failed" if fails else "served",
                    seconds=float(took),
                    error_class="server" if fails else None,
                    images=0 if fails else 1,
                    spent=None,
                    listed=Decimal("0.04"),
                    unit="usd",
                )
                for place, (fails, took) in enumerate(zip(failed, seconds, strict=True))
            ]
    return samples


def _failed(world: World, rng: np.random.Generator) -> np.ndarray:
    starts = rng.random(world.n) < world.fail / world.bursts
    failed = starts.copy()
    for later in range(1, world.bursts):
        failed[later:] |= starts[: world.n - later]
    return failed


def _seconds(world: World, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(world.n)
    if world.heavy:
        noise = rng.standard_t(HEAVY, world.n) / math.sqrt(HEAVY / (HEAVY - 2))
    return MEDIAN_S * world.slower * np.exp(world.sigma * noise)


def told(base: Sequence[Sample], head: Sequence[Sample]) -> list[Change]:
    """Return the changes that a diff of two runs tells of its samples."""
    return [*decided(compare_samples(base, head), Thresholds())]


def alarms(changes: Sequence[Change]) -> bool:
    """Tell whether any of them fails a build."""
    return any(
        change.direction == "worse"
        and change.standing == "certain"
        and change.kind in DEFAULT_FAIL_ON
        for change in changes
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Of so many diffs, how many raised an alarm, and how many at least a suspicion."""

    of: int
    alarms: int
    suspicions: int


def counted(base: World, head: World, runs: int, seed: int) -> Counted:
    """Return what comes of so many pairs of runs."""
    rng = np.random.default_rng(seed)
    alarmed = suspected = 0
    for _ in range(runs):
        changes = told(drawn(base, rng), drawn(head, rng))
        alarm = alarms(changes)
        alarmed += alarm
        suspected += alarm or any(change.direction == "worse" for change in changes)
    return Counted(of=runs, alarms=alarmed, suspicions=suspected)


def failing_floor(n: int, *, power: float, rates: tuple[float, float], unchanged: float) -> float:
    """Return how often the best test there can be alarms where nothing changed.

    It knows both rates, and finds their difference in `n` requests a side with `power` (J. Neyman
    and E. S. Pearson, Philos. Trans. R. Soc. A 231, 1933).
    """
    counts = np.arange(n + 1)
    planted = np.outer(binom.pmf(counts, n, rates[0]), binom.pmf(counts, n, rates[1])).ravel()
    same = np.outer(*[binom.pmf(counts, n, unchanged)] * 2).ravel()
    order = np.argsort(-planted / np.maximum(same, 1e-300))
    enough = int(np.searchsorted(np.cumsum(planted[order]), power))
    return float(np.cumsum(same[order])[enough])
