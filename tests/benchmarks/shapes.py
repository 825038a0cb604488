"""APIs in five shapes that exist out there, each described by a TOML alone: faults found and named.

    python tests/benchmarks/shapes.py [--shape NAME ...] [--fault TEXT] [--write]

Each API is a small server of `tests/shapes`, written from public documentation; it shares no code
with the harness. A run is the command that a user types, from an empty directory, over real
sockets: `harness run --spec FILE --against live --base-url NAME=URL`. Without a fault there may be
no finding; a fault is found where a finding has its check and names its parameter. `--write` writes
the table to `tests/benchmarks/shapes.md`. Exits with 1 where a faultless server was found at fault
or a fault was not found.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.shapes.planted import SHAPES, Described, Planted
from tests.shapes.server import serve

WORKERS = 2
PAGE = Path(__file__).with_suffix(".md")
TIMEOUT_S = 1800
"""More than any run takes: the TOMLs let no reply take longer than 20 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run: what was planted, what was reported, and whether that names it."""

    shape: str
    fault: str
    code: int
    requests: int
    images: int
    found: bool
    names: tuple[str, ...]
    said: str

    def line(self) -> str:
        """Return the row of the table."""
        names = "; ".join(self.names) or "-"
        word = "yes" if self.found else "**no**"
        return (
            f"| {self.shape} | {self.fault or 'none'} | {word} | {names} | {self.code} "
            f"| {self.requests} | {self.images} |"
        )


def run(shape: Described, planted: Planted | None, *more: str) -> Row:
    """Serve the API with a fault, or none, and let the harness run against it."""
    key = f"{shape.env.lower()}-0123456789abcdef"
    faults = (planted.fault,) if planted else ()
    with tempfile.TemporaryDirectory() as folder, serve(shape.server(*faults, key=key)) as server:
        command = [sys.executable, "-m", "harness", "run", "--spec", str(shape.toml)]
        command += ["--against", "live", "--base-url", f"{shape.name}={server.url}"]
        command += ["--max-images", "120", "--out", "run", *more]
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, shape.env: key, "HOME": folder},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        summary = Path(folder) / "run" / "summary.json"
        if not summary.is_file():
            said = (ended.stderr or ended.stdout).strip()
            return Row(
                shape=shape.name,
                fault=planted.fault if planted else "",
                code=ended.returncode,
                requests=0,
                images=0,
                found=False,
                names=(said.splitlines()[-1] if said else "nothing was said",),
                said=said,
            )
        return _row(shape, planted, ended, json.loads(summary.read_text()))


def _row(
    shape: Described,
    planted: Planted | None,
    ended: subprocess.CompletedProcess[str],
    summary: dict[str, Any],
) -> Row:
    findings = summary["findings"]
    sent = summary["providers"][shape.name]
    found = not findings if planted is None else any(_names(planted, each) for each in findings)
    return Row(
        shape=shape.name,
        fault=planted.fault if planted else "",
        code=ended.returncode,
        requests=sent["requests"],
        images=sent["images_paid"],
        found=found and ended.returncode == (1 if planted else 0),
        names=tuple(dict.fromkeys(_name(each) for each in findings)),
        said=ended.stdout + ended.stderr,
    )


def _name(finding: dict[str, Any]) -> str:
    combination = finding.get("combination") or ()
    about = finding["constraint"] or ", ".join(map(str, combination)) or "-"
    return f"{finding['operation']} {about}: {finding['check']}"


def _names(planted: Planted, finding: dict[str, Any]) -> bool:
    name = _name(finding)
    return finding["check"] in planted.checks and (
        not planted.where or any(text in name for text in planted.where)
    )


def main() -> int:
    """Run every shape with every fault; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--shape", action="append", choices=[shape.name for shape in SHAPES])
    parser.add_argument("--fault", help="only faults whose text holds this; 'none' for none")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    choices = parser.parse_args()
    tasks: list[tuple[Described, Planted | None]] = [
        (shape, planted)
        for shape in SHAPES
        for planted in (None, *shape.faults)
        if not choices.shape or shape.name in choices.shape
        if not choices.fault or choices.fault in (planted.fault if planted else "none")
    ]
    rows: list[Row] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for row in pool.map(lambda task: run(*task), tasks):
            rows.append(row)
            sys.stdout.write(row.line() + "\n")
            if choices.verbose:
                sys.stdout.write(row.said + "\n")
            sys.stdout.flush()
    faultless = [row for row in rows if not row.fault]
    planted_rows = [row for row in rows if row.fault]
    sentence = (
        f"{sum(row.found for row in planted_rows)} of {len(planted_rows)} faults found and named; "
        f"{sum(row.found for row in faultless)} of {len(faultless)} faultless servers without "
        "a finding."
    )
    sys.stdout.write(sentence + "\n")
    if choices.write:
        PAGE.write_text(_page(rows, sentence), encoding="utf-8")
    return 0 if all(row.found for row in rows) else 1


def _page(rows: list[Row], sentence: str) -> str:
    head = [
        "# Five shapes of APIs, each described by a TOML alone",
        "",
        "`python tests/benchmarks/shapes.py --write`: small servers on loopback, written from",
        "public documentation (`tests/shapes`); one run of the harness for each fault, as a user",
        "types it.",
        "",
        sentence,
        "",
        "| shape | fault | found | findings | exit code | requests | images |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(row.line() for row in rows)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
