"""How much memory a process and all that it started hold, looked at again and again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
EVERY_S = 0.1
MEGA = 1_000_000


@dataclass(slots=True)
class Peak:
    """The most that was seen, in bytes; in `pss_bytes`, pages shared by several count once."""

    rss_bytes: int = 0
    pss_bytes: int = 0

    @property
    def megabytes(self) -> float | None:
        """What the processes held together, each page counted once."""
        return self.pss_bytes / MEGA if self.pss_bytes else None


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Watch a process and its descendants until the block ends."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            _look(pid, peak)
            ended.wait(EVERY_S)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _look(pid: int, peak: Peak) -> None:
    family = [_held(one) for one in _family(pid)]
    peak.rss_bytes = max(peak.rss_bytes, sum(rss for rss, _ in family))
    peak.pss_bytes = max(peak.pss_bytes, sum(pss for _, pss in family))


def _family(pid: int) -> set[int]:
    """Return the process and all that descend from it."""
    parents: dict[int, int] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            told = stat.read_text(errors="replace").rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(told[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _held(pid: int) -> tuple[int, int]:
    """Return what one process holds: resident, and its share of that."""
    found = {"Rss": 0, "Pss": 0}
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0]) * 1024
    return found["Rss"], found["Pss"]
