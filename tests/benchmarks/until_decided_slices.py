"""Does `--until-decided` over four slices decide with the error rate of one process?

    python tests/benchmarks/until_decided_slices.py [--runs 500] [--blocks 120] [--out FILE]

The times of two providers are known (`worlds.py`) and the same in both arms. One process sends all
blocks and hears of each attempt at once. Four slices send every fourth block each, from places of
different speed, on clocks of their own, at the same time; one coordinator (`StoppingRule`) hears of
their attempts after delays of their own, out of order, some twice, and its word to stop takes a
while to come back. No socket is opened, no clock read; seeds are fixed.
"""

import argparse
import heapq
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.adaptive.stopping_rule import StoppingRule
from harness.core.benchmark import Design, Stage
from harness.core.workload import Fit, Workload
from harness.stats.benchmark.comparison import PairwiseComparisons
from harness.stats.benchmark.model import Ended
from harness.stats.difference import difference_estimate
from harness.stats.intervals import proportion_estimate
from tests.benchmarks.worlds import HANGING, WAVE, Floats, World, log_normal

SEED = 21
NAMES = ("a", "b")
ALPHA = 0.05
SLOWER_FROM = (1.0, 1.4, 0.8, 2.0)
"""How many times as long everything takes from the place of each slice."""

DELAY_S = (0.2, 5.0, 20.0, 60.0)
"""The mean delay with which each slice's attempts reach the coordinator (exponential)."""

STOP_LAG_S = 45.0
TWICE = 0.05
"""The share of attempts that are told twice, as by a slice that was resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One process: which blocks it sends, how slow its place is, how late it is heard and hears."""

    blocks: range
    slower: float = 1.0
    delay_s: float = 0.0
    lag_s: float = 0.0
    clock_s: float = 0.0
    vantage: str = ""


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of one run."""

    decided: str = ""
    sent: int = 0
    took_s: float = 0.0
    later: str = ""
    attempts: list[Ended] = field(default_factory=list)


def one_process(blocks: int) -> tuple[Place, ...]:
    return (Place(blocks=range(blocks)),)


def four_slices(blocks: int, dice: np.random.Generator) -> tuple[Place, ...]:
    return tuple(
        Place(
            blocks=range(at, blocks, 4),
            slower=slower,
            delay_s=delay_s,
            lag_s=STOP_LAG_S,
            clock_s=float(dice.uniform(-1000, 1000)),
            vantage=f"v{at}",
        )
        for at, (slower, delay_s) in enumerate(zip(SLOWER_FROM, DELAY_S, strict=True))
    )


def design(blocks: int) -> Design:
    return Design(
        seed=1,
        workloads=(Workload(name="w", operation="generate"),),
        fits=tuple(Fit(workload="w", provider=p, kind="exact", arguments={}) for p in NAMES),
        arrivals="closed",
        stages=(Stage(name="c", blocks=blocks, concurrency=2),),
        until_decided=True,
        alpha=ALPHA,
    )


class Simulation:
    """All places at once; `took` and `limits` are seconds by provider and block."""

    def __init__(self, took: Floats, limits: Floats, dice: np.random.Generator) -> None:
        self.took, self.limits, self.dice = took, limits, dice
        self.rule = StoppingRule(design(took.shape[1]), {})
        self.told = Told()
        self.stopped: dict[str, float] = {}
        self.queue: list[tuple[float, int, Place, int | Ended]] = []
        self.number = 0

    def run(self, places: Sequence[Place]) -> Told:
        for place in places:
            self.put(0.0, place, 0)
        while self.queue:
            now_s, _, place, what = heapq.heappop(self.queue)
            if isinstance(what, Ended):
                self.hear(now_s, what)
            elif what < len(place.blocks):
                self.send(now_s, place, what)
        self.told.decided = _word(self.rule.over().values())
        self.told.later = _merged(self.told.attempts)
        return self.told

    def put(self, at_s: float, place: Place, what: int | Ended) -> None:
        self.number += 1
        heapq.heappush(self.queue, (at_s, self.number, place, what))

    def hear(self, now_s: float, ended: Ended) -> None:
        self.rule.on_attempt(ended)
        for key in self.rule.over():
            self.stopped.setdefault(key.partition("/")[0], now_s)

    def send(self, now_s: float, place: Place, number: int) -> None:
        """Send a block to all that are not known to be stopped, then the place's next one."""
        told, end_s = self.told, now_s
        for name in NAMES:
            if now_s >= self.stopped.get(name, np.inf) + place.lag_s:
                continue
            ended = self.attempt(name, now_s, place, place.blocks[number])
            told.sent += 1
            told.attempts.append(ended)
            end_s = max(end_s, ended.end_s)
            for _ in range(2 if place.delay_s and self.dice.random() < TWICE else 1):
                heard_s = ended.end_s + self.dice.exponential(place.delay_s)
                self.put(heard_s, place, replace(ended, end_s=ended.end_s + place.clock_s))
        told.took_s = max(told.took_s, end_s)
        if end_s > now_s:
            self.put(end_s, place, number + 1)

    def attempt(self, name: str, now_s: float, place: Place, block: int) -> Ended:
        row = NAMES.index(name)
        took, limit_s = self.took[row, block] * place.slower, float(self.limits[row, block])
        seconds = float(min(took, limit_s))
        return Ended(
            provider=name,
            workload="w",
            stage="c",
            block=block,
            case=f"b{block:03}",
            warm_up=False,
            end="served" if took <= limit_s else "timeout",
            seconds=seconds,
            end_s=now_s + seconds,
            limit_s=None if np.isinf(limit_s) else limit_s,
            vantage=place.vantage,
        )


