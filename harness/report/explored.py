"""What came of the requests that a run drew after its plan."""

from collections.abc import Iterator, Sequence

from harness.core.outcome import Fault
from harness.core.record import Record
from harness.core.verdict import Verdict
from harness.report.model import Explored
from harness.report.text import count


def explored(records: Sequence[Record], verdicts: Sequence[Verdict]) -> Iterator[Explored]:
    """Yield a row for each provider that was explored, in the order of the records."""
    failed = {(verdict.provider, verdict.case) for verdict in verdicts if verdict.status == "fail"}
    sent = [
        record
        for record in records
        if record.shot.case.stage == "explore" and record.outcome is not None
    ]
    for name in dict.fromkeys(record.shot.case.provider for record in sent):
        its = [record for record in sent if record.shot.case.provider == name]
        valid = sum(record.shot.case.expect == "accept" for record in its)
        yield Explored(
            provider=name,
            sent=len(its),
            valid=valid,
            violating=len(its) - valid,
            failing=sum((name, record.shot.case.id) in failed for record in its),
            faults=sum(isinstance(record.outcome, Fault) for record in its),
        )


def explored_sentence(row: Explored) -> str:
    """Say in a line what came of it."""
    text = (
        f"{row.provider}: explored {count(row.sent, 'request')} ({row.valid} valid, "
        f"{row.violating} violating): {row.failing} failing"
    )
    return f"{text}, {count(row.faults, 'fault')}" if row.faults else text
