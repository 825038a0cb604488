"""How often the same question was answered in the same way: what a finding may be called."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.verdict import Standing
from harness.diagnosis.history import CaseHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """`failed` of `tried` askings of the same question, what follows, and what is in doubt."""

    failed: int
    tried: int
    standing: Standing
    doubt: str = ""


def repeats(
    evidence: CaseHistory,
    cases: Iterable[str],
    check: str,
    constraint: str | None,
    *,
    repeatable: bool,
) -> Repeats:
    """Count the askings of those questions that were asked more than once.

    Where none was, one failure is all there is: enough where nothing could be asked again.
    """
    questions = dict.fromkeys(
        evidence.askings(case)[0].shot.case.id for case in dict.fromkeys(cases)
    )
    failed = tried = 0
    for question in questions:
        said = [
            evidence.said(asking.shot.case.id, check, constraint)
            for asking in evidence.askings(question)
        ]
        told = [word for word in said if word in ("fail", "pass")]
        if len(told) > 1:
            failed, tried = failed + told.count("fail"), tried + len(told)
    if tried:
        standing: Standing = "confirmed" if failed == tried else "flaky"
        return Repeats(failed=failed, tried=tried, standing=standing)
    if not repeatable:
        return Repeats(failed=1, tried=1, standing="confirmed")
    return Repeats(failed=1, tried=1, standing="unconfirmed", doubt=_doubt(evidence, questions))


def _doubt(evidence: CaseHistory, questions: Iterable[str]) -> str:
    """Say why a failure was not confirmed."""
    again = [
        record
        for question in questions
        for record in evidence.askings(question)
        if record.shot.case.stage == "confirm"
    ]
    for record in again:
        if record.skipped:
            return f"not asked again: {record.skipped}"
    if again:
        return f"asked again, and that told nothing: {evidence.unclear(again[0].shot.case.id)}"
    short = (record.skipped for record in evidence.records.values() if record.skipped)
    if any("budget" in why for why in short):
        return "not asked again: the budget ended"
    return "not asked again"
