"""Journals of any version: those of 0.1 had one object for all lines, told apart by what it held.

Nothing is written so any more: a run of 0.1 that goes on has lines of both formats.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter

from harness.core.case import PlannedRequest
from harness.core.exchange import Exchange
from harness.core.outcome import Fault, Images, Outcome, Refused
from harness.core.record import Provenance
from harness.store.line import BEGIN, Ended, Exchanged, JournalLine, Sent, Skipped, read_line


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


def read_any_line(raw: bytes) -> JournalLine | None:
    """Read a line of either format; None for one that says nothing. ValueError where it is none."""
    if raw.startswith(BEGIN):
        return read_line(raw)
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
