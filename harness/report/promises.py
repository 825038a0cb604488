"""What became of each promise, once: the cells of the matrix as results of tests, worst word first.

Values that fail only together are a promise of their own: no cell of the matrix holds them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.core.record import Record
from harness.report.known import reason_text
from harness.report.labels import STATES, confirmation_text, failure_rate
from harness.report.model import MatrixCell, Report, Shown, State
from harness.report.tally import Place, broken_promise

Ending = Literal["passed", "failed", "flaky", "unclear", "known", "skipped"]
"""`failed` is a confirmed finding; `flaky` one that was kept, too; `unclear` convicts nobody;
`known` is broken as a known deviation expects; `skipped` was not tried."""

_ENDINGS: Mapping[State, Ending] = {
    "held": "passed",
    "broken": "failed",
    "flaky": "flaky",
    "unconfirmed": "unclear",
    "inconclusive": "unclear",
    "not tried": "skipped",
}
"""Of a promise that is undocumented or absent nothing can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseResult:
    """A promise of an operation, and what became of it.

    `promise` is a constraint's id, the check of replies as a whole, or values that fail together.
    `rule` words it, `source` is its document and section; both may be empty. `why` says why it did
    not pass. `shown` is the gravest finding that breaks it.
    """

    provider: str
    operation: str
    promise: str
    state: State
    ending: Ending
    rule: str = ""
    source: str = ""
    why: str = ""
    shown: Shown | None = None

    @property
    def id(self) -> str:
        """Its name, the same in every run: `apiframe/generate/n.range`."""
        return f"{self.provider}/{self.operation}/{self.promise}"


def promise_results(report: Report) -> tuple[PromiseResult, ...]:
    """Return a result for each promise that an operation of the run makes, in the matrix' order.

    Behind those of an operation stand the values that fail together there.
    """
    breaking: dict[Place, Shown] = {}
    together: dict[tuple[str, str], list[Shown]] = {}
    for shown in (*report.broken, *report.doubted, *report.expected):
        place = (shown.finding.provider, shown.finding.operation)
        if promise := broken_promise(shown.finding):
            breaking.setdefault((*place, promise), shown)
        else:
            together.setdefault(place, []).append(shown)
    results: list[PromiseResult] = []
    for at, column in enumerate(report.matrix.columns):
        place = (column.provider, column.operation)
        for row in report.matrix.rows:
            results += _of_cell((*place, row.id), row.cells[at], breaking.get((*place, row.id)))
        results += [_of_finding(shown) for shown in together.get(place, ())]
    return tuple(results)


def records_about(records: Sequence[Record]) -> dict[Place, list[Record]]:
    """Return the records that were sent for a promise, by its place; each is in one list at most.

    Those that are about no single promise are in none.
    """
    about: dict[Place, list[Record]] = {}
    for record in records:
        case = record.shot.case
        if case.about is not None:
            about.setdefault((case.provider, case.operation, case.about), []).append(record)
    return about


def _of_cell(place: Place, cell: MatrixCell, shown: Shown | None) -> Iterator[PromiseResult]:
    ending = _ENDINGS.get(cell.state)
    if ending is None:
        return
    provider, operation, promise = place
    yield PromiseResult(
        provider=provider,
        operation=operation,
        promise=promise,
        state=cell.state,
        ending="known" if shown and shown.known else ending,
        rule=cell.rule,
        source=cell.source,
        why=_why(shown) if shown else cell.note,
        shown=shown,
    )


def _of_finding(shown: Shown) -> PromiseResult:
    finding, state = shown.finding, STATES[shown.finding.standing]
    return PromiseResult(
        provider=finding.provider,
        operation=finding.operation,
        promise=shown.name,
        state=state,
        ending="known" if shown.known else _ENDINGS[state],
        rule=finding.expected,
        source=shown.source,
        why=_why(shown),
        shown=shown,
    )


def _why(shown: Shown) -> str:
    """Say what came in place of what, how often, and why it is not certain, where it is not."""
    finding = shown.finding
    rate = failure_rate(finding)
    parts = (
        reason_text(shown.known) if shown.known else "",
        confirmation_text(finding) + (f" ({rate})" if rate else ""),
        f"expected: {finding.expected}",
        finding.doubt and f"not confirmed: {finding.doubt}",
    )
    return "; ".join(filter(None, parts))
