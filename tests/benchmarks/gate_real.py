"""Real runs against the emulator for the exam of `harness diff`: unchanged, and with changes.

Run by hand: `python tests/benchmarks/gate_real.py --runs 15 [--write]`. Each run is a benchmark of
sub2api by `harness.api.run`: 30 blocks of two workloads, drawn times at a fiftieth of their length,
5 % of all requests in an outage, another seed each. Every two of them are one pair; so pairs share
runs. `--write` puts the table into gate_real.md beside this file.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness import api
from harness.comparing.compare import compare
from harness.comparing.model import Baseline, Diff
from harness.planning.benchmark_options import BenchmarkOptions
from harness.planning.options import EmulatorOptions, Options, Output, Planning, Target

TIME_SCALE = 0.02
PROVIDER = "sub2api"


def measured(folder: Path, *, seed: int, fault: str, slower: float = 1.0) -> Baseline:
    """Return what one benchmark against a fresh emulator showed, or did when it was run before."""
    if (folder / "summary.json").exists():
        return api.baseline(folder)
    result = api.run(
        Options(
            target=Target(against="emulator", providers=(PROVIDER,)),
            planning=Planning(only="benchmark", seed=seed),
            benchmark=BenchmarkOptions(blocks=30),
            emulator=EmulatorOptions(time_scale=TIME_SCALE * slower, faults=(fault,)),
            output=Output(out=folder),
        )
    )
    return result.baseline


def report(runs: int, folder: Path) -> Iterator[str]:
    """Yield the page: each pair of unchanged runs, then each run beside one that changed."""
    yield HEAD.format(runs=runs, pairs=runs * (runs - 1) // 2)
    fault = f"{PROVIDER}:outage@0.05"
    seeds = range(1, runs + 1)
    same = [measured(folder / f"{seed}", seed=seed, fault=fault) for seed in seeds]
    yield _row("unchanged, other seeds", [compare(*pair) for pair in combinations(same, 2)])
    slow = [
        measured(folder / f"slow{seed}", seed=seed, fault=fault, slower=1.2)
        for seed in seeds[: runs // 5]
    ]
    yield _row(
        "20 % slower, the same seed", [compare(*pair) for pair in zip(same, slow, strict=False)]
    )
    others = [(run, other) for run in same for other in slow if run.seed != other.seed]
    yield _row("20 % slower, other seeds", [compare(*pair) for pair in others])


def _row(name: str, diffs: Sequence[Diff]) -> str:
    failing = [diff for diff in diffs if diff.failing]
    suspected = [diff for diff in diffs if any(each.direction == "worse" for each in diff.changes)]
    kinds = Counter(each.kind for diff in failing for each in diff.failing)
    said = ", ".join(f"{kind} {number}" for kind, number in kinds.items()) or "-"
    sizes = sorted(
        each.change.n
        for diff in diffs
        for each in diff.comparisons
        if each.kind == "slower" and not each.operation
    )
    middle = sizes[len(sizes) // 2] if sizes else 0
    return f"| {name} | {len(diffs)} | {middle} | {len(failing)} | {said} | {len(suspected)} |\n"


HEAD = """# Real runs against the emulator, compared

    .venv/bin/python tests/benchmarks/gate_real.py --runs {runs} --write

{runs} benchmarks of sub2api at the emulator: two workloads in 30 blocks, drawn times (sigma 0.35)
at a fiftieth of their length, 5 % of all requests in an outage. Each two of them are a pair,
{pairs} in all, so that pairs share runs. An alarm is exit code 1 of `harness diff`.

| the other run | pairs of runs | pairs of requests | alarms | of kind | alarms and suspicions |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--folder", type=Path, help="keep the runs there, and take those that are")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    parts = []
    with tempfile.TemporaryDirectory() as place:
        for part in report(asked.runs, asked.folder or Path(place)):
            print(part, end="", flush=True)  # noqa: T201 - prints its table
            parts.append(part)
    if asked.write:
        Path(__file__).with_suffix(".md").write_text("".join(parts))


if __name__ == "__main__":
    main()
