"""How often a watch cries wolf in 100 quiet months, and when it alerts one planted change.

Run from the root: `python -m tests.benchmarks.watch` (`--write` renews the tables of `watch.md`).
The months are made of what a canary shows, with random failures and log-normal times, and go
through the code that a watch decides by. `watch_emulator.py` sends months to the emulator.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from harness.comparing.model import (
    AuthenticityShown,
    Baseline,
    ErrorShown,
    PromiseShown,
    Sample,
)
from harness.core.record import Provenance
from harness.watching.decide import decided, suspicions, worth_another_round
from harness.watching.ledger import AGAIN_IMAGES, DEFAULT_IMAGES, ROUNDS, Budget, share_of
from harness.watching.model import Day, Spent, State

PROVIDER, OPERATIONS = "p", ("generate", "edit")
FIRST = date(2026, 12, 1)
DAYS, QUIET_MONTHS, PLANTED_MONTHS = 30, 100, 24
FAULTS = 0.05
"""The share of random failures."""

SPREADS = ((0.15, 0.02), (0.25, 0.05), (0.35, 0.08))
"""Standard deviations of the logarithms of times: within a day, and from day to day."""

TIMES = ("slower by half", "twice as slow")

CHOSEN_ON, REPORTED_ON = 500_000, 7_000_000
"""First seeds: the levels of the code were chosen on months of the one, and the table shows others.
"""

MARK, END = "<!-- table -->", "<!-- end of the table -->"

IN_TIME = "alerted once, that day or the next"

REFUSALS, ROWS, PROMISES, PLAIN = 60, 12, 12, 2
PROCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How a provider is on a day."""

    slow: float = 1.0
    dear: float = 1.0
    faults: float = FAULTS
    asked_faults: float = FAULTS
    broken: float = 0.0
    authentic: float = 1.0
    document: str = "a"


QUIET = World()

PLANTED: dict[str, Callable[[World], World]] = {
    "a promise broken always": lambda world: replace(world, broken=1.0),
    "a promise broken in half of its askings": lambda world: replace(world, broken=0.5),
    "slower by half": lambda world: replace(world, slow=1.5),
    "twice as slow": lambda world: replace(world, slow=2.0),
    "dearer by 5 %": lambda world: replace(world, dear=1.05),
    "20 % of all requests fail": lambda world: replace(world, faults=0.2, asked_faults=0.2),
    "20 % of the valid requests fail": lambda world: replace(world, faults=0.2),
    "20 % of the valid requests fail, 1 % before": lambda world: replace(world, faults=0.2),
    "drawn at a lower quality": lambda world: replace(world, authentic=0.0),
    "a document edited": lambda world: replace(world, document="b"),
}


BASES = {"20 % of the valid requests fail, 1 % before": World(faults=0.01, asked_faults=0.01)}


