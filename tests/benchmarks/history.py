"""How often change points are wrong, what they find, and how long 1,000 runs take.

    python -m tests.benchmarks.history [--series 400] [--runs 1000] [--write]

Series are drawn with seeds of their own. The runs are the sample run's whole `summary.json` (of six
providers) with other dates and times, one every eight hours; the command is the one that a user
types, in a process of its own, with no index there. Its time is given beside that of Python's
reading and parsing the same bytes in the same minute: machines differ, the ratio hardly does.
`history.md` is written with `--write`.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.random import Generator

from harness.history.index import CACHE
from harness.stats.change_points import ALPHA, METHOD, change_points

PAGE = Path(__file__).with_suffix(".md")
SAMPLE = Path(__file__).parents[2] / "reports" / "sample" / "summary.json"
LENGTHS = (30, 60, 100, 300, 1000)
REQUESTS = 36
NEAR = 2

Steps = tuple[int, ...]


def _of(values: object, **more: object) -> Steps:
    return tuple(step.at for step in change_points(list(values), **more))  # type: ignore[call-overload, arg-type]


def _share(chance: Generator, runs: int, share: float) -> Steps:
    failed = chance.binomial(REQUESTS, share, runs) / REQUESTS
    return _of(failed, n=[REQUESTS] * runs, share=True)


CONSTANT: dict[str, Callable[[Generator, int], Steps]] = {
    "normal, deviation 10 %": lambda c, n: _of(c.normal(1, 0.1, n)),
    "log-normal, deviation 30 %": lambda c, n: _of(np.exp(c.normal(0, 0.3, n))),
    "Student's t, 3 degrees of freedom": lambda c, n: _of(np.abs(10 + c.standard_t(3, n))),
    "exponential": lambda c, n: _of(c.exponential(1, n)),
    f"share 2 % of {REQUESTS} requests": lambda c, n: _share(c, n, 0.02),
    f"share 5 % of {REQUESTS} requests": lambda c, n: _share(c, n, 0.05),
}


def false_changes(series: int) -> Iterator[str]:
    yield "| a constant level, noise | " + " | ".join(f"{n} runs" for n in LENGTHS) + " |"
    yield "|---|" + "---:|" * len(LENGTHS)
    for name, draw in CONSTANT.items():
        cells = []
        for length in LENGTHS:
            wrong = sum(
                bool(draw(np.random.default_rng([seed, length]), length)) for seed in range(series)
            )
            cells.append(f"{wrong} of {series}")
        yield f"| {name} | {' | '.join(cells)} |"
    pairs = []
    for length in LENGTHS:
        drawn = (
            np.random.default_rng([seed, length]).normal(1, 0.1, length) for seed in range(series)
        )
        wrong = sum(bool((each[1:] > 1.1 * each[:-1]).any()) for each in drawn)
        pairs.append(f"{wrong} of {series}")
    yield f"| normal, but each run beside the one before (10 %) | {' | '.join(pairs)} |"


def found_steps(series: int) -> Iterator[str]:
    yield "| runs, step at | found | within 2 runs | the same by who knows both levels | others |"
    yield "|---|---:|---:|---:|---:|"
    for length, at in ((40, 20), (60, 30), (100, 50), (100, 80), (300, 200), (1000, 500)):
        found = near = known = others = 0
        for seed in range(series):
            values = np.random.default_rng([seed, length, at]).normal(1, 0.1, length)
            values[at:] += 0.2
            steps = _of(values)
            found += any(abs(step - at) <= 5 * NEAR for step in steps)
            near += any(abs(step - at) <= NEAR for step in steps)
            others += sum(abs(step - at) > 5 * NEAR for step in steps)
            sums = np.cumsum(np.append(0, values - 1.1))
            known += abs(int(np.argmin(sums)) - at) <= NEAR
        shares = (f"{count / series * 100:.1f} %" for count in (found, near, known))
        yield f"| {length}, {at} | {' | '.join(shares)} | {others} |"


def thousand(count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = _written(folder, count)
        began = perf_counter()
        for file in folder.rglob("summary.json"):
            file.read_bytes()
        read_s = perf_counter() - began
        began = perf_counter()
        for file in [*folder.rglob("summary.json")][: count // 10]:
            json.loads(file.read_bytes())
        parsed_s = (perf_counter() - began) * 10
        new_s, new_cpu_s = _command(folder)
        page = (folder / "history.html").stat().st_size
        again_s, again_cpu_s = _command(folder)
        index = (folder / CACHE).stat().st_size
    yield "| " + f"{count:,} runs, {size / 1e6:,.0f} MB of summaries" + " | seconds | CPU | ratio |"
    yield "|---|---:|---:|---:|"
    yield f"| to read the bytes (warm) | {read_s:.2f} | | |"
    yield f"| to parse them with Python's json (a tenth, times ten) | {parsed_s:.1f} | | 1 |"
    for words, took_s, cpu_s in (
        ("`harness history DIR`, from nothing", new_s, new_cpu_s),
        ("the same again, with its index", again_s, again_cpu_s),
    ):
        yield f"| {words} | {took_s:.1f} | {cpu_s:.1f} | {took_s / parsed_s:.2f} |"
    yield ""
    yield f"The page has {page / 1e6:.2f} MB, the index {index / 1e6:.1f} MB."


def _written(folder: Path, count: int) -> int:
    text = SAMPLE.read_text(encoding="utf-8")
    whole = json.loads(text)
    created, finished = whole["run"]["created"], whole["run"]["finished"]
    medians = [row["median"]["value"] for row in whole["latency"]]
    chance, first, size = random.Random(0), datetime(2026, 1, 1, tzinfo=UTC), 0
    for at in range(count):
        day = first + at * timedelta(hours=8)
        made = text.replace(created, day.isoformat())
        made = made.replace(finished, (day + timedelta(minutes=2)).isoformat())
        made = made.replace('"run": "sample"', f'"run": "run-{at:04d}"')
        for median in medians:
            slower = 1.2 if at >= count // 2 else 1
            made = made.replace(str(median), str(median * slower * chance.gauss(1, 0.1)), 1)
        place = folder / f"{day:%Y-%m}" / f"run-{at:04d}"
        place.mkdir(parents=True)
        size += (place / "summary.json").write_text(made, encoding="utf-8")
    return size


def _command(folder: Path) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "harness", "history", str(folder)], check=True, capture_output=True
    )
    took_s = perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took_s, cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = [
        "# History: change points and 1,000 runs",
        "",
        "    python -m tests.benchmarks.history --write",
        "",
        f"Method: {METHOD}.",
        "",
        f"A series without a change is to have one at most {ALPHA:g} of the time.",
        "",
        "## Series without a change that are said to have one",
        "",
        *false_changes(asked.series),
        "",
        "## A step of 20 %, deviation of a run 10 %",
        "",
        "`found` is within 10 runs. No method can place such a step better than one that knows",
        "the level before, the level after, and that there is one step. `others` are changes",
        f"elsewhere, of {asked.series} series.",
        "",
        *found_steps(asked.series),
        "",
        "## 1,000 runs",
        "",
        f"{os.cpu_count()} cores, shared with other work: a load of {os.getloadavg()[0]:.1f} when",
        "begun. Hence the seconds of CPU, and the ratio to what was measured in the same minute.",
        "",
        *thousand(asked.runs),
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
