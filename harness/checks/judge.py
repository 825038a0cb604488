"""All claims over all records."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from harness.checks.check import CHECKS, Check, CheckInput, CheckResult
from harness.core.exchange import Exchange, Failure
from harness.core.outcome import Outcome
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.spec.provider import Provider

log = logging.getLogger(__name__)


def judge_records(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    checks: Iterable[Check] | None = None,
) -> tuple[Verdict, ...]:
    """Return the word of every check (of all that are registered, by default) on every record.

    A record that was not sent is skipped with its reason. A check that crashes gives the verdict
    `error`: our bug, shown as such, and nobody's broken promise.
    """
    bases = {
        (record.shot.case.provider, record.shot.case.operation): record
        for record in records
        if record.shot.case.id.endswith("/base") and record.outcome is not None
    }
    if checks is None:
        checks = [entry.function for entry in CHECKS.values()]
    verdicts: list[Verdict] = []
    for record in records:
        case = record.shot.case
        if record.outcome is None:
            verdicts.append(_verdict(record, "is_sent", _unsent(record)))
            continue
        base = bases.get((case.provider, case.operation))
        subject = _subject(record, record.outcome, providers[case.provider], base)
        for check in checks:
            verdicts += [_verdict(record, check.__name__, word) for word in _run(check, subject)]
    return tuple(verdicts)


def _subject(
    record: Record, outcome: Outcome, provider: Provider, base: Record | None
) -> CheckInput:
    return CheckInput(
        provider=provider,
        operation=provider.operation(record.shot.case.operation),
        record=record,
        outcome=outcome,
        base=base.outcome if base else None,
        plain=base.shot.case.arguments if base else {},
    )


def _unsent(record: Record) -> CheckResult:
    why = record.skipped or "not sent"
    return CheckResult(status="skip", why=why, constraint=record.shot.case.about)


def _run(check: Check, subject: CheckInput) -> tuple[CheckResult, ...]:
    try:
        words = check(subject)
    except Exception as error:  # a check may meet anything a provider sends; its crash is our bug
        case = subject.record.shot.case.id
        log.exception("%s crashed on %s", check.__name__, case)
        return (CheckResult(status="error", why=f"{type(error).__name__}: {error}"[:300]),)
    return tuple(_softened(word, subject) for word in words)


def _softened(word: CheckResult, subject: CheckInput) -> CheckResult:
    """Turn a failure on an open question into an observation: nothing was promised there.

    Where a replay missed a part of the conversation, nothing is said at all.
    """
    if any(_off_tape(exchange) for exchange in subject.record.exchanges):
        why = f"a part of this was not on the tape: {word.why}"
        return CheckResult(status="inconclusive", why=why, constraint=word.constraint)
    if word.status != "fail" or subject.record.shot.case.expect != "observe":
        return word
    return CheckResult(
        status="inconclusive", why=f"observed: {word.why}", constraint=word.constraint
    )


def _off_tape(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape"


def _verdict(record: Record, check: str, word: CheckResult) -> Verdict:
    case = record.shot.case
    return Verdict(
        provider=case.provider,
        operation=case.operation,
        case=case.id,
        constraint=word.constraint,
        check=check,
        status=word.status,
        why=word.why,
    )
