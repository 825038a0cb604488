"""How fast and how truthful the transport is, beside other tools on the same server.

    python tests/benchmarks/speed.py [--write FILE] [--only PART ...] [--rows PART ...]

Every tool meets a server of its own with known delays (`harness.emulator.delay_server.server`),
whose log says when it had read each request and when the system had taken the reply's last byte.
The error of a reply is what the tool reports less that. Prints Markdown; with `--write` it also
takes the place of what follows the mark in FILE (the committed one is `speed.md`, whose upper part
says how to read it). wrk comes from Debian, the other tools from `make .venv-speed/.made`; what is
missing is skipped, with a word why.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a script

from tests.benchmarks.speed_memory import watched  # noqa: E402 - after the path
from tests.benchmarks.speed_table import Cell, Row, table  # noqa: E402 - the same
from tests.benchmarks.speed_tools import TOOLS, Load, Told, Tool, started, versions  # noqa: E402

MARK = "<!-- What follows is written by the script. -->"
PATIENCE_S = 600
PROGRAM = (sys.executable, "-m", "harness.emulator.delay_server.server", "--json", "--until-eof")

TINY = "/delay/20/body/30"
LARGE_BYTES = 25_000_000
LARGE = f"/delay/1000/image/{LARGE_BYTES}"
STAND_S, EVERY_S, DELAY_S = 3.0, 10.0, 0.020


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A load and what is read off it: rows of the table."""

    load: Load
    rows: tuple[Row, ...]
    frozen: bool = False


def settings() -> tuple[Setting, ...]:
    """Return all loads, the smallest first."""
    tiny = Load(url="", path=TINY, concurrency=64, count=64 * 101, folder="")
    few = Load(url="", path=LARGE, concurrency=16, count=16 * 5, folder="")
    many = Load(url="", path=LARGE, concurrency=64, count=64 * 3, folder="")
    frozen = Load(url="", path=TINY, concurrency=1, count=600, folder="", rate=10.0)
    return (
        Setting(load=tiny, rows=(Row.TINY, Row.RATE)),
        Setting(load=few, rows=(Row.FEW,)),
        Setting(load=many, rows=(Row.MANY,)),
        Setting(load=frozen, rows=(Row.FROZEN,), frozen=True),
    )


