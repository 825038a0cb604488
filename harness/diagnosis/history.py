"""Which records of a provider fail each claim, and which pass it."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from harness.cases import prompts
from harness.cases.build import Builder
from harness.core.case import Stage
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.diagnosis.combinations import (
    AssignedRecord,
    FailureGroup,
    assignment,
)
from harness.diagnosis.judged import claimed_argument, judged_group
from harness.spec.provider import Provider

ACCEPTS = "accepts_what_it_documents"
FAILS = "fails_where_it_should_serve"
FIELDS = "reply_has_the_documented_fields"
ACCEPTANCE = frozenset((ACCEPTS, FAILS))
"""The claims that a valid request is served: which of its values is to blame stays to be found."""


def suspected(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield the verdicts, with a request that may fail each time as one that failed.

    Alone it is inconclusive: whether it is to blame is decided by what was sent after it.
    """
    for verdict in verdicts:
        open_ = (verdict.check, verdict.status) == (FAILS, "inconclusive")
        yield replace(verdict, status="fail") if open_ else verdict


Claim = str | None
"""The constraint that a claim is about; None for one about the reply as a whole."""

Question = tuple[str, str]
"""What all repetitions of a request have in common."""

ClaimStatus = Literal["fail", "pass", "silent", "unclear"]
"""What a record shows of a claim; `silent` where the claim does not apply to it."""

_VARYING = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")
"""What may differ between two wordings of one error: numbers, and what it quotes."""


class CaseHistory:
    """One provider's records with the verdicts on each.

    `arrival` are the ids of its cases in the order in which they ended, that of `records` where it
    is not given. `repeated` counts what all records of a question show of each claim, where
    `records` are only some of them.
    """

    def __init__(
        self,
        provider: Provider,
        records: Iterable[Record],
        verdicts: Iterable[Verdict],
        *,
        arrival: Iterable[str] | None = None,
        repeated: Mapping[tuple[Question, str, Claim, ClaimStatus], int] = MappingProxyType({}),
    ) -> None:
        self.provider = provider
        self.records = {
            record.shot.case.id: record
            for record in records
            if record.shot.case.provider == provider.name
        }
        self.arrival = tuple(self.records) if arrival is None else tuple(arrival)
        self._repeated = repeated
        self._places = {name: place for place, name in enumerate(self.arrival)}
        self._verdicts: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in suspected(verdicts):
            if verdict.provider == provider.name:
                self._verdicts[verdict.case].append(verdict)

    def is_after(self, case: str, other: str) -> bool:
        """Tell whether a case ended after another one."""
        return self._places.get(case, 0) > self._places.get(other, 0)

    def _of_claim(self, case: str, check: str, constraint: str | None) -> dict[str, str]:
        """Return the first reason for each status; whose fault a refusal is stays open here."""
        reasons: dict[str, str] = {}
        for verdict in self._verdicts[case]:
            if verdict.check == check and (check in ACCEPTANCE or verdict.constraint == constraint):
                reasons.setdefault(verdict.status, verdict.why)
        return reasons

    def status(self, case: str, check: str, constraint: str | None) -> ClaimStatus:
        """Return what a record shows of a claim."""
        reasons = self._of_claim(case, check, constraint)
        if "fail" in reasons:
            return "fail"
        if "inconclusive" in reasons or "error" in reasons:
            return "unclear"
        return "pass" if "pass" in reasons else "silent"

    def unclear(self, case: str) -> str:
        """Return why a record is inconclusive, by the first check that gives a reason."""
        unclear = ("inconclusive", "skip")
        reasons = (verdict.why for verdict in self._verdicts[case] if verdict.status in unclear)
        return next(reasons, "no check spoke")

    def assigned(self, record: Record, check: str, constraint: str | None) -> AssignedRecord:
        """Return a record with its assignment and why it fails a claim."""
        case = record.shot.case
        words = _VARYING.sub("", self._of_claim(case.id, check, constraint).get("fail", ""))
        return AssignedRecord(
            record=record,
            items=assignment(self.provider.operation(case.operation), case.arguments),
            words=words.partition(":")[0] if check == FAILS else words,  # ids differ in each
        )

    def repetitions(self, case: str) -> tuple[Record, ...]:
        """Return every record of the same request: the first, and those that repeat it.

        A benchmark repeats each of its workloads many times, always with another prompt.
        """
        first = question_of(self.records[case])
        return tuple(
            record
            for record in self.records.values()
            if first in (question_of(record), ("case", record.shot.case.id))
        )

    def decided(self, case: str, check: str, constraint: str | None) -> tuple[int, int]:
        """Return how many records of the same request fail a claim, and how many tell of it."""
        if self._repeated and self.records[case].shot.slot is not None:
            question = question_of(self.records[case])
            claim = None if check in ACCEPTANCE else constraint
            failed = self._repeated.get((question, check, claim, "fail"), 0)
            return failed, failed + self._repeated.get((question, check, claim, "pass"), 0)
        repeated = (record.shot.case.id for record in self.repetitions(case))
        statuses = [self.status(each, check, constraint) for each in repeated]
        failed = statuses.count("fail")
        return failed, failed + statuses.count("pass")

    def plain(self, operation: str) -> Record | None:
        """Return the record of an operation's plain request.

        Where that one always failed, it is the cheapest valid one that was served: then its own
        values are what is different about the plain request.
        """
        base = self.records.get(f"{operation}/base")
        if base is None or self.status(base.shot.case.id, FAILS, None) != "fail":
            return base
        if any(isinstance(again.outcome, Images) for again in self.repetitions(base.shot.case.id)):
            return base
        return self.stand_in(operation) or base

    def stand_in(self, operation: str) -> Record | None:
        """Return the cheapest valid planned request of an operation that was served."""
        served = (
            record
            for record in self.records.values()
            if isinstance(record.outcome, Images)
            and record.shot.case.operation == operation
            and (record.shot.case.expect, record.shot.case.stage) == ("accept", "plan")
        )
        return min(served, key=_cost, default=None)

    def failure_groups(self) -> tuple[FailureGroup, ...]:
        """Return every claim on arguments that failed, each with the records that it applies to."""
        keys = dict.fromkeys(
            (
                verdict.operation,
                self.records[verdict.case].shot.case.breaks,
                verdict.check,
                None if verdict.check in ACCEPTANCE else verdict.constraint,
            )
            for verdicts in self._verdicts.values()
            for verdict in verdicts
            if verdict.status == "fail" and self.records[verdict.case].shot.case.credential == "own"
        )
        return tuple(self._failure_group(*key) for key in keys)

    def _failure_group(
        self, operation: str, breaks: str | None, check: str, constraint: str | None
    ) -> FailureGroup:
        failing, passing = [], []
        judged = check in ACCEPTANCE or breaks is not None
        about = "" if judged else claimed_argument(self.provider.operation(operation), constraint)
        for name, record in self.records.items():
            case = record.shot.case
            if case.operation != operation or case.breaks != breaks or case.expect == "observe":
                continue
            status = self.status(name, check, constraint)
            assigned = self.assigned(record, check, constraint)
            if status == "fail":
                failing += [assigned] if self._steady(name, check, constraint) else []
            elif _clears(record, status, judged=judged or bool(about)):
                passing.append(assigned)
        if check == FIELDS:
            passing = [done for done in passing if any(_alike(done, to) for to in failing)]
        plain = self.plain(operation)
        group = FailureGroup(
            operation_name=operation,
            operation=self.provider.operation(operation),
            check=check,
            constraint=constraint,
            breaks=breaks,
            plain=self.plain_arguments(operation),
            failing=tuple(sorted(failing, key=lambda assigned: assigned.id)),
            passing=tuple(passing),
            about=about,
        )
        silent = (
            plain is not None and self.status(plain.shot.case.id, check, constraint) == "silent"
        )
        return judged_group(self.provider, group) if about and silent else group

    def _steady(self, case: str, check: str, constraint: str | None) -> bool:
        """Tell whether a failure may be built on: no repetition passed, no value was moved."""
        passed = any(
            self.status(record.shot.case.id, check, constraint) == "pass"
            for record in self.repetitions(case)
        )
        return not passed and self.records[case].shot.case.stage != "shrink"

    def plain_arguments(self, operation: str) -> Mapping[str, Json]:
        """Return the arguments of an operation's plain request, sent or not."""
        if (record := self.plain(operation)) is not None:
            return record.shot.case.arguments
        return Builder(self.provider, operation).base(prompt=prompts.PLAIN)


