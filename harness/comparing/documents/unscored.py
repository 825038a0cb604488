"""What a run could not have known: promises that the documents changed after it was planned.

Its requests were made to ask for what the documents said that day. Where they say something else by
now, its replies neither keep nor break the promise of today: that is not scored, with the reason.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.checks.verdicts import Verdicts, beside
from harness.comparing.documents.changelog import Changelog, changelog
from harness.core.case import Case
from harness.core.errors import SpecError
from harness.core.record import Record, RunHeader
from harness.core.verdict import Finding, Verdict
from harness.spec.catalogue import Catalogue
from harness.spec.evaluate import evaluate
from harness.spec.load import parse_provider, tables_of
from harness.spec.provider import Operation, Provider
from harness.store.spool import Spool

NOT_SCORED = "not scored: "
"""How the reason of such a verdict begins."""

RECORDINGS = "recordings"
"""Traffic of others was planned by nobody's documents: all of it is scored."""

OF_VALID_REQUESTS = ("accepts_what_it_documents", "fails_where_it_should_serve")
"""The checks of whether a request that is within the documents is served."""

_NAMED = 3
"""How many promises of one reason a note names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What one provider's documents say otherwise since `day`, when a run was planned by them."""

    provider: str
    day: str
    moved: Changelog
    operations: Mapping[str, Operation]
    """The operations of that day, of which some may be gone."""

    def why(self, operation: str, promise: str) -> str:
        """Say why a promise is not scored; nothing where it says what it said."""
        for told in self.moved.told:
            if (operation, promise) in told.promises:
                return f"{NOT_SCORED}{told.sentence} (in the documents of {self.day})"
        return ""


def unknown_then(
    header: RunHeader, documents: Mapping[str, str], catalogue: Catalogue
) -> dict[str, Unknown]:
    """Return by provider what a run could not have known of the documents it is judged by.

    `documents` are the TOMLs by which it was planned; of a provider without one nothing is known.
    """
    found: dict[str, Unknown] = {}
    if header.against == RECORDINGS:
        return found
    for name in header.evidence:
        entry, was = catalogue.get(name), documents.get(name)
        if entry is None or was is None or header.spec_digests.get(name) == entry.digest:
            continue
        try:
            moved, then = changelog(was, entry.text), parse_provider(tables_of(was, name))
        except SpecError:
            continue
        if moved.promises:
            operations = then.operations if isinstance(then, Provider) else {}
            found[name] = Unknown(
                provider=name, day=header.created[:10], moved=moved, operations=operations
            )
    return found


def with_operations_gone(provider: Provider, unknown: Unknown | None) -> Provider:
    """Return a provider with the operations that a run asked and today's documents lack."""
    gone: dict[str, Any] = {
        name: operation
        for name, operation in (unknown.operations if unknown else {}).items()
        if name not in provider.operations
    }
    if not gone:
        return provider
    return provider.model_copy(update={"operations": {**provider.operations, **gone}})


def scored(
    verdicts: Sequence[Verdict],
    records: Sequence[Record],
    providers: Mapping[str, Provider],
    unknown: Mapping[str, Unknown],
) -> Sequence[Verdict]:
    """Return the verdicts; those about what the run could not have known are skipped, with why."""
    if not unknown:
        return verdicts

    def unpromised(record: Record) -> str:
        case = record.shot.case
        moved = unknown.get(case.provider)
        return "" if moved is None else _unpromised(case, providers[case.provider], moved)

    return Verdicts(
        _skipped(each, unknown.get(each.provider), why or "")
        for why, spoken in beside(records, verdicts, unpromised)
        for each in spoken
    )


