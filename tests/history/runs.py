"""Run folders of many days, made of a real run's `summary.json` with other dates and figures."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[2] / "reports" / "sample" / "summary.json"
FIRST = datetime(2026, 1, 5, 6, tzinfo=UTC)

Summary = dict[str, Any]
Change = Callable[[int, Summary], None]
"""Plants something in the summary of the n-th run."""


@cache
def _text(providers: tuple[str, ...]) -> str:
    whole = json.loads(SAMPLE.read_text(encoding="utf-8"))
    whole["providers"] = {name: whole["providers"][name] for name in providers}
    for key in ("verdicts", "findings", "latency", "errors", "authenticity"):
        whole[key] = [row for row in whole[key] if row["provider"] in providers]
    whole["verdicts"] = whole["verdicts"][:40]
    return json.dumps(whole, indent=2)


def summary_of(day: datetime, *, run: str, providers: tuple[str, ...] = ("buble",)) -> Summary:
    """Return a real run's summary as that of another day."""
    made: Summary = json.loads(_text(providers))
    made["run"] |= {"run": run, "created": day.isoformat()}
    made["run"]["finished"] = (day + timedelta(minutes=2)).isoformat()
    return made


def write(folder: Path, made: Summary | str) -> Path:
    """Write a summary into a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = made if isinstance(made, str) else json.dumps(made, indent=2)
    (folder / "summary.json").write_text(text, encoding="utf-8")
    return folder


def write_runs(
    folder: Path,
    count: int,
    *changes: Change,
    providers: tuple[str, ...] = ("buble",),
    every: timedelta = timedelta(days=1),
    seed: int = 0,
) -> Path:
    """Write runs, one a day, whose median times are drawn with a deviation of 5 %."""
    chance = random.Random(seed)
    for at in range(count):
        made = summary_of(FIRST + at * every, run=f"night-{at:04d}", providers=providers)
        for row in made["latency"]:
            scaled(row["median"], max(0.1, chance.gauss(1, 0.05)))
        for change in changes:
            change(at, made)
        write(folder / f"{FIRST + at * every:%Y-%m}" / f"night-{at:04d}", made)
    return folder


def scaled(estimate: dict[str, Any], times: float) -> None:
    """Multiply a figure and its bounds."""
    for name in ("value", "low", "high"):
        if estimate[name] is not None:
            estimate[name] *= times


def slower(since: int, times: float = 1.2, *, operation: str = "generate") -> Change:
    """Make an operation slower from a run on."""

    def change(at: int, made: Summary) -> None:
        for row in made["latency"]:
            if at >= since and row["operation"] == operation:
                scaled(row["median"], times)

    return change


def kept_but_in(runs: range, promise: str = "charges_the_list_price") -> Change:
    """Break a promise in some runs alone, and try it in all of them."""

    def change(at: int, made: Summary) -> None:
        provider = next(iter(made["providers"]))
        broken = [row for row in made["findings"] if row["check"] == promise]
        if at not in runs:
            made["findings"] = [row for row in made["findings"] if row["check"] != promise]
            made["providers"][provider]["promises"]["broken"] = 0
        made["verdicts"] += [
            {
                "provider": provider,
                "operation": row["operation"],
                "case": "c",
                "constraint": None,
                "check": promise,
                "status": "pass",
                "why": "",
            }
            for row in broken
        ]

    return change


def dearer(since: int, times: float = 2) -> Change:
    """Make images dearer from a run on."""

    def change(at: int, made: Summary) -> None:
        for provider in made["providers"].values():
            if at >= since:
                provider["cost"]["amount"] *= times

    return change


def failing(since: int, share: float, *, n: int = 100, before: float = 0.02) -> Change:
    """Let valid requests fail, by chance, with another share from a run on."""
    chance = random.Random(7)

    def change(at: int, made: Summary) -> None:
        likely = share if at >= since else before
        for provider in made["providers"].values():
            failed = sum(chance.random() < likely for _ in range(n))
            provider |= {"valid_requests": n, "faults": failed}

    return change


def documents(since: int, digest: str = "f" * 64) -> Change:
    """Let a provider's documents be others from a run on."""

    def change(at: int, made: Summary) -> None:
        if at >= since:
            made["run"]["spec_digests"] = dict.fromkeys(made["run"]["spec_digests"], digest)

    return change


def harness(since: int, version: str = "0.2.0") -> Change:
    """Let the harness be of another version from a run on."""

    def change(at: int, made: Summary) -> None:
        if at >= since:
            made["run"]["harness"] = version

    return change
