"""What it costs a request that its lines are on the disk before anything follows from them.

Run by hand: `python tests/benchmarks/durability.py [REQUESTS]`. Each worker journals one request
after the other (sent, exchanged, ended), and never waits for a provider:
the worst case. The disks take turns within one run: as it is, without any sync, and with syncs that
take a time of their own, as those of other machines do.
"""

import asyncio
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.runner.execution.conversation import Journal
from harness.runner.execution.room import IMAGE_BYTES
from harness.store.disk import LocalDisk
from harness.store.folder import RunFolder
from tests.runner.journals import header
from tests.store.journals import ended, exchanged, sent

CONCURRENCIES = (1, 8, 64, 256)
IMAGE_S = 10.0
GOAL = 0.02
ROUNDS = 3


class Unsynced(LocalDisk):
    """The same disk, and nothing of the journal is waited for."""

    def sync(self, name: str) -> None:
        """Leave it to the system."""


def slow(sync_s: float) -> type[LocalDisk]:
    """Return a disk whose syncs of the journal take so many seconds more."""

    class Slow(LocalDisk):
        def sync(self, name: str) -> None:
            super().sync(name)
            time.sleep(sync_s)

    return Slow


DISKS: dict[str, Callable[[Path], LocalDisk]] = {
    "without": Unsynced.create,
    "with": LocalDisk.create,
    "5 ms": slow(0.005).create,
    "20 ms": slow(0.020).create,
}


async def _request(journal: Journal, number: int) -> float:
    start = time.perf_counter()
    await journal.reserve(IMAGE_BYTES, asyncio.Event())
    await journal.append(sent(number))
    await journal.append(exchanged(number))
    await journal.append(ended(number))
    journal.release(IMAGE_BYTES)
    return time.perf_counter() - start


async def _all(journal: Journal, requests: int, concurrency: int) -> list[float]:
    numbers = iter(range(requests))

    async def work() -> list[float]:
        return [await _request(journal, number) for number in numbers]

    done = await asyncio.gather(*(work() for _ in range(concurrency)))
    return [seconds for each in done for seconds in each]


def measured(disk: str, concurrency: int, requests: int) -> float:
    """Return the seconds that the journal takes of a request, in the mean."""
    place = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix=".durability-"))
    try:
        folder = RunFolder.create(place / "run", disk=DISKS[disk](place / "run"))
        folder.write_header(header())
        journal = Journal(folder)
        took = asyncio.run(_all(journal, requests, concurrency))
        journal.close()
    finally:
        shutil.rmtree(place)
    return statistics.fmean(took)


def main(requests: int) -> int:
    """Print the table; exit code 1 where the syncs of this disk cost more than the goal."""
    print(f"Python {platform.python_version()}, {requests} requests a cell, {ROUNDS} rounds")  # noqa: T201 - prints its table
    print()  # noqa: T201 - the same
    print("| at once | " + " | ".join(f"{disk} (ms)" for disk in DISKS) + " | of 10 s |")  # noqa: T201 - the same
    print("|---" * (len(DISKS) + 2) + "|")  # noqa: T201 - the same
    worst = 0.0
    for concurrency in CONCURRENCIES:
        rounds = [
            {disk: measured(disk, concurrency, max(requests, concurrency)) for disk in DISKS}
            for _ in range(ROUNDS)
        ]
        means = {disk: statistics.median(each[disk] for each in rounds) for disk in DISKS}
        share = (means["with"] - means["without"]) / IMAGE_S
        worst = max(worst, share)
        cells = " | ".join(f"{seconds * 1000:.2f}" for seconds in means.values())
        print(f"| {concurrency} | {cells} | {share:.3%} |")  # noqa: T201 - the same
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
