"""Plant 20,000 keys and personal data, live, recorded and judged, and read all that is written.

    python tests/benchmarks/planted_secrets.py [--runs N] [--write reports/reliability.md]

Named so, and not `secrets.py`: a script's folder comes first in its imports, and that would take
the place of Python's own module. Who reads is `tests/secrecy/checking.py`.
"""

# ruff: noqa: T201 - a benchmark prints its table

import argparse
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.secrecy.living import Outcome, judged, live
from tests.secrecy.planting import DATA_SPELLINGS, PERSONAL, SIGNED, SPELLINGS

KINDS = ("har", "vcrpy", "ruby")
IMAGES = 40
ENTRIES = 24


def _outcomes(runs: int, folder: Path) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for seed in range(runs):
        each = folder / str(seed)
        (each / "live").mkdir(parents=True)
        outcomes.append(live(each / "live", seed, IMAGES))
        outcomes += [judged(each / kind, seed, kind, ENTRIES) for kind in KINDS]
        print(f"{sum(outcome.planted for outcome in outcomes):,} planted", file=sys.stderr)
    return outcomes


def _table(outcomes: list[Outcome]) -> list[str]:
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for outcome in outcomes:
        planted[outcome.kind] += outcome.planted
        found[outcome.kind] += len(outcome.leaks)
    rows = [f"| {kind} | {count:,} | {found[kind]} |" for kind, count in planted.items()]
    total = f"| all | {sum(planted.values()):,} | {sum(found.values())} |"
    fetched = sum(outcome.echo.fetched for outcome in outcomes)
    addresses = sum(len(outcome.echo.addresses) for outcome in outcomes)
    summary = (
        f"{len(SPELLINGS)} spellings of keys, {len(DATA_SPELLINGS)} of {len(PERSONAL)} kinds of "
        f"personal data and foreign keys, {len(SIGNED)} kinds of signed addresses ({fetched} of "
        f"{addresses} of them still worked in the run); images with keys in 15 places. Read: every "
        "byte of run folders, cassettes, reports, file names, stdout, stderr."
    )
    head = ["| written by | secrets planted | leaks |", "|---|---:|---:|"]
    return [*head, *rows, total, "", summary]


def main() -> None:
    """Run, print the table, and append it to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = _outcomes(chosen.runs, Path(folder))
    lines = _table(outcomes)
    print("\n".join(lines))
    for leak in sorted({leak for outcome in outcomes for leak in outcome.leaks})[:20]:
        print(leak, file=sys.stderr)
    if chosen.write:
        command = f"python tests/benchmarks/planted_secrets.py --runs {chosen.runs}"
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        with chosen.write.open("a") as file:
            file.write("\n".join(("", "## Secrets", "", f"`{command}`, {day}", "", *lines, "")))
    sys.exit(any(outcome.leaks for outcome in outcomes))


if __name__ == "__main__":
    main()
