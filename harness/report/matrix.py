"""Promises against providers: which are held, broken, silent or untried, and on how many cases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from harness.comparing.documents.unscored import NOT_SCORED
from harness.core.record import Record
from harness.core.verdict import Finding, Verdict
from harness.diagnosis.known import expecting
from harness.known.model import KnownShown
from harness.report.labels import STATES, finding_name
from harness.report.model import Column, Interaction, Matrix, MatrixCell, Row, State
from harness.report.tally import Place, Tally, broken_promise, tallies
from harness.report.text import count
from harness.spec.credentials import KEY_REQUIRED, constraint_of
from harness.spec.provider import PARAMETERS, Argument, Operation, Provider

_RULES = tuple(Argument.model_fields)


def matrix(
    records: Sequence[Record],
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    providers: Mapping[str, Provider],
    *,
    tallied: Mapping[Place, Tally] | None = None,
) -> Matrix:
    """Return one row for each promise and one column for each operation that has a case.

    Rows stand in the order of the vocabulary; the promises about a reply as a whole, which bear
    their check's name, come last. Only a finding breaks a promise, and only its own one: values
    that fail together break none of the single promises, and stand beside the rows. `tallied` is
    what speaks for each promise, where that was counted before.
    """
    judged: set[tuple[str, str]] = set()
    checks: dict[str, None] = {}
    for verdict in verdicts:
        judged.add((verdict.provider, verdict.operation))
        if verdict.constraint is None:
            checks[verdict.check] = None
    planned = {(record.shot.case.provider, record.shot.case.operation) for record in records}
    planned |= judged
    operations = [
        (Column(provider=name, operation=kind, title=operation.title), operation)
        for name, provider in providers.items()
        for kind, operation in provider.operations.items()
    ]
    columns = [pair for pair in operations if (pair[0].provider, pair[0].operation) in planned]
    tallied = tallies(records, verdicts, findings) if tallied is None else tallied
    return Matrix(
        columns=tuple(column for column, _ in columns),
        rows=(
            *_constraint_rows(columns, tallied, providers),
            *_reply_rows(columns, tallied, checks, judged),
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


def with_known(table: Matrix, findings: Sequence[Finding], known: Sequence[KnownShown]) -> Matrix:
    """Return the matrix with a mark on each cell that is broken as known deviations expect.

    A cell that another finding breaks, too, has none: one never hides another.
    """
    days: dict[Place, set[str]] = {}
    for finding in findings:
        if promise := broken_promise(finding):
            expected = expecting(finding, known)
            place = (finding.provider, finding.operation, promise)
            days.setdefault(place, set()).add(expected.expires if expected else "")
    first = {place: min(until) for place, until in days.items()}
    if not any(first.values()):
        return table
    places = [(column.provider, column.operation) for column in table.columns]
    rows = (
        replace(
            row,
            cells=tuple(
                replace(cell, known=first.get((*place, row.id), ""))
                for place, cell in zip(places, row.cells, strict=True)
            ),
        )
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def _constraint_rows(
    columns: Sequence[tuple[Column, Operation]],
    tallied: Mapping[Place, Tally],
    providers: Mapping[str, Provider],
) -> Iterable[Row]:
    promised = {constraint.id for _, operation in columns for constraint in operation.constraints}
    named = {promise for _, _, promise in tallied if "." in promise}
    own = (name for provider in providers.values() for name in provider.parameters)
    parameters = tuple(dict.fromkeys((*PARAMETERS, *own)))
    for promise in sorted(promised | named, key=partial(_in_vocabulary, parameters)):
        cells = tuple(
            _cell(
                providers[column.provider],
                operation,
                promise,
                tallied.get((column.provider, column.operation, promise)),
            )
            for column, operation in columns
        )
        parameter = promise.partition(".")[0]
        yield Row(id=promise, kind="constraint", parameter=parameter, cells=cells)


def _reply_rows(
    columns: Sequence[tuple[Column, Operation]],
    tallied: Mapping[Place, Tally],
    checks: Mapping[str, None],
    judged: Collection[tuple[str, str]],
) -> Iterable[Row]:
    tried = dict.fromkeys(promise for _, _, promise in tallied if "." not in promise)
    checks = {check: None for check in checks if check in tried} | tried
    # A check without a verdict where other checks have some does not apply: no usage, no job.
    no_promise = MatrixCell(state="absent", note="does not apply")
    untried = MatrixCell(state="not tried", note="nothing was judged")
    for check in checks:
        places = [(column.provider, column.operation) for column, _ in columns]
        cells = tuple(
            _replied(tally)
            if (tally := tallied.get((*place, check)))
            else no_promise
            if place in judged
            else untried
            for place in places
        )
        yield Row(id=check, kind="reply", parameter="reply", cells=cells)


def _cell(
    provider: Provider, operation: Operation, promise: str, tally: Tally | None
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
    tally = tally or Tally()
    if not constraint.documented:
        note = constraint.rule.note or constraint.rule.status
        return _matrix_cell(tally, "undocumented", rule=rule, source=source, note=note)
    return _judged(tally, rule=rule, source=source)


def _replied(tally: Tally) -> MatrixCell:
    """Judge a check on replies; one that only ever skips had no promise to hold them to."""
    only_skips = tally.unsure and all(status == "skip" for status, _ in tally.unsure)
    if only_skips and not (tally.fails or tally.accepts or tally.refuses):
        (_, why), _ = tally.unsure.most_common(1)[0]
        state: State = "not tried" if why.startswith(NOT_SCORED) else "undocumented"
        return _matrix_cell(tally, state, note=why)
    return _judged(tally)


def _judged(tally: Tally, *, rule: str = "", source: str = "") -> MatrixCell:
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
        if why.startswith(NOT_SCORED):
            return _matrix_cell(tally, "not tried", rule=rule, source=source, note=why)
        note = f"{status}: {why}" + (f" ({count(number, 'verdict')})" if number > 1 else "")
        return _matrix_cell(tally, "inconclusive", rule=rule, source=source, note=note)
    why = next(iter(tally.unsent), "no case was planned")
    return _matrix_cell(tally, "not tried", rule=rule, source=source, note=why)


def _matrix_cell(
    tally: Tally, state: State, *, rule: str = "", source: str = "", note: str = ""
) -> MatrixCell:
    return MatrixCell(
        state=state,
        fails=len(set().union(*tally.fails.values())) + tally.more_fails,
        accepts=len(tally.accepts),
        refuses=len(tally.refuses),
        served=tally.looked("served"),
        turned_away=tally.looked("refused"),
        unanswered=tally.looked("unanswered"),
        rule=rule,
        source=source,
        note=note,
    )


def _in_vocabulary(parameters: Sequence[str], promise: str) -> tuple[int, int, str]:
    """Order promises by parameter, then by rule; those of no parameter come last."""
    parameter, _, rule = promise.partition(".")
    first = parameters.index(parameter) if parameter in parameters else len(parameters)
    return first, _RULES.index(rule) if rule in _RULES else len(_RULES), promise
