"""Where a provider stands: its promises counted, and the verdict in one sentence."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.outcome import ErrorClass, Fault, Images, Refused
from harness.core.record import Provenance, Record
from harness.core.verdict import Finding
from harness.diagnosis.known import expecting
from harness.known.model import KnownShown
from harness.report.labels import STATES, about_provider, faults_text, finding_name
from harness.report.model import Matrix, Standing, State, Summary
from harness.report.text import count, one_line
from harness.spec.provider import Provider
from harness.stats.conformance import cost
from harness.stats.conformance.cost import Cost
from harness.stats.conformance.faults import FaultCounts, fault_counts
from harness.stats.grouped import grouped
from harness.store.convoy import Passes

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """The names of one provider's promises by state, once for each operation that has them.

    `known` counts those that are broken or in doubt as a known deviation expects.
    """

    names: Mapping[State, Sequence[str]]
    known: int = 0

    def count(self, state: State) -> int:
        return len(self.names.get(state, ()))

    @property
    def judged(self) -> int:
        return self.count("held") + self.count("broken")

    def named(self, state: State) -> str:
        """Name the first promises of a state, and count the others."""
        names = list(dict.fromkeys(self.names.get(state, ())))
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return ", ".join(names[:_MOST_NAMED]) + more


def provider_summaries(  # noqa: PLR0913 - all that a provider is summed up from
    records: Sequence[Record],
    matrix: Matrix,
    providers: Mapping[str, Provider],
    evidence: Mapping[str, Provenance | None],
    findings: Sequence[Finding] = (),
    *,
    known: Sequence[KnownShown] = (),
) -> tuple[Summary, ...]:
    """Return one line for each provider, in the order of `providers`.

    What is broken or in doubt is counted by findings, as everywhere: a cell of the matrix may have
    several, and a promise about what a reply declares may have no cell. What known deviations
    expect is counted with the rest, and named as known.
    """
    with Passes(records) as passes:
        rows = passes.begin(cost.cost_by_provider, records, providers)
        shares = passes.begin(grouped, records, lambda record: record.shot.case.provider)
    costs = {row.provider: row for row in rows.result}
    with Passes(records) as passes:
        lines = [
            passes.begin(
                _summary,
                provider,
                shares.result.get(name, ()),
                _tally(matrix, name, [each for each in findings if each.provider == name], known),
                evidence=evidence.get(name),
                cost=costs.get(name) or cost.no_cost(name, provider.prices.unit),
            )
            for name, provider in providers.items()
        ]
    return tuple(each.result for each in lines)


def _summary(
    provider: Provider,
    records: Sequence[Record],
    tally: _Tally,
    *,
    evidence: Provenance | None,
    cost: Cost,
) -> Summary:
    emulated = evidence is not None and not about_provider(evidence)
    subject = f"Emulated {provider.title}" if emulated else provider.title
    with Passes(records) as passes:
        unsent = passes.begin(lambda: sum(record.outcome is None for record in records))
        counted = passes.begin(fault_counts, provider, records)
    skipped, faults = unsent.result, counted.result
    standing = _standing(records, tally, skipped)
    return Summary(
        provider=provider.name,
        title=provider.title,
        evidence=evidence,
        about_provider=about_provider(evidence),
        cases=cost.cases,
        skipped=skipped,
        cost=cost,
        held=tally.count("held"),
        broken=tally.count("broken"),
        flaky=tally.count("flaky"),
        unconfirmed=tally.count("unconfirmed"),
        undocumented=tally.count("undocumented"),
        inconclusive=tally.count("inconclusive"),
        not_tried=tally.count("not tried"),
        standing=standing,
        sentence=f"{subject} {_sentence(standing, records, tally, faults)}",
        faults=faults,
        known=tally.known,
    )


def _faults(counts: FaultCounts) -> str:
    text = faults_text(counts)
    return f" {text[:1].upper()}{text[1:]}." if text else ""


def _tally(
    matrix: Matrix, provider: str, findings: Sequence[Finding], known: Sequence[KnownShown]
) -> _Tally:
    its = [at for at, column in enumerate(matrix.columns) if column.provider == provider]
    names: defaultdict[State, list[str]] = defaultdict(list)
    for row in matrix.rows:
        for at in its:
            if row.cells[at].state not in STATES.values():
                names[row.cells[at].state].append(row.id)
    number = 0
    for finding in findings:
        expected = expecting(finding, known) is not None
        name = f"{finding_name(finding)} (known)" if expected else finding_name(finding)
        names[STATES[finding.standing]].append(name)
        number += expected
    return _Tally(names=names, known=number)


def _standing(records: Sequence[Record], tally: _Tally, skipped: int) -> Standing:
    if tally.names.get("broken"):
        return "broken"
    if tally.names.get("flaky") or tally.names.get("unconfirmed"):
        return "unclear"
    if skipped == len(records):
        return "untested"
    answered = any(isinstance(record.outcome, Images | Refused) for record in records)
    return "held" if answered and tally.judged else "unclear"


def _sentence(
    standing: Standing, records: Sequence[Record], tally: _Tally, faults: FaultCounts
) -> str:
    untested = f"{_untested_promises(tally)}{_faults(faults)}"
    match standing:
        case "broken":
            tested = f"{tally.count('broken')} of {count(tally.judged, 'promise')} tested"
            return f"breaks {tested}: {tally.named('broken')}.{_doubts(tally)}{untested}"
        case "unclear" if doubts := _doubts(tally):
            return f"{_held(tally)}.{doubts}{untested}"
        case "held":
            return f"{_held(tally)}.{untested}"
        case "unclear":
            return _unclear(records)
        case "untested":
            return _untested(records)


def _held(tally: _Tally) -> str:
    """Say what held of what was judged, doubts left out."""
    doubtful = tally.count("flaky") + tally.count("unconfirmed")
    if not tally.judged:
        return "broke no promise for certain"
    tested = count(tally.judged, "promise" if not doubtful else "other promise")
    whole = "the one promise" if tally.judged == 1 and not doubtful else f"all {tested}"
    return f"keeps {whole if tally.judged > 1 or not doubtful else tested} tested"


def _doubts(tally: _Tally) -> str:
    doubts: dict[State, str] = {
        "flaky": "Now and then it breaks",
        "unconfirmed": "Suspected, not confirmed:",
    }
    return "".join(
        f" {text} {tally.named(state)}." for state, text in doubts.items() if tally.names.get(state)
    )


def _untested_promises(tally: _Tally) -> str:
    states: tuple[State, ...] = ("inconclusive", "not tried")
    parts = [f"{tally.count(state)} {state}" for state in states if tally.count(state)]
    return f" {', '.join(parts)}." if parts else ""


def _unclear(records: Sequence[Record]) -> str:
    faults: Counter[ErrorClass] = Counter(
        record.outcome.error_class for record in records if isinstance(record.outcome, Fault)
    )
    if not faults:
        return "answered, but no promise could be judged."
    sent = sum(record.outcome is not None for record in records)
    named = ", ".join(f"{kind} {number}" for kind, number in faults.most_common())
    return f"could not be judged: {sum(faults.values())} of {count(sent, 'case')} failed ({named})."


def _untested(records: Sequence[Record]) -> str:
    if not records:
        return "was not tested: no case was planned."
    reasons = Counter(record.skipped or "not reached" for record in records)
    reason, _ = reasons.most_common(1)[0]
    others = f" and {count(len(reasons) - 1, 'other reason')}" if len(reasons) > 1 else ""
    cases = "its only case was" if len(records) == 1 else f"all {len(records)} cases were"
    return f"was not tested: {cases} skipped ({one_line(reason, 120)}{others})."
