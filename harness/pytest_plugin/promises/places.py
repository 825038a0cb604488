"""To which promise, and to which half of it, a case, a verdict and a finding belong."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Self

from harness.checks.check import CHECKS, Part
from harness.checks.verdicts import beside
from harness.core.case import Case, Expect, PlannedRequest
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.history import ACCEPTS
from harness.known.model import KnownDeviation
from harness.pytest_plugin.promises.promise_tests import PromiseTest, Side
from harness.run_result import RunResult
from harness.spec.credentials import constraint_of
from harness.spec.provider import Operation, Provider

NOT_SENT = "is_sent"
"""The check of a request that was not sent: it speaks of what was to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a test is about."""

    provider: str
    operation: str
    promise: str
    side: Side

    @classmethod
    def of(cls, test: PromiseTest) -> "Place":
        """Return what a test is about."""
        return cls(
            provider=test.provider, operation=test.operation, promise=test.promise, side=test.side
        )


Shots = dict[str, PlannedRequest]
"""Planned requests by their case ids."""

Gathered = dict[Place, Shots]
"""The planned requests that look into each promise; none for what only verdicts speak of."""


def by_promise(provider: Provider, planned: Iterable[PlannedRequest]) -> Gathered:
    """Return the requests by the promises of parameters that they are about.

    What has to be served speaks of everything documented that it exercises.
    """
    gathered: defaultdict[Place, Shots] = defaultdict(dict)
    for shot in planned:
        for place in _places_of_case(provider, shot.case):
            gathered[place][shot.case.id] = shot
    return dict(gathered)


def _places_of_case(provider: Provider, case: Case) -> tuple[Place, ...]:
    about = case.breaks or case.about
    match case.expect:
        case "refuse":
            return (_place(case, about, "refuses"),) if about else ()
        case "observe":
            return (_place(case, about, "observes"),) if about else ()
        case "accept":
            operation = provider.operation(case.operation)
            promises = dict.fromkeys(token.partition("=")[0] for token in case.covers)
            return tuple(
                _place(case, promise, "serves")
                for promise in promises
                if _is_promised(provider, operation, promise)
            )


def _is_promised(provider: Provider, operation: Operation, promise: str) -> bool:
    constraint = constraint_of(provider, operation, promise)
    return constraint is not None and operation.is_judged(constraint)


def _place(case: Case, promise: str, side: Side) -> Place:
    return Place(provider=case.provider, operation=case.operation, promise=promise, side=side)


def by_check(provider: Provider, planned: Iterable[PlannedRequest]) -> Gathered:
    """Return the requests by the checks of replies as a whole that they give something to see."""
    gathered: defaultdict[Place, Shots] = defaultdict(dict)
    for shot in planned:
        operation = provider.operation(shot.case.operation)
        for name, entry in CHECKS.items():
            if not entry.of_parameters and _can_see(entry.promised_in, operation, shot.case):
                gathered[_place(shot.case, name, "reply")][shot.case.id] = shot
    return dict(gathered)


def _can_see(part: Part, operation: Operation, case: Case) -> bool:
    """Tell whether a case brings a reply of which this part of the documents says something."""
    if part == "errors":
        return case.expect == "refuse"
    if case.expect != "accept":
        return False
    match part:
        case "job" | "failed_free":
            return operation.job is not None
        case "idempotency":
            return "same_key" in case.follow_ups
        case "stream":
            return case.arguments.get("stream") is True
        case "webhook":
            return operation.webhook is not None and "webhook_url" in case.arguments
        case "operation" | "prices":
            return True


MOST_CASES = 1_000
"""So many requests behind a test are known by their ids; all are counted."""


@dataclass(slots=True)
class Behind:
    """The requests behind one test: the first ones, and what all of them cost."""

    shots: Shots = field(default_factory=dict)
    amount: Decimal = Decimal(0)
    images: int = 0
    unit: str = ""
    at_most: bool = False
    number: int = 0

    @classmethod
    def of(cls, shots: Iterable[PlannedRequest]) -> Self:
        """Return planned requests; all of them are known by their ids."""
        behind = cls()
        for shot in shots:
            behind.count(shot)
            behind.shots[shot.case.id] = shot
        return behind

    def add(self, shot: PlannedRequest) -> None:
        """Take one more, which is none of those before."""
        self.count(shot)
        if len(self.shots) < MOST_CASES:
            self.shots[shot.case.id] = shot

    def count(self, shot: PlannedRequest) -> None:
        """Count what one more costs."""
        price = shot.price
        self.amount += price.amount
        self.images += price.images
        self.unit = self.unit if self.number else price.unit
        self.at_most |= price.at_most
        self.number += 1


class ResultPlaces:
    """What a run's verdicts and findings belong to."""

    def __init__(self, result: RunResult) -> None:
        self.result = result
        self._memo: dict[
            tuple[str, str, Expect, str | None, tuple[str, ...]], tuple[Place, ...]
        ] = {}

    @cached_property
    def gathered(self) -> dict[Place, Behind]:
        """Every test of this run, with the requests behind it."""
        gathered: defaultdict[Place, Behind] = defaultdict(Behind)
        for name in self.result.providers:
            for record in self.result.records:
                if record.shot.case.provider == name:
                    for place in self.of_case(record.shot.case):
                        gathered[place].add(record.shot)
        for shot, spoken in self.spoken():
            self._gather(gathered, shot, spoken)
        for shown in self.result.report.all_findings:
            gathered[of_finding(shown.finding)]
        for known_ in self.result.report.failing_known:
            gathered[of_known(known_.known)]
        return dict(gathered)

    def _gather(
        self,
        gathered: defaultdict[Place, Behind],
        shot: PlannedRequest | None,
        spoken: Sequence[Verdict],
    ) -> None:
        case = shot.case if shot is not None else None
        known = self.of_case(case) if case is not None else ()
        for place in dict.fromkeys(of_verdict(verdict, case) for verdict in spoken):
            behind = gathered[place]
            if shot is not None and place not in known:
                behind.add(shot)

    def spoken(self) -> Iterator[tuple[PlannedRequest | None, Sequence[Verdict]]]:
        """Yield the verdicts on each case, with the request; None where no record has it."""
        return beside(self.result.records, self.result.report.verdicts, attrgetter("shot"))

    def of_case(self, case: Case) -> tuple[Place, ...]:
        """Return the promises of parameters that a case is about."""
        provider = self.result.providers[case.provider]
        key = (case.provider, case.operation, case.expect, case.breaks or case.about, case.covers)
        if key not in self._memo:
            if len(self._memo) >= MOST_CASES:
                self._memo.clear()
            self._memo[key] = _places_of_case(provider, case)
        return self._memo[key]


