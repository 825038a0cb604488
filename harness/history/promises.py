"""When promises were first broken, and when they were kept again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from harness.history.change_points import subject
from harness.history.model import Base, PromiseChange, RunSeen

_MOST_TURNS = 6
"""Turns of one promise that are told one by one."""


class Shown(NamedTuple):
    """A promise broken (or passed) in a run."""

    provider: str
    base: Base
    operation: str
    promise: str
    run: int
    broken: bool


Key = tuple[str, Base, str, str]


def timelines(shown: Iterable[Shown]) -> dict[Key, list[tuple[int, bool]]]:
    """Return each promise's runs that tried it, in order, and whether it was broken there."""
    states: dict[Key, dict[int, bool]] = defaultdict(dict)
    for each in shown:
        runs = states[each.provider, each.base, each.operation, each.promise]
        runs[each.run] = runs.get(each.run, False) or each.broken
    return {key: sorted(runs.items()) for key, runs in sorted(states.items())}


def broken_last(lines: dict[Key, list[tuple[int, bool]]]) -> tuple[Key, ...]:
    """Return the promises that the last run that tried them saw broken."""
    return tuple(key for key, line in lines.items() if line[-1][1])


def turns(
    lines: dict[Key, list[tuple[int, bool]]], runs: Sequence[RunSeen]
) -> Iterator[PromiseChange]:
    """Yield every turn of every promise; one that turns often is told as that, at its first."""
    for key, line in lines.items():
        turned = [(at, broken) for (_, before), (at, broken) in pairwise(line) if broken != before]
        if len(turned) > _MOST_TURNS:
            yield _often(key, line, turned, runs)
            continue
        ever = line[0][1]
        for at, broken in turned:
            yield _turn(key, runs, at, broken=broken, again=ever and broken, now=line[-1][1])
            ever = ever or broken


def _turn(  # noqa: PLR0913 - what a sentence says
    key: Key, runs: Sequence[RunSeen], at: int, *, broken: bool, again: bool, now: bool
) -> PromiseChange:
    provider, base, operation, promise = key
    day, run = f"{runs[at].created:%Y-%m-%d}", runs[at].run
    how = ("broken again on" if again else "first broken on") if broken else "kept again from"
    on = "" if broken else " on"
    return PromiseChange(
        provider=provider,
        base=base,
        operation=operation,
        promise=promise,
        run=at,
        kept=not broken,
        broken_now=now,
        sentence=f"{subject(provider, operation, base)}: {promise} {how} {day}{on} (run {run})",
    )


def _often(
    key: Key,
    line: Sequence[tuple[int, bool]],
    turned: Sequence[tuple[int, bool]],
    runs: Sequence[RunSeen],
) -> PromiseChange:
    provider, base, operation, promise = key
    broken = [at for at, is_broken in line if is_broken]
    first, last = (f"{runs[at].created:%Y-%m-%d}" for at in (broken[0], broken[-1]))
    return PromiseChange(
        provider=provider,
        base=base,
        operation=operation,
        promise=promise,
        run=turned[0][0],
        kept=False,
        broken_now=line[-1][1],
        sentence=(
            f"{subject(provider, operation, base)}: {promise} broken in {len(broken)} of"
            f" {len(line)} runs, again and again from {first} to {last}"
        ),
    )
