"""Whether valid requests fail for their values, or because anything may fail: an outage.

A planned request that failed chose the hypothesis, and the requests that reduced it chose its
values, so none of them is evidence for it. Evidence are the repetitions of the smallest failing
request, each with another prompt; two failures count as two only where a neighbour was served
between them. They are compared with the neighbours: every planned request of the operation without
those values, and every repetition of the plain one.

The planned requests are evidence, too, where the choice among all values is corrected for
(`harness.diagnosis.planned_rows`): either test convicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.case import FIRST_STAGES
from harness.core.record import Record
from harness.core.verdict import Standing
from harness.diagnosis.combinations import AssignedRecord, CombinationRanking, FailureGroup
from harness.diagnosis.history import FAILS, CaseHistory
from harness.diagnosis.planned_rows import Outcomes, RowEvidence, row_evidence
from harness.stats.exact import chance_of_more

SURE = 1e-3
"""A failure is put down to values where the neighbours' share would give it as rarely as this.

Each hypothesis takes a planned failure, so a run in which a share q of all requests fails at random
tests some 24 q of them in an operation. Each of them needs five failures in a row at q = 0.2 (three
at 0.05), and cannot be convicted at all at 0.6, where 0.6^5 = 0.08. With three operations, 20 runs
at q = 0.05, 0.2 and 0.6 together convict 20 x 3 x (1.2 x 0.05^3 + 4.8 x 0.2^5) = 0.1 times, bounded
by 20 x 3 x 6 x 1e-3 = 0.4 for a share that suits the test best. The rows add one such test for each
number of values (one, two, three), which a request after the plan must bear out.
"""

TRIALS = 5
"""How often the smallest failing request is repeated at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """How often a request failed when it was repeated, and how often its neighbours did."""

    failed: int
    tried: int
    other_failed: int
    others: int
    family: int = 1

    @property
    def chance(self) -> float:
        """How likely so many failures are if the request fails no oftener than its neighbours.

        Corrected for the number of hypotheses from which the request was picked (`family`).
        """
        tail = chance_of_more(self.failed, self.tried, self.other_failed, self.others)
        return min(1.0, tail * self.family)

    @property
    def convicts(self) -> bool:
        """Tell whether the failures are the request's own."""
        return self.failed > 1 and self.chance <= SURE

    @property
    def is_undecided(self) -> bool:
        """Tell whether it has failed each time, and more failures would convict it."""
        worst = Contrast(
            failed=TRIALS, tried=TRIALS, other_failed=self.other_failed, others=self.others
        )
        return self.failed == self.tried and not self.convicts and worst.convicts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hypothesis:
    """A failing request and those of its values that are held to make it fail."""

    assigned: AssignedRecord
    names: tuple[str, ...]

    def holds(self, other: AssignedRecord) -> bool:
        return bool(self.names) and other.agrees(self.assigned, self.names)


def contrasts(history: CaseHistory, group: FailureGroup) -> dict[str, Contrast]:
    """Return the contrast of every smallest failing request, and of every one that also passed."""
    reduced = {assigned.id: assigned for assigned in map(group.smallest, group.failing)}
    ends = {
        name: _Hypothesis(assigned=assigned, names=CombinationRanking(group, assigned).likeliest())
        for name, assigned in reduced.items()
    }
    mixed = {
        record.shot.case.id: _whole(history, group, record)
        for record in _failing_questions(history, group.operation_name)
        if "pass" in _repeated(history, record.shot.case.id)
    }
    steady = [end for end in ends.values() if _is_steady(*_apart(history, end))]
    neighbours = [*_neighbours(history, group.operation_name)]
    compared = {
        name: _contrast(history, hypothesis, neighbours, steady)
        for name, hypothesis in {**mixed, **ends}.items()
    }
    for evidence in shown_by_rows(history, group):
        alike = {name for name, end in {**mixed, **ends}.items() if evidence.holds(end.assigned)}
        for name in {*alike, evidence.example.id}:
            if name not in compared or not compared[name].convicts:
                compared[name] = _of_rows(evidence)
    return compared


