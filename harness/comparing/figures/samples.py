"""Time, failure rate and price of requests that both runs sent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.comparing.figures.failures import failures_of
from harness.comparing.figures.prices import price_obstacles, prices_of
from harness.comparing.figures.rows import name_of, question_of
from harness.comparing.figures.times import time_obstacles, times_of
from harness.comparing.model import Comparison, Sample
from harness.comparing.scope import Scope


def compare_samples(
    base: Sequence[Sample], head: Sequence[Sample], *, timed: bool = True
) -> tuple[Comparison, ...]:
    """Compare time (unless not `timed`), failure rate and price of what both sides asked alike.

    Samples stand in the order in which they were sent. Either side may hold several runs: requests
    are paired where each has one partner, and else compared with all that asked the same.
    """
    times = times_of(base, head) if timed else ()
    return (*times, *failures_of(base, head), *prices_of(base, head))


def compare_times(scope: Scope) -> Iterator[Comparison]:
    """Yield a comparison of time for each workload or operation that both measured."""
    own_s = max(scope.base.own_s, scope.head.own_s)
    for each in times_of(*_both(scope, scope.timed)):
        yield replace(each, own_s=own_s)


def compare_failures(scope: Scope) -> Iterator[Comparison]:
    """Yield a comparison of failure rates for each workload or operation."""
    return failures_of(*_both(scope, scope.providers))


def compare_prices(scope: Scope) -> Iterator[Comparison]:
    """Yield a comparison of what an image costs for each workload or operation."""
    return prices_of(*_both(scope, scope.providers))


def sample_obstacles(scope: Scope) -> Iterator[str]:
    """Yield a sentence for each workload or operation that cannot be compared, or not wholly."""
    base, head = _both(scope, scope.providers)
    shared = {question_of(each) for each in base} & {question_of(each) for each in head}
    compared = {name for name, _ in shared}
    both = dict.fromkeys(name_of(each) for each in base)
    others = {name_of(each) for each in head}
    for name in both:
        if name in others and name not in compared:
            yield (
                f"{' '.join(filter(None, name))}: time, failures and prices are not compared: no"
                " request of HEAD has the arguments of one of BASE"
            )
    yield from time_obstacles(*_both(scope, scope.timed))
    yield from price_obstacles(base, head)


def _both(scope: Scope, providers: Sequence[str]) -> tuple[list[Sample], list[Sample]]:
    base, head = (
        [each for each in run.samples if each.provider in providers]
        for run in (scope.base, scope.head)
    )
    return base, head
