"""The exam: 20 seeds without a fault on every provider, and what each run asked, paid and took.

    python tests/benchmarks/exam.py [SEEDS]

prints a Markdown table; the committed one is `exam.md`. Every fault alone is in `tests/faults`.
"""

import sys
import tempfile
import time
from pathlib import Path

from harness.cli.conclude import conclude
from harness.runner.options import Options
from harness.runner.run import Watch, run
from harness.spec.load import NAMES


def main() -> int:
    """Run the control and print its table; 1 where anything was found."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("| seed | findings | cases | requests | images paid | seconds |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    found = 0
    for seed in range(seeds):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            options = Options(
                against="emulator",
                providers=NAMES,
                seed=seed,
                out=Path(folder) / "run",
                cassettes=Path(folder),
                time_scale=0.0002,
            )
            done = run(options, Watch())
        report = conclude(done.header, done.records).report
        found += len(report.findings)
        cases = sum(one.cases for one in report.providers)
        requests = sum(one.cost.requests for one in report.providers)
        images = sum(one.cost.images_paid for one in report.providers)
        row = (seed, len(report.findings), cases, requests, images)
        print(  # noqa: T201
            f"| {' | '.join(map(str, row))} | {time.monotonic() - started:.1f} |", flush=True
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