ENOUGH_ROWS = 5
"""So many rows of the plan that all fail, apart from each other, need no request after them."""

_FLAKY_AT_LEAST = 3
"""How often values must have failed that are also served."""


def shown_by_rows(history: CaseHistory, group: FailureGroup) -> tuple[RowEvidence, ...]:
    """Return the values that the plan's rows convict, where what was sent later bears it out.

    What failed each time has failed once more after the plan, or in many rows. What comes and goes
    was seen to do so: one and the same request failed and was served.
    """
    return tuple(
        evidence for evidence in suspected_by_rows(history, group, SURE) if _is_borne_out(evidence)
    )


def suspected_by_rows(
    history: CaseHistory, group: FailureGroup, sure: float
) -> tuple[RowEvidence, ...]:
    """Return the values that stand out in the plan's rows as rarely as `sure`, the surest first."""
    decided = [*_decided(history, group.operation_name)]
    outcomes = Outcomes(
        requests=tuple(history.assigned(record, FAILS, None) for record in decided),
        fails=tuple(
            history.status(record.shot.case.id, FAILS, None) == "fail" for record in decided
        ),
        planned=tuple(
            record.shot.case.stage in FIRST_STAGES or is_neighbour(history, record)
            for record in decided
        ),
    )
    return row_evidence(group, outcomes, sure) if any(outcomes.fails) else ()


def _is_borne_out(evidence: RowEvidence) -> bool:
    if evidence.failed == evidence.tried:
        return evidence.again > 0 or evidence.failed >= ENOUGH_ROWS
    return evidence.mixed and evidence.failed >= _FLAKY_AT_LEAST


def _of_rows(evidence: RowEvidence) -> Contrast:
    return Contrast(
        failed=evidence.failed,
        tried=evidence.tried,
        other_failed=evidence.other_failed,
        others=evidence.others,
        family=evidence.family,
    )


def _is_steady(failed: int, tried: int) -> bool:
    return 1 < failed == tried


def _whole(history: CaseHistory, group: FailureGroup, record: Record) -> _Hypothesis:
    assigned = history.assigned(record, FAILS, None)
    return _Hypothesis(assigned=assigned, names=CombinationRanking(group, assigned).names)


def _contrast(
    history: CaseHistory,
    hypothesis: _Hypothesis,
    neighbours: Sequence[AssignedRecord],
    steady: Sequence[_Hypothesis],
) -> Contrast:
    """Compare one request with its neighbours; those that hold another suspect are none."""
    smallest = hypothesis.assigned.id
    others = [
        history.status(other.id, FAILS, None)
        for other in neighbours
        if smallest not in (other.id, other.record.shot.case.follows)
        and not any(suspect.holds(other) for suspect in (hypothesis, *steady))
    ]
    failed, tried = _apart(history, hypothesis)
    return Contrast(
        failed=failed, tried=tried, other_failed=others.count("fail"), others=len(others)
    )


def _neighbours(history: CaseHistory, operation: str) -> Iterator[AssignedRecord]:
    """Yield what was sent whatever had failed before: the plan, and the plain request again."""
    for record in _decided(history, operation):
        case = record.shot.case
        if case.stage in FIRST_STAGES or is_neighbour(history, record):
            yield history.assigned(record, FAILS, None)


def is_neighbour(history: CaseHistory, record: Record) -> bool:
    """Tell whether a request repeats the plain one, to see whether that is served now."""
    case = record.shot.case
    plain = history.plain(case.operation) or history.stand_in(case.operation)
    return case.stage == "confirm" and plain is not None and case.follows == plain.shot.case.id


def _decided(history: CaseHistory, operation: str) -> Iterator[Record]:
    """Yield the records that were served or failed, in the order in which they ended."""
    for name in history.arrival:
        record = history.records.get(name)
        if record is None or record.shot.case.operation != operation:
            continue
        if history.status(name, FAILS, None) in ("fail", "pass"):
            yield record


