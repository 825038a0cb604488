"""What it takes to read run folders back: memory above that of the imports, and CPU per record.

    python tests/benchmarks/scale_read.py FOLDER...

Each folder (`tests/benchmarks/scale_folders.py` makes large ones) is read in a process of its own,
and its records are passed over once. Memory is the most that was resident, less what was resident
before the reading (`ru_maxrss`); of one record, what the next larger folder takes more, divided by
its records more. Exits with 1 where a folder takes more than 400 MB.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.store.reader import read_run

AT_MOST_BYTES = 400_000_000
_READ = "--read"


def peak_bytes() -> int:
    """Return the most that was resident of this process."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def read(folder: Path) -> dict[str, float]:
    """Read a folder in this process, and say what that took."""
    before, began = peak_bytes(), time.process_time()
    past = read_run(folder)
    taken, read_s = peak_bytes() - before, time.process_time() - began
    began = time.process_time()
    exchanges = sum(len(record.exchanges) for record in past.records)
    return {
        "records": len(past.records),
        "exchanges": exchanges,
        "journal_bytes": (folder / "journal.jsonl").stat().st_size,
        "base_bytes": before,
        "taken_bytes": taken,
        "passed_bytes": peak_bytes() - before,
        "read_us": 1e6 * read_s / len(past.records),
        "pass_us": 1e6 * (time.process_time() - began) / len(past.records),
    }


def main(folders: list[str]) -> int:
    """Measure each folder and print a table."""
    rows: list[dict[str, float]] = []
    for folder in folders:
        done = subprocess.run(
            [sys.executable, __file__, _READ, folder], check=True, capture_output=True
        )
        rows.append(json.loads(done.stdout))
    rows.sort(key=lambda row: row["records"])
    out = sys.stdout
    out.write(
        "| records | journal | memory above imports | of one record more | reading | a pass |\n"
    )
    out.write("|---:|---:|---:|---:|---:|---:|\n")
    smaller: dict[str, float] = {}
    for row in rows:
        more = row["records"] - smaller.get("records", 0)
        each = (row["passed_bytes"] - smaller.get("passed_bytes", 0)) / more if more else 0
        out.write(
            f"| {row['records']:,} | {row['journal_bytes'] / 1e6:,.1f} MB "
            f"| {row['passed_bytes'] / 1e6:.1f} MB | {f'{each:.0f} B' if smaller else ''} "
            f"| {row['read_us']:.0f} us | {row['pass_us']:.0f} us |\n"
        )
        smaller = row
    return int(any(row["base_bytes"] + row["passed_bytes"] > AT_MOST_BYTES for row in rows))


if __name__ == "__main__":
    if sys.argv[1:2] == [_READ]:
        sys.stdout.write(json.dumps(read(Path(sys.argv[2]))))
    else:
        sys.exit(main(sys.argv[1:]))
