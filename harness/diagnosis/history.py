"""What records say of each claim that failed: which of them broke it, and which kept it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from harness.cases import prompts
from harness.cases.build import Builder
from harness.core.case import Stage
from harness.core.jsonvalue import Json
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.diagnosis.combinations import AssignedRecord, FailureGroup, assignment
from harness.spec.provider import Provider

ACCEPTS = "accepts_what_it_documents"

Said = Literal["fail", "pass", "silent", "unclear"]
"""What a record says of a claim; `silent` where the claim does not apply to it."""

_VARYING = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")
"""What may differ between two wordings of one error: numbers, and what it quotes."""


class CaseHistory:
    """One provider's records with the verdicts on each."""

    def __init__(
        self, provider: Provider, records: Iterable[Record], verdicts: Iterable[Verdict]
    ) -> None:
        self.provider = provider
        self.records = {
            record.shot.case.id: record
            for record in records
            if record.shot.case.provider == provider.name
        }
        self._words: defaultdict[str, list[Verdict]] = defaultdict(list)
        for verdict in verdicts:
            if verdict.provider == provider.name:
                self._words[verdict.case].append(verdict)

    def said(self, case: str, check: str, constraint: str | None) -> Said:
        """Return what a record says of a claim; whose fault a refusal is stays open here."""
        words = [
            word.status
            for word in self._words[case]
            if word.check == check and (check == ACCEPTS or word.constraint == constraint)
        ]
        if "fail" in words:
            return "fail"
        if "inconclusive" in words or "error" in words:
            return "unclear"
        return "pass" if "pass" in words else "silent"

    def why(self, case: str, check: str, constraint: str | None) -> str:
        """Return a failing check's words on a record; nothing where it did not fail."""
        return next(
            (
                word.why
                for word in self._words[case]
                if (word.check, word.status) == (check, "fail")
                and (check == ACCEPTS or word.constraint == constraint)
            ),
            "",
        )

    def unclear(self, case: str) -> str:
        """Return why a record told nothing, in the words of the first check that says so."""
        words = (word.why for word in self._words[case] if word.status in ("inconclusive", "skip"))
        return next(words, "no check spoke")

    def seen(self, record: Record, check: str, constraint: str | None) -> AssignedRecord:
        """Return a record as a claim looks at it."""
        case = record.shot.case
        return AssignedRecord(
            record=record,
            items=assignment(self.provider.operation(case.operation), case.arguments),
            words=_VARYING.sub("", self.why(case.id, check, constraint)),
        )

    def askings(self, case: str) -> tuple[Record, ...]:
        """Return every record of the same question: it, and where it was asked again.

        A benchmark asks each of its workloads many times, always with another prompt.
        """
        mine, slot = self.records[case].shot.case, self.records[case].shot.slot
        if slot is not None:
            return tuple(
                record
                for record in self.records.values()
                if record.shot.slot is not None and record.shot.slot.workload == slot.workload
            )
        first = mine.follows if mine.stage == "confirm" and mine.follows else case
        return tuple(
            record
            for record in self.records.values()
            if record.shot.case.id == first
            or (record.shot.case.stage == "confirm" and record.shot.case.follows == first)
        )

    def plain(self, operation: str) -> Record | None:
        """Return the record of an operation's plain request."""
        return self.records.get(f"{operation}/base")

    def troubles(self) -> tuple[FailureGroup, ...]:
        """Return every claim that failed, each with the records that speak of it."""
        keys = dict.fromkeys(
            (
                word.operation,
                self.records[word.case].shot.case.breaks,
                word.check,
                None if word.check == ACCEPTS else word.constraint,
            )
            for words in self._words.values()
            for word in words
            if word.status == "fail"
        )
        return tuple(self._trouble(*key) for key in keys)

    def _trouble(
        self, operation: str, breaks: str | None, check: str, constraint: str | None
    ) -> FailureGroup:
        failing, passing = [], []
        for name, record in self.records.items():
            case = record.shot.case
            if case.operation != operation or case.breaks != breaks or case.expect == "observe":
                continue
            status = self.said(name, check, constraint)
            assigned = self.seen(record, check, constraint)
            if status == "fail":
                failing += [assigned] if self._steady(name, check, constraint) else []
            elif _kept(record, status, judged=check == ACCEPTS or breaks is not None):
                passing.append(assigned)
        return FailureGroup(
            operation_name=operation,
            operation=self.provider.operation(operation),
            check=check,
            constraint=constraint,
            breaks=breaks,
            plain=self.plain_arguments(operation),
            failing=tuple(sorted(failing, key=lambda assigned: assigned.id)),
            passing=tuple(passing),
        )

    def _steady(self, case: str, check: str, constraint: str | None) -> bool:
        """Tell whether a failure may be built on: no repetition passed, no value was moved."""
        records = self.askings(case)
        statuses = [self.said(record.shot.case.id, check, constraint) for record in records]
        return "pass" not in statuses and self.records[case].shot.case.stage != "shrink"

    def plain_arguments(self, operation: str) -> Mapping[str, Json]:
        """Return the arguments of an operation's plain request, sent or not."""
        record = self.plain(operation)
        if record is not None:
            return record.shot.case.arguments
        return Builder(self.provider, operation).base(prompt=prompts.PLAIN)


def _kept(record: Record, status: Said, *, judged: bool) -> bool:
    """Tell whether a record clears what it holds; where a claim need not apply, by being served.

    A picture without bytes is one that a claim about pictures was silent on for want of them.
    """
    if judged or status != "silent":
        return status == "pass"
    outcome = record.outcome
    return isinstance(outcome, Images) and all(
        picture.state == "decoded" for picture in outcome.pictures
    )


def seeds(trouble: FailureGroup) -> Sequence[AssignedRecord]:
    """Return the failing records that were planned, the cheapest first."""
    return _of_stage(trouble, "plan")


def probes(trouble: FailureGroup) -> Sequence[AssignedRecord]:
    """Return the failing records that were asked for to isolate others, the cheapest first."""
    return _of_stage(trouble, "isolate")


def _of_stage(trouble: FailureGroup, stage: Stage) -> Sequence[AssignedRecord]:
    return sorted(
        (assigned for assigned in trouble.failing if assigned.record.shot.case.stage == stage),
        key=_cost,
    )


def _cost(assigned: AssignedRecord) -> tuple[int, Decimal, int, str]:
    shot = assigned.record.shot
    return (shot.at_risk.images, shot.at_risk.amount, len(shot.case.arguments), assigned.id)
