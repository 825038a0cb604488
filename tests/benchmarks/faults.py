"""Every fault of the emulator alone, on all operations of its provider, in one run each.

    python tests/benchmarks/faults.py [PART OF A NAME ...]

prints a Markdown table; the committed one is `faults.md`. `make test` runs each fault on the first
operation that it shows on; this takes several times as long.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.cli.conclude import conclude
from harness.runner.options import Options
from harness.runner.run import Watch, run
from harness.spec.provider import OPERATIONS
from tests.faults.expectation import expected

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run against one fault came to; `extra` and `lacking` should be empty."""

    provider: str
    fault: str
    found: int
    extra: tuple[str, ...]
    lacking: tuple[str, ...]
    as_awaited: bool
    requests: int
    images: int


def main() -> int:
    """Run all faults, or those whose `provider:name` holds a word; 1 where one was not exact."""
    command = [sys.executable, "-m", "harness.emulator", "--list-faults", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    listed = [json.loads(line) for line in printed.splitlines()]
    pairs = [(row["provider"], row["name"]) for row in listed]
    wanted = [pair for pair in pairs if not sys.argv[1:] or _asked_for(pair)]
    print("| provider | fault | findings | exactly its own | requests | images paid |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    wrong = 0
    with ProcessPoolExecutor(WORKERS) as pool:
        for row in pool.map(_row, wanted):
            wrong += not row.as_awaited
            print(_told(row), flush=True)  # noqa: T201
    print(f"\n{len(wanted)} faults, {wrong} not exact")  # noqa: T201
    return 1 if wrong else 0


def _asked_for(pair: tuple[str, str]) -> bool:
    return any(word in ":".join(pair) for word in sys.argv[1:])


def _row(pair: tuple[str, str]) -> Row:
    provider, fault = pair
    with tempfile.TemporaryDirectory() as folder:
        options = Options(
            against="emulator",
            providers=(provider,),
            seed=0,
            out=Path(folder) / "run",
            cassettes=Path(folder),
            faults=(f"{provider}:{fault}",),
            time_scale=0.0002,
        )
        done = run(options, Watch())
    concluded = conclude(done.header, done.records)
    findings = [shown.finding for shown in concluded.report.findings]
    found = {(one.operation, one.constraint, one.check) for one in findings}
    awaited = expected(provider, fault, OPERATIONS)
    cost = concluded.report.providers[0].cost
    return Row(
        provider=provider,
        fault=fault,
        found=len(findings),
        extra=tuple(sorted(f"{one}" for one in found - awaited.promises)),
        lacking=tuple(sorted(f"{one}" for one in awaited.promises - found)),
        as_awaited=found == awaited.promises and concluded.code == awaited.code,
        requests=cost.requests,
        images=cost.images_paid,
    )


def _told(row: Row) -> str:
    exact = "yes" if row.as_awaited else f"NO: too many {row.extra}, missing {row.lacking}"
    cells = (row.provider, f"`{row.fault}`", row.found, exact, row.requests, row.images)
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
