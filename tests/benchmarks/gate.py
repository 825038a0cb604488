"""Does `harness diff` cry wolf, and does it see what was planted?

Run by hand: `python tests/benchmarks/gate.py [--runs 300] [--write]`. Two processes, some minutes;
the seeds are fixed. `--write` puts the tables into gate.md beside this file.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

from scipy.stats import norm  # type: ignore[import-untyped]  # scipy ships no types

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks.gate_simulated import World, counted, failing_floor

SLOWER = 1.2
RATES = (0.02, 0.10)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(name: str, text: str, table: str) -> str:
    return f"## {name}\n\n{text}\n\n{table}\n"


Work = Callable[[], list[str]]


def report(runs: int) -> Iterator[str]:
    """Yield the page, a section at a time."""
    yield HEAD.format(runs=runs)
    seeds = count(1)
    sections = (
        ("Nothing changed", UNCHANGED, UNCHANGED_HEAD, _unchanged(runs, seeds)),
        ("All a few per cent slower", DRIFT, DRIFT_HEAD, _drifted(runs, seeds)),
        ("A median slowed by 20 %", SLOWED, SLOWED_HEAD, _slowed(runs, seeds)),
        ("A failure rate from 2 to 10 %", FAILING, FAILING_HEAD, _failing(runs, seeds)),
        ("Outages", OUTAGES, OUTAGES_HEAD, _outages(runs, seeds)),
    )
    with ProcessPoolExecutor(2) as pool:
        for name, text, head, work in sections:
            rows = [one.result() for one in [pool.submit(each) for each in work]]
            yield _title(name, text, _table(head, rows))


def _percent(part: int, of: int) -> str:
    return f"{part / of:.1%}"


def _noise(world: World) -> str:
    return f"{world.sigma:g}{', heavy tails' if world.heavy else ''}"


# ------------------------------------------------------------------------- nothing changed
def _unchanged(runs: int, seeds: Iterator[int]) -> list[Work]:
    noises = ((0.1, False), (0.35, False), (0.35, True))
    return [
        partial(_unchanged_row, World(n=n, rows=rows, sigma=sigma, heavy=heavy), runs, next(seeds))
        for rows, sizes in ((1, (8, 30, 60, 100, 200)), (2, (8, 30, 60, 100)), (12, (8, 30)))
        for n in sizes
        for sigma, heavy in (noises if rows == 1 else noises[1:2])
    ]


def _unchanged_row(world: World, runs: int, seed: int) -> list[str]:
    runs = runs if world.rows < 12 else runs // 2
    found = counted(world, world, runs, seed)
    return [
        str(world.rows),
        str(world.n),
        _noise(world),
        _percent(found.alarms, runs),
        f"{200 * found.alarms / runs:.1f}",
        _percent(found.suspicions, runs),
    ]


def _drifted(runs: int, seeds: Iterator[int]) -> list[Work]:
    return [
        partial(_drifted_row, drift, World(n=n, sigma=sigma), runs, next(seeds))
        for drift in (1.02, 1.04)
        for n in (8, 30, 60, 200)
        for sigma in (0.1, 0.35)
    ]


def _drifted_row(drift: float, world: World, runs: int, seed: int) -> list[str]:
    head = World(n=world.n, sigma=world.sigma, slower=drift)
    found = counted(world, head, runs, seed)
    return [
        f"{drift - 1:.0%}",
        str(world.n),
        _noise(world),
        _percent(found.alarms, runs),
        _percent(found.suspicions, runs),
    ]


# -------------------------------------------------------------------------------- planted
def _slowed(runs: int, seeds: Iterator[int]) -> list[Work]:
    worlds = [
        World(n=60 // rows, rows=rows, sigma=sigma, heavy=heavy, fail=0.0)
        for rows in (1, 2)
        for sigma, heavy in ((0.1, False), (0.15, False), (0.2, False), (0.2, True), (0.35, False))
    ]
    return [partial(_slowed_row, world, runs, next(seeds)) for world in worlds]


def _slowed_row(world: World, runs: int, seed: int) -> list[str]:
    head = World(
        n=world.n, rows=world.rows, sigma=world.sigma, heavy=world.heavy, fail=0.0, slower=SLOWER
    )
    found = counted(world, head, runs, seed)
    pairs = world.n * world.rows
    return [
        f"{world.rows} x {world.n}",
        _noise(world),
        _percent(found.alarms, runs),
        _percent(found.suspicions, runs),
        "" if world.heavy else f"{_slowed_floor(pairs, world.sigma):.2g}",
    ]


def _slowed_floor(pairs: int, sigma: float) -> float:
    """Return the least level at which 95 of 100 are found by who knows how times vary."""
    apart = math.log(SLOWER) / (sigma * math.sqrt(2 / pairs))
    return float(norm.sf(apart - norm.ppf(0.95)))


def _failing(runs: int, seeds: Iterator[int]) -> list[Work]:
    sizes = ((200, 1), (100, 2), (50, 4), (160, 1), (100, 1), (400, 1))
    return [partial(_failing_row, n, rows, runs, next(seeds)) for n, rows in sizes]


def _failing_row(n: int, rows: int, runs: int, seed: int) -> list[str]:
    mine, others = (World(n=n, rows=rows, fail=rate, sigma=0.2) for rate in RATES)
    same = World(n=n, rows=rows, fail=0.05, sigma=0.2)
    found, false = counted(mine, others, runs, seed), counted(same, same, runs, seed)
    power = found.alarms / runs
    floor = failing_floor(n * rows, power=min(power, 0.999), rates=RATES, unchanged=0.05)
    return [
        f"{rows} x {n}",
        _percent(found.alarms, runs),
        _percent(found.suspicions, runs),
        _percent(false.alarms, runs),
        f"{floor:.1%}",
    ]


def _outages(runs: int, seeds: Iterator[int]) -> list[Work]:
    return [
        partial(_outages_row, n, bursts, runs, next(seeds))
        for n in (60, 200)
        for bursts in (1, 5, 15)
    ]


def _outages_row(n: int, bursts: int, runs: int, seed: int) -> list[str]:
    world = World(n=n, fail=0.05, bursts=bursts, sigma=0.2)
    found = counted(world, world, runs, seed)
    return [
        str(n),
        str(bursts),
        _percent(found.alarms, runs),
        _percent(found.suspicions, runs),
    ]


HEAD = """# Does `harness diff` cry wolf, and does it see what was planted?

    .venv/bin/python tests/benchmarks/gate.py --write

