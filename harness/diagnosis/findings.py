"""Broken promises, each once, with the smallest request that shows it and how sure that is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from harness.checks.verdicts import Verdicts
from harness.core.digests import digest64
from harness.core.jsonvalue import canonical
from harness.core.record import Record
from harness.core.verdict import MOST_NAMED, Cases, Finding, Standing, Verdict
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
from harness.diagnosis.history import ACCEPTANCE, FAILS, FIELDS, CaseHistory, Claim, suspected
from harness.diagnosis.reduction import doubt_of, not_reduced, shown_by_smaller
from harness.diagnosis.telling import Kind, Left, Telling, kind_of, telling
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
        broken, decided = history.decided(question, check, constraint)
        if decided > 1:
            failed, tried = failed + broken, tried + decided
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
    for looked_at in telling(records, verdicts, providers):
        history = looked_at.history
        failed = [verdict for verdict in suspected(looked_at.verdicts) if verdict.status == "fail"]
        groups = _groups(failed, history)
        left = _left(looked_at, groups)
        compared = contrasts_by_operation(history) if repeatable else {}
        for key, group in groups.items():
            if key.check == FAILS:
                found = [*_fault_findings(key, group, history, compared.get(key.operation, {}))]
            elif not _echo(key, groups):
                found = [_finding(key, group, history, repeatable=repeatable)]
            else:
                found = []
            collected += [_with_left(finding, left.get(key, ())) for finding in found]
    return tuple(finding for finding in collected if not _says_less(finding, collected))


def _left(looked_at: Telling, groups: Mapping[Key, "Group"]) -> dict[Key, list[Left]]:
    """Return the failing cases that were not looked at, by the finding of their kind.

    Those of which no other of the kind was looked at belong to the promise itself; a fault that is
    like no other is nobody's.
    """
    by_kind: dict[tuple[Kind, str, Claim], Key] = {}
    by_claim: dict[tuple[str, Claim], Key] = {}
    history = looked_at.history
    for key, group in groups.items() if looked_at.left else ():
        for case, (verdict, _) in group.items():
            about = _about(verdict)
            kind = kind_of(history.records[case], history.provider)
            by_kind.setdefault((kind, key.check, about), key)
            if key.check != FAILS and not key.combination:
                by_claim.setdefault((key.check, about), key)
    found: defaultdict[Key, list[Left]] = defaultdict(list)
    for (of_kind, check, claim), left in looked_at.left.items():
        of = by_kind.get((of_kind, check, claim)) if of_kind else by_claim.get((check, claim))
        if of is not None:
            found[of].append(left)
    return found


def _with_left(finding: Finding, left: Sequence[Left]) -> Finding:
    """Return a finding with the cases of its kind that were not looked at."""
    if not left:
        return finding
    named = [*finding.cases, *(case for each in left for case in each.named)]
    unnamed = [digest64(case) for case in named[MOST_NAMED:]]
    digests = chain(unnamed, *(each.digests for each in left))
    return replace(finding, cases=Cases(named[:MOST_NAMED], digests))


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
        and any(case in other.cases for case in finding.cases)
    ]
    sure = [other for other in alike if other.standing != "unconfirmed"]
    if finding.check == FIELDS:
        better = alike if finding.standing == "unconfirmed" else sure
        return any(all(case in other.cases for case in finding.cases) for other in better)
    return finding.standing == "unconfirmed" and bool(sure)


def settled(verdicts: Sequence[Verdict], all_findings: Sequence[Finding]) -> Sequence[Verdict]:
    """Return the verdicts, those of requests that a finding names as failing each time as failed.

    A fault that no finding names stays inconclusive.
    """
    faults = [finding for finding in all_findings if finding.check == FAILS]
    if not faults:
        return verdicts
    near: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in faults:
        near[finding.provider, finding.operation].append(finding)
    return Verdicts(
        failed
        if failed.status != verdict.status
        and any(verdict.case in each.cases for each in near[verdict.provider, verdict.operation])
        else verdict
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
