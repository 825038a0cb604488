"""When a valid request that failed is sent again: once others were served in the meantime.

Whether a fault belongs to a request or to an outage is seen in what is served between: no request
is repeated before a neighbour was served, and where neighbours fail, too, nothing more is sent.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from harness.core.case import FIRST_STAGES
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.diagnosis.combinations import AssignedRecord, FailureGroup
from harness.diagnosis.faults import (
    SURE,
    TRIALS,
    Contrast,
    contrasts,
    failures_in_a_row,
    shown_by_rows,
    steadiness,
    suspected_by_rows,
)
from harness.diagnosis.history import CaseHistory
from harness.diagnosis.planned_rows import RowEvidence

EARLY = 3
"""How many failed requests of an operation are repeated while its plan is under way."""

NEIGHBOURS = 10
"""How many requests of an operation may only show that the plain one is served now."""

_NEIGHBOURS_FAILED = 2
"""After so many failed neighbours with nothing served between, the operation is left alone."""

_AT_LEAST = 2
"""How often a smallest failing request is repeated before its neighbours can acquit it."""

_WORTH_A_PROBE = 20 * SURE
"""Values that stand out so much in the rows are tried alone, before anything is repeated."""

_BEFORE_REDUCING = 3
"""How often a failing request is repeated at most before it is reduced."""


@dataclass(slots=True, kw_only=True)
class AwaitedService:
    """The planned requests that failed and wait for a neighbour to be served.

    One of an operation is repeated at a time, and the next only once that one was served: then
    failures come and go. One that fails again is a lead, and others may fail for the same values.
    """

    _waiting: dict[str, Record] = field(default_factory=dict)
    _repeated: Counter[str] = field(default_factory=Counter)
    _unserved: dict[str, str] = field(default_factory=dict)

    def failed(self, record: Record) -> bool:
        """Let a failed request of the plan wait; tell whether it is to be repeated at once.

        That is the plain one: whatever else is sent in its operation depends on it.
        """
        case = record.shot.case
        if case.stage in FIRST_STAGES:
            self._waiting.setdefault(case.id, record)
        return case.id == f"{case.operation}/base" and isinstance(record.outcome, Fault)

    def served(self, record: Record) -> list[Record]:
        """Return what to repeat now that a request was served: the first that waits, if any."""
        case, operation = record.shot.case, record.shot.case.operation
        if case.expect != "accept" or not (
            isinstance(record.outcome, Images) and record.outcome.pictures
        ):
            return []
        if case.stage == "confirm" and self._unserved.get(operation) == case.follows:
            del self._unserved[operation]
        if operation in self._unserved or self._repeated[operation] >= EARLY:
            return []
        waiting = (name for name in self._waiting if name.partition("/")[0] == operation)
        if (first := next(waiting, None)) is None:
            return []
        self._repeated[operation] += 1
        self._unserved[operation] = first
        return [self._waiting.pop(first)]


Step = Literal["neighbour", "repeat seed", "reduce", "repeat", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSearch:
    """What one operation's failing requests need next; made anew for each round."""

    history: CaseHistory
    group: FailureGroup
    contrasts: Mapping[str, Contrast]
    rows: tuple[RowEvidence, ...]
    needed: int
    over: bool
    is_served_now: bool

    @classmethod
    def of(cls, history: CaseHistory, group: FailureGroup) -> Self:
        """Read from the records whether an operation is served at present."""
        steady = steadiness(history, group.operation_name)
        failures, neighbours = failures_in_a_row(history, group.operation_name)
        return cls(
            history=history,
            group=group,
            contrasts=contrasts(history, group),
            rows=suspected_by_rows(history, group, _WORTH_A_PROBE),
            needed=min(1 + steady.mixed, _BEFORE_REDUCING),
            over=steady.mixed > steady.steady or neighbours >= _NEIGHBOURS_FAILED,
            is_served_now=failures == 0,
        )

    def before_reducing(self, seed: AssignedRecord, times: int) -> Step:
        """Return what a failing request needs that was repeated so many times.

        Where the rows of the plan tell which values fail each time, the smallest request that has
        them is enough.
        """
        shown = any(each.again and each.failed == each.tried for each in self._shown(seed))
        if self.over or shown:
            return "stop"
        if self.of_rows(seed) is not None or times >= self.needed:
            return "reduce"
        return "repeat seed" if self.is_served_now else "neighbour"

    def once_reduced(self, name: str) -> Step:
        """Return what a smallest failing request needs; it stops once it is decided."""
        contrast = self.contrasts.get(name)
        if contrast is None or contrast.failed < contrast.tried or contrast.convicts:
            return "stop"
        # what another fault explains is no neighbour, once that one has been repeated
        if contrast.tried >= (TRIALS if contrast.is_undecided else _AT_LEAST):
            return "stop"
        return "repeat" if self.is_served_now else "neighbour"

    def _shown(self, seed: AssignedRecord) -> Iterator[RowEvidence]:
        return (each for each in shown_by_rows(self.history, self.group) if each.holds(seed))

    def of_rows(self, seed: AssignedRecord) -> RowEvidence | None:
        """Return the values of a failing request that fail each time in the rows of the plan."""
        steady = (each for each in self.rows if each.failed == each.tried and each.holds(seed))
        return next(steady, None)
