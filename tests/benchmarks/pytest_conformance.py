"""How long sessions of `pytest --pyargs harness.conformance` take, and how much of a processor.

    python tests/benchmarks/pytest_conformance.py [--pairs 5] [--every 1] [--write]

Sessions at the emulator with and without two processes of pytest-xdist take turns, each in an empty
directory, with no other plugins than those and ours: `--pairs` of one provider with two operations,
`--every` of all six. Processor time is that of all processes of a session. Which of a pair is
faster by the wall depends on what else the machine does: its load is in the table.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = "tests/benchmarks/pytest_conformance.py"
PAGE = Path(__file__).with_suffix(".md")
PLUGINS = ["harness.pytest_plugin", "harness.pytest_plugin.twins.fixtures", "xdist.plugin"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
PYTEST += [word for name in PLUGINS for word in ("-p", name)]
OURS = ["--pyargs", "harness.conformance", "--against", "emulator"]
PROVIDERS = {"apiframe": ["--provider", "apiframe"], "all providers": []}


def measured(words: list[str]) -> tuple[float, float, str]:
    """Return the seconds of a session by the wall's clock and by the processor's, and its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*PYTEST, *OURS, *words],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used, done.stdout.strip().splitlines()[-1].rpartition(" in ")[0]


def main() -> None:
    """Measure the pairs in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = [
        "# Sessions of harness.conformance",
        "",
        f"    python {SCRIPT} --pairs {asked.pairs} --every {asked.every} --write",
        "",
        "Medians; `-n 0` and `-n 2` take turns, no other plugin,",
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the beginning.",
        "",
        "| session | n | wall, s | processor, s | how it ended |",
        "|---|---|---|---|---|",
    ]
    for name, words in PROVIDERS.items():
        pairs = asked.pairs if words else asked.every
        times: dict[str, list[tuple[float, float, str]]] = {"0": [], "2": []}
        for _ in range(pairs):
            for processes, found in times.items():
                found.append(measured([*words, "-n", processes]))
        for processes, found in times.items():
            if found:
                wall, used, ends = zip(*found, strict=True)
                lines.append(
                    f"| {name}, `-n {processes}` | {pairs} | {statistics.median(wall):.1f} | "
                    f"{statistics.median(used):.1f} | {ends[0]} |"
                )
        faster = sum(two[0] < one[0] for one, two in zip(times["0"], times["2"], strict=True))
        lines.append(f"| {name}, `-n 2` is faster | {pairs} | {faster} of {pairs} | | |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
