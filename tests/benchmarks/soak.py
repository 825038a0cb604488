"""A run that goes on for half an hour: nothing grows but what it has to keep.

    python tests/benchmarks/soak.py [--minutes F] [--write]

A benchmark sends requests to all providers at a constant rate, each of which takes a few seconds,
for so many real minutes: submissions, polls, downloads, pauses. Every few seconds the process looks
at itself: memory, open descriptors, threads, unfinished tasks. None of them may have a slope once
the run is warm, but for the records, which a run keeps in memory: at most so many bytes a request.
Exits with 1 where one grows.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

import psutil

from tests.benchmarks.reliability import ROOT, Section, conclude
from tests.runner.processes import HARNESS, KNOWN, emulator, started
from tests.shipped import NAMES

MINUTES = 30.0
EVERY_S = 5.0
PER_MINUTE = 12
"""Requests to each provider: low enough to run beside other work."""

WARM_SHARE = 0.3
"""The first part of the run, in which pools and caches fill."""

RECORD_KB = 64.0
"""What a request may add to the memory of its run: its record, with all round trips."""

LEAK_PER_HOUR = 6.0
"""Descriptors, threads or tasks that may come to stay in an hour: fewer than one request in 600."""

SWING = 5
"""By how many of them two moments may differ without a leak: requests come and go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a process holds `at_s` seconds after its start."""

    at_s: float
    rss_kb: float
    files: int
    threads: int
    tasks: int
    cpu_s: float


def sample_into(path: Path) -> None:
    """Write a sample of this process every few seconds, from a thread of its own."""

    def look() -> None:
        process = psutil.Process()
        begun_s = time.monotonic()
        with path.open("a", encoding="utf-8") as file:
            while True:
                times = process.cpu_times()
                line = {
                    "at_s": time.monotonic() - begun_s,
                    "rss_kb": process.memory_info().rss / 1000,
                    "files": process.num_fds(),
                    "threads": process.num_threads(),
                    "tasks": _unfinished_tasks(),
                    "cpu_s": times.user + times.system,
                }
                file.write(json.dumps(line) + "\n")
                file.flush()
                time.sleep(EVERY_S)

    threading.Thread(target=look, daemon=True).start()


def _unfinished_tasks() -> int:
    return sum(isinstance(each, asyncio.Task) and not each.done() for each in gc.get_objects())


def soak(minutes: float) -> tuple[list[Sample], int, int]:
    """Run for so long; return the samples, how many requests were sent, and the exit code."""
    blocks = max(1, round(minutes * PER_MINUTE))
    with (
        emulator("--seconds-per-image", "4", *KNOWN) as found,
        tempfile.TemporaryDirectory() as parent,
    ):
        path = Path(parent) / "samples"
        first = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; "
            f"from tests.benchmarks.soak import sample_into; sample_into(Path({str(path)!r}))"
        )
        options = (
            *("--only", "benchmark", "--no-calibrate", "--workload", "default:any-size-draft"),
            *("--rate", f"{PER_MINUTE}/min", "--blocks", str(blocks)),
            *(part for name in NAMES for part in ("--budget", f"{name}=1000000")),
        )
        command = (*HARNESS[:-1], f"{first}; {HARNESS[-1]}")
        live = ("--against", "live", *found.at(*NAMES))
        process = started("run", *live, *options, "--out", Path(parent) / "run", command=command)
        _wait(process)
        samples = [Sample(**json.loads(line)) for line in path.read_text().splitlines()]
    return samples, blocks * len(NAMES), process.returncode


def _wait(process: "subprocess.Popen[str]") -> None:
    """Wait until the run has ended; what it says is a few lines."""
    process.communicate()


def _hourly(samples: Sequence[Sample], column: str) -> float:
    """Return by how much a figure rises in an hour, by the least squares."""
    at_s = [sample.at_s for sample in samples]
    slope, _ = linear_regression(at_s, [float(getattr(sample, column)) for sample in samples])
    return float(slope) * 3600


def _steady(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples between the warm-up and the last requests, after which the report is made.

    The end is where the last tenth begins.
    """
    begin, end = int(len(samples) * WARM_SHARE), int(len(samples) * 0.9)
    return list(samples[begin:end])


def main() -> int:
    """Soak and report; return 1 where something grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--write", action="store_true", help="into reports/reliability.md")
    minutes = parser.parse_args().minutes
    samples, requests, code = soak(minutes)
    steady = _steady(samples)
    record_kb = _hourly(steady, "rss_kb") / (PER_MINUTE * len(NAMES) * 60)
    leaks = {column: _hourly(steady, column) for column in ("files", "threads", "tasks")}
    spans = {
        column: (
            median(getattr(sample, column) for sample in steady[: len(steady) // 4]),
            median(getattr(sample, column) for sample in steady[-len(steady) // 4 :]),
        )
        for column in ("rss_kb", *leaks)
    }
    grown = [
        column
        for column, slope in leaks.items()
        if slope > LEAK_PER_HOUR and spans[column][1] > spans[column][0] + SWING
    ]
    too_heavy = record_kb > RECORD_KB
    rows = [
        f"| {column} | {first:,.0f} | {last:,.0f} | {_hourly(steady, column):+,.1f} |"
        for column, (first, last) in spans.items()
    ]
    text = (
        f"{minutes:g} minutes, {requests:,} requests to {len(NAMES)} providers, exit code {code}, "
        f"{samples[-1].cpu_s:.0f} s of CPU, {len(samples)} samples; memory grew by {record_kb:.1f} "
        "kB a request."
    )
    section = Section(
        title="Soak",
        claim="In half an hour of real minutes nothing grows but the records of the run, which it "
        f"keeps in memory: at most {RECORD_KB:g} kB a request.",
        holds=code in (0, 1) and not grown and not too_heavy,
        figures=[
            text,
            "",
            "| what | median of the first quarter after warm-up | of the last | slope per hour |",
            "|---|---:|---:|---:|",
            *rows,
        ],
        evidence=[f"- {column} grows" for column in grown],
    )
    return conclude(section, write=parser.parse_args().write)


if __name__ == "__main__":
    sys.exit(main())