def _repeated(history: CaseHistory, name: str) -> list[str]:
    """Return what the repetitions of a request came to."""
    statuses = (
        history.status(record.shot.case.id, FAILS, None)
        for record in history.repetitions(name)
        if record.shot.case.id != name
    )
    return [status for status in statuses if status in ("fail", "pass")]


def _failing_questions(history: CaseHistory, operation: str) -> Iterator[Record]:
    for record in _decided(history, operation):
        case = record.shot.case
        if (
            case.stage in {*FIRST_STAGES, "isolate"}
            and history.status(case.id, FAILS, None) == "fail"
        ):
            yield record


def _apart(history: CaseHistory, hypothesis: _Hypothesis) -> tuple[int, int]:
    """Count failed and all repetitions of a request; failures without a service between are one.

    So are those of the request that was reduced to it: no request was reduced that was served when
    it was repeated.
    """
    case = hypothesis.assigned.record.shot.case
    failed = tried = 0
    served = False
    for record in _decided(history, case.operation):
        name = record.shot.case.id
        is_trial = _is_trial(history, hypothesis, record)
        if history.status(name, FAILS, None) == "pass":
            served = True
            tried += is_trial
        elif is_trial or name == case.id:
            failed, tried = failed + (served and is_trial), tried + (served and is_trial)
            served = False
    return failed, tried


def _is_trial(history: CaseHistory, hypothesis: _Hypothesis, record: Record) -> bool:
    """Tell whether a request was sent to see again what others had shown already."""
    case, smallest = record.shot.case, hypothesis.assigned.id
    if case.stage == "confirm":
        later = case.follows == smallest
        is_open = not is_neighbour(history, record)
    else:  # a probe tells anew only after the smallest one
        later = False
        is_open = case.stage == "isolate" and history.is_after(case.id, smallest)
    return later or (is_open and hypothesis.holds(history.assigned(record, FAILS, None)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Of an operation's requests that failed and were repeated: how many failed each time.

    `mixed` were served once, too; `plain` is how often a neighbour failed that should show only
    that the plain request is served now.
    """

    steady: int
    mixed: int
    plain: int

    @property
    def is_outage(self) -> bool:
        """Tell whether most of what failed was served later, or plain requests fail as well."""
        return self.mixed > self.steady or self.plain > 1


def steadiness(history: CaseHistory, operation: str) -> Steadiness:
    """Count the requests that failed each time, those that were served once, and neighbours."""
    outcomes = [
        statuses
        for record in _failing_questions(history, operation)
        if (statuses := _repeated(history, record.shot.case.id))
    ]
    mixed = sum("pass" in statuses for statuses in outcomes)
    plain = sum(
        is_neighbour(history, record) and history.status(record.shot.case.id, FAILS, None) == "fail"
        for record in _decided(history, operation)
    )
    return Steadiness(steady=len(outcomes) - mixed, mixed=mixed, plain=plain)


def failures_in_a_row(history: CaseHistory, operation: str) -> tuple[int, int]:
    """Count the latest failures with nothing served since, and the neighbours among them."""
    latest = [
        (history.status(record.shot.case.id, FAILS, None), is_neighbour(history, record))
        for record in _decided(history, operation)
    ]
    failures = neighbours = 0
    for status, plain in reversed(latest):
        if status == "pass":
            break
        failures, neighbours = failures + 1, neighbours + plain
    return failures, neighbours


def fault_standing(contrast: Contrast, steady: Steadiness) -> Standing | None:
    """Return how sure it is that a request fails for its values; None where nothing says so.

    Failures that came and went, and those that an outage explains, are nobody's finding.
    """
    if contrast.convicts:
        return "confirmed" if contrast.failed == contrast.tried else "flaky"
    return "unconfirmed" if contrast.is_undecided and not steady.is_outage else None


def contrasts_by_operation(history: CaseHistory) -> Mapping[str, Mapping[str, Contrast]]:
    """Return the contrasts of each operation in which a valid request failed."""
    return {
        group.operation_name: contrasts(history, group)
        for group in history.failure_groups()
        if group.check == FAILS
    }
