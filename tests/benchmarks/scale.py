"""How large a run may be: peak memory and CPU of runs and reports of 1,000 to 1,000,000 requests.

    python tests/benchmarks/scale.py report 1000 10000 100000 --append
    python tests/benchmarks/scale.py run 1000 10000 100000

Each line is one process of the command line: its peak resident memory (that of the largest of its
processes), its CPU seconds, and the files that it wrote. Folders for `report` are small real runs
multiplied (`scale_folders.py`); `run` sends to the emulator, whose waits are cut to nothing.
Memory does not depend on the machine; CPU seconds do, and only their growth is looked at.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "scale.md"
BLOCK = 4
"""Requests of a block: two workloads at each of two providers."""

SMALL = {
    "conformance": ("--provider", "apiframe", "--provider", "buble", "--max-images", "30"),
    "benchmark": (
        *("--only", "benchmark", "--provider", "apiframe", "--provider", "sub2api"),
        *("--blocks", "5", "--time-scale", "0.001", "--max-images", "1000", "--no-calibrate"),
    ),
}
WRITTEN = ("index.html", "summary.json", "junit.xml", "journal.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One command's figures; `bytes_of` are the sizes of what it wrote, by file."""

    verb: str
    kind: str
    records: int
    peak_mb: float
    cpu_s: float
    bytes_of: dict[str, int]

    def row(self) -> str:
        """Return it as a line of the table."""
        sizes = " | ".join(f"{self.bytes_of.get(name, 0) / 1e6:,.1f}" for name in WRITTEN)
        per_record = 1000 * self.cpu_s / self.records
        return (
            f"| {self.verb} | {self.kind} | {self.records:,} | {self.peak_mb:,.0f} "
            f"| {self.cpu_s:,.1f} | {per_record:.2f} | {sizes} |"
        )


HEAD = (
    "| command | of | requests | peak MB | CPU s | CPU ms a request "
    "| page MB | summary MB | JUnit MB | journal MB |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def measured(words: Sequence[str | Path], cwd: Path) -> tuple[float, float, int]:
    """Run the command line; return its peak in MB, its CPU seconds and its exit code."""
    command = [sys.executable, "-m", "harness", *map(str, words)]
    with (cwd / "output.txt").open("wb") as output:
        started = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output)
        _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in {0, 1}:
        sys.stdout.write((cwd / "output.txt").read_text()[-2000:])
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, started.returncode


def sizes(folder: Path) -> dict[str, int]:
    """Return the sizes of a folder's files, by name."""
    return {each.name: each.stat().st_size for each in folder.iterdir() if each.is_file()}


def reports(kinds: Sequence[str], numbers: Sequence[int], scratch: Path) -> Iterator[Line]:
    """Yield the figures of `harness report` of multiplied folders."""
    for kind in kinds:
        small = scratch / f"small-{kind}"
        measured(["run", "--against", "emulator", *SMALL[kind], "--out", small], scratch)
        for number in numbers:
            large, out = scratch / "large", scratch / "reported"
            folders = [HERE / "scale_folders.py", small, "--records", number, "--out", large]
            subprocess.run([sys.executable, *map(str, folders)], check=True, cwd=scratch)
            peak_mb, cpu_s, _ = measured(["report", large, "--out", out], scratch)
            yield Line(
                verb="report",
                kind=kind,
                records=number,
                peak_mb=peak_mb,
                cpu_s=cpu_s,
                bytes_of=sizes(large) | sizes(out),
            )
            shutil.rmtree(large)
            shutil.rmtree(out)


def runs(kinds: Sequence[str], numbers: Sequence[int], scratch: Path) -> Iterator[Line]:
    """Yield the figures of `harness run` against the emulator."""
    for kind in kinds:
        for number in numbers:
            out = scratch / "run"
            peak_mb, cpu_s, _ = measured(["run", *asked(kind, number), "--out", out], scratch)
            with (out / "journal.jsonl").open("rb") as journal:
                sent = sum(b'"shot":' in line for line in journal)
            yield Line(
                verb="run",
                kind=kind,
                records=sent,
                peak_mb=peak_mb,
                cpu_s=cpu_s,
                bytes_of=sizes(out),
            )
            shutil.rmtree(out)


def asked(kind: str, number: int) -> list[str]:
    """Return the options of a run of so many requests."""
    common = ["--against", "emulator", "--keep-images", "none", "--max-images", str(20 * number)]
    common += ["--max-requests", str(20 * number)]
    if kind == "benchmark":
        blocks = ["--blocks", str(number // BLOCK), "--concurrency", "8", "--no-calibrate"]
        names = ["--provider", "apiframe", "--provider", "sub2api"]
        return [*common, "--only", "benchmark", *names, *blocks, "--time-scale", "0.0001"]
    return [*common, "--provider", "sub2api", "--explore", str(number)]


def main() -> None:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("report", "run"))
    parser.add_argument("records", type=int, nargs="+")
    parser.add_argument("--kind", choices=tuple(SMALL), action="append")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--append", action="store_true", help="add the lines to scale.md")
    given = parser.parse_args()
    sys.stdout.write(f"{HEAD}\n")
    kinds = given.kind or tuple(SMALL)
    with tempfile.TemporaryDirectory(dir=given.scratch) as folder:
        make = reports if given.verb == "report" else runs
        for line in make(kinds, given.records, Path(folder)):
            sys.stdout.write(f"{line.row()}\n")
            sys.stdout.flush()
            if given.append:
                with TABLE.open("a") as table:
                    table.write(f"{line.row()}\n")


if __name__ == "__main__":
    main()
