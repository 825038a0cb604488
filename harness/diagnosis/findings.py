"""Broken promises, each once, with the smallest request that shows it and how sure that is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
from harness.diagnosis.history import ACCEPTS, CaseHistory
from harness.spec.provider import Constraint, Provider
from harness.spec.tell import describe


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
        statuses = [
            evidence.said(asking.shot.case.id, check, constraint)
            for asking in evidence.askings(question)
        ]
        decided = [word for word in statuses if word in ("fail", "pass")]
        if len(decided) > 1:
            failed, tried = failed + decided.count("fail"), tried + len(decided)
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


DECLARATION = "images_match_their_declaration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What makes two failures one finding; the combination is in the words of a reader."""

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
    """Gather failed verdicts into findings: one for each promise, whatever the number of cases.

    A value that fails alone is told as its constraint; values that only fail together as their
    combination. Where nothing could have been asked again (`repeatable` is False: the traffic of
    others, an old cassette), what was seen counts.
    """
    collected: list[Finding] = []
    for name in dict.fromkeys(verdict.provider for verdict in verdicts):
        evidence = CaseHistory(providers[name], records, verdicts)
        failed = [
            verdict for verdict in verdicts if (verdict.provider, verdict.status) == (name, "fail")
        ]
        groups = _groups(failed, evidence)
        collected += [
            _finding(key, group, evidence, repeatable=repeatable)
            for key, group in groups.items()
            if not _echo(key, groups)
        ]
    return tuple(collected)


Group = dict[str, tuple[Verdict, Attribution]]
"""The failing verdicts of a finding with what each is put down to, by case id."""


def _groups(failed: Sequence[Verdict], evidence: CaseHistory) -> dict[Key, Group]:
    put_down = attributions(evidence)
    groups: defaultdict[Key, Group] = defaultdict(dict)
    for verdict in failed:
        source = _source(verdict, evidence)
        to = put_down.get((source, verdict.check, _about(verdict)), Attribution())
        constraint = to.constraint if verdict.check == ACCEPTS else verdict.constraint
        key = Key(
            provider=verdict.provider,
            operation=verdict.operation,
            constraint=constraint,
            check=verdict.check,
            combination=to.combination,
        )
        groups[_like(key, groups)].setdefault(verdict.case, (verdict, to))
    return dict(groups)


def _about(verdict: Verdict) -> str | None:
    return None if verdict.check == ACCEPTS else verdict.constraint


def _source(verdict: Verdict, evidence: CaseHistory) -> str:
    """Return the case that a repetition or a moved value belongs to, where that failed, too."""
    case = evidence.records[verdict.case].shot.case
    follows = case.follows
    if case.stage not in ("confirm", "shrink") or follows not in evidence.records:
        return case.id
    failed = evidence.said(follows, verdict.check, verdict.constraint) == "fail"
    return follows if failed else case.id


def _like(key: Key, groups: Iterable[Key]) -> Key:
    """Return a group whose combination differs in one value of the same arguments, if any.

    A provider that refuses every large image in high quality is not told once for each size.
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

    Where the request asks for nothing, an image that differs from its declaration does not tell
    which of them is wrong; where the request does ask, another check has told.
    """
    return key.check == DECLARATION and any(
        (other.operation, other.constraint) == (key.operation, key.constraint)
        and other.check != key.check
        for other in groups
    )


def _finding(key: Key, group: Group, evidence: CaseHistory, *, repeatable: bool) -> Finding:
    sizes = {case: _size(evidence, case) for case in group}
    smallest = min(group, key=lambda case: sizes[case])
    verdict, to = group[smallest]
    record = evidence.records[smallest]
    constraint = evidence.provider.operation(key.operation).constraint(key.constraint or "")
    about = None if key.check == ACCEPTS else verdict.constraint
    combination = _combination(to, record, evidence) if to.combination else ()
    count = repeats(evidence, group, key.check, about, repeatable=repeatable)
    return Finding(
        provider=key.provider,
        operation=key.operation,
        constraint=key.constraint,
        check=key.check,
        expected=_expected(key, constraint, record, combination),
        observed=_observed(key, verdict, to, record, evidence),
        record=record,
        cases=tuple(group),
        combination=combination,
        failed=count.failed,
        tried=count.tried,
        standing=count.standing,
        doubt=count.doubt,
    )


def _combination(to: Attribution, record: Record, evidence: CaseHistory) -> tuple[str, ...]:
    """Say the values that matter as this very request has them: numbers may have been lowered."""
    case = record.shot.case
    items = assignment(evidence.provider.operation(case.operation), case.arguments)
    return describe_values(items, to.names)


def _expected(
    key: Key, constraint: Constraint | None, record: Record, combination: tuple[str, ...]
) -> str:
    """Say what the documents promise; the report names the place beside it."""
    expect = record.shot.case.expect
    if key.check == ACCEPTS and combination:
        return f"served: {joined_values(combination)}, each documented"
    if constraint is None:
        return key.check.replace("_", " ")
    match expect:
        case "refuse":
            return f"refused: {describe(constraint)}"
        case "accept" if key.check == ACCEPTS:
            return f"served: {describe(constraint)}"
        case _:
            return key.check.replace("_", " ")


def _observed(
    key: Key, verdict: Verdict, to: Attribution, record: Record, evidence: CaseHistory
) -> str:
    """Say what came, and with which values where the constraint alone does not tell them."""
    alone = key.check == ACCEPTS or (key.constraint is None and not record.shot.case.breaks)
    if not to.names or not (alone or to.combination):
        return verdict.why
    return f"{joined_values(_combination(to, record, evidence))}: {verdict.why}"


def _size(evidence: CaseHistory, case: str) -> tuple[int, int, int, str]:
    """Order requests by what they hold beyond the plain one, then by their length."""
    request = evidence.records[case].shot.case
    operation = evidence.provider.operation(request.operation)
    base: Assignment = assignment(operation, evidence.plain_arguments(request.operation))
    beyond = changes(base, assignment(operation, request.arguments))
    return (len(beyond), len(request.arguments), len(canonical(request.arguments)), case)