class Month:
    """A month of canaries under the ledger, as a watch has them."""

    def __init__(
        self,
        seed: int,
        change: Callable[[World], World] | None,
        on: int,
        base: World = QUIET,
        spread: tuple[float, float] = SPREADS[-1],
    ) -> None:
        self.base = base
        self.draw = random.Random(f"watch {seed}")
        self.change, self.on = change, on
        self.state = State()
        self.days: list[Day] = []
        self.alerts: list[int] = []
        self.told_back = 0
        self.images = self.row = 0
        self.spread, self.between = spread

    def run(self) -> "Month":
        """Let all days of the month pass."""
        spent: dict[str, dict[str, Spent]] = {}
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            share = share_of(Budget(images=DEFAULT_IMAGES), spent, PROVIDER, day)
            world = self.base
            if self.change is not None and number >= self.on:
                world = self.change(world)
            drift = self.draw.gauss(0, self.between)
            images = share.canary.images or 0
            shown = self.shown(day, world, drift, images)
            today = Day(run=f"{day}", shown=shown)
            spent[f"{day}"] = {PROVIDER: Spent(images=_paid(shown))}
            suspected = [
                each for each in suspicions(self.state, self.days, today) if not each.certain
            ]
            for round_ in range(ROUNDS):
                if round_:
                    suspected = [
                        each
                        for each in suspected
                        if worth_another_round(self.state, each, self.days, today)
                    ]
                if not suspected:
                    break
                share = share_of(Budget(images=DEFAULT_IMAGES), spent, PROVIDER, day)
                most = min(share.again.images or 0, AGAIN_IMAGES[round_])
                again = self.again(day, world, drift, most)
                today = replace(today, again=(*today.again, again))
                spent[f"{day}-again-{round_}"] = {PROVIDER: Spent(images=_paid(again))}
            come_to = decided(self.state, self.days, today)
            self.state = come_to.state
            self.days.append(today)
            if come_to.alert is not None:
                self.alerts.append(number)
            self.told_back += any(each.kind == "back" for each in come_to.messages)
        self.images = sum(each[PROVIDER].images for each in spent.values())
        return self

    def shown(self, day: date, world: World, drift: float, images: int) -> Baseline:
        """Return what a canary shows: plain requests, rows by turns, refusals."""
        plain = [f"{OPERATIONS[at % 2]}/base" for at in range(min(PLAIN, images))]
        rows = [f"row-{(self.row + at) % ROWS}" for at in range(images - len(plain))]
        self.row += len(rows)
        return self._baseline(f"{day}", world, drift, [*plain, *rows], REFUSALS)

    def again(self, day: date, world: World, drift: float, images: int) -> Baseline:
        """Return what is asked again: plain requests, some of that day's rows, free refusals."""
        rows = [f"row-{(self.row - at - 1) % ROWS}" for at in range(2)]
        asked = [*(f"{OPERATIONS[at % 2]}/base" for at in range(max(images - 2, 0))), *rows]
        return self._baseline(f"{day}-again", world, drift, asked[:images] or rows[:1], REFUSALS)

    def _baseline(
        self, run: str, world: World, drift: float, asked: list[str], refusals: int
    ) -> Baseline:
        samples = tuple(self._sample(case, world, drift) for case in asked)
        failed = sum(each.end == "failed" for each in samples)
        failed += sum(self.draw.random() < world.asked_faults for _ in range(refusals))
        drawn = sum(each.images for each in samples if each.place.startswith("row"))
        return Baseline(
            run=run,
            harness="",
            created=run[:10],
            finished=run[:10],
            interrupted=False,
            against="emulator",
            seed=0,
            benchmark=False,
            evidence={PROVIDER: Provenance(kind="emulator", source="", date=run[:10], by="")},
            spec_digests={PROVIDER: world.document},
            plan_digests={},
            promises=tuple(self._promises(world)),
            samples=samples,
            errors=(
                ErrorShown(
                    provider=PROVIDER,
                    operation="generate",
                    error_class="server",
                    count=failed,
                    of=refusals + len(samples),
                ),
            ),
            authenticity=(
                AuthenticityShown(
                    provider=PROVIDER,
                    figure="drawn as asked",
                    count=round(drawn * world.authentic),
                    of=drawn,
                ),
            ),
        )

    def _promises(self, world: World) -> Iterator[PromiseShown]:
        """Yield what a run says of each promise: one that failed once is asked again in it."""
        for number in range(PROMISES):
            state = "held"
            if self.draw.random() < world.asked_faults:
                state = "inconclusive"
            elif number == 7 and any(self.draw.random() < world.broken for _ in range(2)):
                again = [self.draw.random() < world.broken for _ in range(3)]
                state = "broken" if all(again) else "flaky"
            yield PromiseShown(
                provider=PROVIDER,
                operation="generate",
                promise=f"rule-{number}",
                kind="constraint",
                state=state,  # type: ignore[arg-type]  # one of its words
                checks=("refuses_what_it_forbids",) if state in ("broken", "flaky") else (),
            )

    def _sample(self, case: str, world: World, drift: float) -> Sample:
        failed = self.draw.random() < world.faults
        usual = 8.0 + 4.0 * (sum(map(ord, case)) % 7)
        seconds = usual * world.slow * pow(2.718281828, self.draw.gauss(drift, self.spread))
        return Sample(
            provider=PROVIDER,
            operation="generate",
            workload="",
            place=case,
            question=case,
            end="failed" if failed else "served",
            seconds=seconds,
            error_class="server" if failed else None,
            images=0 if failed else 1,
            spent=None if failed else Decimal("0.04") * Decimal(str(world.dear)),
            listed=Decimal("0.04"),
            unit="usd",
        )


