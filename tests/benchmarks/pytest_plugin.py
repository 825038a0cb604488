"""What `pytest --harness-run` costs, and what the plugin costs a session that has no run.

    python tests/benchmarks/pytest_plugin.py [--repeat 5] [--write]

The runs are a replay of the samples of all providers, and a small one with a broken promise. Each
session starts in a new process, those that are compared take turns. CPU time counts a session's
child processes; the wall's depends on what else the machine does, CPU time hardly. `--write` writes
the table to `tests/benchmarks/pytest_plugin.md`.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).with_suffix(".md")
HARNESS = [sys.executable, "-m", "harness"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
BARE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
PLUGIN = ["-p", "harness.pytest_plugin"]
XDIST = ["-p", "xdist"]
SMALL = ["--provider", "apiframe", "--against", "emulator", "--max-images", "8"]
OFTEN = 4
"""How much oftener the plugin of an idle session is measured: it costs milliseconds."""

SESSIONS: dict[str, tuple[list[str], Mapping[str, str]]] = {
    "one test of one's own, without the plugin": (["test_own.py"], BARE),
    "one test of one's own, with the plugin": ([*PLUGIN, "test_own.py"], BARE),
    "six providers, `-n 0`": ([*PLUGIN, *XDIST, "six/run.json", "-n", "0"], BARE),
    "six providers, `-n 2`": ([*PLUGIN, *XDIST, "six/run.json", "-n", "2"], BARE),
    "one small run, `-n 0`": ([*PLUGIN, *XDIST, "small/run.json", "-n", "0"], BARE),
    "one small run, `-n 2`": ([*PLUGIN, *XDIST, "small/run.json", "-n", "2"], BARE),
    "no run, `-n 2`": ([*XDIST, "test_own.py", "-n", "2"], BARE),
}


def measured(words: Sequence[str], here: Path, beside: Mapping[str, str]) -> tuple[float, float]:
    """Return the seconds of a session by the wall's clock and by the processor's."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*PYTEST, *words], cwd=here, env={**os.environ, **beside}, capture_output=True, check=False
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return wall, user + system


def main() -> None:
    """Make the runs, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "test_own.py").write_text("def test_own():\n    pass\n")
        for words in (["run", "--out", "six"], ["run", *SMALL, "--out", "small"]):
            subprocess.run([*HARNESS, *words], cwd=here, capture_output=True, check=False)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in SESSIONS}
        for number in range(OFTEN * asked.repeat):
            for name, (words, beside) in SESSIONS.items():
                if number < asked.repeat or "own" in name:
                    times[name].append(measured(words, here, beside))
    load = os.getloadavg()[1]
    lines = [
        "# The pytest plugin",
        "",
        f"    python tests/benchmarks/pytest_plugin.py --repeat {asked.repeat} --write",
        "",
        f"Medians of new processes, no other plugin, {os.cpu_count()} processors, load {load:.1f}.",
        "A session's processor time is that of all its processes.",
        "",
        "| session | n | wall, s | least | processor, s | least |",
        "|---|---|---|---|---|---|",
    ]
    for name, pairs in times.items():
        walls, processor = zip(*pairs, strict=True)
        wall = f"{statistics.median(walls):.2f} | {min(walls):.2f}"
        used = f"{statistics.median(processor):.3f} | {min(processor):.3f}"
        lines.append(f"| {name} | {len(pairs)} | {wall} | {used} |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if asked.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
