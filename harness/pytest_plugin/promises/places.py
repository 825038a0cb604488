"""To which promise, and to which half of it, a case, a verdict and a finding belong."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from harness.checks.check import CHECKS, Part
from harness.core.case import Case, PlannedRequest
from harness.core.record import Record
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


class ResultPlaces:
    """What a run's verdicts and findings belong to."""

    def __init__(self, result: RunResult) -> None:
        self.result = result
        self.records: dict[tuple[str, str], Record] = {
            (each.shot.case.provider, each.shot.case.id): each for each in result.records
        }

    @cached_property
    def gathered(self) -> Gathered:
        """Every test of this run, with the requests behind it."""
        gathered: Gathered = {}
        for name, provider in self.result.providers.items():
            its = [one.shot for one in self.result.records if one.shot.case.provider == name]
            gathered |= by_promise(provider, its)
        for verdict in self.result.report.verdicts:
            shots = gathered.setdefault(self.of_verdict(verdict), {})
            record = self.records.get((verdict.provider, verdict.case))
            if record is not None:
                shots[verdict.case] = record.shot
        for shown in self.result.report.all_findings:
            gathered.setdefault(of_finding(shown.finding), {})
        for known in self.result.report.failing_known:
            gathered.setdefault(of_known(known.known), {})
        return gathered

    def of_verdict(self, verdict: Verdict) -> Place:
        """Return the one place of a verdict."""
        record = self.records.get((verdict.provider, verdict.case))
        side: Side = "serves"
        promise = verdict.constraint
        if record is not None:
            case = record.shot.case
            about = case.breaks or case.about
            promise = promise or (about if verdict.check == NOT_SENT else None)
            if case.expect != "accept" and promise == about:
                side = "refuses" if case.expect == "refuse" else "observes"
        if promise is None:
            side = "reply"
            promise = ACCEPTS if verdict.check == NOT_SENT else verdict.check
        return Place(
            provider=verdict.provider, operation=verdict.operation, promise=promise, side=side
        )


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
