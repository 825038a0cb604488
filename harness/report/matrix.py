"""Promises against providers: which are held, broken, silent or untried, and on how many cases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.core.outcome import Images, Refused
from harness.core.record import Record
from harness.core.verdict import Finding, Standing, Status, Verdict
from harness.report.labels import finding_name
from harness.report.model import Column, Interaction, Matrix, MatrixCell, Row, State
from harness.report.text import count
from harness.spec.credentials import KEY_REQUIRED, constraint_of
from harness.spec.provider import PARAMETERS, Argument, Operation, Provider
from harness.stats.conformance.faults import unserved_values

_RULES = tuple(Argument.model_fields)

STATES: dict[Standing, State] = {
    "confirmed": "broken",
    "flaky": "flaky",
    "unconfirmed": "unconfirmed",
}
"""What a finding makes of its promise, the gravest first."""


@dataclass(slots=True)
class _CellTally:
    """What speaks for and against one promise of one column; filled while verdicts are read."""

    fails: dict[Standing, set[str]] = field(default_factory=dict)
    accepts: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    unsure: Counter[tuple[Status, str]] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    observed: Counter[str] = field(default_factory=Counter)
    unserved: tuple[str, ...] = ()


_Tallies = dict[tuple[str, str, str], _CellTally]


def matrix(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
) -> Matrix:
    """Return one row for each promise and one column for each operation that has a case.

    Rows stand in the order of the vocabulary; the promises about a reply as a whole, which bear
    their check's name, come last. Only a finding breaks a promise, and only its own one: values
    that fail together break none of the single promises, and stand beside the rows.
    """
    planned = {(record.shot.case.provider, record.shot.case.operation) for record in records}
    planned |= {(verdict.provider, verdict.operation) for verdict in verdicts}
    operations = [
        (Column(provider=name, operation=kind, title=operation.title), operation)
        for name, provider in providers.items()
        for kind, operation in provider.operations.items()
    ]
    columns = [pair for pair in operations if (pair[0].provider, pair[0].operation) in planned]
    tallies = _tallies(records, verdicts, findings)
    return Matrix(
        columns=tuple(column for column, _ in columns),
        rows=(
            *_constraint_rows(columns, tallies, providers),
            *_reply_rows(columns, tallies, verdicts),
        ),
        unplanned=tuple(
            column for column, _ in operations if (column.provider, column.operation) not in planned
        ),
        interactions=tuple(
            Interaction(
                provider=finding.provider,
                operation=finding.operation,
                name=finding_name(finding),
                state=STATES[finding.standing],
            )
            for finding in findings
            if finding.combination
        ),
    )


def _tallies(
    records: Sequence[Record], verdicts: Sequence[Verdict], findings: Sequence[Finding]
) -> _Tallies:
    """Count what speaks for and against each promise; a reply check counts under its own name."""
    tallies: _Tallies = defaultdict(_CellTally)
    by_case = {
        (record.shot.case.provider, record.shot.case.operation, record.shot.case.id): record
        for record in records
    }
    reported = {(row.provider, row.operation, case) for row in findings for case in row.cases}
    for record in records:
        _count_outcome(tallies, record)
    for verdict in verdicts:
        place = (verdict.provider, verdict.operation, verdict.case)
        if verdict.status == "fail" and place in reported:
            continue  # the finding says what broke, and where
        judged = by_case.get(place)
        for promise in _promises(verdict, judged):
            _count_verdict(tallies[verdict.provider, verdict.operation, promise], verdict, judged)
    for place, values in unserved_values(records).items():
        tallies[place].unserved = values
    for finding in findings:
        if finding.constraint or not finding.combination:
            promise = finding.constraint or finding.check
            fails = tallies[finding.provider, finding.operation, promise].fails
            fails.setdefault(finding.standing, set()).update(finding.cases)
    return tallies


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


def _count_verdict(tally: _CellTally, verdict: Verdict, record: Record | None) -> None:
    match verdict.status:
        case "pass":
            refused = record is not None and record.shot.case.expect == "refuse"
            (tally.refuses if refused else tally.accepts).add(verdict.case)
        case _ if record is not None and record.outcome is None:
            tally.unsent[record.skipped or verdict.why] += 1
        case _:
            tally.unsure[verdict.status, verdict.why] += 1


def _count_outcome(tallies: _Tallies, record: Record) -> None:
    case = record.shot.case
    promise = case.breaks or case.about
    if case.expect != "observe" or record.outcome is None or promise is None:
        return
    outcomes = tallies[case.provider, case.operation, promise].observed
    match record.outcome:
        case Images():
            outcomes["served"] += 1
        case Refused():
            outcomes["refused"] += 1
        case _:
            outcomes["unanswered"] += 1


def _constraint_rows(
    columns: Sequence[tuple[Column, Operation]],
    tallies: _Tallies,
    providers: Mapping[str, Provider],
) -> Iterable[Row]:
    promised = {constraint.id for _, operation in columns for constraint in operation.constraints}
    named = {promise for _, _, promise in tallies if "." in promise}
    own = (name for provider in providers.values() for name in provider.parameters)
    parameters = tuple(dict.fromkeys((*PARAMETERS, *own)))
    for promise in sorted(promised | named, key=partial(_in_vocabulary, parameters)):
        cells = tuple(
            _cell(
                providers[column.provider],
                operation,
                promise,
                tallies.get((column.provider, column.operation, promise)),
            )
            for column, operation in columns
        )
        parameter = promise.partition(".")[0]
        yield Row(id=promise, kind="constraint", parameter=parameter, cells=cells)


def _reply_rows(
    columns: Sequence[tuple[Column, Operation]],
    tallies: _Tallies,
    verdicts: Sequence[Verdict],
) -> Iterable[Row]:
    checks = dict.fromkeys(verdict.check for verdict in verdicts if verdict.constraint is None)
    tried = dict.fromkeys(promise for _, _, promise in tallies if "." not in promise)
    checks = {check: None for check in checks if check in tried} | tried
    judged = {(verdict.provider, verdict.operation) for verdict in verdicts}
    # A check without a verdict where other checks have some does not apply: no usage, no job.
    no_promise = MatrixCell(state="absent", note="does not apply")
    untried = MatrixCell(state="not tried", note="nothing was judged")
    for check in checks:
        places = [(column.provider, column.operation) for column, _ in columns]
        cells = tuple(
            _replied(tally)
            if (tally := tallies.get((*place, check)))
            else no_promise
            if place in judged
            else untried
            for place in places
        )
        yield Row(id=check, kind="reply", parameter="reply", cells=cells)


def _cell(
    provider: Provider, operation: Operation, promise: str, tally: _CellTally | None
) -> MatrixCell:
    if promise == KEY_REQUIRED and tally is None:
        return MatrixCell(state="absent", note="tried with one operation")
    constraint = constraint_of(provider, operation, promise)
    if constraint is None:
        if tally is not None and tally.fails:
            return _judged(tally)
        has_parameter = promise.partition(".")[0] in operation.arguments
        note = "no such rule" if has_parameter else "no such parameter"
        return MatrixCell(state="absent", note=note)
    rule, source = constraint.describe(), str(constraint.rule.source)
    tally = tally or _CellTally()
    if not constraint.documented:
        note = constraint.rule.note or constraint.rule.status
        return _matrix_cell(tally, "undocumented", rule=rule, source=source, note=note)
    return _judged(tally, rule=rule, source=source)


def _replied(tally: _CellTally) -> MatrixCell:
    """Judge a check on replies; one that only ever skips had no promise to hold them to."""
    only_skips = tally.unsure and all(status == "skip" for status, _ in tally.unsure)
    if only_skips and not (tally.fails or tally.accepts or tally.refuses):
        (_, why), _ = tally.unsure.most_common(1)[0]
        return _matrix_cell(tally, "undocumented", note=why)
    return _judged(tally)


def _judged(tally: _CellTally, *, rule: str = "", source: str = "") -> MatrixCell:
    for standing, state in STATES.items():
        if standing in tally.fails:
            return _matrix_cell(tally, state, rule=rule, source=source)
    if tally.unserved:
        note = f"not served: {', '.join(tally.unserved)}"
        return _matrix_cell(tally, "inconclusive", rule=rule, source=source, note=note)
    if tally.accepts or tally.refuses:
        return _matrix_cell(tally, "held", rule=rule, source=source)
    if tally.unsure:
        (status, why), number = tally.unsure.most_common(1)[0]
        note = f"{status}: {why}" + (f" ({count(number, 'verdict')})" if number > 1 else "")
        return _matrix_cell(tally, "inconclusive", rule=rule, source=source, note=note)
    why = next(iter(tally.unsent), "no case was planned")
    return _matrix_cell(tally, "not tried", rule=rule, source=source, note=why)


def _matrix_cell(
    tally: _CellTally, state: State, *, rule: str = "", source: str = "", note: str = ""
) -> MatrixCell:
    return MatrixCell(
        state=state,
        fails=len(set().union(*tally.fails.values())),
        accepts=len(tally.accepts),
        refuses=len(tally.refuses),
        served=tally.observed["served"],
        turned_away=tally.observed["refused"],
        unanswered=tally.observed["unanswered"],
        rule=rule,
        source=source,
        note=note,
    )


def _in_vocabulary(parameters: Sequence[str], promise: str) -> tuple[int, int, str]:
    """Order promises by parameter, then by rule; those of no parameter come last."""
    parameter, _, rule = promise.partition(".")
    first = parameters.index(parameter) if parameter in parameters else len(parameters)
    return first, _RULES.index(rule) if rule in _RULES else len(_RULES), promise