def simulated(
    took: Floats, limits: Floats, places: Sequence[Place], dice: np.random.Generator
) -> Told:
    return Simulation(took, limits, dice).run(places)


def _word(whys: Collection[str]) -> str:
    words = [why for why in whys if why.startswith("decided: ")]
    faster = [why for why in words if "is faster" in why]
    if faster:
        return faster[0].removeprefix("decided: ").partition(" ")[0]
    return "equal" if words else ""


def _merged(attempts: Sequence[Ended]) -> str:
    """Return what the report of the merged run says, of the same attempts in order of their end."""
    race = PairwiseComparisons(contenders={"w": NAMES}, alpha=ALPHA)
    for attempt in attempts:
        race.add(attempt)
    race.settle()
    return {"first": "a", "second": "b", "equal": "equal", "open": ""}[race.word(("w", *NAMES))]


def arms(world: World, slower: float, blocks: int, run: int) -> tuple[Told, Told]:
    """Return the same providers' race by one process and by four slices."""
    dice = [np.random.default_rng([SEED, run, at]) for at in range(4)]
    same_hour = replace(world, phase=run / 7 % 1)
    took = np.stack([same_hour.draw(dice[at], blocks) for at in range(2)])
    limits = np.stack([same_hour.limits(dice[2], blocks) for _ in range(2)])
    took[1] *= slower
    return (
        simulated(took, limits, one_process(blocks), dice[3]),
        simulated(took, limits, four_slices(blocks, dice[3]), dice[3]),
    )


def share(count: int, n: int) -> str:
    found = proportion_estimate(count, n)
    return f"{count / n:.1%} ({found.low or 0:.1%} to {found.high or 0:.1%})"


def _wrong(slower: float) -> tuple[str, ...]:
    return ("b",) if slower > 1 else NAMES


def row(world: World, slower: float, blocks: int, runs: int) -> list[list[str]]:
    """Return two rows, of one process and of four slices, and between them how they differ."""
    told = [arms(world, slower, blocks, run) for run in range(runs)]
    rows = []
    for name, arm in zip(("one process", "four slices"), zip(*told, strict=True), strict=True):
        wrong = [one.decided in _wrong(slower) for one in arm]
        right = sum(one.decided == "a" for one in arm) if slower > 1 else None
        rows.append(
            [
                world.name,
                f"{slower:g}",
                name,
                share(sum(wrong), runs),
                "-" if right is None else share(right, runs),
                f"{np.mean([one.sent for one in arm]):.0f}",
                f"{np.median([one.took_s for one in arm]) / 60:.0f} min",
                share(sum(one.later == one.decided for one in arm), runs),
            ]
        )
    counted = [
        [(int(one.decided in _wrong(slower)), 1) for one in arm] for arm in zip(*told, strict=True)
    ]
    apart = difference_estimate(counted[1], counted[0])
    rows[-1].append(f"{apart.value or 0:+.1f} ({apart.low or 0:+.1f} to {apart.high or 0:+.1f})")
    rows[0].append("")
    return rows


CASES = (
    (log_normal(), 1.0),
    (HANGING, 1.0),
    (WAVE, 1.0),
    (log_normal(), 1.3),
    (HANGING, 1.5),
)
HEAD = (
    *("true times", "b takes", "arm", "wrongly decided", "rightly decided", "requests"),
    *("run took", "report says the same", "wrong, slices less one process, points"),
)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--blocks", type=int, default=120)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    asked = parser.parse_args()
    lines = [HEAD, ("---",) * len(HEAD)]
    for world, slower in CASES:
        lines += [tuple(each) for each in row(world, slower, asked.blocks, asked.runs)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    delays = ", ".join(f"{delay_s:g}" for delay_s in DELAY_S)
    text = f"""# Until decided, over four slices

Written by `tests/benchmarks/until_decided_slices.py --runs {asked.runs} --blocks {asked.blocks}`;
simulated: {asked.runs} runs for each row, in brackets 95 % intervals. Both arms race the same two
providers with the same times, at an error rate of {ALPHA:g}, at most {asked.blocks} blocks. The
four slices stand at places from which everything takes
{", ".join(f"{each:g}" for each in SLOWER_FROM)} times as long; their attempts reach the coordinator
{delays} s late in the mean (exponential: out of order), {TWICE:.0%} of them twice; a word to stop
is heard {STOP_LAG_S:g} s later, and until then a slice goes on to send. "Wrongly decided" is any
winner where both are alike, and the slower one where they are not; "report says the same" compares
the word by which the run was stopped with that of the merged run's report, which takes the same
attempts in the order of their ends.

{table}
"""
    asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
