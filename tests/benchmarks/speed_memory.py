"""How much memory a process and all that it started hold, looked at again and again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

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
    rss_bytes = pss_bytes = 0
    with suppress(psutil.Error):  # it has ended
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                held = one.memory_full_info()
                rss_bytes += held.rss
                pss_bytes += held.pss
    peak.rss_bytes = max(peak.rss_bytes, rss_bytes)
    peak.pss_bytes = max(peak.pss_bytes, pss_bytes)
