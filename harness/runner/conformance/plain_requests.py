"""Whether what depends on a plain request may leave although that one was not served.

A provider that answered, if only with an error, may fail at random, or fail for a value that the
plain request has. So the plain request is repeated where a strategy wants it, and then a few others
that are to be served are tried: what is bought anyway. One that is served opens the operation.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from harness.core.case import PlannedRequest
from harness.core.outcome import Fault, Images
from harness.core.record import Record
from harness.runner.execution.failures import SET_UP, blocking_reason

TRIED_ANYWAY = 2
"""How many requests are tried although the plain one that they depend on was not served."""

Leave = Literal["now", "later", "never"]


def answered(record: Record) -> bool:
    """Tell whether a request failed at a provider that answers."""
    outcome = record.outcome
    if not isinstance(outcome, Fault) or outcome.error_class in (*SET_UP, "timeout"):
        return False
    return outcome.status is not None or outcome.job is not None


@dataclass(slots=True)
class PlainRequests:
    """What is known of the requests that others depend on."""

    _blocked: dict[str, str] = field(default_factory=dict)
    _answering: set[str] = field(default_factory=set)
    _repetitions: Counter[str] = field(default_factory=Counter)
    _candidates: Counter[str] = field(default_factory=Counter)
    _tried: Counter[str] = field(default_factory=Counter)
    _under_way: Counter[str] = field(default_factory=Counter)

    def put(self, planned: PlannedRequest) -> None:
        """Take note of a request that waits."""
        self._count(planned, 1)

    def begun(self, planned: PlannedRequest) -> None:
        """Take note of a request that leaves."""
        for base in planned.case.depends_on:
            if base in self._blocked and planned.case.stage == "plan":
                self._tried[base] += 1
                self._under_way[base] += 1

    def learnt(self, record: Record, *, waited: bool) -> None:
        """Take note of how a request ended; `waited` says that it was put before."""
        case = record.shot.case
        if waited:
            self._count(record.shot, -1)
        for base in case.depends_on:
            self._under_way[base] -= self._under_way[base] > 0
        if isinstance(record.outcome, Images) and case.expect == "accept":
            for opened in (*case.depends_on, case.follows if case.stage == "confirm" else None):
                self._blocked.pop(opened or "", None)
        if why := blocking_reason(record):
            self._blocked[case.id] = why
            if answered(record):
                self._answering.add(case.id)

    def leave(self, planned: PlannedRequest) -> tuple[Leave, str]:
        """Return when a request may leave, and why not where it never may."""
        for base in planned.case.depends_on:
            if (why := self._blocked.get(base)) is None:
                continue
            if self._repetitions[base] > 0:
                return "later", ""
            if base not in self._answering or not self._may_try(base):
                return "never", why
            tries = planned.case.expect == "accept" and not self._under_way[base]
            if not tries or self._tried[base] >= TRIED_ANYWAY:
                return "later", ""
        return "now", ""

    def _may_try(self, base: str) -> bool:
        """Tell whether a request that is tried, or will be, may yet open the operation."""
        more = self._tried[base] < TRIED_ANYWAY and self._candidates[base] > 0
        return self._under_way[base] > 0 or more

    def _count(self, planned: PlannedRequest, by: int) -> None:
        case = planned.case
        if case.stage == "confirm" and case.follows:
            self._repetitions[case.follows] += by
        if case.expect == "accept" and case.stage == "plan":
            for base in case.depends_on:
                self._candidates[base] += by
