"""The harness beside Schemathesis, a general API fuzzer, on the same faults of one emulator.

    python tests/benchmarks/schemathesis.py [--write FILE] [--max-examples N] [PART OF A NAME ...]

For the correct server and for each fault, an emulator of its own meets Schemathesis at its default
and at a larger `--max-examples`, and then `harness run`, all on sub2api's operation generate. The
emulator's ledger counts requests, images and price. Prints Markdown; with `--write` it also takes
the place of what follows the mark in FILE (the committed one is `schemathesis.md`, whose upper part
says how to read it). Needs `make .venv-schemathesis/.made`; without it, says so and does nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a script

from tests.benchmarks.schemathesis_failures import checks, kinds  # noqa: E402 - after the path
from tests.benchmarks.schemathesis_table import Answer, Bill, Row, table  # noqa: E402 - the same

HOME = ROOT / ".venv-schemathesis"
PROVIDER, OPERATION, KEY = "sub2api", "generate", "sk-benchmark-key-0123456789"
MARK = "<!-- What follows is written by the script. -->"
LARGER = 400
SEEDS = (1, 2, 3)
"""Of Schemathesis on the correct server; what any of these runs reports is a false alarm."""
OTHER_SEED = 4
"""On the correct server, too: what is new in it is noise of the comparison itself."""
WORKERS = 2
PATIENCE_S = 900
INCONCLUSIVE = 4
EXPORT = ("providers", "export", "--openapi")

FAULTS = (
    *("ignore:n.range", "ignore:quality.one_of", "ignore:size.multiple_of"),
    *("ignore:size.max_ratio", "ignore:output_compression.only_with", "refusal_500"),
    *("strict:n.range", "strict:size.max_edge", "strict:output_format.one_of"),
    *("strict:output_compression.range", "loose:n.range", "loose:size.max_pixels"),
    *("both:quality=high+output_format=jpeg", "both:stream=true+output_format=jpeg"),
    "both_wrong_dimensions:size=1536x1024+quality=high",
    "three:quality=high+output_format=jpeg+background=opaque",
    "undeclared:output_compression-needs-quality",
    *("wrong_dimensions", "swapped_dimensions", "wrong_format", "fewer_images"),
    *("lower_quality_served", "missing_field"),
    *("more_partials", "missing_completion", "stream_ignored"),
    *("overcharge", "charge_refused", "bad_usage_sum"),
    *("fails:quality=medium", "error_200:moderation=low", "unanswered:output_format=webp"),
    *("unfinished_stream:stream=true", "fails:quality=high+output_format=jpeg"),
    "fails:quality=high+output_format=jpeg+background=opaque",
    *("fails@0.5:quality=medium", "fails@0.5:quality=high+output_format=jpeg"),
    *("other_format:output_format=webp+quality=high", "lower_quality:quality=high+size=portrait"),
    *("fewer:n=many+output_format=jpeg", "fewer:n=10"),
    *("takes:n=text", "takes:n=fraction", "takes:stream=text", "takes:quality=list"),
    *("other_shape:n", "other_shape:size"),
    *("key_missing_served", "key_presence_only", "opaque_with_transparency"),
)
"""Chosen over the families of the catalogue, before any of the tools was run on them.

