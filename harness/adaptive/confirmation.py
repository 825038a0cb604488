"""What shows a failure a second time, at the least cost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from harness.adaptive.cheaper import Seen
from harness.adaptive.sent import SentCases
from harness.cases.build import Builder
from harness.checks.judge import judge_records
from harness.core.case import FIRST_STAGES, Case
from harness.core.jsonvalue import Json, canonical
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.diagnosis.combinations import assignment
from harness.diagnosis.history import ACCEPTS, FAILS, FIELDS
from harness.diagnosis.judged import claimed_arguments
from harness.spec.provider import Provider

ROWS_REPEATED = 4
"""How many refused valid requests of one operation are repeated before it is known what they have
in common."""

Claim = tuple[str, ...]
"""What a failure is about: an operation, a constraint and a check; or the operation and itself."""


class Confirmation:
    """Asks once more, for each claim that failed: with the cheapest request that may show it.

    Wrong content is shown by a smaller request first; where that passes, or the claim is about a
    refusal, by the same request with another prompt.
    """

    def __init__(self, provider: Provider, sent: SentCases) -> None:
        self._provider = provider
        self._sent = sent
        self._failing: dict[str, tuple[Claim, ...]] = {}
        self._prices: dict[str, tuple[Decimal, int]] = {}
        self._owners: dict[Claim, str] = {}
        self._settled: set[Claim] = set()

    def on_record(self, record: Record) -> list[Case]:
        """Take note of a record that was noted as sent; return what is sent next, noted too."""
        case = record.shot.case
        plain = case.id == f"{case.operation}/base"  # some claims compare with it
        for other in self._sent.records.values() if plain else [record]:
            self._judge(other)
        self._settle(record)
        return [
            request
            for name in sorted(self._failing, key=self._price)
            if (request := self._confirmation(name)) is not None
        ]

    def _judge(self, record: Record) -> None:
        """Take note of the claims that a record fails; a repetition is no claim of its own."""
        case = record.shot.case
        if record.outcome is None or case.stage == "confirm":
            return
        claims = [
            self._claim(case, verdict)
            for verdict in self._failed(record)  # a probe's refusal repeats another
            if case.stage in FIRST_STAGES or verdict.check != ACCEPTS
        ]
        if claims:
            self._failing[case.id] = tuple(dict.fromkeys(claims))
            self._prices[case.id] = (record.shot.at_risk.amount, record.shot.at_risk.images)

    def _settle(self, record: Record) -> None:
        """Take note of what a reply settles: an equal question all claims, a smaller one its own.

        A smaller request that passes says where the failure ends, not that it comes and goes.
        """
        case = record.shot.case
        claims = self._failing.get(case.follows or "", ())
        if record.outcome is None:
            return
        if case.stage == "confirm":
            self._settled.update(claims)
        self._settled.update({*claims} & {*self._failing.get(case.id, ())})

    def _price(self, name: str) -> tuple[Decimal, int]:
        return self._prices[name]

    def has_failed(self, case_id: str) -> bool:
        """Tell whether a record fails a claim, other than by repeating another one."""
        return case_id in self._failing

    def _confirmation(self, failed: str) -> Case | None:
        """Return the cheapest request that may show again what failed in a record, if any is left.

        One request at a time, and one record for each claim: the first that failed, unless nothing
        is left to send for it.
        """
        open_ = [claim for claim in self._failing[failed] if self._is_open(failed, claim)]
        if not open_ or self._sent.waits(failed):
            return None
        request = next(self._attempts(self._sent.records[failed]), None)
        for claim in open_:
            if request is not None:
                self._owners[claim] = failed
            elif self._owners.get(claim) == failed:
                del self._owners[claim]
        return None if request is None else self._sent.add(request)

    def _is_open(self, name: str, claim: Claim) -> bool:
        """Tell whether a claim is to be shown again, and by this record."""
        rows = [other for other in self._owners if other[:2] == (claim[0], "row")]
        many = claim[1] == "row" and claim not in rows and len(rows) >= ROWS_REPEATED
        return claim not in self._settled and self._owns(name, claim) and not many

    def _owns(self, name: str, claim: Claim) -> bool:
        """Tell whether a record shows a claim; one of fewer images takes the place of another."""
        owner = self._owners.get(claim, name)
        fewer = self._price(name)[1] < self._price(owner)[1]
        return owner == name or (fewer and not self._sent.waits(owner))

    def _attempts(self, record: Record) -> Iterator[Case]:
        """Yield what may show a failure again and can be paid, in the order of sending."""
        failed = record.shot.case
        seen = self._wrong_content(record)
        if seen is not None:
            yield from self._smaller(failed, seen.before_a_repetition())
        again = self._sent.repetition(record)
        if again is not None:
            yield again
        if seen is not None:
            yield from self._smaller(failed, seen.instead_of_a_repetition())

    def _wrong_content(self, record: Record) -> Seen | None:
        """Return a valid request that was served with wrong content, if this record is one."""
        failed = record.shot.case
        plain = self._sent.records.get(f"{failed.operation}/base")
        claims = [claim for claim in self._failing[failed.id] if ACCEPTS not in claim]
        if failed.expect != "accept" or plain is None or not isinstance(plain.outcome, Images):
            return None
        if not claims or not isinstance(record.outcome, Images):
            return None
        operation = self._provider.operation(failed.operation)
        return Seen(
            case=failed,
            plain=plain.shot.case.arguments,
            suspected=claimed_arguments(operation, (claim[1] for claim in claims)),
            received=len(record.outcome.pictures),
            several=self._needs_several(record, record.outcome, claims),
        )

    def _needs_several(self, record: Record, served: Images, claims: Sequence[Claim]) -> bool:
        """Tell whether none of these claims would fail if the first image were the only one."""
        if len(served.pictures) <= 1:
            return False
        everything, first = (
            self._failing_of_pictures(record, replace(served, pictures=pictures, usage=None))
            for pictures in (served.pictures, served.pictures[:1])
        )
        return bool(everything & {*claims}) and not first & {*claims}

    def _failing_of_pictures(self, record: Record, served: Images) -> set[Claim]:
        case = record.shot.case
        alone = replace(case, arguments={**case.arguments, "n": len(served.pictures)})
        shown = replace(record, shot=replace(record.shot, case=alone), outcome=served)
        return {self._claim(alone, verdict) for verdict in self._failed(shown)}

    def _smaller(self, failed: Case, requests: Iterator[dict[str, Json]]) -> Iterator[Case]:
        """Yield these requests as probes, where they are valid, unanswered and can be paid."""
        operation = self._provider.operation(failed.operation)
        builder = Builder(self._provider, failed.operation)
        answered = {
            canonical(dict(assignment(operation, case.arguments)))
            for case in self._sent.cases.values()
            if (case.operation, case.expect) == (failed.operation, "accept")
        }
        for arguments in requests:
            asked = canonical(dict(assignment(operation, arguments)))
            if asked in answered or builder.objections(arguments):
                continue
            case = self._sent.probe(failed.operation, arguments, stage="isolate", follows=failed.id)
            if case is not None:
                yield case

    def _failed(self, record: Record) -> list[Verdict]:
        case = record.shot.case
        base = self._sent.records.get(f"{case.operation}/base")
        both = [record] if base is None or base.shot.case.id == case.id else [base, record]
        verdicts = judge_records(both, {self._provider.name: self._provider})
        of_case = [word for word in verdicts if word.case == case.id]
        unserved = any((word.check, word.status) == (FAILS, "inconclusive") for word in of_case)
        return [  # what was not served lacks more than fields: that is looked into instead
            word
            for word in of_case
            if word.status == "fail" and not (unserved and word.check == FIELDS)
        ]

    @staticmethod
    def _claim(case: Case, verdict: Verdict) -> Claim:
        """Name what a failure is about: its promise, or itself where that is not known yet."""
        if verdict.check == ACCEPTS and case.about is None:
            return (case.operation, "row", case.id)
        return (case.operation, verdict.constraint or "", verdict.check)