Runs whose truth is known are drawn from a seed and compared by the functions of a real diff, with
the thresholds that it has unless told otherwise. {runs} pairs of runs for every row (half as many
where there are 12 workloads): a rate of 1 % is known to about 0.6 points, one of 95 % to about 1.5.
An alarm fails a build (exit code 1); a suspicion is what `--confirm` asks again. Real runs are in
gate_real.md and gate_promises.md.
"""
UNCHANGED = """\
Both runs are alike: in each, 5 % of all requests fail, each by itself, and times are log-normal
around the same median. The goal is at most 1 alarm in 200 pairs of runs. With 200 requests in a
row the failure rate alone alarms more often than that: see below why that cannot be otherwise."""
UNCHANGED_HEAD = (
    *("workloads", "requests in each", "sigma", "alarms", "of 200 pairs of runs", "suspicions"),
)
DRIFT = """\
The other run is a little slower throughout, as runs at other hours are: less than the threshold of
10 %, so that no alarm is right."""
DRIFT_HEAD = ("slower by", "requests", "sigma", "alarms", "suspicions")
SLOWED = """\
60 pairs in all; the goal is 95 %. Pairs of independent times: where the two runs share their noise
(the same seed of an emulator), there is less of it. "Floor" is how often the best test of all,
which knows how times vary, would cry wolf if it is to find 95 of 100: at the emulator's sigma of
0.35 nobody can find a difference of 20 % in 60 independent pairs without one false alarm in
eight."""
SLOWED_HEAD = ("workloads x pairs", "sigma", "alarms", "alarms and suspicions", "floor")
FAILING = """\
The goal is 90 % with 200 requests on each side. "False" is how often an alarm comes where both
fail in 5 %, "floor" how often it has to come with the best test there can be (Neyman and Pearson:
it knows both rates) that finds as many. With 200 requests the two goals, 90 % found and 0.5 %
false, cannot both be met by anyone; with fewer than 150 requests the level is strict, for such a
rate is not found at any; with more than 200 it is as strict as finding 93 % allows."""
FAILING_HEAD = (
    *("workloads x requests", "alarms", "alarms and suspicions", "false, both at 5 %", "floor"),
)
OUTAGES = """\
Nothing changed, but failures come in a row (5 % of requests in both runs): an outage of 15 requests
is one event, not 15."""
OUTAGES_HEAD = ("requests", "in a row", "alarms", "suspicions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    parts = []
    for part in report(asked.runs):
        print(part, flush=True)  # noqa: T201 - prints its tables
        parts.append(part)
    if asked.write:
        Path(__file__).with_suffix(".md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
