"""Which cases speak for and against each promise: what the matrix counts and transcripts show."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Status, Verdict
from harness.stats.conformance.faults import unserved_values

Observed = Literal["served", "refused", "unanswered"]
"""What came of a case that only looks."""

Place = tuple[str, str, str]
"""Provider, operation, and promise (or case)."""


@dataclass(slots=True)
class Tally:
    """What speaks for and against one promise of one column; filled while verdicts are read.

    `unjudged` are the cases of `unsure`, `observed` those that only looked, by what came.
    """

    fails: dict[Standing, set[str]] = field(default_factory=dict)
    accepts: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    unsure: Counter[tuple[Status, str]] = field(default_factory=Counter)
    unjudged: set[str] = field(default_factory=set)
    unsent: Counter[str] = field(default_factory=Counter)
    observed: dict[Observed, list[str]] = field(default_factory=dict)
    unserved: tuple[str, ...] = ()

    def looked(self, came: Observed) -> int:
        """Count the cases that only looked and came to this."""
        return len(self.observed.get(came, ()))


def tallies(
    records: Sequence[Record], verdicts: Sequence[Verdict], findings: Sequence[Finding]
) -> dict[Place, Tally]:
    """Count what speaks for and against each promise; a reply check counts under its own name."""
    tallied: defaultdict[Place, Tally] = defaultdict(Tally)
    by_case = {
        (record.shot.case.provider, record.shot.case.operation, record.shot.case.id): record
        for record in records
    }
    reported = {(row.provider, row.operation, case) for row in findings for case in row.cases}
    for record in records:
        _count_outcome(tallied, record)
    for verdict in verdicts:
        place = (verdict.provider, verdict.operation, verdict.case)
        if verdict.status == "fail" and place in reported:
            continue  # the finding says what broke, and where
        judged = by_case.get(place)
        for promise in _promises(verdict, judged):
            _count_verdict(tallied[verdict.provider, verdict.operation, promise], verdict, judged)
    for promised, values in unserved_values(records).items():
        tallied[promised].unserved = values
    for finding in findings:
        if broken := broken_promise(finding):
            fails = tallied[finding.provider, finding.operation, broken].fails
            fails.setdefault(finding.standing, set()).update(finding.cases)
    return dict(tallied)


def broken_promise(finding: Finding) -> str | None:
    """Name the promise that a finding breaks; None where only values together break one."""
    if finding.constraint or not finding.combination:
        return finding.constraint or finding.check
    return None


def _promises(verdict: Verdict, record: Record | None) -> tuple[str, ...]:
    """Name the promises that a verdict speaks of.

    A verdict without a constraint speaks of its check, whatever its status; where the request was
    one to accept and was served, or nobody can tell, it speaks of all that the request covers,
    too. A failing one accuses only what it names.
    """
    named = verdict.constraint or verdict.check
    if record is None or record.shot.case.expect != "accept" or verdict.status == "fail":
        return (named,)
    if verdict.status == "pass" and not isinstance(record.outcome, Images):
        return (named,)
    covered = (entry.partition("=")[0] for entry in record.shot.case.covers)
    return tuple(dict.fromkeys((named, *covered)))


def _count_verdict(tally: Tally, verdict: Verdict, record: Record | None) -> None:
    match verdict.status:
        case "pass":
            refused = record is not None and record.shot.case.expect == "refuse"
            (tally.refuses if refused else tally.accepts).add(verdict.case)
        case _ if record is not None and record.outcome is None:
            tally.unsent[record.skipped or verdict.why] += 1
        case _:
            tally.unsure[verdict.status, verdict.why] += 1
            tally.unjudged.add(verdict.case)


def _count_outcome(tallied: Mapping[Place, Tally], record: Record) -> None:
    case = record.shot.case
    promise = case.breaks or case.about
    if case.expect != "observe" or record.outcome is None or promise is None:
        return
    came: Observed
    match record.outcome:
        case Images():
            came = "served"
        case Refused():
            came = "refused"
        case _:
            came = "unanswered"
    observed = tallied[case.provider, case.operation, promise].observed
    observed.setdefault(came, []).append(case.id)
