"""The journal of version 0.1: one object for all lines, whose kind was told by what it held.

Only read: what is appended to such a journal is written as today.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter

from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.core.record import Provenance
from harness.store.line import Ended, Exchanged, JournalLine, Sent, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    provider: str
    case: str
    attempt: int = 1
    shot: PlannedRequest | None = None
    evidence: Provenance | None = None
    exchange: Exchange | None = None
    outcome: Outcome | None = None
    skipped: str | None = None


_LINES = TypeAdapter(_Line)


def read_line(raw: bytes) -> JournalLine | None:
    """Read a line; None for one that says nothing. Raises ValidationError where it is none."""
    old = _LINES.validate_json(raw)
    provider, case = old.provider, old.case
    match old:
        case _Line(shot=PlannedRequest() as shot, evidence=Provenance() as evidence, skipped=None):
            return Sent(
                provider=provider, case=case, shot=shot, evidence=evidence, attempt=old.attempt
            )
        case _Line(
            shot=PlannedRequest() as shot, evidence=Provenance() as evidence, skipped=str() as why
        ):
            return Skipped(provider=provider, case=case, shot=shot, evidence=evidence, why=why)
        case _Line(exchange=Exchange() as exchange):
            return Exchanged(provider=provider, case=case, exchange=exchange)
        case _Line(outcome=(Images() | Refused() | Fault()) as outcome):
            return Ended(provider=provider, case=case, outcome=outcome)
        case _:
            return None
