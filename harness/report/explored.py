"""What came of the requests that a run drew after its plan."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.checks.verdicts import beside
from harness.core.outcome import Fault
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.model import Explored
from harness.report.text import count


def explored(records: Sequence[Record], verdicts: Sequence[Verdict]) -> Iterator[Explored]:
    """Yield a row for each provider that was explored, in the order of the records."""
    rows: dict[str, Explored] = {}
    if not any(record.shot.case.stage == "explore" for record in records):
        return
    for record in records:
        if _is_explored(record):
            name = record.shot.case.provider
            row = rows.get(name) or Explored(
                provider=name, sent=0, valid=0, violating=0, failing=0, faults=0
            )
            valid = record.shot.case.expect == "accept"
            rows[name] = replace(
                row,
                sent=row.sent + 1,
                valid=row.valid + valid,
                violating=row.violating + (not valid),
                faults=row.faults + isinstance(record.outcome, Fault),
            )
    for is_one, spoken in beside(records, verdicts, _is_explored):
        if is_one and any(verdict.status == "fail" for verdict in spoken):
            name = spoken[0].provider
            rows[name] = replace(rows[name], failing=rows[name].failing + 1)
    yield from rows.values()


def _is_explored(record: Record) -> bool:
    return record.shot.case.stage == "explore" and record.outcome is not None


def explored_sentence(row: Explored) -> str:
    """Say in a line what came of it."""
    text = (
        f"{row.provider}: explored {count(row.sent, 'request')} ({row.valid} valid, "
        f"{row.violating} violating): {row.failing} failing"
    )
    return f"{text}, {count(row.faults, 'fault')}" if row.faults else text