def of_verdict(verdict: Verdict, case: Case | None) -> Place:
    """Return the one place of a verdict on a case; None where no record has it."""
    side: Side = "serves"
    promise = verdict.constraint
    if case is not None:
        about = case.breaks or case.about
        promise = promise or (about if verdict.check == NOT_SENT else None)
        if case.expect != "accept" and promise == about:
            side = "refuses" if case.expect == "refuse" else "observes"
    if promise is None:
        side = "reply"
        promise = ACCEPTS if verdict.check == NOT_SENT else verdict.check
    return Place(provider=verdict.provider, operation=verdict.operation, promise=promise, side=side)


def of_finding(finding: Finding) -> Place:
    """Return the one place of a finding: that of values together is none of their constraints'."""
    side: Side = "reply"
    promise = finding.check
    if finding.constraint and not finding.combination:
        promise = finding.constraint
        case = finding.record.shot.case
        breaks = case.expect == "refuse" and case.breaks == promise
        side = "refuses" if breaks else "serves"
    return Place(provider=finding.provider, operation=finding.operation, promise=promise, side=side)


def of_known(known: KnownDeviation) -> Place:
    """Return the place of a known deviation that is none any more: of its promise by its check."""
    promise = f"{known.promise} {known.check}".strip()
    return Place(provider=known.provider, operation=known.operation, promise=promise, side="known")