@contextmanager
def truth() -> Iterator[str]:
    """Serve with known delays."""
    with subprocess.Popen(
        PROGRAM, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()


def asked(url: str, target: str) -> dict[str, Any]:
    """Ask the server itself."""
    with urlopen(url + target, timeout=60) as reply:  # noqa: S310 - our own loopback
        answer: dict[str, Any] = json.load(reply)
    return answer


def measured(tool: Tool, setting: Setting) -> Cell:
    """Let a tool meet a server of its own, and hold what it reports beside the log."""
    with tempfile.TemporaryDirectory() as folder, truth() as url:
        load = replace(setting.load, url=url, folder=folder)
        if "/image/" in load.path:
            told = asked(url, f"/about/image/{LARGE_BYTES}")
            load = replace(load, pixels=(told["width_px"], told["height_px"], told["size_bytes"]))
        if setting.frozen:
            asked(url, f"/freeze/{STAND_S:g}/{EVERY_S:g}")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = started(tool, load)
        with watched(process.pid) as peak:
            try:
                code = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return Cell(skipped=f"did not end within {PATIENCE_S} s")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        printed = Path(folder, "printed").read_text(encoding="utf-8", errors="replace")
        if code != 0:
            said = Path(folder, "said").read_text(encoding="utf-8", errors="replace")
            last = (said or printed).strip().splitlines()[-1:]
            return Cell(skipped=f"ended with {code}: {' '.join(last)}"[:200])
        log = asked(url, "/log")
        reported = tool.told(load, printed)
    cell = frozen(load, log, reported) if setting.frozen else compared(load, log, reported)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return replace(cell, memory_mb=peak.megabytes, rss_mb=peak.rss_bytes / 1e6, cpu_s=cpu_s)


def compared(load: Load, log: dict[str, Any], told: Told) -> Cell:
    """Return quantiles of the error.

    The first request of each connection is told apart: of tiny ones it is the warm-up, of large
    ones the only one whose reply surely comes together with those of all other connections.
    """
    whole = (one for one in log["requests"] if one["last_s"])
    every = sorted(whole, key=lambda one: one["received_s"])
    first, entries = every[: load.concurrency], every[load.concurrency :]
    span_s = max(one["last_s"] for one in entries) - entries[0]["received_s"]
    if told.quantiles:  # it names no requests
        true = [one["last_s"] - one["received_s"] for one in entries]
        p50_s, p99_s = (told.quantiles[q] - cut(true, q) for q in (50, 99))
    else:
        later = errors(entries, told)
        p50_s, p99_s = cut(later, 50), cut(later, 99)
    return Cell(
        n=len(entries),
        replies=len(every),
        p50_s=p50_s,
        p99_s=p99_s,
        burst_p50_s=None if told.quantiles else cut(errors(first, told), 50),
        per_s=len(entries) / span_s,
        verified=None if load.pixels is None or told.verified is None else told.verified,
        sent=load.count,
    )


def errors(entries: Sequence[dict[str, Any]], told: Told) -> list[float]:
    """Return what was reported less what the log says, of each request."""
    return [
        told.spans[one["id"]] - (one["last_s"] - one["received_s"])
        for one in entries
        if one["id"] in told.spans
    ]


def frozen(load: Load, log: dict[str, Any], told: Told) -> Cell:
    """Return the p95 that was reported, and the true one: from the timetable alone."""
    still = log["standstill"]

    def over_s(at_s: float) -> float:
        within_s = (at_s - still["from_s"]) % EVERY_S
        return at_s + EVERY_S - within_s if within_s >= EVERY_S - STAND_S else at_s

    assert load.rate is not None
    start_s = min(one["received_s"] for one in log["requests"])
    dues = sorted(told.dues.values()) or [
        start_s + number / load.rate for number in range(load.count)
    ]
    true = [over_s(over_s(due_s) + DELAY_S) - due_s for due_s in dues]
    logged = {one["id"]: one["last_s"] for one in log["requests"]}
    seen = [logged[name] - due_s for name, due_s in told.dues.items()]
    return Cell(
        n=len(told.spans),
        p95_s=cut(list(told.spans.values()), 95),
        true_p95_s=cut(true, 95),
        logged_p95_s=cut(seen, 95) if seen else None,
        sent=load.count,
    )


def cut(values: Sequence[float], percent: int) -> float:
    """Return a quantile, between the values of the sample (type 7)."""
    if percent == 50:
        return median(values)
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def machine() -> str:
    """Say what it runs on, in general words, and how busy that is with other work."""
    busy = f"load average {os.getloadavg()[0]:.1f} before the first tool"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {busy}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="*", default=[], metavar="PART", help="of a tool's name")
    parser.add_argument("--rows", nargs="*", default=[], metavar="PART", help="of a row's name")
    options = parser.parse_args()
    tools = [one for one in TOOLS if not options.only or any(x in one.name for x in options.only)]
    cells: dict[tuple[Row, str], Cell] = {}
    where = machine()
    for setting in settings():
        rows = [r for r in setting.rows if not options.rows or any(x in r for x in options.rows)]
        for tool in tools if rows else ():
            missing = tool.missing()
            cell = Cell(skipped=missing)
            if setting.frozen and not tool.open_loop:
                cell = Cell(skipped="-")
            elif not missing:
                cell = measured(tool, setting)
            sys.stderr.write(f"{tool.name}: {', '.join(rows)}: {cell}\n")
            cells |= {(row, tool.name): cell for row in rows}
    text = f"{where}; {versions()}\n\n{table(cells, [tool.name for tool in tools])}\n"
    print(text)  # noqa: T201 - prints its table
    if options.write:
        upper = options.write.read_text(encoding="utf-8").partition(MARK)[0]
        options.write.write_text(f"{upper}{MARK}\n\n{text}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
