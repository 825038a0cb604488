"""What a process that works for another one does at its start, and before each piece of work.

Such a process loads this module, so it imports the standard library only.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import resource

READY = b"ready\n"
"""The first line of a process that has started."""

NICENESS = 10
"""Receiving goes first; 19 would starve the process on a machine that is busy otherwise."""


def take_answers() -> BinaryIO:
    """Return where answers go; what a library prints from now on is none."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    return answers


def step_back(data_at_most_bytes: int) -> None:
    """Let others go first, and take no more memory than that: what is beyond it is an error.

    Windows knows neither: there a hostile file takes what memory the machine has.
    """
    if sys.platform == "win32":
        return
    os.nice(NICENESS)
    with suppress(OSError), Path("/proc/self/oom_score_adj").open("w") as file:
        file.write("1000")  # where memory runs out, the run goes on
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (data_at_most_bytes, hard))


def allow_cpu(seconds: int) -> None:
    """Let this process be ended after so many more seconds of one processor; not on Windows."""
    if sys.platform == "win32":
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(spent.ru_utime + spent.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
