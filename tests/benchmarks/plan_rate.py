"""How many full cases a second the plan is made of: draw, prove, tell what it covers, write.

Run by hand on an idle machine: `python tests/benchmarks/plan_rate.py [CASES]`. Half of the cases
are valid, half break one rule; the time is the process' own on one core, without the imports.
"""

import platform
import sys
import time
from pathlib import Path

import hypothesis

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.cases.build import Builder
from harness.cases.draw import drawn_cases, refused_arguments
from harness.spec.request import build_request
from tests.cases.strategies import accepted_arguments
from tests.shipped import NAMES, shipped_provider

PLENTY = 10_000
AT_LEAST_PER_S = 500


def measured(name: str, count: int) -> tuple[int, int, float]:
    """Return cases made, cases that differ, and the seconds of process time they took."""
    builder = Builder(shipped_provider(name), "generate")
    start = time.process_time()
    cases = (
        *drawn_cases(accepted_arguments(builder), count=count // 2, seed_=0),
        *drawn_cases(refused_arguments(builder), count=count // 2, seed_=0),
    )
    for case in cases:
        build_request(builder.provider, builder.operation, case.arguments)
    return len(cases), len({case.id for case in cases}), time.process_time() - start


def main(count: int) -> int:
    """Print the table; exit code 1 where a provider stays under the target."""
    print(f"Python {platform.python_version()}, Hypothesis {hypothesis.__version__}, one core")  # noqa: T201 - prints its table
    print()  # noqa: T201 - the same
    print("| provider | cases | different | s | cases/s |")  # noqa: T201 - the same
    print("|---|---|---|---|---|")  # noqa: T201 - the same
    slow = False
    for name in NAMES:
        made, different, seconds = measured(name, count)
        slow = slow or made / seconds < AT_LEAST_PER_S
        row = f"| {name} | {made:,} | {different:,} | {seconds:.2f} | {made / seconds:,.0f} |"
        print(row)  # noqa: T201 - the same
    return int(slow)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else PLENTY))
