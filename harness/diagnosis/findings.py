"""Broken promises, each once, with the smallest request that shows it and how sure that is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.jsonvalue import canonical
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Verdict
from harness.diagnosis.attribution import Attribution, attributions
from harness.diagnosis.combinations import (
    Assignment,
    assignment,
    changes,
    describe_values,
    joined_values,
)
from harness.diagnosis.faults import (
    TRIALS,
    Contrast,
    contrasts_by_operation,
    fault_standing,
    steadiness,
)
from harness.diagnosis.history import ACCEPTANCE, FAILS, FIELDS, CaseHistory, suspected
from harness.diagnosis.reduction import doubt_of, not_reduced, shown_by_smaller
from harness.spec.credentials import constraint_of
from harness.spec.provider import Constraint, Provider


def repeats(
    history: CaseHistory,
    cases: Iterable[str],
    check: str,
    constraint: str | None,
    *,
    repeatable: bool,
) -> tuple[int, int, Standing, str]:
    """Return how many of how many repeated requests failed, what follows, and what is in doubt.

    Without a repetition of the same question, a smaller request that failed, too, confirms it: one
    that was sent for this very failure. Without either, one failure is all there is: enough where
    nothing could be repeated.
    """
    questions = dict.fromkeys(history.repetitions(case)[0].shot.case.id for case in cases)
    failed = tried = 0
    for question in questions:
        repeated = (record.shot.case.id for record in history.repetitions(question))
        statuses = [history.status(case, check, constraint) for case in repeated]
        decided = [status for status in statuses if status in ("fail", "pass")]
        if len(decided) > 1:
            failed, tried = failed + decided.count("fail"), tried + len(decided)
    if tried:
        standing: Standing = "confirmed" if failed == tried else "flaky"
        return failed, tried, standing, ""
    if not repeatable:
        return 1, 1, "confirmed", ""
    shown = shown_by_smaller(history, questions, check, constraint)
    if shown > 1:
        return shown, shown, "confirmed", ""
    return 1, 1, "unconfirmed", doubt_of(history, questions, check, constraint)


DECLARATION = "images_match_their_declaration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What makes two failures one finding."""

    provider: str
    operation: str
    constraint: str | None
    check: str
    combination: tuple[str, ...] = ()


def findings(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    providers: Mapping[str, Provider],
    *,
    repeatable: bool = True,
) -> tuple[Finding, ...]:
    """Group failed verdicts into findings: one for each promise, whatever the number of cases.

    A value that fails alone is reported as its constraint, values that only fail together as their
    combination. Where no request could be repeated (`repeatable` is False: the traffic of others,
    an old cassette), a single failure confirms a finding.
    """
    collected: list[Finding] = []
    for name in dict.fromkeys(verdict.provider for verdict in verdicts):
        history = CaseHistory(providers[name], records, verdicts)
        failed = [
            verdict
            for verdict in suspected(verdicts)
            if (verdict.provider, verdict.status) == (name, "fail")
        ]
        groups = _groups(failed, history)
        compared = contrasts_by_operation(history) if repeatable else {}
        for key, group in groups.items():
            if key.check == FAILS:
                collected += _fault_findings(key, group, history, compared.get(key.operation, {}))
            elif not _echo(key, groups):
                collected.append(_finding(key, group, history, repeatable=repeatable))
    return tuple(finding for finding in collected if not _says_less(finding, collected))


def _says_less(finding: Finding, others: Sequence[Finding]) -> bool:
    """Tell whether a finding says of the same requests what another one says better.

    A stream that ends without its last event was not served, and its reply lacks that event. The
    claim that it is served stands, where that is sure; else the claim about the reply does.
    """
    about = {FAILS: FIELDS, FIELDS: FAILS}.get(finding.check)
    alike = [
        other
        for other in others
        if (other.provider, other.operation, other.check)
        == (finding.provider, finding.operation, about)
        and {*finding.cases} & {*other.cases}
    ]
    sure = [other for other in alike if other.standing != "unconfirmed"]
    if finding.check == FIELDS:
        better = alike if finding.standing == "unconfirmed" else sure
        return any({*finding.cases} <= {*other.cases} for other in better)
    return finding.standing == "unconfirmed" and bool(sure)


def settled(verdicts: Sequence[Verdict], all_findings: Sequence[Finding]) -> tuple[Verdict, ...]:
    """Return the verdicts, those of requests that a finding names as failing each time as failed.

    A fault that no finding names stays inconclusive.
    """
    named = {
        (finding.provider, finding.operation, case)
        for finding in all_findings
        if finding.check == FAILS
        for case in finding.cases
    }
    return tuple(
        failed if (verdict.provider, verdict.operation, verdict.case) in named else verdict
        for verdict, failed in zip(verdicts, suspected(verdicts), strict=True)
    )


Group = dict[str, tuple[Verdict, Attribution]]
"""The failing verdicts of a finding, each with its attribution, by case id."""


def _groups(failed: Sequence[Verdict], history: CaseHistory) -> dict[Key, Group]:
    attributed = attributions(history)
    groups: defaultdict[Key, Group] = defaultdict(dict)
    for verdict in failed:
        place = (_source(verdict, history), verdict.check, _about(verdict))
        to = attributed.get(place, Attribution())
        key = Key(
            provider=verdict.provider,
            operation=verdict.operation,
            constraint=to.constraint if verdict.check in ACCEPTANCE else verdict.constraint,
            check=verdict.check,
            combination=to.combination,
        )
        groups[_like(key, groups)].setdefault(verdict.case, (verdict, to))
    return dict(groups)


def _about(verdict: Verdict) -> str | None:
    return None if verdict.check in ACCEPTANCE else verdict.constraint


