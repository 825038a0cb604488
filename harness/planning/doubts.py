"""What two runs make suspect, as questions: how often each is asked again, and what is enough."""

from dataclasses import dataclass, field
from math import comb

from harness.core.benchmark import Benchmark
from harness.core.case import Asking, Plan, PlannedRequest

FEWEST_ASKINGS, MOST_ASKINGS = 3, 12
"""How often one promise is asked for unless it comes again before, and at most: what comes once in
four times is met then in 97 of 100 rechecks."""

POWER, LEVEL = 0.95, 0.01
"""How surely what a run showed comes again where nothing changed since, and how rarely it comes as
often where it is as rare as before."""

FEWEST = 8
"""Fewer requests of a workload than this decide nothing about its times or failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseDoubt:
    """A promise that a run seemed to break: the request that showed it, and how often to ask.

    `check` and `constraint` say what failed. `enough` failures of at most `most` askings decide.
    """

    name: str
    planned: PlannedRequest
    check: str
    constraint: str | None
    most: int
    enough: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDoubt:
    """A figure that seemed to move: `requests` more of a workload, or of an operation.

    All operations are meant where both names are empty. `moved` are other workloads or operations
    (provider, operation, workload) whose figure may have moved as well: those are no controls.
    """

    name: str
    provider: str
    operation: str
    workload: str
    requests: int
    moved: tuple[tuple[str, str, str], ...] = ()

    def covers(self, planned: PlannedRequest) -> bool:
        """Tell whether a request is one of those that the figure is about."""
        return _of_row(planned, self.provider, self.operation, self.workload)

    def may_be_moved(self, planned: PlannedRequest) -> bool:
        """Tell whether a request is of what may have moved as well."""
        return any(_of_row(planned, *row) for row in self.moved)


def _of_row(planned: PlannedRequest, provider: str, operation: str, workload: str) -> bool:
    case, slot = planned.case, planned.slot
    if case.provider != provider:
        return False
    if workload:
        return slot is not None and slot.workload == workload
    return operation in ("", case.operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckPlan:
    """What is asked again, by provider, and how it was measured, if a benchmark showed the changes.

    `asked` names the doubts whose questions are in it, `unasked` says of the others why not; of
    those about a promise, `questions` are the askings. `figures` are the requests sent for a figure
    and beside it, `controls` those beside each doubt, by its name. `notes` say in the run's header
    what it is.
    """

    plans: dict[str, Plan]
    benchmark: Benchmark | None = None
    asked: tuple[str, ...] = ()
    unasked: dict[str, str] = field(default_factory=dict)
    questions: dict[str, Asking] = field(default_factory=dict)
    figures: tuple[PlannedRequest, ...] = ()
    controls: dict[str, tuple[PlannedRequest, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def askings(failed: int, tried: int, *, past: float = 0.0) -> tuple[int, int]:
    """Return how often to ask for a promise that `failed` of `tried` times, and what is enough.

    That is a number of failures: more than come by chance where it fails by the share `past`, as it
    did before (binomial tail). The share that failed counts half a failure more, of one more.
    """
    share = (failed + 0.5) / (tried + 1)
    for most in range(FEWEST_ASKINGS, MOST_ASKINGS + 1):
        enough = _enough(most, past)
        if enough <= most and _tail(most, enough, share) >= POWER:
            return most, enough
    return MOST_ASKINGS, min(_enough(MOST_ASKINGS, past), MOST_ASKINGS)


def share_of(failed: int, tried: int) -> float:
    """Return the share of failures that `failed` of `tried` speak for, none too small a one."""
    return (failed + 1) / (tried + 2)


def _enough(most: int, past: float) -> int:
    numbers = range(1, most + 2)
    return next(number for number in numbers if _tail(most, number, past) <= LEVEL)


def _tail(most: int, number: int, share: float) -> float:
    """Return how likely at least `number` of `most` are, where each is by `share`."""
    each = (comb(most, k) * share**k * (1 - share) ** (most - k) for k in range(number, most + 1))
    return float(sum(each))
