"""Broken promises, each once, with the smallest request that shows it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness.checks.blame import blamed
from harness.core.jsontype import canonical
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.spec.provider import Constraint, Provider
from harness.spec.tell import tell

ACCEPTS = "accepts_what_it_documents"
DECLARATION = "images_match_their_declaration"

Key = tuple[str, str, str | None, str]
"""Provider, operation, constraint, check."""


def findings(
    records: Sequence[Record], verdicts: Sequence[Verdict], providers: Mapping[str, Provider]
) -> tuple[Finding, ...]:
    """Gather failed verdicts into findings: one for each promise, whatever the number of cases."""
    by_case = {(r.shot.case.provider, r.shot.case.id): r for r in records}
    failed = [verdict for verdict in verdicts if verdict.status == "fail"]
    blame = _blame(failed, records, by_case, providers)
    groups: defaultdict[Key, list[Verdict]] = defaultdict(list)
    for verdict in failed:
        constraint = blame.get((verdict.provider, verdict.case), verdict.constraint)
        if verdict.check != ACCEPTS:
            constraint = verdict.constraint
        groups[verdict.provider, verdict.operation, constraint, verdict.check].append(verdict)
    return tuple(
        _finding(key, group, by_case, providers[key[0]])
        for key, group in groups.items()
        if not _echo(key, groups)
    )


def _blame(
    failed: Sequence[Verdict],
    records: Sequence[Record],
    by_case: Mapping[tuple[str, str], Record],
    providers: Mapping[str, Provider],
) -> dict[tuple[str, str], str | None]:
    found: dict[tuple[str, str], str | None] = {}
    places = {(v.provider, v.operation) for v in failed if v.check == ACCEPTS}
    for provider, operation in sorted(places):
        mine = [v for v in failed if (v.provider, v.operation) == (provider, operation)]
        refused = [by_case[provider, v.case] for v in mine if v.check == ACCEPTS]
        here = [
            record
            for record in records
            if (record.shot.case.provider, record.shot.case.operation) == (provider, operation)
        ]
        told = blamed(refused, here, providers[provider].operation(operation))
        found |= {(provider, case): constraint for case, constraint in told.items()}
    return found


def _echo(key: Key, groups: Iterable[Key]) -> bool:
    """Tell whether a mismatch between image and declaration only repeats another finding.

    Where the request asks for nothing, an image that differs from its declaration does not tell
    which of them is wrong; where the request does ask, another check has told.
    """
    provider, operation, constraint, check = key
    return check == DECLARATION and any(
        other[:3] == (provider, operation, constraint) and other[3] != check for other in groups
    )


def _finding(
    key: Key,
    group: Sequence[Verdict],
    by_case: Mapping[tuple[str, str], Record],
    provider: Provider,
) -> Finding:
    name, operation, constraint_id, check = key
    smallest = min(group, key=lambda verdict: _size(by_case[name, verdict.case]))
    constraint = provider.operation(operation).constraint(constraint_id or "")
    return Finding(
        provider=name,
        operation=operation,
        constraint=constraint_id,
        check=check,
        expected=_expected(check, constraint, by_case[name, smallest.case]),
        observed=smallest.why,
        record=by_case[name, smallest.case],
        cases=tuple(dict.fromkeys(verdict.case for verdict in group)),
    )


def _expected(check: str, constraint: Constraint | None, record: Record) -> str:
    """Say what the documents promise; the report names the place beside it."""
    if constraint is None:
        return check.replace("_", " ")
    match record.shot.case.expect:
        case "refuse":
            return f"refused: {tell(constraint)}"
        case "accept" if check == ACCEPTS:
            return f"served: {tell(constraint)}"
        case _:
            return check.replace("_", " ")


def _size(record: Record) -> tuple[int, int, str]:
    arguments = record.shot.case.arguments
    return (len(arguments), len(canonical(arguments)), record.shot.case.id)
