"""How long sessions of `pytest --pyargs harness.conformance` take, and how much of a processor.

    python tests/benchmarks/pytest_conformance.py --write

Each session runs in an empty directory, at the emulator, with all its providers; then those of one
provider of which one promise is broken, and what failed once more. The machine should do nothing
else: the load before each session is in the table.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ALL = ["--against", "emulator"]
ONE = [*ALL, "--provider", "apiframe", "--fault", "apiframe:ignore:n.range"]
SESSIONS = (
    ("all providers, --collect-only", [*ALL, "--collect-only"]),
    ("all providers, -n 0", [*ALL, "-n", "0"]),
    ("all providers, -n 2", [*ALL, "-n", "2"]),
    ("apiframe, one rule not enforced", ONE),
    ("the same, --lf", [*ONE, "--lf"]),
)


def main() -> None:
    """Run the sessions; print the table, or write it beside this file with `--write`."""
    rows = ["| session | wall s | CPU s | load before | how it ended |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in SESSIONS:
            load = os.getloadavg()[0]
            begun_s, used_s = time.perf_counter(), _cpu_s()
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    "--pyargs",
                    "harness.conformance",
                    "-q",
                    *arguments,
                ],
                capture_output=True,
                text=True,
                cwd=folder,
                check=False,
            )
            wall_s, cpu_s = time.perf_counter() - begun_s, _cpu_s() - used_s
            last = done.stdout.strip().splitlines()[-1].strip("= ")
            rows.append(f"| {name} | {wall_s:.1f} | {cpu_s:.1f} | {load:.1f} | {last} |")
    table = "\n".join(rows)
    if "--write" in sys.argv:
        intro = (__doc__ or "").strip()
        Path(__file__).with_suffix(".md").write_text(
            f"# Sessions of harness.conformance\n\n{intro}\n\n{table}\n", encoding="utf-8"
        )
    print(table)  # noqa: T201 - what it is for


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
