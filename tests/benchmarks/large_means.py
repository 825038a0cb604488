"""How often the interval of a mean of more attempts than are resampled holds the truth.

    python tests/benchmarks/large_means.py [--runs 2000] [--out FILE]

Simulated providers whose true times are known (`worlds.py`); seeds are fixed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.stats import survival
from harness.stats.survival import CensoredTimes
from tests.benchmarks.worlds import BIMODAL, CUT, HANGING, WAVE, Dice, World, log_normal

SEED = 20
SIZES = (1_001, 2_500, 10_000)
WORLDS = (log_normal(), log_normal(1.0), log_normal(1.5), BIMODAL, HANGING, CUT, WAVE)


def drawn(world: World, dice: Dice, n: int) -> CensoredTimes:
    took, limits = world.draw(dice, n), world.limits(dice, n)
    return CensoredTimes(seconds=np.minimum(took, limits), ended=took <= limits)


def true_mean(world: World) -> float:
    return float(np.minimum(world.draw(np.random.default_rng(99), 8_000_000), world.limit_s).mean())


def covered(world: World, n: int, true: float, runs: int) -> list[str]:
    """Return a row: how often the interval held the truth, and on which side it did not."""
    below = above = 0
    for run in range(runs):
        found = survival.restricted_mean_estimate(
            drawn(world, np.random.default_rng([SEED, n, run]), n)
        )
        if found.low is None or found.high is None:
            raise ValueError(found)
        below += found.high < true
        above += found.low > true
    held = runs - below - above
    error = 1.96 * np.sqrt(held / runs * (1 - held / runs) / runs)
    cells = (f"{held / runs:.1%} +- {error:.1%}", f"{below / runs:.1%}", f"{above / runs:.1%}")
    return [world.name, f"{n:,}", *cells]


def beside(world: World, runs: int) -> list[str]:
    """Return a row: by which parts of its width an interval differs from the bootstrap's."""
    n, apart, seeds = survival.MOST_RESAMPLED, [], []
    for run in range(runs):
        times = drawn(world, np.random.default_rng([SEED, run]), n)
        bounds = []
        for most, seed in ((n, 5), (n, 6), (n - 1, 5)):
            survival.MOST_RESAMPLED, survival.SEED = most, seed
            found = survival.restricted_mean_estimate(times)
            bounds.append(np.array([found.low, found.high]))
        width = bounds[0][1] - bounds[0][0]
        apart.append(np.abs(bounds[2] - bounds[0]).max() / width)
        seeds.append(np.abs(bounds[1] - bounds[0]).max() / width)
    survival.MOST_RESAMPLED, survival.SEED = n, 5
    return [world.name, f"{np.median(apart):.1%}", f"{np.median(seeds):.1%}"]


def table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    truths = {world: true_mean(world) for world in WORLDS}
    rows = [covered(world, n, truths[world], asked.runs) for world in WORLDS for n in SIZES]
    alike = [beside(world, max(asked.runs // 50, 2)) for world in WORLDS]
    text = f"""# The mean of many attempts

Written by `tests/benchmarks/large_means.py --runs {asked.runs}`; simulated. Up to
{survival.MOST_RESAMPLED:,} attempts the interval of a restricted mean is that of the bootstrap
(`coverage.md`); beyond it, it is approximated from what each attempt adds to the mean. It should
hold the truth in 95 % of runs, and miss it as often on either side.

{table(("world", "n", "held the truth", "ended below it", "began above it"), rows)}

The same {survival.MOST_RESAMPLED:,} attempts, once resampled and once approximated: by which part
of the interval's width a bound moves (median of {max(asked.runs // 50, 2)} samples), beside how far
another seed of the bootstrap moves it.

{table(("world", "approximated instead of resampled", "resampled with another seed"), alike)}
"""
    (asked.out or Path(__file__).with_suffix(".md")).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
