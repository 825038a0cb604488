"""Every check on every record."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.checks.check import CHECKS, Check, CheckInput, CheckResult, skipped
from harness.checks.deviations import images_of_several
from harness.checks.outages import outages
from harness.checks.quality import usages
from harness.core.case import Case
from harness.core.exchange import Failure
from harness.core.outcome import Images
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.spec.provider import Provider

log = logging.getLogger(__name__)

OF_KEYS = frozenset(("refuses_what_it_forbids",))
"""The checks on requests that lack the user's key: what such a one brings is no promised content,
and its refusal is about the key."""


def judge_records(
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    *,
    checks: Iterable[Check] | None = None,
) -> tuple[Verdict, ...]:
    """Return the results of every check (of all that are registered, by default) on every record.

    A record that was not sent is skipped with its reason. A check that crashes gives the verdict
    `error`: our bug, shown as such, and nobody's broken promise.
    """
    bases, faults, usage = _bases(records), outages(records), usages(records, providers)
    shared = images_of_several(records)
    if checks is None:
        checks = [entry.function for entry in CHECKS.values()]
    verdicts: list[Verdict] = []
    for record in records:
        case = record.shot.case
        if record.outcome is None:
            (result,) = skipped(record.skipped or "not sent", case.about)
            verdicts.append(_verdict(case, "is_sent", result))
            continue
        base, provider = bases.get((case.provider, case.operation)), providers[case.provider]
        subject = CheckInput(
            provider=provider,
            operation=provider.operation(case.operation),
            record=record,
            outcome=record.outcome,
            base=base.outcome if base else None,
            outage=faults.get((case.provider, case.id), ""),
            usage_moves=(case.provider, case.id) not in usage.steady,
            counts_all=(case.provider, case.operation) in usage.of_all,
            sent_to_others=shared,
        )
        for check in checks:
            if case.credential != "own" and check.__name__ not in OF_KEYS:
                continue
            verdicts += [_verdict(case, check.__name__, result) for result in _run(check, subject)]
    return tuple(verdicts)


def _bases(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    """Return the record of each operation's plain request, by provider and operation.

    One that failed once and was served when it was repeated is served.
    """
    bases: dict[tuple[str, str], Record] = {}
    for record in records:
        case = record.shot.case
        plain = case.id == f"{case.operation}/base"
        again = case.stage == "confirm" and case.follows == f"{case.operation}/base"
        if (plain and record.outcome is not None) or (again and isinstance(record.outcome, Images)):
            place = case.provider, case.operation
            if not isinstance(getattr(bases.get(place), "outcome", None), Images):
                bases[place] = record
    return bases


def _run(check: Check, subject: CheckInput) -> Iterator[CheckResult]:
    try:
        results = check(subject)
    except Exception as error:  # a check may meet anything a provider sends; its crash is our bug
        log.exception("%s crashed on %s", check.__name__, subject.case.id)
        yield CheckResult(status="error", why=f"{type(error).__name__}: {error}"[:300])
        return
    for result in results:
        why = _doubt(result, subject)
        yield replace(result, status="inconclusive", why=f"{why}: {result.why}") if why else result


def _doubt(result: CheckResult, subject: CheckInput) -> str:
    """Say why a result is inconclusive: a replay lacks an exchange, or nothing was promised."""
    for exchange in subject.record.exchanges:
        if isinstance(exchange.answer, Failure) and exchange.answer.kind == "not_on_tape":
            return "a part of this was not on the tape"
    return "observed" if (result.status, subject.case.expect) == ("fail", "observe") else ""


def _verdict(case: Case, check: str, result: CheckResult) -> Verdict:
    return Verdict(
        provider=case.provider,
        operation=case.operation,
        case=case.id,
        constraint=result.constraint,
        check=check,
        status=result.status,
        why=result.why,
    )