def _source(verdict: Verdict, history: CaseHistory) -> str:
    """Return the case that a repetition or a moved value belongs to, where that failed, too."""
    case = history.records[verdict.case].shot.case
    if case.stage not in ("confirm", "shrink") or case.follows not in history.records:
        return case.id
    failed = history.status(case.follows, verdict.check, verdict.constraint) == "fail"
    return case.follows if failed else case.id


def _like(key: Key, groups: Iterable[Key]) -> Key:
    """Return a group whose combination differs in one value of the same arguments, else the key.

    A provider that refuses every large image in high quality has one finding, not one per size.
    """
    names = {text.partition("=")[0] for text in key.combination}
    for other in groups:
        alike = replace(other, combination=key.combination) == key
        same = {text.partition("=")[0] for text in other.combination} == names
        apart = len(set(key.combination) - set(other.combination))
        if alike and same and len(other.combination) == len(key.combination) and apart <= 1:
            return other
    return key


def _echo(key: Key, groups: Iterable[Key]) -> bool:
    """Tell whether a mismatch between image and declaration only repeats another finding.

    Where the request names no value, either the image or its declaration may be wrong; where it
    names one, another check has failed.
    """
    return key.check == DECLARATION and any(
        (other.operation, other.constraint) == (key.operation, key.constraint)
        and other.check != key.check
        for other in groups
    )


def _finding(key: Key, group: Group, history: CaseHistory, *, repeatable: bool) -> Finding:
    sizes = {case: _size(history, case) for case in group}
    smallest = min(group, key=lambda case: sizes[case])
    verdict, to = group[smallest]
    record = history.records[smallest]
    operation = history.provider.operation(key.operation)
    constraint = constraint_of(history.provider, operation, key.constraint)
    combination = _combination(to, record, history) if to.combination else ()
    failed, tried, standing, doubt = repeats(
        history, group, key.check, _about(verdict), repeatable=repeatable
    )
    why = not_reduced(history, group, record, proven=to.proven, repeatable=repeatable)
    return Finding(
        provider=key.provider,
        operation=key.operation,
        constraint=key.constraint,
        check=key.check,
        expected=_expected(key, constraint, record, combination),
        observed=_observed(key, verdict, to, record, history),
        record=record,
        cases=tuple(group),
        combination=combination,
        failed=failed,
        tried=tried,
        standing=standing,
        doubt=doubt,
        not_reduced="it does not fail each time" if why and standing == "flaky" else why,
    )


def _fault_findings(
    key: Key, group: Group, history: CaseHistory, compared: Mapping[str, Contrast]
) -> Iterator[Finding]:
    """Yield a finding where a request failed oftener than its neighbours; else nothing.

    Of the requests that were repeated, the one that is surest stands for all.
    """
    ends = {to.smallest or case for case, (_, to) in group.items()}
    tried = [compared[end] for end in sorted(ends) if end in compared]
    if not tried:
        return
    contrast = min(tried, key=lambda contrast: contrast.chance)
    steady = steadiness(history, key.operation)
    standing = fault_standing(contrast, steady)
    if standing is None:
        return
    finding = _finding(key, group, history, repeatable=True)
    doubt = _fault_doubt(contrast, history, ends) if standing == "unconfirmed" else ""
    yield replace(
        finding,
        failed=max(contrast.failed, 1),
        tried=max(contrast.tried, 1),
        standing=standing,
        doubt=doubt,
        other_failed=contrast.other_failed,
        others=contrast.others,
        chance=contrast.chance if contrast.tried else None,
    )


def _fault_doubt(contrast: Contrast, history: CaseHistory, ends: Iterable[str]) -> str:
    if not contrast.tried:
        return doubt_of(history, ends, FAILS, None)
    skipped = (record.skipped for record in history.records.values() if record.skipped)
    budget = next((f" ({why})" for why in skipped if "budget" in why), "")
    return (
        f"asked again {contrast.tried} times, which does not tell it from an outage:"
        f" up to {TRIALS} times are needed{budget}"
    )


def _combination(to: Attribution, record: Record, history: CaseHistory) -> tuple[str, ...]:
    """Say the values that matter as this very request has them: numbers may have been lowered."""
    case = record.shot.case
    items = assignment(history.provider.operation(case.operation), case.arguments)
    return describe_values(items, to.names)


def _expected(
    key: Key, constraint: Constraint | None, record: Record, combination: tuple[str, ...]
) -> str:
    """Say what the documents promise; the report names the place beside it."""
    expect = record.shot.case.expect
    if key.check in ACCEPTANCE and combination:
        return f"served: {joined_values(combination)}, each documented"
    if constraint is not None and expect == "refuse":
        return f"refused: {constraint.describe()}"
    if constraint is not None and expect == "accept" and key.check in ACCEPTANCE:
        return f"served: {constraint.describe()}"
    return "served" if key.check == FAILS else key.check.replace("_", " ")


def _observed(
    key: Key, verdict: Verdict, to: Attribution, record: Record, history: CaseHistory
) -> str:
    """Say what was received, and for which values where the constraint does not show them."""
    alone = key.check in ACCEPTANCE or (key.constraint is None and not record.shot.case.breaks)
    if not to.names or not (alone or to.combination):
        return verdict.why
    return f"{joined_values(_combination(to, record, history))}: {verdict.why}"


def _size(history: CaseHistory, case: str) -> tuple[int, int, int, int, str]:
    """Order requests by what they hold beyond the plain one, their images, then their length."""
    request = history.records[case].shot.case
    operation = history.provider.operation(request.operation)
    base: Assignment = assignment(operation, history.plain_arguments(request.operation))
    beyond = changes(base, assignment(operation, request.arguments))
    images = history.records[case].shot.at_risk.images
    length = len(canonical(request.arguments))
    return (len(beyond), images, len(request.arguments), length, case)
