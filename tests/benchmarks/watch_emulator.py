"""Months of a watch at the emulator, day by day through the command line.

Run from the root: `python -m tests.benchmarks.watch_emulator` (`--write` renews its table in
`watch.md`; `--month NAME` runs one). Each month is 30 calls of `harness watch` with `--today`, in
this process; the emulator lets 5 % of all requests fail at random the whole month.
"""

import argparse
import json
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.cli.main import status

FIRST_DAY, DAYS = "2026-12-{:02}", 30
FAULTS = ("--fault", "{provider}:outage@0.05")
MARK = "<!-- emulator -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A month at a provider: what is added to a call from a day on (1 to 30)."""

    provider: str
    since: int = DAYS + 1
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


SCALE = "0.01"
MONTHS = {
    "no change": Planted(provider="sub2api", before=("--time-scale", SCALE)),
    "`wrong_format` from the 17th on": Planted(
        provider="sub2api", since=17, after=("--fault", "sub2api:wrong_format")
    ),
    "half as fast from the 21st on": Planted(
        provider="sub2api",
        since=21,
        before=("--time-scale", SCALE),
        after=("--time-scale", "0.02"),
    ),
    "no change, jobs": Planted(provider="buble"),
    "20 % of all requests fail from the 12th on": Planted(
        provider="buble", since=12, after=("--fault", "buble:outage@0.2")
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What a month came to."""

    alerts: tuple[tuple[int, str], ...]
    images: int
    cpu_s: float


def passed(planted: Planted, folder: Path, *, told: bool = True) -> Passed:
    """Let a month pass, a call a day."""
    alerts: list[tuple[int, str]] = []
    images, begun = 0, time.process_time()
    for day in range(1, DAYS + 1):
        faults = [each.format(provider=planted.provider) for each in FAULTS]
        more = planted.after if day >= planted.since else planted.before
        if "--fault" in more and "outage" in more[-1]:
            faults = []
        call = ["watch", str(folder), "--provider", planted.provider, "--against", "emulator"]
        out = StringIO()
        with redirect_stdout(out):
            code = status([*call, *faults, *more, "--today", FIRST_DAY.format(day), "--json"])
        said = json.loads(out.getvalue())
        images = said["spent"][planted.provider]["images"]
        if told:
            print(day, code, images, said["why"][:300], said["notes"][:4], flush=True)  # noqa: T201 - an exam
        if code == 1:
            alerts.append((day, "; ".join(each["text"] for each in said["messages"])))
    return Passed(alerts=tuple(alerts), images=images, cpu_s=time.process_time() - begun)


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--month", action="append", choices=[*MONTHS])
    given = parser.parse_args()
    lines = [
        "| 30 days at the emulator, 5 % of all requests fail | alerted on day | images |",
        "|---|---|---|",
    ]
    for name in given.month or MONTHS:
        with TemporaryDirectory() as folder:
            month = passed(MONTHS[name], Path(folder) / "watched")
        days = ", ".join(f"{day}" for day, _ in month.alerts) or "none"
        lines.append(f"| {MONTHS[name].provider}: {name} | {days} | {month.images} of 240 |")
        print(lines[-1], f"{month.cpu_s:.0f} s of CPU", *month.alerts, sep="\n", flush=True)  # noqa: T201 - an exam
    table = "\n".join(lines)
    if given.write:
        page = Path(__file__).with_name("watch.md")
        head = page.read_text("utf-8").partition(MARK)[0]
        page.write_text(f"{head}{MARK}\n\n{table}\n", "utf-8")


if __name__ == "__main__":
    main()
