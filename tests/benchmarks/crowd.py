"""Many requests at once, of which some fail: one record each, and the ledger's own sum.

    python tests/benchmarks/crowd.py [--requests N] [--concurrency N] [--share F] [--provider NAME]
                                     [--write]

A benchmark of N requests keeps so many of them under way at an emulator that fails a share of all
that it receives (500, 503, or no reply). Counted are the records, what they say was served, what is
unsettled, and what the emulator's ledger has; and the most memory that the run's processes held.
Exits with 1 where a request has no record or two, is charged twice, or the sums differ.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from harness.core.exchange import submission
from harness.core.outcome import Fault, Images
from harness.store.reader import read_run
from tests.benchmarks.reliability import Section, conclude
from tests.benchmarks.speed_memory import watched
from tests.loopback import ANY
from tests.runner.processes import KNOWN, emulator, started

REQUESTS = 10_000
CONCURRENCY = 256
SHARE = 0.05
ENDED = (0, 1, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What a run had, and what the ledger of its emulator says."""

    planned: int
    records: int
    unfinished: int
    unsent: int
    served: int
    failed: int
    unsettled: int
    charged: int
    submitted: int
    twice: int
    code: int
    took_s: float
    megabytes: float

    def wrong(self) -> Iterator[str]:
        """Say what does not add up."""
        if self.code not in ENDED:
            yield f"exit code {self.code}"
        if self.records != self.planned or self.unfinished or self.unsent:
            yield (
                f"{self.planned} planned, {self.records} recorded, {self.unfinished} unfinished, "
                f"{self.unsent} not sent"
            )
        if self.twice:
            yield f"{self.twice} charged twice"
        if not self.served <= self.charged <= self.served + self.unsettled:
            yield f"{self.charged} charged, {self.served} served, {self.unsettled} unsettled"


def crowd(provider: str, *, requests: int, concurrency: int, share: float) -> Crowd:
    """Run so many requests at once, to their end."""
    fault = f"{provider}:outage@{share:g}"
    options = (
        *("--only", "benchmark", "--no-calibrate", "--workload", "default:any-size-draft"),
        *("--blocks", str(requests), "--concurrency", str(concurrency)),
        *("--budget", f"{provider}=1000000"),
    )
    with (
        emulator("--time-scale", "0.02", *KNOWN, "--fault", fault) as found,
        tempfile.TemporaryDirectory() as parent,
    ):
        folder = Path(parent) / "run"
        begun_s = time.monotonic()
        live = ("--against", "live", *found.at(provider))
        process = started("run", *live, *options, "--out", folder)
        with watched(process.pid) as peak:
            process.communicate()
        took_s = time.monotonic() - begun_s
        ledger = ANY.get(f"{found.urls[provider]}/__emulator/ledger").json()
        plan = json.loads((folder / f"plan-{provider}.json").read_text(encoding="utf-8"))
        past = read_run(folder)
    outcomes = [record.outcome for record in past.records]
    kinds = Counter(type(outcome) for outcome in outcomes)
    entries = ledger["entries"]
    return Crowd(
        planned=len(plan["cases"]),
        records=len({record.shot.case.id for record in past.records}),
        unfinished=len(past.unfinished),
        unsent=sum(submission(record.exchanges) is None for record in past.records),
        served=sum(len(o.pictures) for o in outcomes if isinstance(o, Images)),
        failed=kinds[Fault],
        unsettled=sum(isinstance(o, Fault) and o.may_be_paid for o in outcomes),
        charged=ledger["totals"]["images"],
        submitted=sum(entry["method"] == "POST" for entry in entries),
        twice=len(ledger["duplicates"]) + len(ledger["repeats"]),
        code=process.returncode,
        took_s=took_s,
        megabytes=peak.megabytes or 0.0,
    )


def main() -> int:
    """Send the crowd; return 1 where it does not add up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--provider", default="sub2api")
    parser.add_argument("--write", action="store_true", help="into reports/reliability.md")
    chosen = parser.parse_args()
    found = crowd(
        chosen.provider,
        requests=chosen.requests,
        concurrency=chosen.concurrency,
        share=chosen.share,
    )
    wrong = [*found.wrong()]
    text = (
        f"{found.planned:,} requests to {chosen.provider}, {chosen.concurrency} at once, "
        f"{chosen.share:.0%} of all that the emulator received failed: {found.records:,} records, "
        f"{found.served:,} images served, {found.failed:,} faults ({found.unsettled:,} unsettled); "
        f"the ledger has {found.submitted:,} submissions and charged {found.charged:,} images, "
        f"{found.twice} requests twice. {found.took_s:.0f} s, at most {found.megabytes:.0f} MB."
    )
    section = Section(
        title="A crowd of requests",
        claim="Of thousands of requests at once, some of which fail, each has one record, and the "
        "sums are those of the ledger.",
        holds=not wrong,
        figures=[text],
        evidence=[f"- {line}" for line in wrong],
    )
    return conclude(section, write=chosen.write)


if __name__ == "__main__":
    sys.exit(main())
