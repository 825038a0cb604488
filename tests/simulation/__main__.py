"""`python -m tests.simulation --seeds 2000`: simulated worlds, or planted bugs to be seen."""

import argparse
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from multiprocessing import get_context

from tests.benchmarks.reliability import ROOT, Section, conclude
from tests.simulation.planted import PLANTED, first_found
from tests.simulation.seeds import SeedResult, parsed, run_seeds, seeds_in

CHUNK = 25
HOUR_S = 3600.0
PLANTED_WITHIN = 200
SHOWN = 5
"""So many failing seeds are shown whole; all are counted."""


def main(arguments: Sequence[str]) -> int:
    """Play worlds; return 0 where every invariant holds, 1 where one is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="2000", type=parsed, metavar="N|FIRST-LAST")
    parser.add_argument("--jobs", default=2, type=int)
    parser.add_argument("--planted", action="store_true", help="plant each bug of the list instead")
    parser.add_argument("--write", action="store_true", help="both, into reports/reliability.md")
    options = parser.parse_args(arguments)
    first, last = options.seeds
    if options.planted:
        return int(_planted(first, last)[0] > 0)
    played = _worlds(first, last, options.jobs)
    if not options.write:
        return int(played.broken > 0)
    command = ["python", "-m", "tests.simulation", *arguments]
    return conclude(_section(played, [part for part in command if part != "--write"]), write=True)


@dataclass(slots=True, kw_only=True)
class Played:
    """How many worlds were played, and what came of them."""

    worlds: int
    processes: int = 0
    broken: int = 0
    hours: float = 0.0


def _section(played: Played, command: Sequence[str]) -> Section:
    missed, table = _planted(0, PLANTED_WITHIN - 1)
    found = f"{len(PLANTED) - missed} of {len(PLANTED)}"
    git = shutil.which("git") or "git"
    commit = subprocess.run(
        [git, "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return Section(
        title="Simulation",
        claim=(
            "Whole runs on a simulated clock, disk and network, killed, cut from the power, "
            "stopped by signals and resumed, charge nothing twice, lose no reply, pass no limit, "
            "convict nobody wrongly and come to the verdicts of the undisturbed run. A seed "
            "replays its world."
        ),
        holds=not (played.broken or missed),
        figures=(
            "| worlds | processes | with a broken invariant | planted bugs found |",
            "|---:|---:|---:|---:|",
            f"| {played.worlds:,} | {played.processes:,} | {played.broken} | {found} |",
            "",
            f"At commit {commit or 'unknown'}; {played.hours:,.0f} hours of simulated time.",
        ),
        command=shlex.join(command),
        evidence=("Each bug was planted in the harness, one at a time:", "", *table),
    )


def _show(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _worlds(first: int, last: int, jobs: int) -> Played:
    begun_s, digest, played = time.monotonic(), sha256(), Played(worlds=last - first + 1)
    for result in _results(first, last, jobs):
        digest.update(result.digest.encode())
        played.processes += result.processes
        played.hours += result.lasted_s / HOUR_S
        if result.invariant:
            played.broken += 1
            if played.broken <= SHOWN:
                _show(result.describe(lines=1000 if first == last else 12))
    if first == last and not played.broken:
        _show(*result.history)
    took_s = time.monotonic() - begun_s
    _show(
        f"{played.worlds} worlds, {played.processes} processes, "
        f"{played.broken} with a broken invariant, "
        f"{took_s:.0f} s; histories {digest.hexdigest()[:16]}"
    )
    return played


def _results(first: int, last: int, jobs: int) -> Iterator[SeedResult]:
    """Yield the results in the order of their seeds; workers are reused."""
    if jobs < 2 or last - first < CHUNK:
        yield from run_seeds(first, last)
        return
    starts = range(first, last + 1, CHUNK)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        chunks = pool.map(seeds_in, starts, [min(at + CHUNK - 1, last) for at in starts])
        yield from chain.from_iterable(chunks)


def _planted(first: int, last: int) -> tuple[int, list[str]]:
    """Return how many of the planted bugs are not seen, and a table of all."""
    table = ["| planted bug | found after worlds | by the invariant |", "|---|---:|---|"]
    _show(*table)
    missed = 0
    for bug in PLANTED:
        found = first_found(bug, first, last)
        missed += found is None
        number = f"{found.seed - first + 1}" if found else f"not in {last - first + 1}"
        table.append(f"| {bug.what} | {number} | {found.invariant if found else ''} |")
        _show(table[-1])
    return missed, table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