def _skipped(verdict: Verdict, unknown: Unknown | None, unpromised: str) -> Verdict:
    if unknown is None or verdict.status == "skip":
        return verdict
    of_check = unknown.why(verdict.operation, verdict.check)
    of_rule = unknown.why(verdict.operation, verdict.constraint or "")
    if verdict.check in OF_VALID_REQUESTS:
        of_check = of_check or unpromised
        if of_rule and not of_check and verdict.status == "pass":
            return replace(verdict, constraint=None)  # it speaks of all else that it covers
    why = of_check or of_rule
    return replace(verdict, status="skip", why=why) if why else verdict


def _unpromised(case: Case, provider: Provider, unknown: Unknown) -> str:
    """Say why a request that was valid is none by now; nothing where it still is."""
    operation = provider.operations.get(case.operation)
    if operation is None or case.expect != "accept":
        return ""
    for constraint in operation.constraints:
        if (case.operation, constraint.id) not in unknown.moved.promises:
            continue
        if evaluate(constraint, operation, case.arguments) != "satisfied":
            return unknown.why(case.operation, constraint.id)
    gone = (name for name in case.arguments if name not in operation.arguments)
    then = unknown.operations.get(case.operation)
    for name in gone:
        for kind in then.arguments[name].rules if then and name in then.arguments else ():
            return unknown.why(case.operation, f"{name}.{kind[0]}")
    return ""


def known_then(records: Sequence[Record], unknown: Mapping[str, Unknown]) -> Sequence[Record]:
    """Return the records as a report counts them: none speaks of what the run could not have known.

    A request that was served shows that all promises hold that it covers, if they are today's.
    """
    if not unknown:
        return records
    return Spool(_known_then(record, unknown) for record in records)


def _known_then(record: Record, unknown: Mapping[str, Unknown]) -> Record:
    case = record.shot.case
    moved = unknown[case.provider].moved.promises if case.provider in unknown else frozenset()
    covers = tuple(
        token for token in case.covers if (case.operation, token.partition("=")[0]) not in moved
    )
    shot = replace(record.shot, case=replace(case, covers=covers))
    return record if covers == case.covers else replace(record, shot=shot)


def without_unknown(
    findings: Sequence[Finding], verdicts: Sequence[Verdict], unknown: Mapping[str, Unknown]
) -> tuple[tuple[Finding, ...], Sequence[Verdict]]:
    """Leave out findings that were put down to what the run could not have known.

    Their verdicts are skipped, too: a valid request that was refused speaks of the one promise that
    it was refused for.
    """
    kept: list[Finding] = []
    reasons: defaultdict[tuple[str, str], list[tuple[Finding, str]]] = defaultdict(list)
    for finding in findings:
        moved = unknown.get(finding.provider)
        why = moved.why(finding.operation, finding.constraint or "") if moved else ""
        if why:
            reasons[finding.provider, finding.check].append((finding, why))
        else:
            kept.append(finding)
    if not reasons:
        return tuple(findings), verdicts

    def skipped(each: Verdict) -> Verdict:
        near = reasons.get((each.provider, each.check), ())
        whys = [why for finding, why in near if each.case in finding.cases]
        return replace(each, status="skip", why=whys[-1]) if whys else each

    return tuple(kept), Verdicts(map(skipped, verdicts))


def unscored_notes(verdicts: Iterable[Verdict], unknown: Mapping[str, Unknown]) -> Iterator[str]:
    """Say once each reason why something is not scored, with the promises that it is about.

    A rule that moved is told whether or not the run has tried what it asked then.
    """
    promises: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for moved in unknown.values():
        for told in moved.moved.told:
            if (told.operation, told.promise) in told.promises:
                why = moved.why(told.operation, told.promise)
                promises[moved.provider, why][f"{told.operation} {told.promise}"] = None
    for each in verdicts:
        if each.provider in unknown and each.why.startswith(NOT_SCORED):
            promise = each.constraint or each.check
            promises[each.provider, each.why][f"{each.operation} {promise}"] = None
    for (provider, why), named in promises.items():
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        yield f"{provider}: {why}: {', '.join([*named][:_NAMED])}{more}"
