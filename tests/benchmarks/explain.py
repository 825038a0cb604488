"""How long `harness explain` takes as a user waits for it: the whole process, from its start.

Run by hand on an idle machine: `python tests/benchmarks/explain.py [TIMES]`. Wall time is what the
user waits; processor time tells how much of that was other work on the machine.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HARNESS = str(Path(sys.executable).parent / "harness")
AT_MOST_S = 0.5
COMMANDS = (
    ("explain", "--size", "3840x1024", "--n", "2"),
    ("explain", "--size", "3840x1024", "--n", "2", "--provider", "nanobanana"),
    ("explain", "--size", "3840x1024", "--n", "2", "--json"),
    ("--help",),
)


def once(command: tuple[str, ...]) -> tuple[float, float]:
    """Return the wall and processor seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([HARNESS, *command], stdout=subprocess.DEVNULL, check=False)
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print a table; return 1 where half of the runs of a command took too long."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    load = f"{os.getloadavg()[0]:.1f}"
    sys.stdout.write(f"{times} runs each, load average {load} before the first\n\n")
    sys.stdout.write("| command | wall s: min | median | max | processor s: median |\n")
    sys.stdout.write("|---|---|---|---|---|\n")
    slow = False
    for command in COMMANDS:
        once(command)  # writes the compiled modules
        walls, processors = zip(*(once(command) for _ in range(times)), strict=True)
        middle = statistics.median(walls)
        slow |= middle > AT_MOST_S
        sys.stdout.write(
            f"| `harness {' '.join(command)}` | {min(walls):.3f} | {middle:.3f} | "
            f"{max(walls):.3f} | {statistics.median(processors):.3f} |\n"
        )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