def _paid(shown: Baseline) -> int:
    return sum(each.images for each in shown.samples)


_Spread = tuple[float, float]


def _quiet_month(seed: int, *, spread: _Spread) -> tuple[int, int]:
    month = Month(seed, None, 0, spread=spread).run()
    return len(month.alerts), month.images


def _planted_month(seed: int, *, kind: str, spread: _Spread) -> tuple[bool, bool, bool, int]:
    """Return whether it was alerted once and in time; late or never; more than once; images."""
    on = random.Random(f"day {kind} {seed}").randrange(5, DAYS - 2)
    base = BASES.get(kind, QUIET)
    month = Month(10_000 + seed, PLANTED[kind], on, base=base, spread=spread).run()
    at_once = bool(month.alerts) and month.alerts[0] in (on, on + 1)
    several = len(month.alerts) > 1
    return at_once and not several, not at_once, several, month.images


def quiet(months: int, spread: _Spread, first: int) -> tuple[int, float]:
    """Return the alerts of so many quiet months, and the images of one."""
    with Pool(PROCESSES) as pool:
        found = pool.map(partial(_quiet_month, spread=spread), range(first, first + months))
    return sum(alerts for alerts, _ in found), sum(images for _, images in found) / months


def planted(kind: str, months: int, spread: _Spread, first: int) -> tuple[int, int, int, float]:
    """Return of so many months: alerted once and in time, late or never, more than once, images."""
    with Pool(PROCESSES) as pool:
        made = partial(_planted_month, kind=kind, spread=spread)
        in_time, missed, often, images = zip(
            *pool.map(made, range(first, first + months)), strict=True
        )
    return sum(in_time), sum(missed), sum(often), sum(images) / months


def table(first: int) -> Iterator[str]:
    """Yield the lines of the tables, as Markdown."""
    yield "| months without a change | times spread by | alerts in all | at most | images a month |"
    yield "|---|---|---|---|---|"
    for spread in SPREADS:
        alerts, images = quiet(QUIET_MONTHS, spread, first)
        yield (
            f"| {QUIET_MONTHS} of {DAYS} days | {_words(spread)} | {alerts} | 5 | "
            f"{images:.0f} of {DEFAULT_IMAGES} |"
        )
    yield ""
    yield f"| one change from the 6th day on or later | times | {IN_TIME} | late | twice | images |"
    yield "|---|---|---|---|---|---|"
    for kind in PLANTED:
        for spread in SPREADS if kind in TIMES else SPREADS[-1:]:
            in_time, missed, often, cost = planted(kind, PLANTED_MONTHS, spread, first)
            yield (
                f"| {kind} | {_words(spread)} | {in_time} of {PLANTED_MONTHS} | {missed} | {often} "
                f"| {cost:.0f} |"
            )


def _words(spread: tuple[float, float]) -> str:
    return f"{spread[0]:g} and {spread[1]:g}"


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--chosen-on", action="store_true", help="the seeds of the levels")
    given = parser.parse_args()
    lines = []
    for line in table(CHOSEN_ON if given.chosen_on else REPORTED_ON):
        print(line, flush=True)  # noqa: T201 - an exam
        lines.append(line)
    if given.write:
        page = Path(__file__).with_suffix(".md")
        head, _, tail = page.read_text("utf-8").partition(MARK)
        rest = tail[tail.index(END) :] if END in tail else END
        page.write_text(f"{head}{MARK}\n\n" + "\n".join(lines) + f"\n\n{rest}", "utf-8")


if __name__ == "__main__":
    main()
