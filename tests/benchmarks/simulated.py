"""Simulated benchmarks of providers whose times are known, a row of a table each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.stats import wilcoxon  # type: ignore[import-untyped]  # scipy ships no types

from harness.core.verdict import Estimate
from harness.emulator.state import LatencyModel
from harness.stats import intervals, survival
from harness.stats.benchmark.comparison import PairwiseComparisons
from harness.stats.benchmark.model import Attempt
from harness.stats.benchmark.tallies import times_of
from tests.benchmarks.worlds import (
    HANGING,
    SLOWING,
    Dice,
    Floats,
    World,
    attempt,
    log_normal,
    observations,
    raced,
    truth,
)

SEED = 2026
PAIRS = 300
NAMES = ("a", "b")
W = "w"


class Emulated(World):
    """The emulator's own draws: medium quality, one image of 1024x1024."""

    def draw(self, dice: Dice, n: int) -> Floats:
        latency = LatencyModel(seed=str(dice.integers(2**60)), time_scale=1.0)
        each = partial(latency.generation_s, quality="medium", pixels=1_048_576, images=1)
        return np.array([each() for _ in range(n)])


EMULATED = Emulated(name="the emulator's own draws")


# ----------------------------------------------------------------------------- intervals
def holds(item: Estimate, true: float) -> bool | None:
    """Tell whether an interval holds the truth; None where there is no interval."""
    if item.low is None and item.high is None:
        return None
    return (item.low is None or item.low <= true) and (item.high is None or true <= item.high)


def covered(world: World, n: int, runs: int) -> list[str]:
    """Return a row: how often the intervals of a median and a p95 held the truth."""
    known = log_normal() if world is EMULATED else world  # its documents: many draws take long
    true = {q: truth(known, q) for q in (0.5, 0.95)}
    found: dict[float, list[Estimate]] = {0.5: [], 0.95: []}
    for run in range(runs):
        times = times_of(observations(world, np.random.default_rng([SEED, n, run]), n))
        for q, items in found.items():
            items.append(survival.censored_quantile(times, q))
    cells = []
    for q, items in found.items():
        held = [kept for item in items if (kept := holds(item, true[q])) is not None]
        opened = sum(item.low is not None and item.high is None for item in items)
        few = f"too few ({intervals.fewest_samples(q)} needed)"
        cells.append(f"{_share(sum(held), len(held))}" if held else few)
        cells.append(f"{opened / len(items):.0%}" if held else "-")
    return [world.name, str(n), *cells]


def mean_covered(world: World, n: int, runs: int) -> list[str]:
    """Return a row: how often the interval of the mean held the truth, of however few attempts."""
    true = float(world.draw(np.random.default_rng(99), 4_000_000).mean())
    survival.FEWEST = 2  # what is reported from 30 on is looked at from 8 on
    held = 0
    for run in range(runs):
        times = times_of(observations(world, np.random.default_rng([SEED, n, run]), n))
        held += holds(survival.restricted_mean_estimate(times), true) is True
    return [world.name, str(n), _share(held, runs)]


def dropped(n: int, runs: int) -> list[list[str]]:
    """Return rows: a p95 with its timeouts left out, and with them as what they are."""
    true = truth(HANGING, 0.95)
    plain, kept = [], []
    for run in range(runs):
        seen = list(observations(HANGING, np.random.default_rng([SEED, run]), n))
        served = [one.seconds for one in seen if one.end == "served"]
        plain.append(intervals.quantile_estimate(served, 0.95, unit="s"))
        kept.append(survival.censored_quantile(times_of(seen), 0.95))
    rows = []
    for name, items in (("timeouts dropped", plain), ("timeouts censored", kept)):
        values = [item.value for item in items if item.value is not None]
        lows = [item.low for item in items if item.low is not None]
        said = (
            f"{np.median(values):.0f} s" if len(values) > runs / 2 else "beyond what was waited for"
        )
        held = _share(sum(holds(item, true) is True for item in items), runs)
        rows.append([name, f"{true:.0f} s", said, f"{np.median(lows):.0f} s", held])
    return rows


