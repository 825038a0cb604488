"""Threads of the command share one heap of the C library."""

import platform
import subprocess
import sys

import pytest

WORK = """
import re, sys, threading
from harness.cli.heap import share_heap
if sys.argv[1] == "shared":
    share_heap()
together = threading.Barrier(8)
def work():
    together.wait()
    held = [bytes(50_000) for _ in range(20)]
    together.wait()
    return held
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
places = open("/proc/self/maps").read()
print(len(re.findall("[0-9a-f]+[048c]000000-[0-9a-f]+ rw-p 00000000 00:00 0 \\n", places)))
"""


def heaps(how: str) -> int:
    """Count the heaps of threads: each begins at a multiple of 64 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_one_heap() -> None:
    assert heaps("shared") + 3 < heaps("each its own")  # chance puts another mapping there, rarely
