"""An outage convicts nobody: runs in which a share of all requests fails at random.

    python tests/benchmarks/outages.py [--runs N] [--write]

For 5, 20 and 60 %: that share of all requests to the emulator (submissions, polls, downloads) gets
500, 503 or no reply, whatever it asks; each provider in turn, each run at a seed of its own.
Counted are the findings that say that a valid request fails where it should be served, and all
others; and the first lines of `summary.md` are shown. `--write` writes the table to
`tests/benchmarks/outages.md`. Exits with 1 where a run has a confirmed finding.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.report.formats.markdown import markdown
from tests.benchmarks.one_emulator import served, start
from tests.faults.at_values import FAILS
from tests.faults.runs import concluded, ledger, performed
from tests.shipped import NAMES

WORKERS = 2
SHARES = (0.05, 0.2, 0.6)
RUNS = 20
PAGE = Path(__file__).with_suffix(".md")
HEAD = (
    *("share", "runs", "failed requests", "fails: confirmed", "fails: flaky"),
    *("others: confirmed", "others: flaky", "suspected", "exit codes"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one run came to: its findings' standings and checks, what its summary says first.

    Without the banner that says that these are runs of the emulator.
    """

    share: float
    provider: str
    seed: int
    requests: int
    failed: int
    standings: tuple[tuple[str, str], ...]
    code: int
    lines: tuple[str, ...]


def _run(place: tuple[float, str, int]) -> Row:
    share, provider, seed = place
    address = served()[provider]
    with tempfile.TemporaryDirectory() as folder:
        done = performed(Path(folder) / "run", provider, fault=f"outage@{share:g}", seed=seed)
    conclusion = concluded(done)
    entries = ledger(address)["entries"]
    bold = [line for line in markdown(conclusion.report).splitlines() if line.startswith("> **")]
    return Row(
        share=share,
        provider=provider,
        seed=seed,
        requests=len(entries),
        failed=sum(entry["status"] in (0, 500, 503) for entry in entries),
        standings=tuple(
            (each.finding.standing, each.finding.check) for each in conclusion.report.all_findings
        ),
        code=conclusion.code,
        lines=tuple(line.strip("> *").replace("|", "\\|") for line in bold[1:]),
    )


def _number(rows: Sequence[Row], standing: str, *, of_kind: bool) -> int:
    """Count the findings of a standing: those that a valid request fails, or the others."""
    return sum(
        where == standing and (check == FAILS) is of_kind
        for row in rows
        for where, check in row.standings
    )


def _share_line(share: float, rows: Sequence[Row]) -> str:
    codes = Counter(row.code for row in rows)
    cells = (
        f"{share:.0%}",
        len(rows),
        f"{sum(row.failed for row in rows)} of {sum(row.requests for row in rows)}",
        _number(rows, "confirmed", of_kind=True),
        _number(rows, "flaky", of_kind=True),
        _number(rows, "confirmed", of_kind=False),
        _number(rows, "flaky", of_kind=False),
        sum(standing == "unconfirmed" for row in rows for standing, _ in row.standings),
        ", ".join(f"{number} x {code}" for code, number in sorted(codes.items())),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _page(rows: Sequence[Row], runs: int, minutes: float) -> str:
    lines = [
        "# Outages",
        "",
        f"    python tests/benchmarks/outages.py --runs {runs} --write",
        "",
        "A share of all requests to the emulator fails at random (500, 503 or no reply), whatever",
        "it asks: no value is at fault, so that every finding is a false one. Each run at a seed",
        "of its own, all operations, default budget; evidence: emulator. `fails` is the claim",
        f"`{FAILS}`: a valid request fails again and again while its",
        "neighbours are served.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(_share_line(share, [row for row in rows if row.share == share]) for share in SHARES),
    ]
    lines += ["", f"{minutes:.0f} minutes on 2 cores, two runs at a time."]
    lines += ["", "## What the first lines say", ""]
    lines += ["| share | provider | seed | failed | exit code | first lines of summary.md |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in rows:
        failed = f"{row.failed} of {row.requests}"
        cells = (
            f"{row.share:.0%}",
            row.provider,
            row.seed,
            failed,
            row.code,
            " ".join(row.lines) or "-",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Run and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    places = [
        (share, NAMES[number % len(NAMES)], 1 + number // len(NAMES))
        for number in range(options.runs)
        for share in SHARES
    ]
    started = time.monotonic()
    rows = []
    with ProcessPoolExecutor(WORKERS, initializer=start) as pool:
        for row in pool.map(_run, places):
            said = f"{row.share:.0%} {row.provider} seed {row.seed}: {row.standings or 'nothing'}"
            print(said, file=sys.stderr, flush=True)  # noqa: T201
            rows.append(row)
    rows.sort(key=lambda row: (row.share, row.seed, row.provider))
    text = _page(rows, options.runs, (time.monotonic() - started) / 60)
    print(text)  # noqa: T201
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    convicted = (standing for row in rows for standing, _ in row.standings)
    return 1 if "confirmed" in convicted else 0


if __name__ == "__main__":
    sys.exit(main())