def _alike(assigned: AssignedRecord, other: AssignedRecord) -> bool:
    """Tell whether both replies are streams, or neither: documents show other fields of each."""
    first, second = (to.record.shot.case.arguments.get("stream") for to in (assigned, other))
    return (first is True) == (second is True)


def question_of(record: Record) -> Question:
    """Return what all repetitions of a request have in common."""
    case, slot = record.shot.case, record.shot.slot
    if slot is not None:
        return ("workload", slot.workload)
    return ("case", case.follows if case.stage == "confirm" and case.follows else case.id)


def _clears(record: Record, status: ClaimStatus, *, judged: bool) -> bool:
    """Tell whether a record clears its values; a claim that need not apply, by being served.

    A claim about an argument is silent where that is not asked for, one about pictures on a picture
    without bytes: that clears nothing.
    """
    if judged or status != "silent":
        return status == "pass"
    outcome = record.outcome
    return isinstance(outcome, Images) and all(
        picture.state == "decoded" for picture in outcome.pictures
    )


def failing_of_stages(group: FailureGroup, stages: Collection[Stage]) -> Sequence[AssignedRecord]:
    """Return the failing records of these stages, the cheapest first."""
    return sorted(
        (assigned for assigned in group.failing if assigned.record.shot.case.stage in stages),
        key=lambda assigned: _cost(assigned.record),
    )


def _cost(record: Record) -> tuple[int, Decimal, int, str]:
    planned = record.shot
    at_risk = planned.at_risk
    return (at_risk.images, at_risk.amount, len(planned.case.arguments), planned.case.id)
