"""Known truth in, known truth out: do intervals hold it, and how soon is a difference told?

Run by hand: `python tests/benchmarks/coverage.py [--runs 500] [--write]`. Every figure goes through
the functions of a real run (`stats.speed`, `stats.racing`), from attempts whose true times are
known; no socket is opened. Two processes, some minutes; the seed is fixed. `--write` puts the
tables into coverage.md beside this file.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.benchmarks import simulated
from tests.benchmarks.worlds import BIMODAL, HANGING, WAVE, WORLDS, log_normal

P95 = ("p95 of 300", "truth", "median of what was said", "of its lower bounds", "held")
ONE_LOOK = ("true times", "once, at the end", "at every tenth pair")
HOURS = ("100 attempts each, alike, slower by the hour", "called different")
RACED = ("times of A to E", "decided", "of these A", "attempts", "fixed design", "saved")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(name: str, text: str, table: str) -> str:
    return f"## {name}\n\n{text}\n\n{table}\n"


def _all(pool: ProcessPoolExecutor, work: Sequence[Callable[[], list[str]]]) -> list[list[str]]:
    return [one.result() for one in [pool.submit(each) for each in work]]


def report(runs: int) -> Iterator[str]:
    """Yield the page, a section at a time."""
    yield HEAD.format(runs=runs)
    with ProcessPoolExecutor(2) as pool:
        yield _title("Do 95 % intervals hold the truth?", INTERVALS, _intervals(pool, runs))
        yield _title("The mean", MEANS, _means(pool, runs))
        rows = simulated.dropped(300, runs)
        yield _title("Timeouts", TIMEOUTS, _table(P95, rows))
        yield _title("Two providers", PEEKING, _compared(pool, runs))
        rows = _all(pool, [partial(simulated.wilcoxon_peeked, log_normal(), runs)])
        yield _title("The same with a test made for one look", WILCOXON, _table(ONE_LOOK, rows))
        rows = simulated.one_after_the_other(100, runs)
        yield _title("One after the other", DRIFT, _table(HOURS, rows))
        rows = _all(pool, [partial(simulated.five, runs)])
        yield _title("Five providers", FIVE, _table(RACED, rows))


def _intervals(pool: ProcessPoolExecutor, runs: int) -> str:
    work = [
        partial(simulated.covered, world, n, runs)
        for world in WORLDS
        for n in (8, 30, 60, 100, 300)
    ]
    work += [partial(simulated.covered, simulated.EMULATED, n, runs) for n in (30, 100)]
    head = ("true times", "n", "p50 held", "open above", "p95 held", "open above")
    return _table(head, _all(pool, work))


def _means(pool: ProcessPoolExecutor, runs: int) -> str:
    work = [
        partial(simulated.mean_covered, world, n, runs)
        for world in (log_normal(), BIMODAL)
        for n in (8, 20, 30, 100)
    ]
    return _table(("true times", "n", "mean held"), _all(pool, work))


def _compared(pool: ProcessPoolExecutor, runs: int) -> str:
    worlds = (log_normal(), log_normal(0.5), BIMODAL, HANGING, WAVE)
    compared = [(world, slower) for slower in (1.0, 1.3) for world in worlds]
    compared += [(log_normal(), 1.1), (log_normal(), 2.0)]
    work = [partial(simulated.peeked, world, runs, slower) for world, slower in compared]
    head = (
        "true times",
        "B / A",
        "found",
        "wrong",
        "equal",
        "pairs, median",
        "10 to 90 % of found",
    )
    return _table((*head, "ratio held at every look"), _all(pool, work))


HEAD = """# Known truth in, known truth out

    .venv/bin/python tests/benchmarks/coverage.py --write

Times of which the truth is known are drawn from a seed, made attempts of a benchmark, and read by
the functions of a real run. {runs} simulated runs for every row: a share of 95 % is known to about
2 percentage points. No provider and no socket takes part: this says how far the statistics can be
trusted, not how fast anyone is.
"""
INTERVALS = """\
The goal is 92 to 98 %. "Open above" is how often the interval had no upper bound, for
it lay beyond what was waited for. Where the true p95 lies beyond the common timeout, every honest
interval is open and its lower bound is at most the timeout: it always holds the truth, and 100 % is
as it must be. Bounds lie between order statistics, for whole ones hold more than they say (a median
of 8 in 99.2 %, of 60 in 97.3 %). A p95 of 59 to 71 rests on whole ones with unequal tails, as
nothing else is left."""
MEANS = """\
The bias-corrected and accelerated bootstrap is too narrow for few and skewed times: so a
mean has an interval from 30 attempts on, and says how many it lacks before."""
TIMEOUTS = """\
One attempt in ten hangs (around 176 s) and is given up at 90 s."""
PEEKING = """\
Looked at after each of at most 300 pairs, at an error rate of 5 % for the race. "Wrong"
is any difference where there is none, and the wrong one where there is one. The goals: at most 5 %
wrong, and at most 80 pairs (median) where B takes 1.3 times as long and sigma is the emulator's,
0.35. "Equal" is within 10 %, which takes more pairs than any clear difference. "Held at every look"
is the confidence sequence of the ratio, up to the decision or 300 pairs."""
WILCOXON = """\
Wilcoxon's signed-rank test on pairs of two that are alike, at 5 %."""
DRIFT = """\
Both are alike, and all takes half as long again at the end as at the beginning."""
FIVE = """\
Asked in blocks, at an error rate of 5 % for the whole race; who is decided to be slower is
asked no more. At most 100 blocks, log-normal with the emulator's sigma."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
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