# ----------------------------------------------------------------------------- comparisons
def peeked(world: World, runs: int, slower: float) -> list[str]:
    """Return a row: what a race of two said that was looked at after each of 300 pairs."""
    words: list[str] = []
    needed: list[int] = []
    held = 0
    for run in range(runs):
        race, two = PairwiseComparisons(contenders={W: NAMES}), (W, *NAMES)
        always = True
        for told in raced(race, dict(zip(NAMES, _two(world, run, slower), strict=True))):
            always &= holds(race.comparing[two].ratio(), slower) is not False
            if race.comparing[two].slower is not None:
                needed.append(told)
                break
        words.append(race.word(two))
        held += always
    wrong = words.count("second") if slower > 1 else words.count("first") + words.count("second")
    median = f"{np.median(needed + [PAIRS + 1] * (runs - len(needed))):.0f}"
    spread = f"{np.quantile(needed, 0.1):.0f} to {np.quantile(needed, 0.9):.0f}" if needed else "-"
    return [
        world.name,
        f"{slower:g}",
        f"{words.count('first') / runs:.1%}" if slower > 1 else "-",
        f"{wrong / runs:.1%}",
        f"{words.count('equal') / runs:.1%}",
        *((median, spread) if slower > 1 else ("-", "-")),
        f"{held / runs:.1%}",
    ]


def _two(world: World, run: int, slower: float) -> Iterator[Iterator[Attempt]]:
    """Draw two providers in the same minutes: what drifts, drifts for both."""
    for place, (name, factor) in enumerate(zip(NAMES, (1.0, slower), strict=True)):
        dice = np.random.default_rng([SEED, run, place])
        same_hour = replace(world, phase=run / 7 % 1)
        yield observations(same_hour, dice, PAIRS, provider=name, slower=factor)


def wilcoxon_peeked(world: World, runs: int) -> list[str]:
    """Return a row: Wilcoxon's test on two alike, once at the end, and at every tenth pair."""
    once = often = 0
    for run in range(runs):
        one, two = (list(each) for each in _two(world, run, 1.0))
        apart = np.log([b.seconds / a.seconds for a, b in zip(one, two, strict=True)])
        looks = [float(wilcoxon(apart[:n]).pvalue) < 0.05 for n in range(10, PAIRS + 1, 10)]
        once += looks[-1]
        often += any(looks)
    return [world.name, f"{once / runs:.1%}", f"{often / runs:.1%}"]


def one_after_the_other(n: int, runs: int) -> list[list[str]]:
    """Return rows: two alike under drift, the second asked after the first, and both at once."""
    after = at_once = decided = 0
    for run in range(runs):
        dice = np.random.default_rng([SEED, run])
        took = list(observations(SLOWING, dice, 2 * n))
        after += _differ(took[:n], took[n:])
        at_once += _differ(took[::2], took[1::2])
        race = PairwiseComparisons(contenders={W: NAMES})
        for place, (one, two) in enumerate(zip(took[::2], took[1::2], strict=True)):
            race.add(attempt("a", place, one.seconds))
            race.add(attempt("b", place, two.seconds))
        race.settle()
        decided += race.comparing[W, "a", "b"].slower is not None
    names = (
        "first all of A, then all of B (log-rank, one look)",
        "interleaved (log-rank, one look)",
    )
    return [
        *(
            [name, f"{count / runs:.1%}"]
            for name, count in zip(names, (after, at_once), strict=True)
        ),
        [
            "interleaved, as this harness decides, looked at after each pair",
            f"{decided / runs:.1%}",
        ],
    ]


def _differ(one: Iterable[Attempt], two: Iterable[Attempt]) -> bool:
    p_value = survival.log_rank(times_of(one), times_of(two))
    return p_value is not None and p_value < 0.05


def five(runs: int) -> list[str]:
    """Return a row: five providers, one of them faster by a third, raced until it is decided."""
    names, speeds = ("a", "b", "c", "d", "e"), (1.0, 1.3, 1.45, 1.6, 2.0)
    asked, right, decided, blocks = 0, 0, 0, 100
    for run in range(runs):
        race = PairwiseComparisons(contenders={W: names})
        streams = {
            name: list(
                observations(
                    log_normal(),
                    np.random.default_rng([SEED, run, place]),
                    blocks,
                    provider=name,
                    slower=slower,
                )
            )
            for place, (name, slower) in enumerate(zip(names, speeds, strict=True))
        }
        for block in range(blocks):
            out = race.beaten(W)
            if not race.undecided(W):
                break
            for name in (name for name in names if name not in out):
                asked += 1
                race.add(streams[name][block])
            race.settle()
        still = [name for name in names if name not in race.beaten(W)]
        decided += len(still) == 1
        right += still == ["a"]
    return [
        ", ".join(f"{speed:g}" for speed in speeds),
        f"{decided / runs:.1%}",
        f"{right / max(decided, 1):.1%}",
        f"{asked / runs:.0f}",
        str(len(names) * blocks),
        f"{1 - asked / runs / len(names) / blocks:.0%}",
    ]


def _share(count: int, whole: int) -> str:
    return f"{count / whole:.1%}" if whole else "-"
