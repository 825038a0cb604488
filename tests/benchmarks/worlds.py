"""Providers whose true times are known: what a benchmark observes of them, without any socket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness.core.case import FitKind
from harness.stats.benchmark.comparison import PairwiseComparisons
from harness.stats.benchmark.model import Attempt, End

Floats = NDArray[np.float64]
Dice = np.random.Generator

MEDIAN_S, SPREAD = 15.0, 0.35
"""The emulator's: see harness/emulator/state.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How long each of n attempts in a row takes, and how long it is waited for, in seconds.

    `ways` are log-normal ways of taking time, as (share, median in seconds, sigma). `wave` and
    `slowing` are drifts over the n attempts: one wave up and down by so much, beginning at `phase`
    of it (anywhere, if None), and so much slower at the end. All are waited for until `limit_s`, a
    share of `given_up` up to a moment of its own below 40 s.
    """

    name: str
    ways: tuple[tuple[float, float, float], ...] = ((1.0, MEDIAN_S, SPREAD),)
    wave: float = 0.0
    slowing: float = 0.0
    phase: float | None = None
    limit_s: float = np.inf
    given_up: float = 0.0

    def draw(self, dice: Dice, n: int) -> Floats:
        shares, medians_s, sigmas = (np.array(one) for one in zip(*self.ways, strict=True))
        way = dice.choice(len(shares), size=n, p=shares)
        moments = np.arange(n) / n
        phase = dice.random() if self.phase is None else self.phase
        drift = self.wave * np.sin(2 * np.pi * (moments + phase))
        took = medians_s[way] * np.exp(sigmas[way] * dice.standard_normal(n) + drift)
        drifted: Floats = took * (1 + self.slowing * moments)
        return drifted

    def limits(self, dice: Dice, n: int) -> Floats:
        if not self.given_up:
            return np.full(n, self.limit_s)
        return np.where(dice.random(n) < self.given_up, 40 * dice.random(n), self.limit_s)


def log_normal(sigma: float = SPREAD) -> World:
    return World(name=f"log-normal, sigma {sigma:g}", ways=((1.0, MEDIAN_S, sigma),))


_HANGING = ((0.9, 30.0, 0.43), (0.1, 176.0, 0.25))

BIMODAL = World(
    name="bimodal: 80 % around 12 s, 20 % around 45 s", ways=((0.8, 12, 0.2), (0.2, 45, 0.25))
)
HANGING = World(
    name="10 % timeouts: they hang, given up at 90 s, p95 lies beyond", ways=_HANGING, limit_s=90
)
PATIENT = World(
    name="10 % hang, given up at 190 s: 4 % timeouts, p95 lies before", ways=_HANGING, limit_s=190
)
CUT = World(name="10 % given up, each at a moment of its own", given_up=0.13)
WAVE = World(name="drift: a wave of 30 % over the run", wave=0.3)
SLOWING = World(name="drift: half as slow again at the end", slowing=0.5)
WORLDS = (log_normal(), BIMODAL, HANGING, PATIENT, CUT, WAVE, SLOWING)


@cache
def truth(world: World, quantile: float) -> float:
    """Return the true quantile, by 4,000,000 draws: to about a thousandth."""
    return float(np.quantile(world.draw(np.random.default_rng(99), 4_000_000), quantile))


def observations(
    world: World, dice: Dice, n: int, *, provider: str = "p", slower: float = 1.0
) -> Iterator[Attempt]:
    """Return n attempts in a row, one of each block; all take `slower` times as long."""
    took, limits = slower * world.draw(dice, n), world.limits(dice, n)
    for place, (seconds, limit_s) in enumerate(zip(took.tolist(), limits.tolist(), strict=True)):
        yield attempt(
            provider, place, min(seconds, limit_s), timed_out=seconds > limit_s, limit_s=limit_s
        )


def attempt(  # noqa: PLR0913 - an attempt has this many sides
    provider: str,
    block: int,
    seconds: float,
    *,
    timed_out: bool = False,
    end: End | None = None,
    limit_s: float | None = None,
    workload: str = "w",
    stage: str = "c4",
    fit: FitKind = "exact",
    start_s: float | None = None,
    usable: bool = True,
) -> Attempt:
    """Return one attempt at one image that costs 1 credit; a block begins each minute."""
    due_s = 60.0 * block if start_s is None else start_s
    ended: End = end or ("timeout" if timed_out else "served")
    served = ended == "served"
    return Attempt(
        provider=provider,
        basis="simulated",
        emulated=False,
        workload=workload,
        fit=fit,
        stage=stage,
        block=block,
        warm_up=False,
        case=f"bench-{stage}-{workload}-b{block:03}",
        due_s=due_s,
        end_s=due_s + seconds,
        end=ended,
        seconds=seconds,
        phases={},
        completion=None,
        server_s={},
        error_class=None if served else "timeout",
        images=int(served),
        body_bytes=0,
        unit="credit",
        listed=Decimal(1),
        charged=None,
        may_be_paid=ended in ("timeout", "cut_off"),
        usable=served and usable,
        rate_limited=0,
        waited_s=0.0,
        limit_s=None if limit_s is None or np.isinf(limit_s) else limit_s,
    )


def raced(race: PairwiseComparisons, of: Mapping[str, Iterator[Attempt]]) -> Iterator[int]:
    """Tell a race one block of all providers after the other; yield how many it knows."""
    for told, block in enumerate(zip(*of.values(), strict=True), start=1):
        for one in block:
            race.add(one)
        race.settle()
        yield told
