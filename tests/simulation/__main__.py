"""`python -m tests.simulation --seeds 2000`: simulated worlds, or planted bugs to be seen."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from itertools import chain
from multiprocessing import get_context

from tests.simulation.planted import PLANTED, first_found
from tests.simulation.seeds import SeedResult, parsed, run_seeds, seeds_in

CHUNK = 25
SHOWN = 5
"""So many failing seeds are shown whole; all are counted."""


def main(arguments: Sequence[str]) -> int:
    """Play worlds; return 0 where every invariant holds, 1 where one is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="2000", type=parsed, metavar="N|FIRST-LAST")
    parser.add_argument("--jobs", default=2, type=int)
    parser.add_argument("--planted", action="store_true", help="plant each bug of the list instead")
    options = parser.parse_args(arguments)
    first, last = options.seeds
    if options.planted:
        return _planted(first, last)
    return _worlds(first, last, options.jobs)


def _show(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _worlds(first: int, last: int, jobs: int) -> int:
    begun_s, digest, broken, processes = time.monotonic(), sha256(), 0, 0
    for result in _results(first, last, jobs):
        digest.update(result.digest.encode())
        processes += result.processes
        if result.invariant:
            broken += 1
            if broken <= SHOWN:
                _show(result.describe(lines=1000 if first == last else 12))
    if first == last and not broken:
        _show(*result.history)
    took_s = time.monotonic() - begun_s
    _show(
        f"{last - first + 1} worlds, {processes} processes, {broken} with a broken invariant, "
        f"{took_s:.0f} s; histories {digest.hexdigest()[:16]}"
    )
    return 1 if broken else 0


def _results(first: int, last: int, jobs: int) -> Iterator[SeedResult]:
    """Yield the results in the order of their seeds; workers are reused."""
    if jobs < 2 or last - first < CHUNK:
        yield from run_seeds(first, last)
        return
    starts = range(first, last + 1, CHUNK)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        chunks = pool.map(seeds_in, starts, [min(at + CHUNK - 1, last) for at in starts])
        yield from chain.from_iterable(chunks)


def _planted(first: int, last: int) -> int:
    _show("| planted bug | found after worlds | by the invariant |\n|---|---|---|")
    missed = 0
    for bug in PLANTED:
        found = first_found(bug, first, last)
        missed += found is None
        number = f"{found.seed - first + 1}" if found else f"not in {last - first + 1}"
        _show(f"| {bug.what} | {number} | {found.invariant if found else ''} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
