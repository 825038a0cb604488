"""One seed: its world, the undisturbed one where they are compared, and all invariants."""

import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from tests.simulation.broken import BrokenError
from tests.simulation.invariants import check_world
from tests.simulation.loop import DeadlockError, EndlessError
from tests.simulation.scenario import Scenario, drawn
from tests.simulation.world import World

RARELY = (20_000, 20, 50)
"""Worlds leave few cycles behind: looking for them takes longer than playing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    """What became of a world; `invariant` is the one that is broken, empty where all hold."""

    seed: int
    scenario: str
    digest: str
    history: tuple[str, ...]
    processes: int
    lasted_s: float = 0.0
    invariant: str = ""
    why: str = ""

    def describe(self, *, lines: int = 12) -> str:
        """Return what a person needs to see it again."""
        return "\n".join(
            (
                f"seed {self.seed}: {self.invariant}: {self.why}",
                f"  {self.scenario}",
                *(f"  | {line}" for line in self.history[-lines:]),
                f"  again: make simulate SEEDS={self.seed}-{self.seed}",
            )
        )


def run_seed(seed: int) -> SeedResult:
    """Play a seed's world and hold every invariant against it."""
    scenario = drawn(seed)
    world = World(scenario)
    invariant = why = ""
    try:
        world.play()
        check_world(world, _undisturbed(scenario))
    except BrokenError as broken:
        invariant, why = broken.invariant, str(broken)
    except (DeadlockError, EndlessError) as error:
        invariant, why = "the run ends", str(error)
    except Exception as error:  # noqa: BLE001 - a crash of the harness' own is a finding
        invariant, why = "no exception of ours", f"{type(error).__name__}: {error}"
    return SeedResult(
        seed=seed,
        scenario=scenario.describe(),
        digest=world.digest,
        history=tuple(world.history),
        processes=world.processes,
        lasted_s=world.now_s,
        invariant=invariant,
        why=why.removeprefix(f"{invariant}: "),
    )


def _undisturbed(scenario: Scenario) -> World | None:
    """Play a crashed or stopped world undisturbed; None where more than that tells them apart."""
    if not (scenario.crashes or scenario.stops) or not scenario.compared:
        return None
    world = World(scenario.undisturbed)
    world.play()
    return world


def run_seeds(first: int, last: int) -> Iterator[SeedResult]:
    """Play the seeds from the first to the last one, that included."""
    _look_for_cycles_rarely()
    for seed in range(first, last + 1):
        yield run_seed(seed)


def seeds_in(first: int, last: int) -> list[SeedResult]:
    """Do the same for a worker process, at once; only failures come with their history."""
    results = run_seeds(first, last)
    return [result if result.invariant else replace(result, history=()) for result in results]


@cache
def _look_for_cycles_rarely() -> None:
    """Leave what the program itself consists of out of the search; once, or garbage stays, too."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)


def parsed(text: str) -> tuple[int, int]:
    """Read `2000` (so many seeds, from 0 on) or `17-42` (both included); ValueError for others."""
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if found is None:
        raise ValueError(f"{text!r}: write a number of seeds, or FIRST-LAST")
    first, last = int(found[1]), found[2]
    return (0, first - 1) if last is None else (first, int(last))
