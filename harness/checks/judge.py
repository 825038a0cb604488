"""Every check on every record."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.checks.check import CHECKS, Check, CheckInput, CheckResult, skipped
from harness.checks.deviations import images_of_several, may_be_repeated
from harness.checks.outages import Outages
from harness.checks.quality import Usages
from harness.checks.verdicts import Verdicts
from harness.core.case import Case
from harness.core.exchange import Failure
from harness.core.outcome import Images, Outcome
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
) -> Verdicts:
    """Return the results of every check (of all that are registered, by default) on every record.

    A record that was not sent is skipped with its reason. A check that crashes gives the verdict
    `error`: our bug, shown as such, and nobody's broken promise. Of each record a few bytes are
    held: it is read twice, and its verdicts are written as they are found.
    """
    told = _together(records, providers)
    if checks is None:
        checks = [entry.function for entry in CHECKS.values()]
    named = [(check, check.__name__) for check in checks]
    verdicts = Verdicts()
    for at, record in enumerate(records):
        case = record.shot.case
        if record.outcome is None:
            (result,) = skipped(record.skipped or "not sent", case.about)
            verdicts.append(_verdict(case, "is_sent", result))
            continue
        provider = providers[case.provider]
        subject = CheckInput(
            provider=provider,
            operation=provider.operation(case.operation),
            record=record,
            outcome=record.outcome,
            base=told.bases.get((case.provider, case.operation)),
            outage=told.outages.before(at),
            usage_moves=not told.usages.is_steady(at),
            counts_all=(case.provider, case.operation) in told.usages.of_all,
            sent_to_others=told.shared,
        )
        for check, name in named:
            if case.credential != "own" and name not in OF_KEYS:
                continue
            for result in _run(check, subject):
                verdicts.append(_verdict(case, name, result))
    return verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Together:
    """What records say of each other, by their places.

    `bases` are the outcomes of each operation's plain request, by provider and operation.
    """

    bases: Mapping[tuple[str, str], Outcome]
    outages: Outages
    usages: Usages
    shared: frozenset[str]


def _together(records: Sequence[Record], providers: Mapping[str, Provider]) -> _Together:
    bases: dict[tuple[str, str], Outcome] = {}
    outages, usages = Outages(), Usages(providers)
    repeated: set[str] = set()
    for record in records:
        _add_base(bases, record)
        outages.add(record)
        usages.add(record)
        repeated |= may_be_repeated(record)
    outages.end()
    usages.end()
    shared = images_of_several(records, repeated) if repeated else frozenset()
    return _Together(bases=bases, outages=outages, usages=usages, shared=shared)


def _add_base(bases: dict[tuple[str, str], Outcome], record: Record) -> None:
    """Keep what an operation's plain request came to.

    One that failed once and was served when it was repeated is served.
    """
    case, outcome = record.shot.case, record.outcome
    plain = case.id == f"{case.operation}/base"
    again = case.stage == "confirm" and case.follows == f"{case.operation}/base"
    if outcome is not None and (plain or (again and isinstance(outcome, Images))):
        place = case.provider, case.operation
        if not isinstance(bases.get(place), Images):
            bases[place] = outcome


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