Those that answer half of the requests are none of the catalogue: they are listed as `at a rate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool at one setting; `run` takes the server's address and a folder of its own."""

    name: str
    run: Callable[[str, Path, int], Answer]


def schemathesis(max_examples: int | None) -> Callable[[str, Path, int], Answer]:
    """Return a run of Schemathesis over the exported document.

    Its seed is the run's, so that only the server differs between two runs. It goes on after a
    failure, or one false alarm would end it. `ignored_auth` is off: it began when the emulator took
    any key.
    """

    def run(url: str, folder: Path, seed: int) -> Answer:
        document = folder / "openapi.json"
        document.write_text(_harness(*EXPORT, PROVIDER).stdout, encoding="utf-8")
        command = [
            *(str(HOME / "bin" / "schemathesis"), "run", str(document), "--url", url),
            *("--header", f"Authorization: Bearer {KEY}", "--include-operation-id", OPERATION),
            *("--checks", "all", "--exclude-checks", "ignored_auth", "--continue-on-failure"),
            *("--seed", str(seed), "--report", "ndjson", "--report-dir", str(folder), "--no-color"),
            *(() if max_examples is None else ("--max-examples", str(max_examples))),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=folder
        )
        reports = list(folder.glob("*.ndjson"))
        if done.returncode not in (0, 1) or len(reports) != 1:
            raise RuntimeError(f"schemathesis failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        failed = sorted(checks(reports[0]))
        word = f"broken: {', '.join(failed)}" if failed else "correct"
        return Answer(reported=kinds(reports[0]), word=word)

    return run


def harness(url: str, folder: Path, seed: int) -> Answer:
    """Run the harness as a user would on a live endpoint; its findings are what it reports."""
    del seed  # the plan of its default seed is what users get
    done = _harness(
        *("run", "--against", "live", "--provider", PROVIDER, "--operation", OPERATION),
        *("--base-url", f"{PROVIDER}={url}", "--max-images", "40", "--json"),
        *("--out", str(folder / "run")),
    )
    if done.returncode not in (0, 1, INCONCLUSIVE):
        raise RuntimeError(f"harness failed ({done.returncode}):\n{done.stderr[-2000:]}")
    findings = json.loads(done.stdout)["findings"]
    reported = frozenset(f"{one['check']}: {one['constraint'] or '-'}" for one in findings)
    word = f"broken: {len(findings)} findings" if findings else "correct"
    word = "inconclusive" if done.returncode == INCONCLUSIVE else word
    return Answer(reported=reported, word=word)


def _harness(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = (sys.executable, "-c", "from harness.cli.main import main; main()")
    return subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=ROOT,
        env={**os.environ, f"{PROVIDER.upper()}_API_KEY": KEY},
    )


@contextmanager
def emulator(fault: str | None) -> Iterator[str]:
    """Serve sub2api, with a fault or without, and yield its address."""
    command = [sys.executable, "-m", "harness.emulator", "--json", "--time-scale", "0.0002"]
    command += [] if fault is None else ["--fault", f"{PROVIDER}:{fault}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["providers"][PROVIDER]
        finally:
            process.terminate()


def entries(url: str) -> list[dict[str, Any]]:
    """Return the server's ledger: one entry for each request that it ever had."""
    with urlopen(f"{url}/__emulator/ledger", timeout=60) as reply:  # noqa: S310 - our own loopback
        found: list[dict[str, Any]] = json.load(reply)["entries"]
    return found


def measured(tool: Tool, url: str, seed: int) -> tuple[Answer, Bill]:
    """Run a tool once and read off the ledger what that came to."""
    before = len(entries(url))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        answer = tool.run(url, Path(folder), seed)
    seconds = time.monotonic() - started
    own = entries(url)[before:]
    bill = Bill(
        requests=len(own),
        images=sum(entry["images"] for entry in own),
        price=sum(entry["cost"]["amount"] for entry in own),
        seconds=seconds,
    )
    return answer, bill


def met(tools: tuple[Tool, ...], fault: str | None, seed: int) -> Row:
    """Let every tool meet one server."""
    with emulator(fault) as url:
        row = {tool.name: measured(tool, url, seed) for tool in tools}
    took = "; ".join(f"{name} {bill.seconds:.0f} s" for name, (_, bill) in row.items())
    sys.stderr.write(f"{fault or f'none (seed {seed})'}: {took}\n")
    return row


def catalogue() -> dict[str, str]:
    """Return the family of every fault of this operation, by name."""
    command = [sys.executable, "-m", "harness.emulator", "--list-faults", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return {
        row["name"]: str(row.get("family", row["breaks"])).replace("_", " ")
        for row in rows
        if row["provider"] == PROVIDER and OPERATION in row["operations"]
    }


def is_planted(name: str) -> bool:
    """Tell whether a fault strikes a share of the requests only (`fails@0.5:quality=medium`)."""
    return "@" in name.partition(":")[0]


def wanted(parts: list[str], known: dict[str, str]) -> list[str]:
    """Return the selected faults that the catalogue has; say which it lacks."""
    chosen = [name for name in FAULTS if not parts or any(part in name for part in parts)]
    for name in chosen:
        if name not in known and not is_planted(name):
            sys.stderr.write(f"not in the emulator's catalogue, left out: {name}\n")
    return [name for name in chosen if name in known or is_planted(name)]


def validated() -> str:
    """Let openapi-spec-validator judge the documents of all providers; return what it said."""
    names = [one["name"] for one in json.loads(_harness("providers", "list", "--json").stdout)]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.json" for name in names]
        for name, file in zip(names, files, strict=True):
            file.write_text(_harness(*EXPORT, name).stdout, encoding="utf-8")
        subprocess.run([HOME / "bin" / "openapi-spec-validator", *files], check=True, stdout=2)
    return f"openapi-spec-validator accepts the documents of {', '.join(names)}."


def main() -> int:
    """Measure and print; 0 also where Schemathesis is not installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--max-examples", type=int, default=LARGER, metavar="N")
    parser.add_argument("parts", nargs="*", metavar="PART OF A NAME")
    options = parser.parse_args()
    if not (HOME / ".made").exists():
        print("skipped: Schemathesis is not installed; run `make .venv-schemathesis/.made`")  # noqa: T201
        return 0
    tools = (
        Tool(name="Schemathesis, default", run=schemathesis(None)),
        Tool(
            name=f"Schemathesis, --max-examples {options.max_examples}",
            run=schemathesis(options.max_examples),
        ),
        Tool(name="harness run", run=harness),
    )
    known = catalogue()
    faults = wanted(options.parts, known)
    with ThreadPoolExecutor(WORKERS) as pool:
        controls = [
            pool.submit(met, tools if seed == SEEDS[0] else tools[:-1], None, seed)
            for seed in (*SEEDS, OTHER_SEED)
        ]
        rows = {fault: pool.submit(met, tools, fault, SEEDS[0]) for fault in faults}
        correct = [one.result() for one in controls]
        faulty = {(known.get(name, "at a rate"), name): row.result() for name, row in rows.items()}
    text = f"{table(correct, faulty)}\n\n{validated()}\n"
    print(text)  # noqa: T201
    if options.write:
        upper = options.write.read_text(encoding="utf-8").partition(MARK)[0]
        options.write.write_text(f"{upper}{MARK}\n\n{text}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
